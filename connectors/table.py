"""From the lines of a CSV, a sheet or a DBF to the rows of a feed: heading, columns, and nothing lost in silence."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from connectors.drift import Columns
from connectors.heading import Heading, Line, Merged, take_heading
from connectors.reading import Row
from connectors.selection import TEXT_KEPT, Found, Selection, Trouble, head_of, judged
from schemas.errors import DriftError


def select_rows(
    lines: Iterator[Line], selection: Selection, what: str, types: Mapping[str, str] | None = None
) -> Iterator[Row]:
    """Take the heading and return the rows that the demand wants of the lines below it; raises as `found_rows`."""
    return selection.rows(found_rows(lines, selection, what, types))


def found_rows(
    lines: Iterator[Line],
    selection: Selection,
    what: str,
    types: Mapping[str, str] | None = None,
    merged: Merged | None = None,
) -> Iterator[Found]:
    """Take the heading, compare it with the feed, and return the rows below it, before `where`.

    Lines that are fully empty are skipped at the end and kept between others, where they are a finding. A line that
    does not fit the heading comes with its key and PROBLEM, its cells in REST. `types` are the declared ones, by
    column; `merged` the merged cells, where the format tells them.

    Raises:
        DriftError: at once for a heading that does not fit; while iterating when more than half of the first 1,000
            lines do not fit it, or the file ends within a line.

    """
    place = selection.place
    heading = take_heading(lines, selection.feed, place, what, merged)
    if heading is None:
        raise place.error(f"{what} has no header", "mend header_row:, or have the export written again")
    names, told = heading.names, f"{what}, line {heading.line}," if heading.line else what
    wanted = {column for column in selection.sources if column is not None}
    twice = [name for name, times in Counter(names).items() if times > 1 and name in wanted]
    if twice:
        raise place.error(f"{what} has the column '{twice[0]}' twice", "have the export write each column once")
    found = {name: (types or {}).get(name, "") for name in names if name}
    columns = place.columns(found, told)
    missing = [name for name in selection.needed if name not in columns.taken and selection.source(name) not in found]
    if missing:
        raise place.missing(missing, list(found), told, found)
    selection.note(found, columns.changes)
    return Table(heading, columns, selection, what).found(lines)


class Table:
    """Turns lines into rows by the places of their cells."""

    def __init__(self, heading: Heading, columns: Columns, selection: Selection, what: str) -> None:
        """Look up the columns' places once."""
        self.selection, self.what, self.names, self.width = selection, what, heading.names, heading.width
        place_of = {name: index for index, name in enumerate(heading.names)}
        sources = [columns.taken.get(name, name) for name in selection.needed]
        self.taken = [None if column is None else place_of[column] for column in sources]
        self.keys = [(index, self.taken[index]) for index in selection.key_places]
        unknown = columns.unknown if selection.takes_unknown else ()
        self.unknown = [(index, name) for index, name in enumerate(heading.names) if name in unknown]
        self.nameless = [index for index, name in enumerate(heading.names) if not name]
        #: one cell of each empty line since the last one with content
        self.empty: list[str | None] = []
        self.first: DriftError | None = None

    def found(self, lines: Iterator[Line]) -> Iterator[Found]:
        """Give the rows, when the first of them are mostly as the heading says."""
        head = head_of(lines, lambda line: line[1])
        self.width = _usual_width(head, len(self.names), self.width)
        yield from judged(self._found(chain(head, lines)), lambda: self.first)

    def _found(self, lines: Iterable[Line]) -> Iterator[Found]:
        taken, width, extra = self.taken, self.width, self.width > len(self.names) or bool(self.nameless)
        for number, cells, trouble in lines:
            wrong = trouble
            if trouble is not None and trouble.is_end:
                self._require_whole(number, cells)
                wrong = trouble if trouble.code else None
            if wrong is None:
                if not any(cells):
                    self.empty += cells[:1]  # a blank line of a CSV has no cell and is no row
                    continue
                if len(cells) != width:
                    words = f"line {number}, has {len(cells)} cells, the header {len(self.names)}"
                    wrong = Trouble("row.width", words)
                elif extra and self._has_nameless(cells):
                    wrong = Trouble("row.width", f"line {number}, has a value in a column without a name")
            if self.empty:
                yield from self._blanks()
            if wrong is not None:
                yield self._misread(number, cells, wrong)
            else:
                row = [None if index is None else cells[index] for index in taken]
                yield row, *(self._rest(cells) if self.unknown else (None, None))

    def _blanks(self) -> Iterator[Found]:
        for cell in self.empty:
            yield [cell] * len(self.taken), None, None
        self.empty.clear()

    def _rest(self, cells: Sequence[str | None]) -> tuple[str | None, str | None]:
        """Return what the unknown columns hold, as JSON, and the problem that it is where the feed isolates it."""
        held = {name: cells[index] for index, name in self.unknown if cells[index]}
        if not held:
            return None, None
        return _json(held), "row.unknown_column" if self.selection.isolates else None

    def _has_nameless(self, cells: Sequence[str | None]) -> bool:
        return any(cells[len(self.names) :]) or any(cells[index] for index in self.nameless)

    def _require_whole(self, number: int, cells: Sequence[str | None]) -> None:
        """Raise DriftError for a last line that has too few cells and no line end: the file may have been cut."""
        total = self.selection.is_total([_cell(cells, index) for index in self.taken])
        if any(cells) and len(cells) < len(self.names) and not total:
            raise self.selection.place.error(
                f"{self.what} ends within line {number}, with {len(cells)} of {len(self.names)} cells and no line end",
                "have it delivered again; if this is a closing remark, name its text in totals:",
                key="file",
            )

    def _misread(self, number: int, cells: Sequence[str | None], trouble: Trouble) -> Found:
        fix = "look for a delimiter or a line break without quotes, or a wrong delimiter: or quote:"
        if self.first is None:
            self.first = self.selection.place.error(f"{self.what}, {trouble.words}", fix)
        row: list[str | None] = [None] * len(self.taken)
        if trouble.code == "row.large":
            row = [_cell(cells, index) for index in self.taken]
            lengths = {self._name(index): length for index, length in trouble.lengths.items()}
            return row, _json({"line": number, "lengths": lengths}), trouble.code
        if trouble.code == "row.quotes":
            return row, _json({"line": number, "text": trouble.text[:TEXT_KEPT]}), trouble.code
        for index, source in self.keys:
            row[index] = _cell(cells, source)
        for index in self.selection.totals_places:
            row[index] = _cell(cells, self.taken[index])
        return row, _json(list(cells)), trouble.code

    def _name(self, index: int) -> str:
        return self.names[index] if index < len(self.names) and self.names[index] else f"({index + 1})"


def _usual_width(head: Sequence[Line], named: int, width: int) -> int:
    """Return the number of cells that lines have: a delimiter may end each line, but not the heading, or reversed.

    A single line with one more is no such habit: a delimiter without quotes in its text has moved its cells.
    """
    seen = Counter(
        len(cells) for _, cells, trouble in head if trouble is None and any(cells) and not any(cells[named:])
    )
    usual, times = max(seen.items(), key=lambda one: (one[1], one[0] == width), default=(width, 0))
    content = sum(any(cells) for _, cells, _ in head)
    return usual if usual >= named and times > 1 and times * 2 > content else width


def _cell(cells: Sequence[str | None], index: int | None) -> str | None:
    return cells[index] if index is not None and index < len(cells) else None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class row_filter:  # noqa: N801 - used like a function
    """Whether a row of landed columns has one of the texts that `where` asks for, letter by letter."""

    def __init__(self, where: Mapping[str, Sequence[str]], columns: Sequence[str]) -> None:
        """Look up the columns' places once."""
        self.wanted = [(columns.index(name), frozenset(texts)) for name, texts in where.items()]

    def __call__(self, row: Row) -> bool:
        """Return True for a row to land."""
        return all(row[index] in texts for index, texts in self.wanted)
