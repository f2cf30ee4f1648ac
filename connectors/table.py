"""From the lines of a CSV or a sheet to the rows of a feed: header, where, and nothing lost in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from connectors.drift import FeedPlace
from connectors.reading import Row

#: the line's number in the file (0: a header that is no line of it), and its cells
Line = tuple[int, Sequence[str | None]]


def select_rows(lines: Iterator[Line], place: FeedPlace, what: str) -> Iterator[Row]:
    """Take the header from the first line and give the landed columns of the lines below it.

    Lines that are fully empty are skipped at the end and kept between others, where they are a finding.

    Raises:
        DriftError: at once for a header that does not fit; while iterating for a line with another number of cells.

    """
    number, cells = next(lines, (0, []))
    header = [(cell or "").strip() for cell in cells]
    while header and not header[-1]:  # exports of Excel often end every line with nameless empty cells
        header.pop()
    if not header:
        raise place.error(f"{what} has no header", "mend header_row:, or have the export written again")
    twice = [name for name, times in Counter(header).items() if times > 1 and name in place.feed.landed_columns]
    if twice:
        raise place.error(f"{what} has the column '{twice[0]}' twice", "have the export write each column once")
    place.check(header, f"{what}, line {number}," if number else what)
    return _rows(lines, header, len(cells), place, what)


def _rows(lines: Iterator[Line], header: list[str], width: int, place: FeedPlace, what: str) -> Iterator[Row]:
    position = {name: index for index, name in enumerate(header)}
    taken = [position[name] for name in place.feed.landed_columns]
    keep = row_filter(place.feed.where, place.feed.landed_columns)
    empty: list[str | None] = []  # one cell of each empty line since the last one with content
    for number, cells in lines:
        if not any(cells):
            empty += cells[:1]  # a blank line of a CSV has no cell and is no row
            continue
        if len(cells) != width or any(cells[len(header) :]):
            raise place.error(
                f"{what}, line {number}, has {len(cells)} cells, the header {len(header)}",
                "look for a delimiter or a line break without quotes, or a wrong delimiter:",
            )
        blank = ([cell] * len(taken) for cell in empty)
        yield from filter(keep, [*blank, [cells[index] for index in taken]])
        empty.clear()


class row_filter:  # noqa: N801 - used like a function
    """Whether a row of landed columns has one of the texts that `where` asks for, letter by letter."""

    def __init__(self, where: Mapping[str, Sequence[str]], columns: Sequence[str]) -> None:
        """Look up the columns' places once."""
        self.wanted = [(columns.index(name), frozenset(texts)) for name, texts in where.items()]

    def __call__(self, row: Row) -> bool:
        """Return True for a row to land."""
        return all(row[index] in texts for index, texts in self.wanted)
