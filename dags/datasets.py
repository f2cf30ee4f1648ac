"""One Airflow DAG per integrated dataset, started whenever one of its sources has been published."""

from __future__ import annotations

import logging

from airflow.sdk import DAG, AssetAny, get_current_context, get_parsing_context, task

from dags.wiring import TASK_DEFAULTS, catalogue_root, dataset_asset, open_workspace, source_asset
from schemas.errors import ConfigurationError
from schemas.integration_plan import IntegrationPlan, read_integration_plan

log = logging.getLogger(__name__)


def dataset_dag(plan: IntegrationPlan) -> DAG:
    """Wire one dataset: its sources, and the releases that it follows, start it; its own is an asset too."""
    with DAG(
        dag_id=f"dataset.{plan.dataset}",
        description=plan.description,
        schedule=AssetAny(*map(source_asset, plan.sources), *map(dataset_asset, plan.after)),
        catchup=False,
        max_active_runs=1,
        tags=["dataset"],
    ) as dag:

        @task(task_id="integrate", outlets=[dataset_asset(plan.dataset)], **TASK_DEFAULTS)
        def run() -> dict[str, int | str]:
            from pipelines.integrate import integrate
            from pipelines.run import safe_run_id

            run_id = safe_run_id(str(get_current_context()["run_id"]))
            return vars(integrate(open_workspace(plan.dataset), plan.dataset, run_id))

        run()
    return dag


_wanted = get_parsing_context().dag_id
for _path in sorted(catalogue_root().glob("schemas/integration/*.yaml")):
    if _wanted in (None, f"dataset.{_path.stem}"):
        try:
            _plan, _ = read_integration_plan(_path)
            globals()[f"dataset.{_plan.dataset}"] = dataset_dag(_plan)
        except ConfigurationError:  # one broken plan must not take the other datasets away
            log.exception("left out: run 'opdhub check'")
