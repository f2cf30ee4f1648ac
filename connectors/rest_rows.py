"""Records of an API to rows of a feed: drift record by record, what is demanded, and nothing dropped in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from connectors.drift import FeedPlace, told
from connectors.reading import PROBLEM, REST, Demand, Row
from connectors.records import NAMES_LIMIT, Flat, Nested, Shape
from connectors.rest_since import CursorWindow
from connectors.rest_text import compact, has, has_doubled, text_of, walk
from connectors.selection import CELL_LIMIT, JUDGED_ROWS
from connectors.table import row_filter
from schemas.feed import RestFeed

#: changes that an API was asked for may be so few that no record has an optional key; fewer than this are no proof
FEW_RECORDS = 100


class RecordRows:
    """Turns pages of records into rows of `columns`: the landed ones (the key alone with keys_only), REST, PROBLEM.

    A column is a key of the record, or a dotted path into nested objects and lists (`alamat.0.jalan`). A key that
    some records lack is null there.
    """

    def __init__(self, place: FeedPlace, feed: RestFeed, demand: Demand, details: dict[str, Any]) -> None:
        """Begin; `details` gets columns_found and changes. `demand.position` says what earlier pages have shown."""
        self.place, self.feed, self.details = place, feed, details
        self._landed = landed = feed.landed_columns
        given = list(dict.fromkeys(feed.key)) if demand.keys_only else landed
        self.columns = [*given, REST, PROBLEM]
        self._given = [landed.index(name) for name in given]
        self._sources = [_sources(name, place) for name in landed]
        nested = Nested(place.known)
        self._tops = nested.tops
        self._shape: Shape = nested
        if feed.format == "xml" or feed.soap is not None:
            self._shape = Flat(place.known, feed.ignore)
        self._where = row_filter(feed.where, landed)
        self._is_asked = demand.since is not None and feed.since is not None
        self._needed = {*feed.key, *([feed.cursor.column] if feed.cursor else [])}
        self._wanted = CursorWindow(demand, is_asked=self._is_asked)
        self._cursor = landed.index(feed.cursor.column) if feed.cursor else None
        self._is_frozen = feed.drift == "freeze"
        self._takes_unknown = feed.drift != "freeze" and not demand.keys_only
        self.count, self.shapeless = int(demand.position.get("records", 0)), 0
        gone = {name for name, column in place.taken.items() if column is None}
        self.unseen: set[str] = set(demand.position.get("unseen", landed)) - gone
        self._found: dict[str, str] = {}
        self._names: set[str] = set()
        details["columns_found"], details["changes"] = self._found, []

    def rows(self, records: Iterable[Any], is_doubled: bool = False) -> Iterator[Row]:
        """Give the rows of one page; with `is_doubled` some object in it names a key twice.

        Raises:
            DriftError: an unknown key with `drift: freeze`, or most records are no objects.

        """
        for record in records:
            self.count += 1
            if not isinstance(record, dict) or (is_doubled and has_doubled(record)):
                yield self._misshapen(record)
            else:
                row = self._row(record)
                if row is not None:
                    yield row

    def finish(self) -> None:
        """Judge what was found; `details["absent"]` gets columns that a few changed records did not have.

        Raises:
            DriftError: most records are no objects, or none at all has a column of the feed.

        """
        self._judge()
        is_proof = not self._is_asked or self.count >= FEW_RECORDS or bool(self.unseen & self._needed)
        if self.count and self.unseen and not is_proof:
            self.details["absent"] = sorted(self.unseen)
        elif self.count and self.unseen:
            missing = [name for name in self._landed if name in self.unseen]
            others = sorted({*self._found, *self._tops} - set(self._landed))
            raise self.place.missing(missing, others, f"none of the {self.count} records")

    def _row(self, record: dict[str, Any]) -> Row | None:
        self._note(record)
        unknown = sorted(self._shape.unknown(record))
        self._tell(unknown)
        if unknown and self._is_frozen:
            raise self.place.unknown(unknown, f"record {self.count}")
        if self.unseen:
            self._look_for_unseen(record)
        row = [text_of(_value(record, names)) for names in self._sources]
        if not self._where(row) or not (self._cursor is None or self._wanted(row[self._cursor])):
            return None
        rest = {name: record[name] for name in unknown} if self._takes_unknown else {}
        problem = None
        if self.feed.drift == "quarantine" and any(value not in (None, "", [], {}) for value in rest.values()):
            problem = "row.unknown_column"
        lengths = getattr(record, "lengths", None)  # of an XML record's leaves that were too large to keep
        if lengths:
            problem, rest = "row.large", {name: f"{length} characters" for name, length in lengths.items()}
        if max(map(len, filter(None, row)), default=0) > CELL_LIMIT:
            large = {name: text for name, text in zip(self._landed, row, strict=True) if _is_large(text)}
            problem, rest = "row.large", {name: f"{len(text or '')} characters" for name, text in large.items()}
            row = [None if _is_large(text) else text for text in row]
        kept = compact(rest) if rest else None
        if _is_large(kept):
            problem, kept = (
                "row.large",
                compact({name: f"{len(text_of(rest[name]) or '')} characters" for name in rest}),
            )
        return (*(row[index] for index in self._given), kept, problem)

    def _misshapen(self, record: Any) -> Row:
        if not isinstance(record, dict):
            self.shapeless += 1
            if self.count == JUDGED_ROWS:
                self._judge()
        text = compact(record)
        kept = text if len(text) <= CELL_LIMIT else compact(f"{len(text)} characters")
        return (*(None for _ in self._given), kept, "row.shape")

    def _judge(self) -> None:
        if self.shapeless * 2 > self.count:
            problem = f"{self.shapeless} of {self.count} records, the first among them, are no objects"
            if self.count == 1:
                problem = "record 1 is not an object"
            raise self.place.error(problem, "mend records: to the list of objects", key="records")

    def _note(self, record: dict[str, Any]) -> None:
        """Keep the names of columns; most records bring none that was not seen."""
        if record.keys() <= self._names or len(self._names) > NAMES_LIMIT:
            return
        new = record.keys() - self._names
        self._names |= new
        for name in sorted(new & self._tops):
            self._found[name] = ""

    def _look_for_unseen(self, record: dict[str, Any]) -> None:
        seen = {name for name in self.unseen if any(has(record, source) for source in _sources(name, self.place))}
        self.unseen -= seen
        self._found.update(dict.fromkeys(sorted(seen), ""))

    def _tell(self, unknown: list[str]) -> None:
        if not all(name in self._found for name in unknown) and len(self._found) < NAMES_LIMIT:
            changes = [change for change in self.place.unknown(unknown, "").changes if change.column not in self._found]
            self._found.update({change.column: "" for change in changes})
            self.details["changes"] += told(changes)


def _sources(name: str, place: FeedPlace) -> tuple[str, ...]:
    """Return the keys that may fill a landed column: the new name that a steward accepted, then its own."""
    return tuple(dict.fromkeys(filter(None, (place.taken[name], name))))


def _value(record: dict[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in record:
            return record[name]
    for name in names:
        value = walk(record, name) if "." in name else None
        if value is not None:
            return value
    return None


def _is_large(text: str | None) -> bool:
    return text is not None and len(text) > CELL_LIMIT
