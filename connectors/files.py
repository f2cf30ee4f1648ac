"""Read the newest export that a department put into its folder, here or behind SFTP."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, cast

from connectors.connection import Connection
from connectors.drift import FeedPlace
from connectors.reading import Reading, Row, batches_of
from connectors.table import Line, select_rows
from schemas.application import FilesApplication, FilesFeed
from schemas.errors import ConfigurationError, DriftError, RefusedError, RetryLaterError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Delivery:
    """The file to read, on this machine."""

    path: Path
    #: its path in the source's folder
    name: str
    #: seconds since 1970, as the source tells
    modified: float
    #: removes what was copied; nothing for a file that is read where it lies
    release: Callable[[], None] = lambda: None


def read_files(application: FilesApplication, feed_name: str, connection: Connection) -> Reading:
    """Find the newest file (name order decides), compare its header with the YAML, and begin to read.

    Over SFTP the file is first copied into this machine's temporary folder, and removed after the last batch.
    `details` gets file, size (bytes), sha256, modified (seconds since 1970) and, but for workbooks, the encoding.

    Raises:
        RetryLaterError: the folder or the server is not there, or the file changed while it was read.
        RefusedError: the server refused the credentials, or the file may not be read.
        DriftError: no file fits, it is empty, or its encoding, sheet, header or a row is not as described.

    """
    feed = application.feeds[feed_name]
    place = FeedPlace.of(application, feed_name, feed)
    _check_pattern(feed, place)
    if connection.kind == "sftp":
        from connectors.sftp import fetch_newest

        delivery = fetch_newest(feed, place, connection)
    else:
        file = newest_file(Path(connection.path), feed, place, connection)
        delivery = Delivery(file, file.relative_to(connection.path).as_posix(), file.stat().st_mtime)
    try:
        return _reading(delivery, place, connection)
    except BaseException:
        delivery.release()
        raise


def _reading(delivery: Delivery, place: FeedPlace, connection: Connection) -> Reading:
    file = delivery.path
    try:
        before = file.stat()
        if before.st_size == 0:
            raise place.error(f"file '{file.name}' is empty", "have the export written again", key="file")
        details: dict[str, Any] = {"file": delivery.name, "size": before.st_size, "modified": delivery.modified}
        rows = _rows(file, place, details)
    except PermissionError as error:
        raise _refused(file, connection) from error
    query = delivery.name + (f" [{details['sheet']}]" if "sheet" in details else "")
    return Reading(query, _batches(delivery, before, place, rows, connection), details)


def _check_pattern(feed: FilesFeed, place: FeedPlace) -> None:
    windows = PureWindowsPath(feed.file)
    if PurePosixPath(feed.file).is_absolute() or windows.anchor or ".." in windows.parts:
        raise ConfigurationError(
            f"'{feed.file}' leads out of the folder", where=f"{place.where}.file", fix="name a file below the folder"
        )


def newest_file(folder: Path, feed: FilesFeed, place: FeedPlace, connection: Connection) -> Path:
    """Return the last file in name order that fits `feed.file`.

    Raises:
        ConfigurationError: a link leads out of the folder.
        RetryLaterError: the folder is not there (a share that is not mounted).
        DriftError: no file fits.

    """
    if not folder.is_dir():
        raise RetryLaterError(
            "the folder is not there",
            where=f"connection '{connection.id}' ({connection.masked})",
            fix="see whether the share is mounted",
        )
    found = [path for path in folder.glob(feed.file) if path.is_file() and is_export(path.name)]
    if not found:
        raise no_file(place, feed, connection)
    newest = max(found, key=lambda path: path.relative_to(folder).as_posix())
    if not newest.resolve().is_relative_to(folder.resolve()):
        raise ConfigurationError(
            f"'{newest.name}' is a link out of the folder", where=f"{place.where}.file", fix="put the file itself there"
        )
    return newest


def is_export(name: str) -> bool:
    """Whether a name is not hidden, nor that of the lock which Excel leaves beside an open file (~$name.xlsx)."""
    return not name.startswith((".", "~$"))


def no_file(place: FeedPlace, feed: FilesFeed, connection: Connection) -> DriftError:
    """Make the error for a folder without a file that fits."""
    problem = f"no file fits '{feed.file}' in {connection.masked}"
    return place.error(problem, "mend file:, or have the export delivered", key="file")


def _rows(file: Path, place: FeedPlace, details: dict[str, Any]) -> Iterator[Row]:
    feed = cast(FilesFeed, place.feed)
    if feed.format == "xml":
        from connectors.xml_format import read_xml

        return read_xml(file, feed, place, details)
    return select_rows(_lines(file, feed, place, details), place, f"file '{file.name}'")


def _lines(file: Path, feed: FilesFeed, place: FeedPlace, details: dict[str, Any]) -> Iterator[Line]:
    if feed.format == "csv":
        from connectors.csv_format import read_csv

        return read_csv(file, feed, place, details)
    if feed.format == "dbf":
        from connectors.dbf_format import read_dbf

        return read_dbf(file, feed, place, details)
    from connectors.sheet_format import read_sheet

    return read_sheet(file, feed, place, details)


def _batches(
    delivery: Delivery, before: os.stat_result, place: FeedPlace, rows: Iterator[Row], connection: Connection
) -> Iterator[pa.RecordBatch]:
    file = delivery.path
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
    finally:
        delivery.release()
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
