"""extract: source → landing zone, every value as the text that the source shows."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from connectors.registry import read
from pipelines.workspace import JAKARTA, Progress, Workspace, silent
from schemas.application import AnyApplication
from schemas.errors import GateError
from store.landing import Batch


def extract(workspace: Workspace, feed_id: str, run_id: str, progress: Progress = silent) -> Batch:
    """Land one feed as text; the batch's details tell what was asked and when.

    Raises:
        RetryLaterError: the source did not answer.
        RefusedError: it refused the credentials.
        DriftError: a table, column or file is not there, or an unknown column is.
        GateError: it is not the hour in which the source may be read.

    """
    context = workspace.feed(feed_id)
    started = dt.datetime.now(dt.UTC)
    if not workspace.outside_window:
        require_window(context.application, started)
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


def require_window(application: AnyApplication, moment: dt.datetime) -> None:
    """Raise GateError outside the hours in which the application's source may be read; they are the city's hours."""
    window, local = application.source.window, moment.astimezone(JAKARTA)
    if window is not None and local.time() not in window:
        raise GateError(
            f"the source may be read from {window.start:%H:%M} to {window.end:%H:%M} only, and it is {local:%H:%M}",
            where=application.id,
            fix="wait for the next scheduled run; if its owner agrees: opdhub sync --outside-window, or the DAG run's "
            "parameter outside_window",
        )
