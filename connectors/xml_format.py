"""XML, GML among it: each element of one name is a row, the leaves below it are its columns.

A column is the dotted path of local names from the row to the leaf (`geometri.LineString.posList`), an attribute its
name after an `@` (`@id`, `geometri.@srsName`). Expat reads block by block and keeps nothing but the row at hand,
opens no address, and a DOCTYPE, without which there are no entities to expand, is refused.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from connectors.drift import FeedPlace
from connectors.encoding import EncodingGuess
from connectors.reading import Row
from connectors.table import row_filter
from schemas.application import FilesFeed
from schemas.errors import ConfigurationError
from schemas.yaml_file import suggest

BLOCK = 256 * 1024
#: between address and local name, as expat joins them
SEPARATOR = " "
#: nil and schemaLocation speak of the document, not of the row
ABOUT_XML = ("http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/XML/1998/namespace")
DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']""")
#: names of elements kept to say what is there instead of the record
SEEN_LIMIT = 50


def read_xml(file: Path, feed: FilesFeed, place: FeedPlace, details: dict[str, Any]) -> Iterator[Row]:
    """Find sha256 and encoding (one pass over the file) and return the rows of the landed columns.

    Raises:
        DriftError: the encoding is not the declared one; while iterating for what is no XML or was cut, an unknown
            or repeated column, no record at all, or a column that no record has.

    """
    if not feed.record:
        raise ConfigurationError(
            "is missing", where=f"{place.where}.record", fix="name the element that is one row, without its prefix"
        )
    details["sha256"], details["encoding"] = _examine(file, place)
    return _rows(file, Records(feed.record, place, f"file '{file.name}'"))


def _examine(file: Path, place: FeedPlace) -> tuple[str, str]:
    """Return sha256 and the declared encoding; a declaration that is not true would garble texts unnoticed."""
    digest, guess, begin = hashlib.sha256(), EncodingGuess(file.name, ["utf-8", "latin-1"], place), b""
    with file.open("rb") as source:
        while block := source.read(BLOCK):
            begin = begin or block
            digest.update(block)
            guess.feed(block)
    guess.feed(b"", final=True)
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return digest.hexdigest(), "utf-16"
    found = DECLARED.search(begin[:500])
    declared = found[1].decode().lower() if found else "utf-8"
    is_utf8 = "utf-8" in guess.decoders
    problem = ""
    if declared in ("utf-8", "utf8", "us-ascii") and not is_utf8:
        problem = f"says that it is {declared}, and is not ({guess.failures[0]})"
    elif declared not in ("utf-8", "utf8") and is_utf8 and guess.sequences:
        problem = f"says that it is {declared}, and is utf-8 ({guess.sequences} letters)"
    if problem:
        fix = "have the encoding in which it is written put into its first line"
        raise place.error(f"file '{file.name}' {problem}", fix, key="file")
    return digest.hexdigest(), declared


def _rows(file: Path, records: Records) -> Iterator[Row]:
    parser = expat.ParserCreate(namespace_separator=SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = records.start
    parser.EndElementHandler = records.end
    parser.CharacterDataHandler = records.text.append
    parser.StartDoctypeDeclHandler = records.doctype
    keep = row_filter(records.place.feed.where, records.columns)
    with file.open("rb") as source:
        block = source.read(BLOCK)
        while True:
            try:
                parser.Parse(block, not block)
            except (expat.ExpatError, LookupError, ValueError) as error:
                problem = f"{records.what} was cut or is no XML ({error})"
                raise records.place.error(problem, "have the export written again", key="file") from error
            yield from filter(keep, records.taken)
            records.taken.clear()
            if not block:
                break
            block = source.read(BLOCK)
    records.finish()


class Records:
    """Collects the rows while expat tells what begins and ends."""

    def __init__(self, record: str, place: FeedPlace, what: str) -> None:
        """Collect the elements with the local name `record`."""
        self.record, self.place, self.what = record, place, what
        self.columns = place.feed.landed_columns
        self.unseen = set(self.columns)
        self.taken: list[Row] = []
        self.count = 0
        #: what the row at hand has; None between rows
        self.row: dict[str, str | None] | None = None
        #: dotted paths of the open elements below the row, and whether each has children
        self.paths: list[str] = []
        self.has_children: list[bool] = []
        self.text: list[str] = []
        self.names: dict[str, str] = {}
        #: what becomes of a column: landed, ignored, or unknown
        self.fates: dict[str, str] = {}
        self.seen: list[str] = []
        self.is_empty_answer = False

    def doctype(self, *_: Any) -> None:
        """Refuse: a DOCTYPE may declare entities that swell to gigabytes or open files."""
        raise self.place.error(f"{self.what} has a DOCTYPE", "have it exported without one", key="file")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element's beginning."""
        local = self.names.get(name) or self.names.setdefault(name, name.rpartition(SEPARATOR)[2])
        path = ""
        if self.row is None:
            if local != self.record:
                self._pass_by(local, attributes)
                return
            self.row, self.count = {}, self.count + 1
        else:
            self._no_text_beside_elements()
            self.has_children[-1] = True
            path = f"{self.paths[-1]}.{local}" if self.paths[-1] else local
        self.paths.append(path)
        self.has_children.append(False)
        self.text.clear()
        for attribute, value in attributes.items():
            address, _, plain = attribute.rpartition(SEPARATOR)
            if address not in ABOUT_XML:
                self._put(f"{path}.@{plain}" if path else f"@{plain}", value)

    def end(self, name: str) -> None:
        """Take an element's end: a leaf is a value, the record itself a row."""
        if self.row is None:
            return
        path, is_leaf = self.paths.pop(), not self.has_children.pop()
        if path and is_leaf:
            text = "".join(self.text)
            self._put(path, text if text.strip() else None)
        else:
            self._no_text_beside_elements()
        self.text.clear()
        if not self.paths:
            self.taken.append([self.row.get(column) for column in self.columns])
            self.unseen -= self.row.keys()
            self.row = None

    def finish(self) -> None:
        """Raise DriftError for a document without records, and for a column that no record has."""
        if not self.count and len(self.seen) > 1 and not self.is_empty_answer:
            fix = f"{suggest(self.record, self.seen)} The elements are: {', '.join(self.seen)}"
            raise self.place.error(f"{self.what} has no element '{self.record}'", fix, key="record")
        if self.count and self.unseen:
            missing = [name for name in self.columns if name in self.unseen]
            others = [name for name in self.place.feed.source_columns if name not in self.columns]
            raise self.place.missing(missing, others, f"{self.what}, in none of its {self.count} records,")

    def _pass_by(self, local: str, attributes: dict[str, str]) -> None:
        self.text.clear()
        if not self.seen:  # WFS says in its first element that nothing was found
            counts = (attributes.get(name) for name in ("numberReturned", "numberOfFeatures"))
            self.is_empty_answer = "0" in counts
        if local not in self.seen and len(self.seen) < SEEN_LIMIT:
            self.seen.append(local)

    def _put(self, name: str, value: str | None) -> None:
        assert self.row is not None  # noqa: S101 - called between start and end of a row
        fate = self.fates.get(name) or self.fates.setdefault(name, self._fate(name))
        if fate == "unknown":
            if value is None and any(column.startswith(f"{name}.") for column in self.place.feed.source_columns):
                return  # an empty element that has children elsewhere
            raise self.place.unknown([name], f"{self.what}, record {self.count},")
        if fate == "ignored":
            return
        if name in self.row:
            problem = f"{self.what}, record {self.count}, has '{name}' more than once"
            raise self.place.error(problem, "name the inner element in record:, or put the column into ignore:")
        self.row[name] = value

    def _fate(self, name: str) -> str:
        """A column below an ignored element is ignored with it."""
        if name in self.columns:
            return "landed"
        steps = name.split(".")
        above = {".".join(steps[:length]) for length in range(1, len(steps) + 1)}
        return "ignored" if above & set(self.place.feed.ignore) else "unknown"

    def _no_text_beside_elements(self) -> None:
        if any(not part.isspace() for part in self.text):
            fix = "have each text put into an element of its own"
            raise self.place.error(f"{self.what}, record {self.count}, has a text between elements", fix)
