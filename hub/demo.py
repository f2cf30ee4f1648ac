"""The demo: every application of the catalogue through a real Airflow, and what came of it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from hub.airflow_api import AirflowApi
from pipelines.run import safe_run_id
from schemas.catalogue import Catalogue
from schemas.errors import RetryLaterError
from store.database import Database

#: told (DAG runs that ended, DAG runs in all)
Progress = Callable[[int, int], None]
FINAL = ("success", "failed")
PARSE_SECONDS, RUN_SECONDS = 180, 1800
#: each look at all runs costs Airflow's API server a third of a second
POLL_SECONDS = 5

ACCOUNT = """
    SELECT coalesce(sum(read), 0) AS read, coalesce(sum(inserted), 0) AS inserted,
           coalesce(sum(updated), 0) AS updated, coalesce(sum(unchanged), 0) AS unchanged,
           coalesce(sum(quarantined), 0) AS quarantined, coalesce(sum(deleted), 0) AS deleted,
           array_agg(report ORDER BY feed) FILTER (WHERE report IS NOT NULL) AS reports,
           string_agg(error, '; ') AS error
    FROM control.feed_run WHERE run_id = :run_id AND starts_with(feed, :application || '.')
"""


def run_applications(api: AirflowApi, catalogue: Catalogue, progress: Progress) -> dict[str, tuple[str, str]]:
    """Trigger every application's DAG and wait; return run id and state by application."""
    wait_parsed(api, set(catalogue.applications) | {f"dataset.{name}" for name in catalogue.plans})
    runs = {app_id: api.trigger(app_id, outside_window=True) for app_id in catalogue.applications}
    states: dict[str, str] = {}
    end = time.monotonic() + RUN_SECONDS
    while len(states) < len(runs):
        for run in api.runs():
            if runs.get(run["dag_id"]) == run["dag_run_id"] and run["state"] in FINAL:
                states[run["dag_id"]] = run["state"]
        progress(len(states), len(runs))
        if time.monotonic() > end:
            break
        time.sleep(POLL_SECONDS)
    return {app_id: (run_id, states.get(app_id, "running")) for app_id, run_id in runs.items()}


def wait_datasets(api: AirflowApi, catalogue: Catalogue, database: Database, progress: Progress) -> dict[str, str]:
    """Wait until each dataset was integrated after its last source was published; return the states."""
    published = _last_published(catalogue, database)
    states: dict[str, str] = {}
    end = time.monotonic() + RUN_SECONDS
    while len(states) < len(published) and time.monotonic() < end:
        every = api.runs()
        for dataset in set(published) - set(states):
            runs = [run for run in every if run["dag_id"] == f"dataset.{dataset}"]
            made = [dt.datetime.fromisoformat(run["queued_at"] or run["run_after"]) for run in runs]
            if runs and all(run["state"] in FINAL for run in runs) and max(made) >= published[dataset]:
                states[dataset] = runs[0]["state"]
        progress(len(states), len(published))
        time.sleep(POLL_SECONDS)
    return {dataset: states.get(dataset, "running") for dataset in published}


def wait_parsed(api: AirflowApi, wanted: set[str]) -> None:
    """Wait until Airflow knows all DAGs; raises RetryLaterError naming the missing ones."""
    end = time.monotonic() + PARSE_SECONDS
    while missing := wanted - api.dag_ids():
        if time.monotonic() > end:
            why = "; ".join(api.import_errors()) or "no import error"
            raise RetryLaterError(f"Airflow has not parsed {', '.join(sorted(missing))} ({why})")
        time.sleep(1)


def application_rows(database: Database, runs: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
    """Return id, state of the DAG run, row account and reports of each application's run."""
    rows = []
    with database.transaction() as connection:
        for app_id, (run_id, state) in sorted(runs.items()):
            parameters = {"run_id": safe_run_id(run_id), "application": app_id}
            sums = dict(connection.execute(sa.text(ACCOUNT), parameters).mappings().one())
            numbers = {key: int(value) for key, value in sums.items() if key not in ("reports", "error")}
            extra = {"reports": sums["reports"] or [], "error": sums["error"], "run_id": run_id}
            rows.append({"id": app_id, "state": state, **numbers, **extra})
    return rows


def dataset_rows(database: Database, states: dict[str, str]) -> list[dict[str, Any]]:
    """Return id, rows, release and report of each dataset's newest release."""
    statement = sa.text("""
        SELECT DISTINCT ON (dataset) dataset AS id, rows, release, report FROM control.release
        ORDER BY dataset, release DESC""")
    with database.transaction() as connection:
        found = {row["id"]: dict(row) for row in connection.execute(statement).mappings()}
    return [
        {**found.get(name, {"id": name, "rows": 0, "release": 0, "report": None}), "state": state}
        for name, state in sorted(states.items())
    ]


def _last_published(catalogue: Catalogue, database: Database) -> dict[str, dt.datetime]:
    statement = sa.text("""
        SELECT feed, max(ended_at) AS ended_at FROM control.feed_run WHERE state = 'published' GROUP BY feed""")
    with database.transaction() as connection:
        ended = {row.feed: row.ended_at for row in connection.execute(statement)}
    return {
        plan.dataset: max(ended[feed] for feed in plan.sources if feed in ended)
        for plan in catalogue.plans.values()
        if any(feed in ended for feed in plan.sources)
    }
