"""The one door to every source: read a feed, whatever its protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.application import AnyApplication, FilesApplication, RestApplication
from schemas.errors import ConfigurationError
from schemas.feed import Feed
from schemas.yaml_file import suggest

if TYPE_CHECKING:
    from connectors.connection import Connection
    from connectors.reading import Demand, Reading

SQL_KINDS = ("mysql", "postgres", "sqlite", "mssql", "oracle")
FILE_KINDS = ("fs", "sftp", "ftp", "smb", "s3", "http")


def read(application: AnyApplication, feed_name: str, connection: Connection, demand: Demand | None = None) -> Reading:
    """Begin to read one feed; errors of the source come here or while iterating the batches.

    Without a demand the whole feed is read, from the begin, by a hub that knows nothing of it yet.

    Raises:
        ConfigurationError: unknown feed, or a connection of another kind than the application's source.
        RefusedError: the source refused the credentials.
        RetryLaterError: the source does not answer.
        DriftError: the source has other tables, columns or files than the YAML describes.

    """
    from connectors.reading import Demand

    demand = demand or Demand()
    feeds: dict[str, Feed] = dict(application.feeds)
    if feed_name not in feeds:
        raise ConfigurationError(
            f"has no feed '{feed_name}'", where=f"application {application.id}", fix=suggest(feed_name, list(feeds))
        )
    if isinstance(application, RestApplication):
        _expect(application, connection, ("http",))
        from connectors.rest import read_rest

        return read_rest(application, feed_name, connection, demand)
    if isinstance(application, FilesApplication):
        _expect(application, connection, FILE_KINDS)
        from connectors.files import read_files

        return read_files(application, feed_name, connection, demand)
    _expect(application, connection, SQL_KINDS)
    from connectors.sql import read_sql

    return read_sql(application, feed_name, connection, demand)


def _expect(application: AnyApplication, connection: Connection, kinds: tuple[str, ...]) -> None:
    if connection.kind not in kinds:
        raise ConfigurationError(
            f"is of kind {connection.kind}, but application {application.id} is read by {application.source.kind}",
            where=f"connection '{connection.id}'",
            fix=f"use a connection of kind {' or '.join(kinds)}",
        )
