"""Which rows and columns of a file are given: landed or key columns, `where`, rows of totals, a sample's limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from connectors.drift import FeedPlace, told
from connectors.reading import PROBLEM, REST, Demand, Row
from connectors.rest_since import CursorWindow
from schemas.change import SchemaChange
from schemas.errors import DriftError
from schemas.feed import FilesFeed

#: characters of one cell, and of one line or record; beyond them nothing is kept but the length
CELL_LIMIT = 10_000_000
#: characters kept of a line that is no record, to find it by
TEXT_KEPT = 1_000
#: rows after which it is decided whether the file is what its YAML says: more than half wrong, and it is not
JUDGED_ROWS = 1_000
#: characters of these rows that are held until then
JUDGED_SIZE = 20_000_000
#: rows that could not be read as the feed describes; what stands in which of their columns is not known
MISREAD = frozenset({"row.width", "row.quotes", "row.shape", "row.large"})
#: the signs of a wrong delimiter, quote or format
NOT_AS_DESCRIBED = MISREAD - {"row.large"}

T = TypeVar("T")
#: a row before `where`: its cells of `Selection.needed`, and what goes into REST and PROBLEM
Found = tuple[Sequence[str | None], str | None, str | None]


@dataclass(frozen=True)
class Trouble:
    """What is wrong with a line or record as a whole; `code` is one of schemas.row_problems."""

    code: str
    #: for the error that is raised when most rows are like this one: "line 3, has broken quotes"
    words: str
    #: the begin of the line, where it gives no cells
    text: str = ""
    #: place of a cell, or name of a leaf, that was too large → its length in characters
    lengths: Mapping[Any, int] = field(default_factory=dict)
    #: the file ends here without a line end: it may have been cut
    is_end: bool = False


class Selection:
    """What one demand takes of one feed's file."""

    def __init__(self, feed: FilesFeed, place: FeedPlace, demand: Demand, details: dict[str, Any]) -> None:
        """Begin; `details` gets columns_found, changes and, where the feed knows totals, totals_left_out."""
        self.feed, self.place, self.demand, self.details = feed, place, demand, details
        key = list(dict.fromkeys(feed.key))
        self._given = key if demand.keys_only else feed.landed_columns
        self._window = CursorWindow(demand, is_asked=False)
        cursor = [feed.cursor.column] if feed.cursor and not self._window.is_open else []
        #: columns whose values are looked at: the given ones first
        self.needed = list(dict.fromkeys([*self._given, *feed.where, *feed.totals, *cursor]))
        self.columns = key if demand.keys_only else [*self._given, REST, PROBLEM]
        self._cursor = self.needed.index(cursor[0]) if cursor else None
        self.takes_unknown = feed.drift != "freeze" and not demand.keys_only
        self.isolates = feed.drift == "quarantine"
        self._where = [(self.needed.index(name), frozenset(texts)) for name, texts in feed.where.items()]
        self._totals = [
            (self.needed.index(name), frozenset(text.strip().casefold() for text in texts))
            for name, texts in feed.totals.items()
        ]
        details.setdefault("columns_found", {})
        details.setdefault("changes", [])
        if feed.totals:
            details["totals_left_out"] = 0

    def source(self, name: str) -> str | None:
        """Return the source's column behind one of the feed's; None where a steward has let it go."""
        return self.place.taken.get(name, name)

    @property
    def sources(self) -> list[str | None]:
        """The source's columns behind `needed`."""
        return [self.source(name) for name in self.needed]

    @property
    def key_places(self) -> list[int]:
        """Where the key's columns stand among `needed`."""
        return [self.needed.index(name) for name in dict.fromkeys(self.place.feed.key)]

    @property
    def totals_places(self) -> list[int]:
        """Where the columns that tell a row of totals stand among `needed`."""
        return [index for index, _ in self._totals]

    def note(self, columns: Mapping[str, str], changes: Iterable[SchemaChange]) -> None:
        """Tell in `details` which columns were found, and what was let through."""
        self.details["columns_found"] |= columns
        self.details["changes"] += [change for change in told(changes) if change not in self.details["changes"]]

    def rows(self, found: Iterable[Found]) -> Iterator[Row]:
        """Give the rows of `columns` that the demand wants.

        Neither `where` nor a window of the cursor is asked of a row that was misread: its cells may be those of other
        columns.
        """
        return islice(self._rows(found), self.demand.limit)

    def _rows(self, found: Iterable[Found]) -> Iterator[Row]:
        where, totals, width = self._where, self._totals, len(self._given)
        ends = not self.demand.keys_only
        for cells, rest, problem in found:
            if totals and self.is_total(cells):
                self.details["totals_left_out"] += 1
                continue
            if problem not in MISREAD:
                if where and not all(cells[index] in texts for index, texts in where):
                    continue
                if self._cursor is not None and not self._window(cells[self._cursor]):
                    continue
            yield (*cells[:width], rest, problem) if ends else cells[:width]

    def is_total(self, cells: Sequence[str | None]) -> bool:
        """Whether a row of `needed` sums up others."""
        return any((cells[index] or "").strip().casefold() in texts for index, texts in self._totals)


def judged(found: Iterator[Found], first: Callable[[], DriftError | None]) -> Iterator[Found]:
    """Give the rows on, unless more than half of a file's first ones were misread: then raise the first one's error."""
    head = head_of(found, lambda one: one[0])
    misread = sum(problem in NOT_AS_DESCRIBED for _, _, problem in head)
    error = first()
    if error is not None and misread * 2 > len(head):
        raise error
    yield from head
    yield from found


def head_of(items: Iterator[T], cells: Callable[[T], Sequence[str | None]]) -> list[T]:
    """Take the first rows or lines of a file: 1,000, or fewer where their cells are large."""
    head, size = list[T](), 0
    for item in islice(items, JUDGED_ROWS):
        head.append(item)
        size += sum(len(cell) for cell in cells(item) if cell)
        if size > JUDGED_SIZE:
            break
    return head
