"""extract: source → landing zone, every value as the text that the source shows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from connectors.reading import Demand, Reading
from connectors.registry import read
from connectors.resume import RestartError
from pipelines.asking import Plan, plan_run
from pipelines.watermark import Watermark
from pipelines.workspace import JAKARTA, FeedContext, Progress, Workspace, silent
from schemas.application import AnyApplication
from schemas.errors import GateError
from schemas.feed import Feed, RestFeed
from store.landing import MARKS, Batch, BatchWriter
from store.slots import host_slot

#: a source that cannot go on in the middle is read from the begin so many times
ATTEMPTS = 3
#: what an interrupted run has landed is gone on with for so long; later the rows would be of two different days
RESUME_WITHIN = dt.timedelta(hours=12)


def extract(workspace: Workspace, feed_id: str, run_id: str, progress: Progress = silent) -> Batch:
    """Land one feed as text; the batch's details tell what was asked and when, and what it cost the source.

    A run that was interrupted goes on where its landed parts end, if the source can. With a sweep the source's keys
    are landed too, as the stage `marks`.

    Raises:
        RetryLaterError: the source did not answer, or all places of its host are taken.
        RefusedError: it refused the credentials.
        DriftError: a table, column or file is not there, or an unknown column is.
        GateError: it is not the hour in which the source may be read.

    """
    context = workspace.feed(feed_id)
    started = dt.datetime.now(dt.UTC)
    source = context.application.source
    _require_window(workspace, context.application)
    plan = plan_run(workspace, context, started)
    waits = f"{feed_id} waits for a place at host {source.host_pool} (source.max_concurrency: {source.max_concurrency})"
    with host_slot(workspace.database, source.host_pool, source.max_concurrency, lambda: workspace.say(waits)):
        extraction = Extraction(workspace, context, run_id, plan)
        if plan.sweep:  # first: what the source has then and the rows after it do not bring lies behind the watermark
            keys = Demand(keys_only=True, baseline=plan.demand.baseline, now=started)
            for stage in MARKS if _may_shift(context.feed) else MARKS[:1]:
                extraction.land(stage, keys, progress)
        return extraction.land("landing", plan.demand, progress)


def _may_shift(feed: Feed) -> bool:
    """Whether a row deleted between two pages moves another one out of sight: it is then there at the second look."""
    return isinstance(feed, RestFeed) and feed.pagination.style in ("page", "offset")


class Extraction:
    """One feed's rows under way into a stage of the landing zone."""

    def __init__(self, workspace: Workspace, context: FeedContext, run_id: str, plan: Plan) -> None:
        """Prepare; nothing is asked yet."""
        self.workspace, self.context, self.run_id, self.plan = workspace, context, run_id, plan
        self.connection = workspace.connection(context.application.connection)  # under Airflow, a call of its API

    def land(self, stage: str, demand: Demand, progress: Progress) -> Batch:
        """Land what is demanded; raises as `extract`."""
        writer = self._writer(stage, demand)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._land(writer, demand, attempt, progress)
            except RestartError:
                if attempt == ATTEMPTS:
                    raise
                writer = self.workspace.landing.writer(self.context.id, self.run_id, stage)
        raise AssertionError("the last attempt returns or raises")

    def _writer(self, stage: str, demand: Demand) -> BatchWriter:
        landing, asked = self.workspace.landing, self._asked(demand)
        writer = landing.resume(self.context.id, self.run_id, stage)
        began = writer.about.get("extracted_at")
        is_fresh = began is not None and demand.now - dt.datetime.fromisoformat(began) < RESUME_WITHIN
        if writer.position and (writer.about.get("asked") != asked or not is_fresh):
            return landing.writer(self.context.id, self.run_id, stage)
        return writer

    def _land(self, writer: BatchWriter, demand: Demand, attempt: int, progress: Progress) -> Batch:
        context, landed_before = self.context, writer.rows
        started = str(writer.about.get("extracted_at") or demand.now.isoformat())
        about = {"asked": self._asked(demand), "extracted_at": started}
        cursor = context.feed.cursor
        earlier, future = writer.about.get("watermark") or self.plan.watermark, writer.about.get("future", 0)
        watermark = Watermark(earlier, dt.datetime.fromisoformat(started), future)
        asked = Demand(**{**vars(demand), "position": writer.position})
        reading = read(context.application, context.name, self.connection, asked)
        for batch in reading.batches:
            # of the first snapshot alone: a later one knows of changes to rows that were read before them
            is_first = not writer.position and reading.details.get("snapshots", 1) in (0, 1, None)
            if cursor is not None and not demand.keys_only and is_first:
                watermark.add(batch.column(cursor.column))
            noted = {**about, "watermark": watermark.value, "future": watermark.future, **_told(reading, writer.about)}
            writer.write(batch, reading.position, noted)
            del batch  # the next part is made while this name would still hold it
            progress(writer.rows, reading.total)
            _require_window(self.workspace, context.application)
        keeps = self.plan.mode == "window"  # a look at the past says nothing of the newest
        return writer.commit(
            {
                "application": context.application.id,
                "query": reading.query,
                "mode": self.plan.mode,
                "since": demand.since,
                "until": demand.until,
                "watermark": self.plan.watermark if keeps else watermark.value,
                "future": watermark.future,
                "described": self.plan.described,
                "swept": self.plan.sweep or self.plan.mode == "full",
                "columns": context.feed.key if demand.keys_only else context.feed.landed_columns,
                "extracted_at": started,
                "resumed_at_row": landed_before,
                "attempts": attempt,
                "seconds": round((dt.datetime.now(dt.UTC) - demand.now).total_seconds(), 3),
                **_told(reading, writer.about),
            }
        )

    def _asked(self, demand: Demand) -> str:
        """Return what decides which rows come, as text: parts of another demand are no begin of this one."""
        # the server too: parts of a test server are no begin of the real one's rows
        where = [self.connection.masked, self.context.feed.model_dump_json()]
        return json.dumps([*where, self.plan.described, demand.since, demand.until, demand.keys_only, demand.limit])


def _told(reading: Reading, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reading's details, with what an interrupted reading before it has cost and met."""
    details = {"bytes": 0, "queries": 0, "retries": 0, "columns_found": {}, "changes": [], **reading.details}
    spent = {name: details[name] + before.get(name, 0) for name in ("bytes", "queries", "retries")}
    changes = [*details["changes"], *(item for item in before.get("changes", []) if item not in details["changes"])]
    return {**details, **spent, "changes": changes}


def _require_window(workspace: Workspace, application: AnyApplication) -> None:
    if not workspace.ask.outside_window:
        require_window(application, dt.datetime.now(dt.UTC))


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
