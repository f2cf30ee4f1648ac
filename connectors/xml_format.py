"""XML, GML among it: each element of one name is a row, the leaves below it are its columns.

A column is the dotted path of local names from the row to the leaf (`geometri.LineString.posList`), an attribute its
name after an `@` (`@id`, `geometri.@srsName`). Expat reads block by block and keeps nothing but the row at hand,
opens no address, and a DOCTYPE, without which there are no entities to expand, is refused.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from connectors.drift import FeedPlace
from connectors.encoding import EncodingGuess
from connectors.reading import Row
from connectors.records import Flat, Item, Records, paths_above
from connectors.rest_text import compact
from connectors.selection import CELL_LIMIT, Selection, Trouble
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


def read_xml(file: Path, selection: Selection, details: dict[str, Any]) -> Iterator[Row]:
    """Find the encoding (one pass over the file) and return the rows of its records.

    Raises:
        DriftError: the encoding is not the declared one; while iterating for what is no XML or was cut, an unknown
            or repeated column, no record at all, or a column that no record has.

    """
    feed, place = selection.feed, selection.place
    if not feed.record:
        raise ConfigurationError(
            "is missing", where=f"{place.where}.record", fix="name the element that is one row, without its prefix"
        )
    details["encoding"] = _encoding(file, place)
    what = f"file '{file.name}'"
    records = Records(selection, Flat(place.known, feed.ignore), what, "have the export written again")
    return selection.rows(records.found(_items(file, Leaves(feed.record, place, what))))


def _encoding(file: Path, place: FeedPlace) -> str:
    """Return the declared encoding; a declaration that is not true would garble texts unnoticed."""
    guess, begin = EncodingGuess(file.name, ["utf-8", "latin-1"], place), b""
    with file.open("rb") as source:
        while block := source.read(BLOCK):
            begin = begin or block
            guess.feed(block)
    guess.feed(b"", final=True)
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
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
    return declared


def _items(file: Path, leaves: Leaves) -> Iterator[Item]:
    number = 0
    with file.open("rb") as source:
        while block := source.read(BLOCK):
            for record in leaves.feed(block):
                number += 1
                yield number, record, _too_large(number, record)
    for record in leaves.feed(b"", final=True):
        number += 1
        yield number, record, _too_large(number, record)
    leaves.finish()


def _too_large(number: int, record: Record) -> Trouble | None:
    if not record.lengths:
        return None
    return Trouble("row.large", f"record {number}, has a leaf that is too large", lengths=record.lengths)


class Record(dict[str, str | None]):
    """The leaves of one record by their paths; `lengths` tells those that were too large to keep."""

    def __init__(self) -> None:
        """Begin a record without leaves."""
        super().__init__()
        self.lengths: dict[str, int] = {}
        #: leaves of one name, where the feed does not land them
        self.repeated: dict[str, list[str | None]] = {}


class Leaves:
    """Takes a document block by block and gives its records; it knows nothing of columns but which may come once."""

    def __init__(self, record: str, place: FeedPlace, what: str) -> None:
        """Collect the elements with the local name `record`; messages begin with `what`."""
        self.record, self.place, self.what = record, place, what
        self.once = frozenset(filter(None, place.taken.values()))
        self.ignored = frozenset(place.feed.ignore)
        self.count = 0
        #: names of elements outside the records, to say what is there instead
        self.seen: list[str] = []
        self.is_empty_answer = False
        self._taken: list[Record] = []
        #: what the record at hand has; None between records
        self._row: Record | None = None
        #: dotted paths of the open elements below the record, and whether each has children
        self._paths: list[str] = []
        self._has_children: list[bool] = []
        self._text: list[str] = []
        #: characters of the text at hand that were too many to keep
        self._dropped = self._fed = 0
        self._names: dict[str, str] = {}
        self._parser = expat.ParserCreate(namespace_separator=SEPARATOR)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, block: bytes, final: bool = False) -> list[Record]:
        """Return the records that end in the next bytes.

        Raises:
            DriftError: it is no XML or was cut, has a DOCTYPE, a record has a text between elements or a landed leaf
                twice, or a tag is beyond the limit.

        """
        try:
            self._parser.Parse(block, final)
        except (expat.ExpatError, LookupError, ValueError) as error:
            problem = f"{self.what} was cut or is no XML ({error})"
            raise self.place.error(problem, "have the export written again", key="file") from error
        self._fed += len(block)
        if self._fed - self._parser.CurrentByteIndex > CELL_LIMIT:
            problem = f"{self.what} has a tag of more than {CELL_LIMIT:,} bytes"
            raise self.place.error(problem, "have the export written again", key="file")
        if sum(map(len, self._text)) + self._dropped > CELL_LIMIT:
            self._dropped += sum(map(len, self._text))
            self._text.clear()
        taken, self._taken = self._taken, []
        return taken

    def _doctype(self, *_: Any) -> None:
        """Refuse: a DOCTYPE may declare entities that swell to gigabytes or open files."""
        raise self.place.error(f"{self.what} has a DOCTYPE", "have it exported without one", key="file")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = self._names.get(name) or self._names.setdefault(name, name.rpartition(SEPARATOR)[2])
        path = ""
        if self._row is None:
            if local != self.record:
                self._pass_by(local, attributes)
                return
            self._row, self.count = Record(), self.count + 1
        else:
            self._no_text_beside_elements()
            self._has_children[-1] = True
            path = f"{self._paths[-1]}.{local}" if self._paths[-1] else local
        self._paths.append(path)
        self._has_children.append(False)
        self._forget_text()
        for attribute, value in attributes.items():
            address, _, plain = attribute.rpartition(SEPARATOR)
            if address not in ABOUT_XML:
                self._put(self._row, f"{path}.@{plain}" if path else f"@{plain}", value)

    def _end(self, _: str) -> None:
        if self._row is None:
            return
        path, is_leaf = self._paths.pop(), not self._has_children.pop()
        if path and is_leaf:
            text = "".join(self._text)
            if self._dropped:
                self._row.lengths[path] = self._dropped + len(text)
            self._put(self._row, path, text if text.strip() and not self._dropped else None)
        else:
            self._no_text_beside_elements()
        self._forget_text()
        if not self._paths:
            self._row.update((name, compact(texts)) for name, texts in self._row.repeated.items())
            self._taken.append(self._row)
            self._row = None

    def finish(self) -> None:
        """Raise DriftError for a document without records that does not say that it has none."""
        if not self.count and len(self.seen) > 1 and not self.is_empty_answer:
            fix = f"{suggest(self.record, self.seen)} The elements are: {', '.join(self.seen)}"
            raise self.place.error(f"{self.what} has no element '{self.record}'", fix, key="record")

    def _forget_text(self) -> None:
        self._text.clear()
        self._dropped = 0

    def _pass_by(self, local: str, attributes: dict[str, str]) -> None:
        self._forget_text()
        if not self.seen:  # WFS says in its first element that nothing was found
            counts = (attributes.get(name) for name in ("numberReturned", "numberOfFeatures"))
            self.is_empty_answer = "0" in counts
        if local not in self.seen and len(self.seen) < SEEN_LIMIT:
            self.seen.append(local)

    def _put(self, row: Record, name: str, value: str | None) -> None:
        if name not in row:
            row[name] = value
        elif name in self.once:
            problem = f"{self.what}, record {self.count}, has '{name}' more than once"
            raise self.place.error(problem, "name the inner element in record:, or put the column into ignore:")
        elif name not in self.ignored and not self.ignored.intersection(paths_above(name)):
            row.repeated.setdefault(name, [row[name]]).append(value)

    def _no_text_beside_elements(self) -> None:
        if self._dropped or any(not part.isspace() for part in self._text):
            fix = "have each text put into an element of its own"
            raise self.place.error(f"{self.what}, record {self.count}, has a text between elements", fix)
