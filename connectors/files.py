"""Read the newest export that a department put into its folder, here or behind a file server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from connectors.connection import Connection
from connectors.delivery import Expected
from connectors.drift import FeedPlace
from connectors.formats import open_format
from connectors.reading import Demand, Reading, Row, batches_of
from connectors.transport.base import at, changed, forbidden
from connectors.transport.fetch import Fetched, fetch
from connectors.transport.listing import check_pattern
from schemas.application import FilesApplication
from schemas.errors import RetryLaterError

if TYPE_CHECKING:
    import pyarrow as pa


def read_files(application: FilesApplication, feed_name: str, connection: Connection, demand: Demand) -> Reading:
    """Find the file to read (by its period, or the last in name order), compare its header, and begin to read.

    From a file server it is first copied into this machine's temporary folder, and removed after the last batch.
    `details` gets file, size (bytes), modified (seconds since 1970, None where the server does not tell), bytes
    (received), sha256, retries, queries (files asked for), with `delivery` its state, period and due, and what
    `formats.open_format` tells.

    Raises:
        RetryLaterError: the folder or the server is not there, or the file changed while it was read.
        RefusedError: the server refused the credentials, or the file may not be read.
        DriftError: no file fits, it is empty or not the one that is due, or its content is not as described.

    """
    feed = application.feeds[feed_name]
    place = FeedPlace.of(application, feed_name, feed, demand.baseline)
    check_pattern(feed.file, f"{place.where}.file")
    siblings = tuple(other.file for other in application.feeds.values() if other.file != feed.file)
    expected = Expected(feed, place, connection, demand, application.source.max_file_mb, siblings)
    fetched = fetch(connection, feed.file, expected.choose, expected.admit)
    try:
        return _reading(fetched, expected)
    except BaseException:
        fetched.release()
        raise


def _reading(fetched: Fetched, expected: Expected) -> Reading:
    file, feed, place = fetched.path, expected.feed, expected.place
    details: dict[str, Any] = {
        "file": fetched.file.name,
        "modified": fetched.file.modified,
        "bytes": fetched.bytes,
        "retries": fetched.retries,
        "queries": fetched.queries,
    }
    try:
        before = file.stat()
        details["size"] = before.st_size
        if before.st_size == 0:
            raise place.error(f"file '{file.name}' is empty", "have the export written again", key="file")
        with file.open("rb") as source:
            details["sha256"] = hashlib.file_digest(source, "sha256").hexdigest()
        if feed.delivery is not None:
            details["delivery"] = expected.check(fetched, details["sha256"])
        rows, columns = open_format(file, feed, place, expected.demand, details, expected.limit_mb)
    except PermissionError as error:
        raise forbidden(expected.connection, f"file '{file.name}'") from error
    query = fetched.file.name + (f" [{details['sheet']}]" if "sheet" in details else "")
    return Reading(query, _batches(fetched, before, expected, rows, columns), details)


def _batches(
    fetched: Fetched, before: os.stat_result, expected: Expected, rows: Iterator[Row], columns: Sequence[str]
) -> Iterator[pa.Table]:
    file, connection = fetched.path, expected.connection
    try:
        yield from batches_of(columns, rows, expected.place.where)
        after = file.stat()
    except PermissionError as error:
        raise forbidden(connection, f"file '{file.name}'") from error
    except OSError as error:
        problem = f"file '{file.name}' could not be read to its end ({error.strerror})"
        raise RetryLaterError(problem, where=at(connection), fix="see to the share") from error
    finally:
        fetched.release()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise changed(file.name, connection)
