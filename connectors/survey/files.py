"""Survey a folder of exports: files of one name but for its date belong together, and the newest shows the columns."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from connectors.calendar import SourceFile
from connectors.connection import Connection
from connectors.survey.files_parts import Content, Part, UnreadableError
from connectors.survey.model import Survey, SurveyTable
from connectors.survey.place import check_only, is_chosen, listed, where_of
from connectors.transport import open_session
from connectors.transport.base import BrokenError, silent
from connectors.transport.listing import is_export
from schemas.errors import ConfigurationError, HubError, without_numbers

if TYPE_CHECKING:
    from connectors.transport.base import Session

#: folders below the connection's, and files, that are looked at
DEPTH, MOST_FILES = 3, 10_000
#: bytes read of a text; a workbook or DBF of more is not sampled
HEAD_BYTES, WHOLE_BYTES = 1024 * 1024, 64 * 1024 * 1024
MONTHS = (
    "januari|februari|pebruari|maret|april|mei|juni|juli|agustus|september|oktober|november|nopember|desember"
    "|january|february|march|may|june|july|august|october|december"
    "|jan|feb|peb|mar|apr|jun|jul|agu|agt|ags|aug|sep|sept|okt|oct|nov|nop|des|dec"
)
#: what changes from one delivery to the next: numbers, dates, months by name
CHANGING = re.compile(rf"\d+|(?<![a-z])(?:{MONTHS})(?![a-z])", re.IGNORECASE)
#: a digit at a word that is the word's own (ak1, v2), unless the word counts periods
OWN_DIGIT = re.compile(
    r"(?<![a-z])(?!(?:tw|triwulan|smt|sem|semester|bln|bulan|minggu|mgg?|w|q|m|h|hari|tgl|th|thn|tahun|no|per)\d)"
    r"[a-z]+\d(?!\d)",
    re.IGNORECASE,
)
JOINED = re.compile(r"\*(?:[-_. T]?\*)+")
WORKBOOKS = ("xlsx", "xls", "ods")


def survey_files(
    connection: Connection,
    *,
    only: Sequence[str] = (),
    sample_rows: int = 200,
    progress: Callable[[int, int | None], None],
) -> Survey:
    """List the folder, group its files by pattern, and look into the newest (by name) of each group.

    `only` holds patterns or names of files.

    Raises:
        RefusedError, RetryLaterError, ConfigurationError: see `connectors.transport`; nothing fits `only`.

    """
    try:
        with open_session(connection) as session:
            return _survey(session, connection, only, sample_rows, progress)
    except BrokenError as error:
        raise silent(connection, error) from error


def _survey(
    session: Session,
    connection: Connection,
    only: Sequence[str],
    rows: int,
    progress: Callable[[int, int | None], None],
) -> Survey:
    files = list(_walk(session, ""))
    if not files:
        raise ConfigurationError(
            "the folder holds no file", where=where_of(connection), fix="have an export delivered first"
        )
    groups = group_by_pattern([file.name for file in files])
    check_only([*groups, *(file.name for file in files)], only, connection, "file")
    chosen = {
        pattern: names
        for pattern, names in groups.items()
        if is_chosen(pattern, only) or any(is_chosen(name, only) for name in names)
    }
    by_name, tables, notes = {file.name: file for file in files}, list[SurveyTable](), list[str]()
    for done, (pattern, names) in enumerate(chosen.items()):
        progress(done, len(chosen))
        with _clean(session, connection) as own:
            found, told = _tables(own, connection, pattern, [by_name[name] for name in names], rows)
        tables += found
        notes += told
    progress(len(chosen), len(chosen))
    failed = [table.name for table in tables if table.problem]
    notes += [f"not sampled: {listed(failed)}"] if failed else []
    notes += [f"only the first {MOST_FILES:,} files were looked at"] if len(files) >= MOST_FILES else []
    return Survey(connection.id, "files", {}, tuple(tables), tuple(notes))


@contextmanager
def _clean(session: Session, connection: Connection) -> Iterator[Session]:
    """Give a session for one file; a transfer that is not read to its end leaves an FTP session in disorder."""
    if connection.kind != "ftp":
        yield session
        return
    with open_session(connection) as own:
        yield own


def _walk(session: Session, folder: str, depth: int = 0) -> Iterator[SourceFile]:
    count = 0
    for child in sorted(session.children(folder), key=lambda child: child.file.name):
        name = PurePosixPath(child.file.name).name
        if not is_export(name):
            continue
        if child.is_folder and depth < DEPTH:
            inner = _walk(session, child.file.name, depth + 1)
        else:
            file = (
                child.file if child.is_folder is False else None if child.is_folder else session.file(child.file.name)
            )
            inner = iter([file] if file else [])
        for file in inner:
            count += 1
            if count > MOST_FILES:
                return
            yield file


def group_by_pattern(names: Sequence[str]) -> dict[str, list[str]]:
    """Return pattern → names, in order: what changes from delivery to delivery becomes `*`.

    A pattern never fits a name of another group: where it would, its `*` must begin with a digit, and where that
    does not help either, each file stands for itself.
    """
    groups = defaultdict[str, list[str]](list)
    for name in sorted(names):
        groups[_pattern(name)].append(name)
    made: dict[str, list[str]] = {}
    for loose, own in list(groups.items()):  # a digit that is the same in all of them is no date
        closer = {_pattern(name, OWN_DIGIT) for name in own}
        if len(closer) == 1 and (pattern := closer.pop()) != loose:
            groups[pattern] = groups.pop(loose)
    for pattern, own in groups.items():
        others = [name for other, held in groups.items() if other != pattern for name in held]
        strict = pattern.replace("*", "[0-9]*")
        choice = next(
            (
                one
                for one in (pattern, strict)
                if all(_fits(name, one) for name in own) and not any(_fits(name, one) for name in others)
            ),
            None,
        )
        made |= {choice: own} if choice else {_escaped(name): [name] for name in own}
    return made


def _pattern(name: str, kept: re.Pattern[str] | None = None) -> str:
    parts = []
    for part in PurePosixPath(name).parts:
        path = PurePosixPath(part)
        suffix = path.suffix if not path.suffix[1:].isdigit() else ""
        stem = part[: len(part) - len(suffix)]
        held = [found.span() for found in kept.finditer(stem)] if kept else []
        made, end = "", 0
        for found in CHANGING.finditer(stem):
            if not any(begin <= found.start() < stop for begin, stop in held):
                made, end = made + _escaped(stem[end : found.start()]) + "*", found.end()
        parts.append(JOINED.sub("*", made + _escaped(stem[end:])) + _escaped(suffix))
    return "/".join(parts)


def _escaped(name: str) -> str:
    return re.sub(r"([\[*?])", r"[\1]", name)


def _fits(name: str, pattern: str) -> bool:
    parts, wanted = PurePosixPath(name).parts, PurePosixPath(pattern).parts
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


def _tables(
    session: Session, connection: Connection, pattern: str, files: Sequence[SourceFile], rows: int
) -> tuple[list[SurveyTable], list[str]]:
    newest, notes = files[-1], []
    latest = max(files, key=lambda file: file.modified or 0)
    if latest.modified and newest.modified and latest.modified > newest.modified:
        notes.append(f"{pattern}: the last by name is {newest.name}, but {latest.name} was written after it")
    try:
        parts = _parts(session, connection, newest, rows)
    except UnreadableError as error:
        parts = [Part((), {}, problem=without_numbers(str(error)))]
    except HubError as error:
        parts = [Part((), {}, problem=error.problem)]
    tables = []
    for part in parts:
        name = f"{pattern} [{part.name}]" if part.name else pattern
        notes += [f"{name}: {note}" for note in part.notes]
        if part.columns or part.problem:
            feed: dict[str, Any] = {"file": pattern, **part.feed}
            comment = f"{len(files)} files, the newest is {newest.name}" if len(files) > 1 else ""
            tables.append(
                SurveyTable(name, "file", part.columns, part.rows, comment=comment, feed=feed, problem=part.problem)
            )
    return tables, notes


def _parts(session: Session, connection: Connection, listed_file: SourceFile, rows: int) -> list[Part]:
    """Look at what the file is, whatever its name says."""
    from connectors.survey import files_binary as binary
    from connectors.survey import files_text as text

    file = session.file(listed_file.name)
    if file is None:
        raise UnreadableError("is gone")
    content = _head(session, file)
    begin = content.head[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    suffix = PurePosixPath(file.name).suffix.lower()
    if not content.head:
        raise UnreadableError("is empty")
    if begin.startswith((b"<html", b"<!doctype html", b"<table")):
        raise UnreadableError("is an HTML page: have it saved as a workbook or CSV")
    if begin.startswith(b"<"):
        return [text.xml_part(content, rows)]
    if begin.startswith((b"{", b"[")):
        return [text.json_part(content, rows)]
    is_zip, is_xls = content.head.startswith(b"PK\3\4"), content.head.startswith(b"\xd0\xcf\x11\xe0")
    if is_zip or is_xls or suffix == ".dbf":
        with _whole(session, connection, file) as path:
            if suffix == ".dbf":
                return [binary.dbf_part(path, rows)]
            kind = binary.zip_kind(path) if is_zip else "xls"
            if kind in WORKBOOKS:
                return binary.sheet_parts(path, kind, rows)
            return [Part((), {}, notes=(kind,))]
    if b"\0" in content.head[:4096] and text.encoding_of(content) != "utf-16":
        raise UnreadableError(f"is of no known format ({suffix or 'no suffix'})")
    return [text.csv_part(content, rows)]


def _head(session: Session, file: SourceFile) -> Content:
    held = bytearray()
    blocks = session.blocks(file, 0)
    for block in blocks:
        held += block
        if len(held) >= HEAD_BYTES:
            break
    close = getattr(blocks, "close", None)
    if close is not None:
        close()
    is_whole = len(held) < HEAD_BYTES or len(held) == file.size
    return Content(PurePosixPath(file.name).name, bytes(held), is_whole, file.size)


@contextmanager
def _whole(session: Session, connection: Connection, file: SourceFile) -> Iterator[Path]:
    """Give the file on this machine: where it lies, or a copy of it."""
    if (file.size or 0) > WHOLE_BYTES:
        raise UnreadableError(f"has more than {WHOLE_BYTES // 1024**2} MB, which is too much to look into")
    if connection.kind == "fs":
        yield Path(connection.path) / file.name
        return
    with tempfile.TemporaryDirectory(prefix="opdhub-") as folder:
        path = Path(folder) / PurePosixPath(file.name).name
        with path.open("wb") as target:
            for block in session.blocks(file, 0):
                if target.tell() > WHOLE_BYTES:
                    raise UnreadableError(f"has more than {WHOLE_BYTES // 1024**2} MB, which is too much to look into")
                target.write(block)
        yield path
