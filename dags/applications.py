"""One Airflow DAG per application of the catalogue: for each feed its four stages, one after the other."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param, TaskGroup, chain, get_current_context, get_parsing_context, task

from dags.wiring import TASK_DEFAULTS, catalogue_root, open_workspace, source_asset, timetable
from schemas.application import AnyApplication, read_application
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from pipelines.workspace import Ask

log = logging.getLogger(__name__)
#: what a person may ask of one run; the names are those of pipelines.workspace.Ask
PARAMS = {
    "outside_window": Param(False, type="boolean", description="Read the source outside its hours; ask its owner."),
    "full": Param(False, type="boolean", description="Read everything again, though a cursor would tell the changes."),
    "since": Param(None, type=["null", "string"], description="Read again from this cursor value on; deletes nothing."),
    "until": Param(None, type=["null", "string"], description="With since: up to this cursor value."),
}
STAGES = ("extract", "standardize", "validate", "publish")


def stage_task(feed_id: str, stage: str, pool: str) -> Any:
    """Return the task of one stage; only extract works at the source, so only it takes a place in its pool."""
    place: dict[str, Any] = {"pool": pool} if stage == "extract" else {}
    outlets = [source_asset(feed_id)] if stage == "publish" else []

    @task(task_id=stage, outlets=outlets, **place, **TASK_DEFAULTS)
    def run() -> dict[str, int] | None:
        from pipelines.run import run_stage, safe_run_id

        context = get_current_context()
        run_id, app_id = safe_run_id(str(context["run_id"])), feed_id.rpartition(".")[0]
        workspace = replace(open_workspace(app_id), ask=ask_of(context["params"]))
        account = run_stage(workspace, feed_id, run_id, stage)
        return vars(account) if account else None

    return run()


def ask_of(params: Mapping[str, Any]) -> Ask:
    """Return what the run's parameters ask."""
    from pipelines.workspace import Ask

    return Ask(**{name: params[name] for name in PARAMS})


def application_dag(application: AnyApplication) -> DAG:
    """Wire one application: schedule, tags by OPD and kind, the pool of its host."""
    source = application.source
    with DAG(
        dag_id=application.id,
        description=application.title,
        doc_md=application.description or application.title,
        schedule=timetable(application.schedule),
        catchup=False,
        max_active_runs=1,
        params=PARAMS,
        tags=[f"opd:{application.opd}", f"kind:{source.kind}"],
    ) as dag:
        for name in application.feeds:
            with TaskGroup(group_id=name):
                chain(*(stage_task(f"{application.id}.{name}", stage, source.host_pool) for stage in STAGES))
    return dag


# A task's process needs one DAG of the 99: Airflow names it in the parsing context.
_wanted = get_parsing_context().dag_id
for _path in sorted(catalogue_root().glob("applications/*/*.yaml")):
    _id = f"{_path.parent.name}.{_path.stem}"
    if _wanted in (None, _id):
        try:
            globals()[_id] = application_dag(read_application(_path)[0])
        except ConfigurationError:  # one broken file must not take the other 98 DAGs away
            log.exception("left out: run 'opdhub check'")
