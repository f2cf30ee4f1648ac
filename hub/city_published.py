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
from store.tables import source_table

NEWEST = """
    SELECT DISTINCT ON (feed) feed, run_id FROM control.feed_run WHERE state = 'published'
    ORDER BY feed, extracted_at DESC"""


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
        runs = {row.feed: row.run_id for row in connection.execute(sa.text(NEWEST))}
    total, skipped = Score(), []
    for done, (name, context, table) in enumerate(tables, start=1):
        if context.id not in runs or name in city.behind:
            skipped.append(context.id)
        else:
            made = derive_table(name, table, truth[table.truth], city.seed, changed.get(table.truth))
            total.add(
                score_feed(context, made, read_published(database, context, runs[context.id]), catalogue.codelists)
            )
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


def read_published(database: Database, context: FeedContext, run_id: str) -> Published:
    """Read the published rows of a feed as texts, and what its run found and quarantined."""
    names = ["_key", *context.feed.map]
    columns = comma([sql.SQL("{}::text").format(sql.Identifier(name)) for name in names])
    wanted = {"run_id": run_id, "feed": context.id}
    finding = sa.text("SELECT source_key, field, rule FROM control.finding WHERE run_id = :run_id AND feed = :feed")
    quarantine = sa.text("SELECT source_key FROM control.quarantine WHERE run_id = :run_id AND feed = :feed")
    with database.transaction() as connection:
        table = source_table(context.id).identifier
        rows = execute(connection, "SELECT {columns} FROM {table}", columns=columns, table=table)
        frame = pd.DataFrame([tuple(row) for row in rows], columns=names, dtype=object)
        found = pd.DataFrame([tuple(r) for r in connection.execute(finding, wanted)], dtype=object)
        keys = {row.source_key for row in connection.execute(quarantine, wanted)}
    if found.empty:
        found = pd.DataFrame({"source_key": [], "field": [], "rule": []}, dtype=object)
    return Published(frame, found.set_axis(["source_key", "field", "rule"], axis=1), keys)
