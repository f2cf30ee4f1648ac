"""Read the newest export that a department put into its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from connectors.connection import Connection
from connectors.drift import FeedPlace
from connectors.reading import Reading, Row, batches_of
from connectors.table import Line, select_rows
from schemas.application import FilesApplication, FilesFeed
from schemas.errors import ConfigurationError, RefusedError, RetryLaterError

if TYPE_CHECKING:
    import pyarrow as pa


def read_files(application: FilesApplication, feed_name: str, connection: Connection) -> Reading:
    """Find the newest file (name order decides), compare its header with the YAML, and begin to read.

    `details` gets file, size (bytes), sha256, modified (seconds since 1970) and, for CSV, the encoding guessed.

    Raises:
        RetryLaterError: the folder is not there, or the file changed while it was read.
        DriftError: no file fits, it is empty, or its encoding, sheet, header or a row is not as described.

    """
    feed = application.feeds[feed_name]
    place = FeedPlace.of(application, feed_name, feed)
    folder = Path(connection.path)
    file = newest_file(folder, feed, place, connection)
    try:
        before = file.stat()
        if before.st_size == 0:
            raise place.error(f"file '{file.name}' is empty", "have the export written again", key="file")
        details: dict[str, Any] = {"file": file.relative_to(folder).as_posix(), "size": before.st_size}
        details["modified"] = before.st_mtime
        lines = _lines(file, feed, place, details)
        rows = select_rows(lines, place, f"file '{file.name}'")
    except PermissionError as error:
        raise _refused(file, connection) from error
    query = details["file"] + (f" [{details['sheet']}]" if "sheet" in details else "")
    return Reading(query, _batches(file, before, place, rows, connection), details)


def newest_file(folder: Path, feed: FilesFeed, place: FeedPlace, connection: Connection) -> Path:
    """Return the last file in name order that fits `feed.file`.

    Raises:
        ConfigurationError: the pattern, or a link, leads out of the folder.
        RetryLaterError: the folder is not there (a share that is not mounted).
        DriftError: no file fits.

    """
    windows = PureWindowsPath(feed.file)
    if PurePosixPath(feed.file).is_absolute() or windows.anchor or ".." in windows.parts:
        raise ConfigurationError(
            f"'{feed.file}' leads out of the folder", where=f"{place.where}.file", fix="name a file below the folder"
        )
    if not folder.is_dir():
        raise RetryLaterError(
            "the folder is not there",
            where=f"connection '{connection.id}' ({connection.masked})",
            fix="see whether the share is mounted",
        )
    # ~$name.xlsx is the lock that Excel leaves beside an open file, and would be the last in name order
    found = [path for path in folder.glob(feed.file) if path.is_file() and not path.name.startswith((".", "~$"))]
    if not found:
        raise place.error(
            f"no file fits '{feed.file}' in {connection.masked}", "mend file:, or have the export delivered", key="file"
        )
    newest = max(found, key=lambda path: path.relative_to(folder).as_posix())
    if not newest.resolve().is_relative_to(folder.resolve()):
        raise ConfigurationError(
            f"'{newest.name}' is a link out of the folder", where=f"{place.where}.file", fix="put the file itself there"
        )
    return newest


def _lines(file: Path, feed: FilesFeed, place: FeedPlace, details: dict[str, Any]) -> Iterator[Line]:
    if feed.format == "csv":
        from connectors.csv_format import read_csv

        return read_csv(file, feed, place, details)
    from connectors.xlsx_format import read_xlsx

    return read_xlsx(file, feed, place, details)


def _batches(
    file: Path, before: os.stat_result, place: FeedPlace, rows: Iterator[Row], connection: Connection
) -> Iterator[pa.RecordBatch]:
    where = f"connection '{connection.id}' ({connection.masked})"
    try:
        yield from batches_of(place.feed.landed_columns, rows, place.where)
        after = file.stat()
    except PermissionError as error:
        raise _refused(file, connection) from error
    except OSError as error:
        raise RetryLaterError(
            f"file '{file.name}' could not be read to its end ({error.strerror})", where=where, fix="see to the share"
        ) from error
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise RetryLaterError(
            f"file '{file.name}' changed while it was read", where=where, fix="write under another name, then rename"
        )


def _refused(file: Path, connection: Connection) -> RefusedError:
    return RefusedError(
        f"file '{file.name}' may not be read",
        where=f"connection '{connection.id}' ({connection.masked})",
        fix="grant the hub's user the right to read it",
    )
