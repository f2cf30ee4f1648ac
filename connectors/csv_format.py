"""CSV as text: encoding and dialect are found out before the first row, and the guess recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from connectors.csv_lines import Dialect, records
from connectors.drift import FeedPlace
from connectors.encoding import find_encoding
from connectors.heading import Line, take_heading
from connectors.selection import head_of
from schemas.errors import ConfigurationError, DriftError
from schemas.feed import FilesFeed

#: what `delimiter: auto` knows
DELIMITERS = (",", ";", "\t", "|", "^", "~")
#: Excel writes its delimiter into a line before the header
SEPARATOR = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


def read_csv(file: Path, feed: FilesFeed, place: FeedPlace, details: dict[str, Any]) -> Iterator[Line]:
    """Find encoding, delimiter and escapes (one pass over the file) and return the lines from `header_row` on.

    An empty cell is the empty text: CSV has no way to send null. `details` gets encoding and delimiter.

    Raises:
        DriftError: the bytes fit none of the encodings, or several delimiters fit; while iterating for broken quotes.

    """
    _check(feed, place)
    escapes = _Escapes(feed.quote)
    details["encoding"] = encoding = find_encoding(file, feed.encoding, place, escapes.look)
    skip, told = _begin(file, encoding, feed)
    delimiter = feed.delimiter if feed.delimiter != "auto" else told or _delimiter(file, feed, place, encoding, skip)
    dialect = Dialect(delimiter, feed.quote)
    if escapes.are_there:
        others = [dialect, Dialect(delimiter, feed.quote, escapes=True)]
        dialect = min(others, key=lambda one: _misreads(file, encoding, one, skip, place))
    details["delimiter"] = delimiter
    return _lines(file, encoding, dialect, skip, place)


def _check(feed: FilesFeed, place: FeedPlace) -> None:
    problems = []
    if feed.delimiter != "auto" and (len(feed.delimiter) != 1 or feed.delimiter in "\r\n"):
        problems.append(("delimiter", feed.delimiter, 'write , or ; or "\\t", or auto'))
    if len(feed.quote) > 1 or feed.quote in ("\r", "\n", "\\", feed.delimiter):
        problems.append(("quote", feed.quote, "write ' or \", or '' where the export knows none"))
    for key, text, fix in problems:
        raise ConfigurationError(f"'{text}' is not one character that can be it", where=f"{place.where}.{key}", fix=fix)


class _Escapes:
    """Looks, block by block, for a backslash before a quote."""

    def __init__(self, quote: str) -> None:
        self.signs = [f"\\{quote}".encode(), f"\\\0{quote}".encode()] if quote else []
        self.are_there, self.tail = False, b""

    def look(self, block: bytes) -> None:
        self.are_there = self.are_there or any(sign in block or sign in self.tail + block[:4] for sign in self.signs)
        self.tail = block[-4:]


def _open(file: Path, encoding: str) -> TextIO:
    return file.open(encoding=encoding, newline="")


def _begin(file: Path, encoding: str, feed: FilesFeed) -> tuple[int, str | None]:
    """Return how many lines to skip before the heading, and the delimiter that a line `sep=;` tells."""
    with _open(file, encoding) as source:
        found = SEPARATOR.fullmatch(source.readline(8))
    header_row = 1 if feed.header_row == "auto" else feed.header_row
    return header_row - 1 + bool(found), found[1] if found else None


def _lines(file: Path, encoding: str, dialect: Dialect, skip: int, place: FeedPlace) -> Iterator[Line]:
    with _open(file, encoding) as source:
        yield from records(source, dialect, skip, place, f"file '{file.name}'")


def _delimiter(file: Path, feed: FilesFeed, place: FeedPlace, encoding: str, skip: int) -> str:
    """Return the delimiter with which the heading has the feed's columns, or else the one that cuts most cells."""
    wanted = {column for column in place.taken.values() if column is not None}
    readings: dict[str, list[tuple[str | None, ...]]] = {}
    cells = dict.fromkeys(DELIMITERS, 0)
    for delimiter in DELIMITERS:
        lines = _quiet(_lines(file, encoding, Dialect(delimiter, feed.quote), skip, place))
        held = head_of(lines, lambda line: line[1])
        cells[delimiter] = max((len(line[1]) for line in held), default=0)
        rest = iter(held)
        try:
            heading = take_heading(rest, feed, place, "")
        except DriftError:
            continue
        if heading is not None and wanted <= set(heading.names):
            readings[delimiter] = [tuple(heading.names), *(tuple(line[1]) for line in rest)]
    if len({tuple(reading) for reading in readings.values()}) > 1:
        told = ", ".join(map(repr, readings))
        problem = f"file '{file.name}' can be read with several delimiters ({told})"
        raise place.error(problem, "write the one that the export uses", key="delimiter")
    return next(iter(readings), max(DELIMITERS, key=lambda one: cells[one]))


def _quiet(lines: Iterator[Line]) -> Iterator[Line]:
    """End where the quotes are broken: a wrong delimiter breaks those that are right."""
    try:
        yield from lines
    except DriftError:
        return


def _misreads(file: Path, encoding: str, dialect: Dialect, skip: int, place: FeedPlace) -> float:
    """Count the lines that a dialect reads wrong: broken quotes, and another number of cells than the first line."""
    misreads, width = 0, None
    try:
        for _, cells, trouble in _lines(file, encoding, dialect, skip, place):
            width = len(cells) if width is None else width
            # a large record is read right by the right dialect, so only its number of cells counts
            is_broken = trouble is not None and trouble.code == "row.quotes"
            misreads += is_broken or (bool(cells) and len(cells) != width)
    except DriftError:
        return float("inf")
    return misreads
