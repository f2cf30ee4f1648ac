"""CSV as text: the encoding is found out before the first row, and the guess recorded."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.drift import FeedPlace
from connectors.encoding import EncodingGuess
from connectors.table import Line
from schemas.application import FilesFeed
from schemas.errors import ConfigurationError

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
    digest, guess = hashlib.sha256(), EncodingGuess(file.name, feed.encoding, place)
    with file.open("rb") as source:
        while block := source.read(BLOCK):
            digest.update(block)
            guess.feed(block)
    return digest.hexdigest(), guess.result()


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
