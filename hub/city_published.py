"""What the hub made of the sample city: read from its database, feed by feed, and scored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from psycopg import sql

from hub.city_score import Published, Score, score_feed
from pipelines.workspace import FeedContext, Progress, silent
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from simulator.agreement import feed_of
from simulator.derive import derive_table
from simulator.description import DESCRIPTIONS, Table, read_descriptions
from simulator.state import read_truth
from simulator.tick import read_city
from store.database import Database, comma, execute
from store.runs import quarantined
from store.tables import source_table

PUBLISHED = "SELECT DISTINCT feed FROM control.feed_run WHERE state = 'published'"
#: what was found since a run last read everything; of a row that a later run has changed, what that run found
FOUND = """
    SELECT DISTINCT f.source_key, f.field, f.rule FROM control.finding f
    JOIN control.feed_run r ON r.feed = f.feed AND r.run_id = f.run_id AND r.state = 'published'
    LEFT JOIN {source} s ON s._key = f.source_key
    LEFT JOIN control.feed_run changed ON changed.feed = f.feed AND changed.run_id = s._run
    WHERE f.feed = %(feed)s AND (changed.extracted_at IS NULL OR changed.extracted_at <= r.extracted_at)
      AND r.extracted_at >= (SELECT max(extracted_at) FROM control.feed_run w
                             WHERE w.feed = f.feed AND w.state = 'published' AND w.mode = 'full')
"""


def score_city(
    catalogue: Catalogue, database: Database, folder: Path, progress: Progress = silent
) -> tuple[Score, list[str]]:
    """Return the score of the city in a folder, and the feeds that it leaves out.

    Left out are feeds that were never published, and those that read an older state of their source.
    Raises ConfigurationError where there is no city, or nothing of it was published.
    """
    city = read_city(folder)
    tables = list(city_tables(catalogue))
    truth, changed = read_truth(folder, sorted({table.truth for _, _, table in tables}))
    with database.transaction() as connection:
        feeds = set(connection.execute(sa.text(PUBLISHED)).scalars())
    total, skipped = Score(), []
    for done, (name, context, table) in enumerate(tables, start=1):
        if context.id not in feeds or name in city.behind:
            skipped.append(context.id)
        else:
            made = derive_table(name, table, truth[table.truth], city.seed, changed.get(table.truth))
            total.add(score_feed(context, made, read_published(database, context), catalogue.codelists))
        progress(done, len(tables))
    if len(skipped) == len(tables):
        raise ConfigurationError(
            "no application of the city has been synced", where=str(folder), fix="sync them first: opdhub demo --exit"
        )
    return total, skipped


def city_tables(catalogue: Catalogue) -> Iterator[tuple[str, FeedContext, Table]]:
    """Yield every table of the city as `<application>.<table>`, with the feed that reads it."""
    for description in read_descriptions(DESCRIPTIONS):
        application = catalogue.applications[description.id]
        for name, table in description.tables.items():
            feed = feed_of(application, name, table)
            if feed is not None:
                declared = application.feeds[feed]
                contract = catalogue.contracts[declared.dataset]
                context = FeedContext(f"{application.id}.{feed}", feed, application, declared, contract)
                yield f"{description.id}.{name}", context, table


def read_published(database: Database, context: FeedContext) -> Published:
    """Read the published rows of a feed as texts, what was found of them, and which rows wait in quarantine."""
    names = ["_key", *context.feed.map]
    columns = comma([sql.SQL("{}::text").format(sql.Identifier(name)) for name in names])
    source, feed = source_table(context.id).identifier, {"feed": context.id}
    with database.transaction() as connection:
        rows = execute(connection, "SELECT {columns} FROM {table}", columns=columns, table=source)
        frame = pd.DataFrame([tuple(row) for row in rows], columns=names, dtype=object)
        found = pd.DataFrame([tuple(row) for row in execute(connection, FOUND, feed, source=source)], dtype=object)
    if found.empty:
        found = pd.DataFrame({"source_key": [], "field": [], "rule": []}, dtype=object)
    keys = {row["source_key"] for row in quarantined(database, context.id, limit=None)}
    return Published(frame, found.set_axis(["source_key", "field", "rule"], axis=1), keys)
