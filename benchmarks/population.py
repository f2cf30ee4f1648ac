"""Every feed of the sample city that names a resident, in the `source` tables of a hub, without a sync's detour.

The rows are standardised and checked as a sync does; only the landing zone and the sources themselves are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from pipelines.merge import hold_keys, merge
from pipelines.standardize import standard_part
from pipelines.validate.checks import row_checks
from pipelines.validate.duplicates import remove_duplicates, warn_shared
from pipelines.validate.engine import RowEngine
from pipelines.validate.rows import Origin, accepted, findings, to_frame
from pipelines.workspace import FeedContext, Workspace
from simulator.agreement import feed_of
from simulator.derive import Changed, derive_table
from simulator.description import DESCRIPTIONS, Table, read_descriptions
from simulator.draw import TODAY
from store.tables import SOURCE_COLUMNS, create_staging, staging_table

#: rows that are standardised at a time
PART = 100_000


def person_feeds(
    workspace: Workspace, datasets: Collection[str] | None = None
) -> Iterator[tuple[str, FeedContext, Table]]:
    """Yield the tables of the city whose rows name a resident, with the feed that reads each; all or of `datasets`."""
    for description in read_descriptions(DESCRIPTIONS):
        application = workspace.catalogue.applications[description.id]
        for name, table in description.tables.items():
            feed = feed_of(application, name, table)
            if feed is None:
                continue
            dataset = application.feeds[feed].dataset
            is_wanted = datasets is None or dataset in datasets
            if is_wanted and workspace.catalogue.plans[dataset].person is not None:
                yield f"{description.id}.{name}", workspace.feed(f"{application.id}.{feed}"), table


def publish_city(
    workspace: Workspace,
    truth: dict[str, Any],
    seed: int,
    run_id: str,
    changed: Changed | None = None,
    datasets: Collection[str] | None = None,
) -> dict[str, int]:
    """Publish each person feed as its source holds it; return how many rows were read, and how many moved."""
    rows = moved = 0
    for name, context, table in person_feeds(workspace, datasets):
        made = derive_table(name, table, truth[table.truth], seed, (changed or {}).get(table.truth))
        texts = made.texts
        for column, wanted in context.feed.where.items():
            texts = texts[texts[column].isin(wanted)]
        columns = [column for column in context.feed.landed_columns if column in texts]
        rows += len(texts)
        moved += _publish(workspace, context, pa.Table.from_pandas(texts[columns], preserve_index=False), run_id)
    return {"rows": rows, "moved": moved}


def _publish(workspace: Workspace, context: FeedContext, landed: pa.Table, run_id: str) -> int:
    origin, staging = Origin(context, run_id), staging_table(context.id, run_id)
    fields = [field.name for field in context.contract.fields]
    checks = row_checks(context.contract, context.feed, TODAY.astype(object))
    engine, columns = RowEngine(checks), [name for check in checks for name in check.columns]
    with workspace.database.transaction() as connection:
        create_staging(connection, staging, context.contract, SOURCE_COLUMNS)
    for first in range(0, landed.num_rows, PART):
        part = landed.slice(first, PART).cast(pa.schema([(name, pa.string()) for name in landed.column_names]))
        standard = standard_part(part, first, context, workspace.catalogue.codelists)
        found = findings(engine.run(to_frame(standard, columns)), part, standard, origin)
        workspace.database.load(accepted(found, standard, fields), staging.schema, staging.name)
    remove_duplicates(workspace.database, staging, origin)
    warn_shared(workspace.database, staging, context.contract, origin)
    with workspace.database.transaction() as connection:
        hold_keys(connection, workspace, context, run_id, swept=False)
        counts = merge(connection, context, staging, run_id, told=True)
        connection.execute(
            sa.text("""
                INSERT INTO control.feed_run (run_id, feed, state, stage, extracted_at, read, inserted, updated,
                    unchanged, quarantined, deleted)
                VALUES (:run_id, :feed, 'published', 'publish', clock_timestamp(), :staged, :inserted, :updated,
                    :staged - :inserted - :updated, 0, :deleted)"""),
            {"run_id": run_id, "feed": context.id, "staged": counts["STAGED"], "inserted": counts["INSERT"],
             "updated": counts["UPDATE"], "deleted": counts["DELETE"]},
        )  # fmt: skip
    return counts["INSERT"] + counts["UPDATE"] + counts["DELETE"]
