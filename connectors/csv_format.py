"""CSV as text: the encoding is found out before the first row, and the guess recorded."""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.drift import FeedPlace
from connectors.table import Line
from schemas.application import FilesFeed
from schemas.errors import ConfigurationError

#: a letter of two or more bytes in UTF-8; in cp1252 text such a pair (`Ã` and a sign) is not to be expected
UTF8_SEQUENCE = re.compile(rb"[\xc3-\xf4][\x80-\xbf]+")
BLOCK = 1024 * 1024
#: characters of one cell; more means a quote that never closes, which would swallow the file
CELL_LIMIT = 10_000_000


def read_csv(file: Path, feed: FilesFeed, place: FeedPlace, details: dict[str, Any]) -> Iterator[Line]:
    """Find the encoding (one pass over the file) and return the lines from `header_row` on.

    An empty cell is the empty text: CSV has no way to send null.

    Raises:
        DriftError: the bytes fit none of the encodings; while iterating for broken quotes.

    """
    if len(feed.delimiter) != 1:
        raise ConfigurationError(
            f"'{feed.delimiter}' is not one character", where=f"{place.where}.delimiter", fix='write , or ; or "\\t"'
        )
    details["sha256"], encoding = _examine(file, feed, place)
    details["encoding"] = encoding
    return _lines(file, feed, place, encoding)


def _examine(file: Path, feed: FilesFeed, place: FeedPlace) -> tuple[str, str]:
    """Return sha256 and the first encoding that decodes every byte."""
    decoders = {name: _decoder(name, place) for name in feed.encoding}
    failures: list[str] = []
    digest, read, sequences = hashlib.sha256(), 0, 0
    with file.open("rb") as source:
        while True:
            block = source.read(BLOCK)
            digest.update(block)
            sequences += len(UTF8_SEQUENCE.findall(block))
            for name, decoder in list(decoders.items()):
                held = len(decoder.getstate()[0])
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    failures.append(f"{name} at byte {read - held + error.start}")
                    del decoders[name]
            read += len(block)
            if not decoders:
                raise place.error(
                    f"file '{file.name}' is in none of its encodings: {', '.join(failures)}",
                    "add the encoding in which the export is written",
                    key="encoding",
                )
            if not block:
                _refuse_mixture(file, failures, sequences, place)
                return digest.hexdigest(), next(iter(decoders))


def _refuse_mixture(file: Path, failures: list[str], sequences: int, place: FeedPlace) -> None:
    """Refuse a file that is UTF-8 but for a few bytes: read as cp1252, its every `é` would become `Ã©` unnoticed."""
    broken = [failure for failure in failures if failure.startswith("utf")]
    if broken and sequences:
        raise place.error(
            f"file '{file.name}' mixes encodings: {sequences} letters are UTF-8, but it is not {broken[0]}",
            "have the export written in one encoding, or name that one alone",
            key="encoding",
        )


def _decoder(name: str, place: FeedPlace) -> codecs.IncrementalDecoder:
    try:
        return codecs.getincrementaldecoder(name)()
    except LookupError:
        raise ConfigurationError(
            f"'{name}' is not an encoding", where=f"{place.where}.encoding", fix="use utf-8-sig or cp1252"
        ) from None


def _lines(file: Path, feed: FilesFeed, place: FeedPlace, encoding: str) -> Iterator[Line]:
    csv.field_size_limit(CELL_LIMIT)
    with file.open(encoding=encoding, newline="") as source:
        for _ in range(feed.header_row - 1):
            source.readline()
        # strict: without it a stray quote merges rows in silence
        reader = csv.reader(source, delimiter=feed.delimiter, strict=True)
        begin = feed.header_row
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise place.error(
                    f"file '{file.name}', line {begin}, has broken quotes ({error})", "have the export quote its texts"
                ) from error
            if cells is None:
                return
            yield begin, cells
            begin = feed.header_row + reader.line_num
