"""dBase and FoxPro tables (DBF): values as the file shows them, deleted records left out.

A number keeps its digits, a date is eight of them (`%Y%m%d`), a logical value its letter, an empty value is null.
dbfread knows header, field types and memo files; it would take a table that was cut for one that ends, so the
records are counted here first.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbfread import FieldParser

from connectors.drift import FeedPlace
from connectors.encoding import EncodingGuess
from connectors.heading import Line
from connectors.selection import Selection
from schemas.feed import FilesFeed

if TYPE_CHECKING:
    from dbfread import DBF

#: bytes read at a time, in whole records
BLOCK = 1024 * 1024
MEMO, NULL_FLAGS = "M", "0"
TEXT = frozenset("CNFDL")
#: I integer, + its automatic form, B and O double, Y currency, T and @ moment
BINARY = frozenset("I+BOYT@")
LIVE, DELETED = b" ", b"*"
#: what dbfread raises for a value that its type forbids
BROKEN = (ValueError, struct.error, OverflowError, IndexError)


class TextParser(FieldParser):
    """Gives what a field shows, where dbfread would make a number or a date of it."""

    def parseC(self, field: Any, data: bytes) -> str | None:  # noqa: N802 - dbfread finds it by this name
        """Return a text without the spaces that fill the field."""
        return self.decode_text(data.rstrip(b"\0 ")) or None

    def parseN(self, field: Any, data: bytes) -> str | None:  # noqa: N802
        """Return the digits; a double would keep fifteen of a NIK."""
        return data.strip(b"\0 ").decode("ascii") or None

    parseF = parseD = parseN  # noqa: N815

    def parseL(self, field: Any, data: bytes) -> str | None:  # noqa: N802
        """Return T, F, Y or N; a question mark is dBase's word for no value."""
        return data.strip(b"\0 ?").decode("ascii") or None


def read_dbf(file: Path, selection: Selection, details: dict[str, Any]) -> tuple[Iterator[Line], dict[str, str]]:
    """Count the records, find the encoding (one pass over the file), and return header and records, and the types.

    A type is as dBase writes it: C(20), N(18,0), D. `details` gets encoding and the number of deleted records.

    Raises:
        DriftError: it is no DBF, was cut, or lacks its memo file; while iterating for a value that its type forbids.

    """
    from dbfread import DBF

    feed, place = selection.feed, selection.place
    try:
        # ignorecase would look for the file under other spellings of its name; the check below is about memo files
        table = DBF(str(file), encoding="latin-1", ignorecase=False, ignore_missing_memofile=True)
    except (ValueError, struct.error, TypeError, OverflowError) as error:
        raise _no_dbf(file, place, str(error)) from error
    if not table.fields or table.header.recordlen != 1 + sum(field.length for field in table.fields):
        raise _no_dbf(file, place, "its header fits no records")
    guess, details["deleted"] = _examine(file, table, feed, place)
    _examine_memos(file, table, selection, guess)
    table.encoding = details["encoding"] = guess.result()
    return _lines(file, table, selection), {field.name: _declared(field) for field in table.fields}


def _declared(field: Any) -> str:
    """Return C(20), N(12,2), or the letter alone where the type has one length."""
    if field.type not in "CNF":
        return str(field.type)
    return f"{field.type}({field.length}{f',{field.decimal_count}' if field.type != 'C' else ''})"


def _no_dbf(file: Path, place: FeedPlace, why: str) -> Exception:
    return place.error(f"file '{file.name}' is no DBF table ({why})", "have the table itself delivered", key="file")


def _examine(file: Path, table: DBF, feed: FilesFeed, place: FeedPlace) -> tuple[EncodingGuess, int]:
    """Return what the texts tell of their encoding, and the count of deleted records; refuse a table that was cut."""
    header, deleted = table.header, 0
    have = (file.stat().st_size - header.headerlen) // header.recordlen
    if have != header.numrecords:
        problem = f"file '{file.name}' has {max(have, 0)} records, its header tells {header.numrecords}"
        raise place.error(problem, "have it copied again while the application is closed", key="file")
    guess = EncodingGuess(file.name, feed.encoding, place, header.headerlen)
    begin, hidden = 1, list[int]()
    for field in table.fields:
        if field.type not in TEXT:
            hidden += range(begin, begin + field.length)
        begin += field.length
    for number, block in _blocks(file, table):
        flags = block[:: header.recordlen]
        deleted += flags.count(DELETED)
        strange = next((place for place, flag in enumerate(flags) if flag not in LIVE + DELETED), None)
        if strange is not None:
            problem = f"file '{file.name}', record {number + strange}, is neither live nor deleted"
            raise place.error(problem, "have it copied again while the application is closed", key="file")
        for offset in hidden:  # binary values are no text of any encoding
            block[offset :: header.recordlen] = LIVE * len(flags)
        guess.feed(bytes(block))
    return guess, deleted


def _examine_memos(file: Path, table: DBF, selection: Selection, guess: EncodingGuess) -> None:
    """Let the memos tell their encoding too: in many tables they are the only texts that are not plain ASCII."""
    taken = [one for one in _taken(file, table, selection) if one[1].type == MEMO]
    if not taken:
        return
    with contextlib.ExitStack() as stack:
        parser = TextParser(table, _memo(file, table, [field for _, field, _ in taken], selection.place, stack))
        for _, record in _records(file, table):
            for _, field, begin in taken:
                with contextlib.suppress(*BROKEN):  # told when the value itself is read
                    memo = parser.parse(field, record[begin : begin + field.length])
                    if isinstance(memo, str):  # read as latin-1, which takes every byte and gives it back
                        guess.feed(memo.encode("latin-1") + b"\n")


def _blocks(file: Path, table: DBF) -> Iterator[tuple[int, bytearray]]:
    """Give whole records: the number of the first (from 1), and their bytes."""
    size, left, number = table.header.recordlen, table.header.numrecords, 1
    with file.open("rb") as source:
        source.seek(table.header.headerlen)
        while left:
            count = min(left, max(1, BLOCK // size))
            yield number, bytearray(source.read(count * size))
            left, number = left - count, number + count


def _records(file: Path, table: DBF) -> Iterator[tuple[int, bytes]]:
    """Give the live records, each with its number."""
    size = table.header.recordlen
    for first, block in _blocks(file, table):
        for number, at in enumerate(range(0, len(block), size), start=first):
            if block[at : at + 1] != DELETED:
                yield number, bytes(block[at : at + size])


def _lines(file: Path, table: DBF, selection: Selection) -> Iterator[Line]:
    place, fields = selection.place, [field for field in table.fields if field.type != NULL_FLAGS]
    yield 0, [field.name for field in fields], None
    taken = _taken(file, table, selection)
    with contextlib.ExitStack() as stack:
        parser = TextParser(table, _memo(file, table, [field for _, field, _ in taken], place, stack))
        for number, record in _records(file, table):
            cells: list[str | None] = [None] * len(fields)
            for index, field, begin in taken:
                try:
                    cells[index] = _text(parser.parse(field, record[begin : begin + field.length]))
                except BROKEN as error:
                    problem = f"file '{file.name}', record {number}, has no value of type {field.type}"
                    fix = "have the table repaired (reindex, pack)"
                    raise place.error(f"{problem} in '{field.name}'", fix) from error
            yield number, cells, None


def _taken(file: Path, table: DBF, selection: Selection) -> list[tuple[int, Any, int]]:
    """Return the fields to read: place among the columns, field, and its first byte in a record."""
    taken, begin, index, place = [], 1, 0, selection.place
    for field in table.fields:
        is_unknown = selection.takes_unknown and field.name not in place.known and field.type != NULL_FLAGS
        if field.name in selection.sources or is_unknown:
            if field.type not in TEXT | BINARY | {MEMO}:
                problem = f"file '{file.name}' has '{field.name}' of the type {field.type}, which is not read"
                raise place.error(problem, "have it exported as a text, or put it into ignore:")
            taken.append((index, field, begin))
        begin += field.length
        index += field.type != NULL_FLAGS
    return taken


def _memo(file: Path, table: DBF, fields: list[Any], place: FeedPlace, stack: contextlib.ExitStack) -> Any:
    from dbfread.memo import open_memofile

    # B is a double in Visual FoxPro, and a memo in dBase 5
    memos = [field for field in fields if field.type == MEMO or (field.type == "B" and field.length == 10)]
    if not memos:
        return None
    if table.memofilename is None:
        problem = f"file '{file.name}' has no memo file beside it, '{memos[0].name}' is in that"
        raise place.error(problem, "have the .dbt or .fpt delivered too, or put the column into ignore:", key="file")
    return stack.enter_context(open_memofile(table.memofilename, table.header.dbversion))


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        raise ValueError("binary data")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return None if value is None or value == "" else str(value)
