"""What a description and the application's own YAML must say alike, told with file, line and key.

The hub reads what the sample shows: a column that one of them has and the other has not is a mistake in the sample,
and would look like drift of a source.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.application import AnyApplication, FilesApplication, RestApplication, SqlApplication, read_application
from schemas.errors import ConfigurationError
from schemas.feed import Feed
from schemas.yaml_file import Loc, YamlFile, suggest

if TYPE_CHECKING:
    from simulator.description import AnyDescription, Table


def feed_of(application: AnyApplication, name: str, table: Table) -> str | None:
    """Return the feed that reads a table, resource or file; None where none does."""
    path, form = getattr(table, "path", None), getattr(table, "format", None)
    if isinstance(application, SqlApplication):
        return next((key for key, feed in application.feeds.items() if feed.table == name), None)
    if isinstance(application, RestApplication):
        return next((key for key, feed in application.feeds.items() if feed.path == path), None)
    return next((key for key, feed in application.feeds.items() if fnmatch(f"{name}.{form}", feed.file)), None)


def disagreements(file: YamlFile, description: AnyDescription, applications: Path) -> Iterator[ConfigurationError]:
    """Yield what a description says otherwise than the application of the same id below `applications`."""
    opd, _, app = description.id.partition(".")
    path = applications / opd / f"{app}.yaml"
    if not path.is_file():
        yield file.error(
            f"no application '{description.id}' in the catalogue", (), f"write {path}, or rename this file"
        )
        return
    application, _ = read_application(path)
    if application.source.kind != ("sql" if description.kind not in ("rest", "files") else description.kind):
        yield file.error(f"the application's source is {application.source.kind}", ("kind",), "make them alike")
        return
    if application.connection != description.connection:
        yield file.error(f"the application's connection is '{application.connection}'", ("connection",))
    if isinstance(application, RestApplication) and application.source.auth != getattr(description, "auth", None):
        yield file.error("the application is entered otherwise", ("auth",), "copy auth of source in the application")
    unread = set(application.feeds)
    for name, table in description.tables.items():
        feed = feed_of(application, name, table)
        loc: Loc = ("tables", name)
        if feed is None:
            yield file.error(f"no feed of {application.id} reads it", loc, suggest(name, _read(application)))
            continue
        unread.discard(feed)
        yield from _columns(file, table, application.feeds[feed], feed, loc)
        yield from _shape(file, table, application.feeds[feed], loc)
    for feed in sorted(unread):
        yield file.error(
            f"feed '{feed}' of {application.id} reads nothing that stands here", ("tables",), "describe it"
        )


def _read(application: AnyApplication) -> set[str]:
    if isinstance(application, SqlApplication):
        return {feed.table for feed in application.feeds.values()}
    if isinstance(application, FilesApplication):
        return {feed.file for feed in application.feeds.values()}
    return {feed.path for feed in application.feeds.values()}


def _columns(file: YamlFile, table: Table, feed: Feed, name: str, loc: Loc) -> Iterator[ConfigurationError]:
    known, shown = set(feed.source_columns), set(table.all_columns)
    for column in sorted(shown - known):
        problem = f"feed '{name}' of the application neither maps nor ignores column '{column}'"
        yield file.error(problem, (*loc, "columns", column), "map it there, add it to ignore, or remove it here")
    for column in sorted(known - shown):
        problem = f"feed '{name}' of the application reads column '{column}', which is not here"
        yield file.error(problem, (*loc, "columns"), suggest(column, shown))
    if table.key != feed.key:
        yield file.error(f"the key of feed '{name}' is {', '.join(feed.key)}", (*loc, "key"), "make them alike")
    for number, rule in enumerate(table.dirt):
        for column in set(rule.column) & set(feed.ignore):
            problem = f"feed '{name}' ignores column '{column}': nobody would see the fault"
            yield file.error(problem, (*loc, "dirt", number, "column"), "spoil a column that is mapped")


def _shape(file: YamlFile, table: Table, feed: Feed, loc: Loc) -> Iterator[ConfigurationError]:
    """Yield differences in how the rows are packed: pages, sheet, delimiter, rows above the table."""
    for key in ("records", "pagination", "format", "record", "delimiter", "header_row"):
        here, there = getattr(table, key, None), getattr(feed, key, None)
        if hasattr(table, key) and here != there and not (key == "delimiter" and getattr(table, "format", "") != "csv"):
            yield file.error(f"the application reads it with another '{key}'", (*loc, key), "make them alike")
    sheet = getattr(feed, "sheet", None)
    if sheet is not None and getattr(table, "format", "") in ("xlsx", "ods") and sheet != getattr(table, "sheet", None):
        yield file.error(f"the application reads sheet '{sheet}'", (*loc, "sheet"), "make them alike")
