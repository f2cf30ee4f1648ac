"""The begin of a text file: CSV with whatever delimiter, JSON, lines of JSON, XML."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from typing import Any
from xml.parsers import expat

from connectors.rest_text import text_of
from connectors.survey.files_parts import Content, Part, UnreadableError, columns_of, table_part
from connectors.survey.rest_records import columns_of as record_columns
from connectors.survey.rest_records import json_path, read_json, records_of, whole_part

DELIMITERS = (",", ";", "\t", "|")
#: lines by which a delimiter is found
JUDGED_LINES = 200
SEPARATOR = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
#: expat joins address and local name by it
BETWEEN = " "
ABOUT_XML = ("http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/XML/1998/namespace")


def encoding_of(content: Content) -> str:
    """Return utf-16 by its mark, else utf-8-sig where the begin can be it, else cp1252."""
    if content.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8-sig")().decode(content.head, final=content.is_whole)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def csv_part(content: Content, wanted: int) -> Part:
    """Find encoding, delimiter and heading of a CSV; raises UnreadableError for what holds no lines of cells."""
    encoding = encoding_of(content)
    text = content.head.decode(encoding, errors="replace" if encoding == "cp1252" else "ignore")
    if not content.is_whole:
        text = text[: text.rfind("\n") + 1]
    told = SEPARATOR.match(text)
    text = text[told.end() :] if told else text
    delimiter = told[1] if told else _delimiter(text)
    feed: dict[str, Any] = {"format": "csv"}
    feed |= {"delimiter": delimiter} if delimiter != "," else {}
    is_plain = text.isascii() and encoding == "utf-8-sig"
    feed |= {} if is_plain else {"encoding": encoding}
    numbered = _rows(text, delimiter)
    part = table_part([row for _, row in numbered], feed, wanted)
    begin = int(part.feed.get("header_row", 1)) - 1
    keys = dict(part.feed) | ({"header_row": numbered[begin][0]} if begin else {})  # lines, not records
    rows = part.rows
    if rows and not content.is_whole and content.size:
        rows = int(rows * content.size / max(1, len(content.head)))
    return Part(part.columns, keys, rows, problem=part.problem, notes=part.notes)


def _rows(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Return each record with the number of its first line; ends where the quotes are broken."""
    reader, begin = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1
    rows: list[tuple[int, list[str]]] = []
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            return rows
        if row is None:
            return rows
        rows.append((begin, row))
        begin = reader.line_num + 1


def _delimiter(text: str) -> str:
    """Return the delimiter by which most lines have the same number of cells, and more than one."""
    begin = "".join(text.splitlines(keepends=True)[:JUDGED_LINES])

    def fitness(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for _, row in _rows(begin, delimiter) if any(row))
        wide = [(times, width) for width, times in widths.items() if width > 1]
        times, width = max(wide, default=(0, 0))
        return times / max(1, widths.total()), width

    return max(DELIMITERS, key=fitness)


def json_part(content: Content, wanted: int) -> Part:
    """Find the records of a JSON, JSON-lines or GeoJSON file."""
    stripped = content.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    lines = stripped.splitlines()
    try:
        if len(lines) > 1 and isinstance(read_json(lines[0]), dict):
            return _lines_part(lines if content.is_whole else lines[:-1], content, wanted)
    except ValueError:
        pass  # an object over several lines
    try:
        value = read_json(stripped if content.is_whole else whole_part(stripped))
    except ValueError:
        raise UnreadableError("is no JSON") from None
    found = records_of(value)
    if found is None:
        raise UnreadableError("has no list of records")
    way, records = found
    is_map = isinstance(value, dict) and value.get("type") == "FeatureCollection"
    feed: dict[str, Any] = {"format": "geojson"} if is_map else {"format": "json"}
    feed |= {"records": json_path(way)} if way and not is_map else {}
    columns = record_columns([_feature(one) if is_map else one for one in records[:wanted]], {})
    return Part(columns, feed, len(records) if content.is_whole else None, problem="" if records else "has no rows")


def _feature(value: dict[str, Any]) -> dict[str, Any]:
    """Return a map's feature as `json_format` reads it: its properties, geometry and id."""
    properties = value.get("properties")
    record = {**properties} if isinstance(properties, dict) else {}
    own = {name: part for name, part in value.items() if name in ("geometry", "id") and part is not None}
    own |= {"geometry": text_of(own["geometry"])} if "geometry" in own else {}
    return record | {name if name not in record else f"feature.{name}": part for name, part in own.items()}


def _lines_part(lines: list[bytes], content: Content, wanted: int) -> Part:
    read = [read_json(line) for line in lines[:wanted] if line.strip()]
    columns = record_columns([one for one in read if isinstance(one, dict)], {})
    rows = len(lines)
    if not content.is_whole and content.size:
        rows = int(rows * content.size / max(1, len(content.head)))
    return Part(columns, {"format": "jsonl"}, rows)


class _Elements:
    """Counts the values right below the elements of each name, and collects the elements of one name as records."""

    def __init__(self, record: str = "", wanted: int = 0) -> None:
        self.record, self.wanted = record, wanted
        #: name → elements, and texts and attributes right below them
        self.counts: Counter[str] = Counter()
        self.values: Counter[str] = Counter()
        self.records: list[dict[str, str | None]] = []
        #: columns that a record has more than once
        self.twice: dict[str, None] = {}
        self._stack: list[list[Any]] = []  # name, has children
        self._text: list[str] = []
        self._row: dict[str, str | None] | None = None
        self._row_depth = 0

    def read(self, content: Content) -> _Elements:
        parser = expat.ParserCreate(namespace_separator=BETWEEN)
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = self._text.append, _no_doctype
        try:
            parser.Parse(content.head, content.is_whole)
        except (expat.ExpatError, LookupError, ValueError):
            if not self.counts:
                raise UnreadableError("is no XML") from None
        return self

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(BETWEEN)[2]
        if self._stack:
            self._stack[-1][1] = True
        self._stack.append([local, False])
        self._text.clear()
        self.counts[local] += 1
        if len(self._stack) > 1:  # the root is no record
            self.values[local] += len(attributes)
        if self._row is None and local == self.record and len(self.records) < self.wanted:
            self._row, self._row_depth = {}, len(self._stack)
        if self._row is not None:
            for attribute, value in attributes.items():
                address, _, plain = attribute.rpartition(BETWEEN)
                if address not in ABOUT_XML:
                    self._row[".".join(filter(None, (self._path(), f"@{plain}")))] = value

    def _end(self, name: str) -> None:
        _, has_children = self._stack[-1]
        path = self._path()
        if self._row is not None:
            text = "".join(self._text)
            if path and (text.strip() or not has_children):
                self.twice |= {path: None} if path in self._row else {}
                self._row[path] = text if text.strip() else None
            if len(self._stack) == self._row_depth:
                self.records.append(self._row)
                self._row = None
        if not has_children and len(self._stack) > 2:
            self.values[self._stack[-2][0]] += 1
        self._text.clear()
        self._stack.pop()

    def _path(self) -> str:
        return ".".join(str(name) for name, _ in self._stack[self._row_depth :])


def _no_doctype(*_: object) -> None:
    raise UnreadableError("has a DOCTYPE: have it exported without one")


def xml_part(content: Content, wanted: int) -> Part:
    """Take for the record the element right below which most values stand; raises UnreadableError.

    The most frequent element would be the ring of a polygon, or what is wrapped around each record.
    """
    seen = _Elements().read(content)
    if not seen.values.total():
        raise UnreadableError("has no element that could be a record")
    record = max(seen.values, key=lambda name: seen.values[name])
    taken = _Elements(record, wanted).read(content)
    records, notes = taken.records, tuple(f"has '{name}' more than once in a record" for name in taken.twice)
    names = list(dict.fromkeys(name for one in records for name in one))
    rows = seen.counts[record] if content.is_whole else None
    lines = [[one.get(name) for name in names] for one in records]
    return Part(columns_of(names, lines), {"format": "xml", "record": record}, rows, notes=notes)
