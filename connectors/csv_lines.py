"""The records of a CSV, in bounded memory: a cell of any length, and what stands after it, can be read on.

Python's csv module reads all that is ordinary. It cannot go on after a cell beyond its limit, so the lines are handed
to it one by one here, and a record that grows beyond the limit is read by `LargeRecord` instead.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from connectors.drift import FeedPlace
from connectors.heading import Line
from connectors.selection import CELL_LIMIT, Trouble

#: characters taken of a line at a time
PIECE = 1024 * 1024


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written; `quote` is empty where it knows none, `escapes`: a backslash before a quote within one."""

    delimiter: str
    quote: str = '"'
    escapes: bool = False


class TooLargeError(Exception):
    """The record at hand is beyond the limit; what was read of it is in `Lines.held`."""


class Lines:
    """Gives csv.reader whole lines, and remembers those of the record at hand."""

    def __init__(self, source: TextIO, dialect: Dialect | None = None) -> None:
        """Begin where `source` stands; it was opened with newline='', so CR, LF and CRLF all end a line."""
        self.source = source
        #: a backslash that escapes a quote or a backslash, or one that is only itself
        self.backslash = re.compile(rf"\\([{dialect.quote}\\]?)") if dialect and dialect.escapes else None
        self.held: list[str] = []
        self.size = self.number = 0
        #: the last line had no line end
        self.is_open = False
        self._pushed = ""

    def __iter__(self) -> Lines:
        """Return itself."""
        return self

    def __next__(self) -> str:
        """Return the next line; raises TooLargeError when the record at hand is beyond the limit."""
        line = self.piece()
        if not line:
            raise StopIteration
        self.number += 1
        if line[-1] not in "\r\n":
            line = self._whole(line)
        self.held.append(line)
        self.size += len(line)
        if self.size > CELL_LIMIT:
            raise TooLargeError
        return self.backslash.sub(_escaped, line) if self.backslash and "\\" in line else line

    def piece(self) -> str:
        """Return the next line, or a part of one; '' at the end."""
        piece = self._pushed or self.source.readline(PIECE)
        self._pushed = ""
        if len(piece) == PIECE and piece[-1] == "\r":  # a line feed may belong to it
            self._pushed = self.source.readline(1)
            if self._pushed == "\n":
                piece, self._pushed = piece + "\n", ""
        return piece

    def _whole(self, line: str) -> str:
        parts, size = [line], len(line)
        while parts[-1][-1] not in "\r\n":
            piece = self.piece()
            if not piece:
                self.is_open = True
                break
            parts.append(piece)
            size += len(piece)
            if size + self.size > CELL_LIMIT:
                self.held += parts
                self.size += size
                raise TooLargeError
        return "".join(parts)

    def begin(self) -> int:
        """Forget the record before, and return the number of the next line."""
        self.held.clear()
        self.size = 0
        return self.number + 1


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[1] else "\\\\"


def records(source: TextIO, dialect: Dialect, skip: int, place: FeedPlace, what: str) -> Iterator[Line]:
    """Give the records after `skip` lines: the number of the first line, the cells, and what is wrong.

    A record of one line with text after a closing quote is given as row.quotes; over several lines it cannot be told
    where the next record begins, so that ends the reading.

    Raises:
        DriftError: a quote is never closed, or is broken within a record of several lines.

    """
    csv.field_size_limit(2 * CELL_LIMIT)
    lines = Lines(source, dialect)
    for _ in range(skip):
        _skip(lines)
    # strict: without it a stray quote merges rows in silence
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        escapechar="\\" if dialect.escapes else None,
        strict=True,
    )
    while True:
        begin = lines.begin()
        try:
            cells = next(reader, None)
        except TooLargeError:
            yield _large(lines, dialect, begin, place, what)
            continue
        except csv.Error as error:
            if len(lines.held) != 1 or "unexpected end" in str(error):
                raise _broken(place, what, begin, str(error)) from error
            yield begin, [], Trouble("row.quotes", f"line {begin}, has broken quotes ({error})", lines.held[0])
            continue
        if cells is None:
            return
        yield begin, cells, Trouble("", "", is_end=True) if lines.is_open else None


def _skip(lines: Lines) -> None:
    piece = lines.piece()
    lines.number += 1
    while piece and piece[-1] not in "\r\n":
        piece = lines.piece()


def _broken(place: FeedPlace, what: str, line: int, why: str) -> Exception:
    return place.error(
        f"{what}, line {line}, has broken quotes ({why})", "have the export quote its texts, or set quote:"
    )


def _large(lines: Lines, dialect: Dialect, begin: int, place: FeedPlace, what: str) -> Line:
    record, previous = LargeRecord(dialect), lines.held[-1]
    left = [record.feed(piece) for piece in lines.held]
    lines.begin()
    is_whole = left[-1]
    while not is_whole and (piece := lines.piece()):
        lines.number += previous[-1] in "\r\n"
        is_whole, previous = record.feed(piece), piece
    if any(left[:-1]) or record.state == "broken":
        raise _broken(place, what, begin, "a text after a closing quote")
    if record.state == "quoted":
        raise _broken(place, what, begin, "a quote is never closed")
    if not is_whole:
        record.end_cell()
    words = f"line {begin}, has a cell of {max(record.lengths.values(), default=0)} characters"
    return begin, record.cells, Trouble("row.large", words, lengths=record.lengths, is_end=not is_whole)


class LargeRecord:
    """Reads one record piece by piece, and keeps of its cells what fits into the limit."""

    def __init__(self, dialect: Dialect) -> None:
        """Begin a record."""
        self.dialect, self.state = dialect, "start"
        self.cells: list[str | None] = []
        #: place of a cell that was not kept → its length
        self.lengths: dict[int, int] = {}
        self.parts: list[str] = []
        self.length = self.kept = 0
        self.special = ("\\", dialect.quote) if dialect.escapes else (dialect.quote,)

    def feed(self, piece: str) -> bool:
        """Take a line or a part of one; return True when the record ends with it."""
        at = 0
        while at < len(piece) and self.state not in ("ended", "broken"):
            at = getattr(self, f"_{self.state}")(piece, at)
        return self.state in ("ended", "broken")

    def _start(self, piece: str, at: int) -> int:
        is_quote = self.dialect.quote and piece[at] == self.dialect.quote
        self.state = "quoted" if is_quote else "unquoted"
        return at + 1 if is_quote else at

    def _unquoted(self, piece: str, at: int) -> int:
        end = _first(piece, at, (self.dialect.delimiter, "\r", "\n"))
        self._add(piece[at:end])
        return self._boundary(piece, end) if end < len(piece) else end

    def _quoted(self, piece: str, at: int) -> int:
        end = _first(piece, at, self.special)
        self._add(piece[at:end])
        if end == len(piece):
            return end
        self.state = "closed" if piece[end] == self.dialect.quote else "escaped"
        return end + 1

    def _escaped(self, piece: str, at: int) -> int:
        character = piece[at]
        self._add(character if character in ("\\", self.dialect.quote) else f"\\{character}")
        self.state = "quoted"
        return at + 1

    def _closed(self, piece: str, at: int) -> int:
        if piece[at] == self.dialect.quote:
            self._add(self.dialect.quote)
            self.state = "quoted"
            return at + 1
        if piece[at] not in f"{self.dialect.delimiter}\r\n":
            self.state = "broken"
            return at
        return self._boundary(piece, at)

    def _boundary(self, piece: str, at: int) -> int:
        self.end_cell()
        self.state = "start" if piece[at] == self.dialect.delimiter else "ended"
        return at + 1

    def _add(self, text: str) -> None:
        self.length += len(text)
        if self.kept + self.length <= CELL_LIMIT:
            self.parts.append(text)
        else:
            self.parts.clear()

    def end_cell(self) -> None:
        """Take the cell at hand as ended."""
        if self.kept + self.length <= CELL_LIMIT:
            self.cells.append("".join(self.parts))
            self.kept += self.length
        else:
            self.lengths[len(self.cells)] = self.length
            self.cells.append(None)
        self.parts, self.length = [], 0


def _first(piece: str, at: int, signs: tuple[str, ...]) -> int:
    """Return where the first of some characters stands, or the piece's end; ten times as fast as a pattern."""
    return min((found for sign in signs if (found := piece.find(sign, at)) >= 0), default=len(piece))
