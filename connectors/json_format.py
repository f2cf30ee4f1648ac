"""JSON, JSONL and GeoJSON files: record by record, in bounded memory, numbers digit by digit as they were sent.

The standard library's decoder reads one record at a time from a buffer that grows as it is needed. ijson would do the
same; it makes `1E+5` of `1e5` and a question mark of half a surrogate pair, without a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from connectors.csv_lines import Lines, TooLargeError
from connectors.drift import FeedPlace
from connectors.encoding import find_encoding
from connectors.reading import Row
from connectors.records import Item, Nested, Records
from connectors.rest_text import Doubled, Number, as_object, compact
from connectors.selection import CELL_LIMIT, TEXT_KEPT, Selection, Trouble
from schemas.errors import ConfigurationError, DriftError
from schemas.feed import FilesFeed

BLOCK = 1024 * 1024
#: characters at the end of what is read in which a token may be cut: the longest is -Infinity, or \uXXXX\uXXXX
TOKEN = 16
SPACE = re.compile(r"[ \t\r\n]*")
#: a step of `records`: a key, or [*] for each object of a list
STEP = re.compile(r"\.?(?:([^.\[\]$]+)|\[(\*)\]|\['([^']+)'\])")
#: names told of an object that does not hold the list
TOLD_NAMES = 10


def read_json(file: Path, selection: Selection, details: dict[str, Any]) -> Iterator[Row]:
    """Find the encoding (one pass over the file) and return the rows of its records.

    Of GeoJSON each feature is a record: its properties, `geometry` as compact JSON, `id`; where a property has one of
    these names, the feature's own is `feature.geometry` or `feature.id`.

    Raises:
        DriftError: the bytes fit none of the encodings; while iterating for what is no JSON, was cut, or has no list
            at `records`.

    """
    feed, place = selection.feed, selection.place
    details["encoding"] = find_encoding(file, feed.encoding, place)
    what, fix = f"file '{file.name}'", "mend records: to the list of objects"
    items: Callable[[TextIO], Iterator[Item]]
    if feed.format == "jsonl":
        fix = "if it is one JSON document, write format: json"
        items = JsonLines(what, place).items
    else:
        steps = ["features"] if feed.format == "geojson" else _steps(feed, place)
        items = Document(what, place, steps, _feature if feed.format == "geojson" else None).items
    records = Records(selection, Nested(place.known), what, fix)
    return selection.rows(records.found(_opened(file, details["encoding"], items)))


def _steps(feed: FilesFeed, place: FeedPlace) -> list[str]:
    path = (feed.records or "").removeprefix("$")
    steps = list(STEP.finditer(path))
    if "".join(step[0] for step in steps) != path:
        fix = "write keys with dots between them, and [*] for each object of a list, like data.warga or opd[*].warga"
        raise ConfigurationError(f"'{feed.records}' is no path", where=f"{place.where}.records", fix=fix)
    keys = [step[1] or step[2] or step[3] for step in steps]
    return keys[:-1] if keys[-1:] == ["*"] else keys


def _opened(file: Path, encoding: str, items: Callable[[TextIO], Iterator[Item]]) -> Iterator[Item]:
    with file.open(encoding=encoding, newline="") as source:
        yield from items(source)


class Decoder(json.JSONDecoder):
    """Keeps numbers as their own text, and notes whether an object names a key twice."""

    def __init__(self) -> None:
        """Prepare."""
        self.is_doubled = False
        super().__init__(object_pairs_hook=self._made, parse_float=Number, parse_int=Number, parse_constant=Number)

    def _made(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = as_object(pairs)
        self.is_doubled |= isinstance(value, Doubled)
        return value

    def item(self, number: int, value: Any, words: str) -> Item:
        """Return what was decoded as a record; what is no object, or names a key twice, as a trouble with its text."""
        is_doubled, self.is_doubled = self.is_doubled, False
        if isinstance(value, dict) and not is_doubled:
            return number, value, None
        why = "names a key twice" if isinstance(value, dict) else "is no object"
        return number, None, Trouble("row.shape", f"{words}, {why}", compact(value)[:TEXT_KEPT])


def _feature(value: Any) -> Any:
    """Return a feature's properties with its id and geometry; a missing geometry is no column."""
    if not isinstance(value, dict) or not isinstance(value.get("properties"), dict | None):
        return [value]
    record = dict(value.get("properties") or {})
    own = {name: part for name, part in value.items() if name not in ("type", "properties", "bbox")}
    if own.get("geometry") is None:
        own.pop("geometry", None)
    return record | {name if name not in record else f"feature.{name}": part for name, part in own.items()}


class Document:
    """One JSON document, of which the list at `steps` holds the records."""

    def __init__(self, what: str, place: FeedPlace, steps: list[str], made: Callable[[Any], Any] | None = None) -> None:
        """Prepare; `made` turns what the list holds into a record."""
        self.what, self.place, self.steps, self.made = what, place, steps, made
        self.decoder = Decoder()
        self.text, self.at, self.count, self.is_end, self.is_found = "", 0, 0, False, False

    def items(self, source: TextIO) -> Iterator[Item]:
        """Give the records of an open file, to the end of the document; raises DriftError."""
        self.source = source
        yield from self._within(self.steps)
        if self._peek():
            raise self._broken("something after its end")
        if not self.is_found:
            raise self._no_list([])

    def _within(self, steps: list[str]) -> Iterator[Item]:
        sign = self._peek()
        if not steps and sign == "[":
            self.is_found = True
            yield from self._list(None)
        elif steps[:1] == ["*"] and sign == "[":
            yield from self._list(steps[1:])
        elif steps and steps[0] != "*" and sign == "{":
            yield from self._object(steps)
        else:
            value = self._value()
            if value is not None or not self.is_found:
                raise self._no_list(list(value) if isinstance(value, dict) else [])

    def _list(self, steps: list[str] | None) -> Iterator[Item]:
        """Read a list: its elements are records, or hold at `steps` lists of them."""
        self.at += 1
        is_first = True
        while (sign := self._peek()) != "]":
            if not is_first:
                self._require(",", sign)
            is_first = False
            if steps is not None:
                yield from self._within(steps)
                continue
            self.count += 1
            value = self._value()
            yield self.decoder.item(self.count, self.made(value) if self.made else value, f"record {self.count}")
        self.at += 1

    def _object(self, steps: list[str]) -> Iterator[Item]:
        """Read an object, and go on within the value of one key."""
        self.at += 1
        names: list[str] = []
        while (sign := self._peek()) != "}":
            if names:
                self._require(",", sign)
                sign = self._peek()
            name = self._value()
            if sign != '"':
                raise self._broken("no name in an object")
            names.append(str(name))
            self._require(":", self._peek())
            if name == steps[0]:
                yield from self._within(steps[1:])
            else:
                self._value()
        self.at += 1
        if not self.is_found and steps[0] not in names:
            raise self._no_list(names)

    def _require(self, wanted: str, sign: str) -> None:
        if sign != wanted:
            raise self._broken(f"no '{wanted}' where one should be")
        self.at += 1

    def _peek(self) -> str:
        """Return the next character that is no space; '' at the end."""
        while True:
            self.at = SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        block = "" if self.is_end else self.source.read(max(BLOCK, len(self.text) - self.at))
        self.is_end = not block
        self.text, self.at = self.text[self.at :] + block, 0
        return bool(block)

    def _value(self) -> Any:
        """Return the value that begins here, however much of the file has to be read for it."""
        while True:
            self._peek()
            try:
                value, end = self.decoder.raw_decode(self.text, self.at)
            except json.JSONDecodeError as error:
                is_cut = error.msg.startswith("Unterminated string") or error.pos >= len(self.text) - TOKEN
                if not is_cut or not self._grown():
                    raise self._broken(error.msg) from None
            except RecursionError:
                raise self._broken("nested too deeply") from None
            else:
                if end < len(self.text) or self.is_end:
                    self.at = end
                    return value
                self._grown()  # a number may go on; read it again

    def _grown(self) -> bool:
        if len(self.text) - self.at > CELL_LIMIT:
            problem = f"{self.what}, record {self.count}, has more than {CELL_LIMIT:,} characters"
            raise self.place.error(problem, "have it exported in smaller records, or mend records:", key="records")
        return self._more()

    def _broken(self, why: str) -> DriftError:
        problem = f"{self.what} was cut or is no JSON ({why}, after {self.count} records)"
        return self.place.error(problem, "have the export written again", key="file")

    def _no_list(self, names: list[str]) -> DriftError:
        path = ".".join(self.steps) or "its top"
        told = ", ".join(names[:TOLD_NAMES])
        fix = f"name it in records:{f'; there are: {told}' if told else ''}"
        return self.place.error(f"{self.what} has no list of records at {path}", fix, key="records")


class JsonLines:
    """JSON objects, one in each line."""

    def __init__(self, what: str, place: FeedPlace) -> None:
        """Prepare."""
        self.what, self.place, self.decoder = what, place, Decoder()

    def items(self, source: TextIO) -> Iterator[Item]:
        """Give the records of an open file; a line that is none is a trouble, the last one without its end an error."""
        lines = Lines(source)
        while True:
            number = lines.begin()
            try:
                line = next(lines, None)
            except TooLargeError:
                yield number, None, self._large(lines, number)
                continue
            if line is None:
                return
            if line.strip():
                yield self._read(number, line, lines.is_open)

    def _read(self, number: int, line: str, is_open: bool) -> Item:
        try:
            value = self.decoder.decode(line)
        except (ValueError, RecursionError) as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            if is_open:
                problem = f"{self.what} was cut within line {number} ({why})"
                raise self.place.error(problem, "have it delivered again", key="file") from None
            return number, None, Trouble("row.shape", f"line {number}, is no JSON ({why})", line.strip())
        return self.decoder.item(number, value, f"line {number}")

    def _large(self, lines: Lines, number: int) -> Trouble:
        length, piece = lines.size, lines.held[-1]
        while piece and piece[-1] not in "\r\n":
            piece = lines.piece()
            length += len(piece)
        return Trouble("row.large", f"line {number}, has {length} characters", lengths={"line": length})
