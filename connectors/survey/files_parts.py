"""What one file gives: a part for each table in it; and where the heading of a table stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.survey.model import SurveyColumn
from connectors.survey.place import cut

Cells = Sequence[str | None]
#: first and last cell of what was merged: (line, column) from 0
Merged = Sequence[tuple[tuple[int, int], tuple[int, int]]]

#: lines in which a heading is looked for
SEARCHED_LINES = 40
#: share of the table's columns that a heading names at least, and of its names that may look like values (2024, 2025)
NAMED_SHARE, VALUE_SHARE = 0.6, 0.4
#: a name is no sentence
NAME_CHARACTERS = 80
#: numbers, moments, amounts of money, codes of many digits
VALUE = re.compile(r"(Rp\.?\s*)?[-+]?[\d.,:/\-\s]*\d[\d.,:/\-\s%]*(T[\d:.Z+]+)?|[A-Z]{0,3}\d{5,}", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One table of a file; `name` is that of its sheet, where a file has several."""

    columns: tuple[SurveyColumn, ...]
    #: YAML keys beyond `file`
    feed: Mapping[str, Any]
    rows: int | None = None
    name: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Content:
    """A file, or the begin of it.

    Attributes:
        name: without its folder
        head: its first bytes
        is_whole: whether these are all
        size: bytes of the file, None where the source does not tell
    """

    name: str
    head: bytes = field(repr=False)
    is_whole: bool
    size: int | None = None


class UnreadableError(Exception):
    """The file is not what its name says; the text is the table's problem, and quotes no value."""


@dataclass(frozen=True)
class Heading:
    """The place (from 0) of a heading's first line, and how many lines it has."""

    begin: int
    lines: int = 1


def find_heading(rows: Sequence[Cells], merged: Merged | None = None) -> Heading | None:
    """Return the first line that looks like a heading: it names most columns, each once, and holds no values.

    Where cells of it are merged over several columns, the names below them belong to it.
    """
    widths = Counter(len(_filled(row)) for row in rows if len(_filled(row)) > 1)
    width = widths.most_common(1)[0][0] if widths else 1
    for index, row in enumerate(rows[:SEARCHED_LINES]):
        filled = _filled(row)
        if len(filled) < max(1, NAMED_SHARE * width) or not _are_names(filled):
            continue
        wide = {top for (top, left), (_, right) in merged or () if right > left}
        if index - 1 in wide and len(_filled(rows[index - 1])) > 1:
            return Heading(index - 1, 2)
        if index in wide and index + 1 < len(rows) and _are_names(_filled(rows[index + 1])):
            return Heading(index, 2)
        if index + 1 < len(rows) and _goes_on(row, rows[index + 1]):
            return Heading(index, 2)
        if len(set(filled)) == len(filled):
            return Heading(index)
    return None


def _filled(row: Cells) -> list[str]:
    return [cell.strip() for cell in row if cell and cell.strip()]


def _are_names(cells: Sequence[str]) -> bool:
    values = sum(VALUE.fullmatch(cell) is not None for cell in cells)
    return values <= VALUE_SHARE * len(cells) and all(len(cell) <= NAME_CHARACTERS for cell in cells)


def _goes_on(row: Cells, below: Cells) -> bool:
    """Whether the line below names what a heading leaves open, and is silent where the heading alone speaks."""
    width = max(len(row), len(below))
    upper, lower = (
        [bool(cell and cell.strip()) for cell in cells] + [False] * (width - len(cells)) for cells in (row, below)
    )
    opened = any(not above and under for above, under in zip(upper, lower, strict=True))
    alone = any(above and not under for above, under in zip(upper, lower, strict=True))
    names = _filled(below)
    return opened and alone and bool(names) and not any(VALUE.fullmatch(name) for name in names)


def names_of(rows: Sequence[Cells], heading: Heading, merged: Merged | None) -> list[str]:
    """Return the columns' names as extraction will read them."""
    from connectors.heading import take_heading
    from connectors.survey.place import SurveyPlace
    from schemas.feed import Feed, FilesFeed

    feed = FilesFeed.model_construct(header_row=1, header_rows=heading.lines, key=[], map={})
    lines = ((heading.begin + number, row, None) for number, row in enumerate(rows[heading.begin :], start=1))
    place = SurveyPlace("", "", Feed.model_construct(key=[], dataset="", map={}))
    taken = take_heading(iter(lines), feed, place, "", merged)
    return taken.names if taken is not None else []


def table_part(
    rows: Sequence[Cells], feed: Mapping[str, Any], wanted: int, merged: Merged | None = None, name: str = ""
) -> Part:
    """Make the part of lines of cells: find the heading, and take the sample below it."""
    heading = find_heading(rows, merged)
    if heading is None:
        return Part((), feed, 0, name, "no line looks like a heading")
    keys = dict(feed)
    keys |= {"header_row": heading.begin + 1} if heading.begin else {}
    keys |= {"header_rows": heading.lines} if heading.lines > 1 else {}
    names = names_of(rows, heading, merged)
    body = [row for row in rows[heading.begin + heading.lines :] if any(row)]
    notes = [
        f"has the column '{one}' {times} times" for one, times in Counter(filter(None, names)).items() if times > 1
    ]
    unnamed = sum(not one for one in names)
    notes += [f"has {unnamed} columns without a name"] if unnamed else []
    return Part(columns_of(names, body[:wanted]), keys, len(body), name, "" if body else "has no rows", tuple(notes))


def columns_of(names: Sequence[str], rows: Iterable[Cells], declared: Sequence[str] = ()) -> tuple[SurveyColumn, ...]:
    """Turn lines into columns; of a name that comes twice the first counts, and one without a name is left out."""
    held, types = list(rows), [*declared, *[""] * (len(names) - len(declared))]
    columns: dict[str, SurveyColumn] = {}
    for index, name in enumerate(names):
        if name and name not in columns:
            texts = tuple(cut(row[index]) if index < len(row) else None for row in held)
            columns[name] = SurveyColumn(name, types[index], sample=texts)
    return tuple(columns.values())
