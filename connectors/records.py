"""From records with named values (JSON, XML) to the rows of a feed: drift is told record by record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from connectors.rest_text import compact, has, text_of, walk
from connectors.selection import TEXT_KEPT, Found, Selection, Trouble, judged
from schemas.errors import DriftError

#: names told in `details`; an object with people's ids as its keys would have one for each
NAMES_LIMIT = 1_000

#: number of the record (or of its line), its values by name, and what is wrong with it
Item = tuple[int, Mapping[str, Any] | None, Trouble | None]


class Shape(Protocol):
    """How a format names what its records hold."""

    def value(self, record: Mapping[str, Any], name: str) -> str | None:
        """Return the text of a source column; None where the record has none."""

    def has(self, record: Mapping[str, Any], name: str) -> bool:
        """Whether the record has the column, if only as null."""

    def unknown(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the feed does not know, by name."""


class Nested:
    """JSON: a column is a key, or a dotted path into nested objects; what is nested below a known key belongs to it."""

    def __init__(self, known: Iterable[str]) -> None:
        """Know the source columns that need no word."""
        self.tops = frozenset(part for name in known for part in (name, name.partition(".")[0]))

    def value(self, record: Mapping[str, Any], name: str) -> str | None:
        """Return the text at a key or path: lists and objects as compact JSON."""
        return text_of(record[name] if name in record else walk(dict(record), name) if "." in name else None)

    def has(self, record: Mapping[str, Any], name: str) -> bool:
        """Whether the key is there; a null on the way to it counts, for it may be there tomorrow."""
        return has(dict(record), name)

    def unknown(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the unknown keys."""
        return {} if record.keys() <= self.tops else {key: record[key] for key in record if key not in self.tops}


class Flat:
    """XML: every leaf is a column, by its path; what is below an ignored element is ignored with it."""

    def __init__(self, known: Iterable[str], ignored: Iterable[str]) -> None:
        """Know the source columns that need no word, and which of them cover what is below."""
        self.known, self.ignored = frozenset(known), frozenset(ignored)
        self.above = {above for name in self.known for above in paths_above(name)}

    def value(self, record: Mapping[str, Any], name: str) -> str | None:
        """Return the leaf's text."""
        value = record.get(name)
        return value if isinstance(value, str) else None

    def has(self, record: Mapping[str, Any], name: str) -> bool:
        """Whether the leaf is there."""
        return name in record

    def unknown(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the unknown leaves, but for an empty element that has children elsewhere."""
        if record.keys() <= self.known:
            return {}
        names = [name for name in record if name not in self.known and not self.ignored.intersection(paths_above(name))]
        return {name: record[name] for name in names if record[name] is not None or name not in self.above}


def paths_above(name: str) -> list[str]:
    """Return the elements around a leaf: `a` and `a.b` of `a.b.c`."""
    steps = name.split(".")
    return [".".join(steps[:length]) for length in range(1, len(steps))]


class Records:
    """Turns the records of one file into rows."""

    def __init__(self, selection: Selection, shape: Shape, what: str, fix: str) -> None:
        """Begin; `fix` is told when most records are none."""
        self.selection, self.shape, self.what, self.fix = selection, shape, what, fix
        self.sources = selection.sources
        self.count = 0
        self.unseen = {column for column in self.sources if column is not None}
        self.names: set[str] = set()
        self.first: DriftError | None = None

    def found(self, items: Iterator[Item]) -> Iterator[Found]:
        """Give the rows of all records.

        Raises:
            DriftError: an unknown column with `drift: freeze`, a column that no record has, or more than half of the
                first 1,000 are no records.

        """
        yield from judged(self._found(items), lambda: self.first)
        if self.count and self.unseen:
            place = self.selection.place
            missing = [name for name in self.selection.needed if self.selection.source(name) in self.unseen]
            raise place.missing(missing, sorted(self.names), f"{self.what}, in none of its {self.count} records,")

    def _found(self, items: Iterable[Item]) -> Iterator[Found]:
        for number, record, trouble in items:
            if record is None:
                yield self._misread(number, trouble)
                continue
            self.count += 1
            if not record.keys() <= self.names:
                self._note(record)
            if self.unseen:
                self.unseen = {name for name in self.unseen if not self.shape.has(record, name)}
            unknown = self.shape.unknown(record)
            rest, problem = self._rest(number, unknown) if unknown else (None, None)
            cells = [None if name is None else self.shape.value(record, name) for name in self.sources]
            if trouble is not None:
                rest, problem = compact({"record": number, "lengths": dict(trouble.lengths)}), trouble.code
            yield cells, rest, problem

    def _misread(self, number: int, trouble: Trouble | None) -> Found:
        trouble = trouble or Trouble("row.shape", f"record {number}, is no object")
        if self.first is None:
            self.first = self.selection.place.error(f"{self.what}, {trouble.words}", self.fix)
        held: dict[str, Any] = {"record": number}
        held |= {"lengths": dict(trouble.lengths)} if trouble.lengths else {"text": trouble.text[:TEXT_KEPT]}
        return [None] * len(self.sources), compact(held), trouble.code

    def _rest(self, number: int, unknown: Mapping[str, Any]) -> tuple[str | None, str | None]:
        place, selection = self.selection.place, self.selection
        if selection.feed.drift == "freeze":
            raise self._frozen(number, sorted(unknown))
        new = [name for name in unknown if name in self.names and name not in selection.details["columns_found"]]
        if new:
            selection.note(dict.fromkeys(new, ""), place.unknown(new, self.what).changes)
        held = {name: value for name, value in unknown.items() if value not in (None, "")}
        if not held or not selection.takes_unknown:
            return None, None
        return compact(held), "row.unknown_column" if selection.isolates else None

    def _frozen(self, number: int, unknown: list[str]) -> DriftError:
        """Make the error for unknown columns; one that is much like a column not seen so far is its new name."""
        place, what = self.selection.place, f"{self.what}, record {number},"
        missing = [name for name in self.selection.needed if self.selection.source(name) in self.unseen]
        likely = place.missing(missing, unknown, what).changes if missing else ()
        renamed = [change.column for change in likely if change.kind == "renamed"]
        return place.missing(renamed, unknown, what) if renamed else place.unknown(unknown, what)

    def _note(self, record: Mapping[str, Any]) -> None:
        if len(self.names) < NAMES_LIMIT:
            self.names |= record.keys()
            unknown = self.shape.unknown(record)
            self.selection.note({name: "" for name in record if name not in unknown}, ())
