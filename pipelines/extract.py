"""extract: source → landing zone, every value as the text that the source shows."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from connectors.registry import read
from pipelines.workspace import Progress, Workspace, silent
from store.landing import Batch


def extract(workspace: Workspace, feed_id: str, run_id: str, progress: Progress = silent) -> Batch:
    """Land one feed as text; the batch's details tell what was asked and when.

    Raises:
        RetryLaterError: the source did not answer.
        RefusedError: it refused the credentials.
        DriftError: a table, column or file is not there, or an unknown column is.

    """
    context = workspace.feed(feed_id)
    started = dt.datetime.now(dt.UTC)
    reading = read(context.application, context.name, workspace.connection(context.application.connection))
    writer = workspace.landing.writer(feed_id, run_id, "landing")
    rows = 0
    for batch in reading.batches:
        rows += writer.write(pa.Table.from_batches([batch])).rows
        progress(rows, reading.total)
    return writer.commit(
        {
            "application": context.application.id,
            "query": reading.query,
            "columns": context.feed.landed_columns,
            "extracted_at": started.isoformat(),
            "seconds": round((dt.datetime.now(dt.UTC) - started).total_seconds(), 3),
            **reading.details,
        }
    )
