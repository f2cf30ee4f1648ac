"""The heading of a CSV or a sheet: in a known line or looked for, of one line or of several with merged cells."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from connectors.drift import FeedPlace
from connectors.selection import Trouble
from schemas.change import SchemaChange
from schemas.feed import FilesFeed

#: the line's number in the file (0: a header that is no line of it), its cells, and what is wrong with it
Line = tuple[int, Sequence[str | None], Trouble | None]
#: first and last cell of what was merged: (line, column) from 0
Merged = Sequence[tuple[tuple[int, int], tuple[int, int]]]

#: lines in which a heading is looked for
SEARCHED_LINES = 100
#: between the texts of a heading in several lines
BETWEEN = " / "
LINE_BREAK = re.compile(r"\s*[\r\n]+\s*")


@dataclass(frozen=True)
class Heading:
    """Column names by place, and the first line's number; `width` counts the nameless cells at its end too."""

    names: list[str]
    width: int
    line: int


def take_heading(
    lines: Iterator[Line], feed: FilesFeed, place: FeedPlace, what: str, merged: Merged | None = None
) -> Heading | None:
    """Take the heading from lines that begin with it, or with `header_row: auto` from the first that fits.

    None where there is no text. A heading of several lines names a column `upper / lower`; a merged cell of an upper
    line counts for all columns below it, and where the format does not tell what was merged (`merged` is None) an
    upper text counts for the empty cells at its right.

    Raises:
        DriftError: no line of the first 100 holds half of the feed's columns; it tells which lines come near.

    """
    if feed.header_row == "auto":
        return _search(lines, feed, place, what, merged)
    taken = list(islice(lines, feed.header_rows))
    wrong = next((trouble for _, _, trouble in taken if trouble is not None and not trouble.is_end), None)
    if wrong is not None:
        raise place.error(f"{what}, {wrong.words}", "mend header_row:, delimiter: or quote:", key="header_row")
    heading = _heading(taken, merged)
    return heading if heading.names else None


def _search(
    lines: Iterator[Line], feed: FilesFeed, place: FeedPlace, what: str, merged: Merged | None
) -> Heading | None:
    wanted = [column for column in place.taken.values() if column is not None]
    window = deque(islice(lines, feed.header_rows - 1), feed.header_rows)
    near: list[tuple[Heading, list[str]]] = []
    for line in islice(lines, SEARCHED_LINES):
        window.append(line)
        heading = _heading(list(window), merged)
        missing = [name for name in wanted if name not in heading.names]
        if not missing:
            return heading
        if heading.names:
            near.append((heading, missing))
    if not near:
        return None
    near.sort(key=lambda one: len(one[1]))
    told = "; ".join(_words(one, len(wanted)) for one in near[:3] if len(one[1]) < len(wanted))
    problem = f"{what} has no line among its first {SEARCHED_LINES} that holds the feed's {len(wanted)} columns"
    fix = f"correct map:, or write the number of the line ({told or 'no line holds any of them'})"
    raise place.error(problem, fix, "header_row", _changes(near[0], wanted, place, what))


def _changes(
    near: tuple[Heading, list[str]], wanted: list[str], place: FeedPlace, what: str
) -> tuple[SchemaChange, ...]:
    """Return what has changed if the likeliest line is the heading: half of the feed's columns stand there."""
    heading, missing = near
    if len(missing) * 2 > len(wanted):
        return ()
    landed = [name for name, column in place.taken.items() if column in missing]
    return place.missing(landed, [name for name in heading.names if name], what).changes


def _words(near: tuple[Heading, list[str]], wanted: int) -> str:
    heading, missing = near
    lacking = ", ".join(map(repr, missing[:5]))
    return f"line {heading.line} holds {wanted - len(missing)} of them, not {lacking}"


def _heading(lines: Sequence[Line], merged: Merged | None) -> Heading:
    width = max((len(cells) for _, cells, _ in lines), default=0)
    rows = [[_name(cell) for cell in cells] + [""] * (width - len(cells)) for _, cells, _ in lines]
    for index, row in enumerate(rows[:-1]):
        below = [any(lower[column] for lower in rows[index + 1 :]) for column in range(width)]
        if merged is None:
            _fill(row, below)
        else:
            _unmerge(row, lines[index][0] - 1, merged)
    names = [BETWEEN.join(filter(None, parts)) for parts in zip(*rows, strict=True)]
    while names and not names[-1]:  # exports of Excel often end every line with nameless empty cells
        names.pop()
    return Heading(names, width, lines[0][0] if lines else 0)


def _name(cell: str | None) -> str:
    """Return a name in one line: people press Alt+Enter in a heading to make its column narrow."""
    return LINE_BREAK.sub(" ", (cell or "").strip())


def _fill(row: list[str], below: Sequence[bool]) -> None:
    held = ""
    for index, text in enumerate(row):
        held = text or held
        if below[index]:
            row[index] = held


def _unmerge(row: list[str], number: int, merged: Merged) -> None:
    for (top, left), (_, right) in merged:
        if top == number:
            for index in range(left + 1, min(right + 1, len(row))):
                row[index] = row[left]
