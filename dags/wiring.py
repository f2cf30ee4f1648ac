"""What the DAG files share: pools, assets, retry policy, and the workspace that a task opens."""

from __future__ import annotations

import datetime as dt
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseHook, CronTriggerTimetable, ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowNotFoundException

from schemas.errors import ConfigurationError, DriftError, GateError, HubError, RefusedError

if TYPE_CHECKING:
    from connectors.connection import Connection
    from pipelines.workspace import Workspace

log = logging.getLogger(__name__)

#: Only what may pass by itself is tried again. A wrong password tried again locks the account.
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[RefusedError, ConfigurationError, DriftError, GateError],
            action=RetryAction.FAIL,
            reason="somebody must mend this; trying again cannot help",
        )
    ]
)


def tell_stewards(context: Any) -> None:
    """Tell the stewards that a task has failed for good, and why: a feed that stopped, a release held back."""
    from connectors.notice import send_notice

    error, task = context.get("exception"), context["task_instance"]
    # of others the text may quote a row; they are in the task's log
    said = str(error) if isinstance(error, HubError) else f"{type(error).__name__}, see the task's log"
    if not send_notice(f"OPD Hub: {task.dag_id} {task.task_id} ({task.run_id}): {said}"):
        log.info("no notice was sent: see OPDHUB_NOTICE_URL in docs/commands.md")


TASK_DEFAULTS: dict[str, Any] = {
    "on_failure_callback": [tell_stewards],
    "retries": 4,
    "retry_delay": dt.timedelta(seconds=20),
    "retry_exponential_backoff": 2,
    "max_retry_delay": dt.timedelta(minutes=10),
    "retry_policy": RETRY_POLICY,
    # a source that answers a byte a second must not hold its place for ever
    "execution_timeout": dt.timedelta(hours=4),
}


def catalogue_root() -> Path:
    """Return the folder that holds applications/, consumers/ and schemas/."""
    return Path(os.environ.get("OPDHUB_CATALOGUE") or Path(__file__).parents[1])


def timetable(schedule: str | None) -> CronTriggerTimetable | None:
    """Return a schedule in Jakarta's time; a new DAG waits for its hour instead of running at once."""
    if schedule is None:
        return None
    return CronTriggerTimetable(schedule, timezone="Asia/Jakarta", run_immediately=dt.timedelta(0))


def source_asset(feed_id: str) -> Asset:
    """Return the asset that a published feed updates; the address form is the one OpenLineage knows."""
    return Asset(name=f"source.{feed_id}", uri=f"postgres://hub:5432/opdhub/source/{feed_id.replace('.', '__')}")


def dataset_asset(dataset: str) -> Asset:
    """Return the asset that a released dataset updates."""
    return Asset(name=f"hub.{dataset}", uri=f"postgres://hub:5432/opdhub/hub/{dataset}")


def open_workspace(only: str) -> Workspace:
    """Open the hub for a task of one application or dataset, with Airflow's connections."""
    from pipelines.workspace import Workspace

    return Workspace.from_environment(airflow_connection, only)


def airflow_connection(connection_id: str) -> Connection:
    """Return an Airflow connection; raises ConfigurationError when Airflow has none of that id."""
    from connectors.connection import Connection

    try:
        found = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        raise ConfigurationError(
            "Airflow has no such connection",
            where=f"connection '{connection_id}'",
            fix="add it to the connections file, or: airflow connections add " + connection_id,
        ) from error
    return Connection.from_dict(
        connection_id,
        {
            "conn_type": found.conn_type,
            "host": found.host,
            "port": found.port,
            "login": found.login,
            "password": found.password,
            "schema": found.schema,
            "extra": found.extra,
        },
    )
