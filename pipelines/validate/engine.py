"""Run checks through Great Expectations: row checks on pandas parts, set checks on PostgreSQL tables."""

from __future__ import annotations

import os
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # before the import: it would post usage to the vendor

import great_expectations as gx
import pandas as pd
import sqlalchemy as sa
from great_expectations.expectations.registry import get_expectation_impl

from pipelines.standardize import problem_column
from pipelines.validate import expectations as _own  # noqa: F401 - registers our expectations
from pipelines.validate.checks import Check
from schemas.errors import GateError


@dataclass(frozen=True)
class Outcome:
    """What one check found in one table or part."""

    check: Check
    evaluated: int
    missing: int
    failed: int
    observed: Any
    #: index labels of the failing rows; only row checks know them
    rows: list[int]
    #: Great Expectations' own words, as JSON, without values
    configuration: dict[str, Any]


class RowEngine:
    """Row checks on pandas frames whose index is the row number."""

    def __init__(self, checks: list[Check]) -> None:
        """Compile the suite once; it serves every part of a batch."""
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        source = context.data_sources.add_pandas("parts")
        self._batches = source.add_dataframe_asset("part").add_batch_definition_whole_dataframe("whole")
        self._checks = {f"{check.field}:{check.id}": check for check in checks}
        self._suites: dict[frozenset[str], gx.ExpectationSuite] = {}

    def run(self, frame: pd.DataFrame) -> list[Outcome]:
        """Return one outcome a check, in the order of the checks; raises GateError when an expectation raised.

        A column of problems without any problem is not handed over: nothing can be found in it, and most of a
        suite's checks look at such columns (a small part is validated in 0.4 s instead of 0.9).
        """
        problems = [str(name) for name in frame if str(name).endswith(problem_column(""))]
        empty = {name for name in problems if frame[name].isna().all()}
        idle = {key for key, check in self._checks.items() if empty.issuperset(check.columns)}
        found = {key: _nothing(self._checks[key], len(frame)) for key in idle} | self.run_all(frame, idle)
        return [found[key] for key in self._checks]

    def run_all(self, frame: pd.DataFrame, without: Set[str] = frozenset()) -> dict[str, Outcome]:
        """Return the outcomes that Great Expectations gives, of all checks but some, by the check's key."""
        wanted = {key: check for key, check in self._checks.items() if key not in without}
        suite = self._suites.setdefault(frozenset(wanted), _suite(wanted))
        batch = self._batches.get_batch({"dataframe": frame})
        result = batch.validate(suite, result_format={"result_format": "COMPLETE"})
        return {item.expectation_config.meta["check"]: _outcome(wanted, item) for item in result.results}


def check_table(address: sa.URL, schema: str, table: str, checks: list[Check]) -> list[Outcome]:
    """Run set checks on a table of the hub database; `address` is its SQLAlchemy URL."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    url = address.set(drivername="postgresql+psycopg").update_query_dict({"options": f"-csearch_path={schema}"})
    source = context.data_sources.add_postgres("hub", connection_string=url.render_as_string(hide_password=False))
    by_id = {f"{check.field}:{check.id}": check for check in checks}
    try:
        batches = source.add_table_asset("staged", table_name=table)
        batch = batches.add_batch_definition_whole_table("whole").get_batch()
        result = batch.validate(context.suites.add(_suite(by_id)), result_format={"result_format": "SUMMARY"})
        return [_outcome(by_id, item) for item in result.results]
    finally:  # the source and its execution engine each have a pool
        source.get_execution_engine().engine.dispose()
        source.get_engine().dispose()


def _suite(checks: dict[str, Check]) -> gx.ExpectationSuite:
    made = [
        get_expectation_impl(check.expectation)(**check.kwargs, meta={"check": key}) for key, check in checks.items()
    ]
    return gx.ExpectationSuite("checks", expectations=made)


def _nothing(check: Check, rows: int) -> Outcome:
    """Return what Great Expectations says of a column without a value."""
    return Outcome(check, rows, rows, 0, None, [], {"type": check.expectation, "kwargs": dict(check.kwargs)})


def _outcome(checks: dict[str, Check], item: Any) -> Outcome:
    check = checks[item.expectation_config.meta["check"]]
    # An expectation that raised looks like one that failed; it is an error of the pipeline, not of the data.
    raised = item.exception_info or {}
    for info in [raised, *(value for value in raised.values() if isinstance(value, dict))]:
        if info.get("raised_exception"):
            raise GateError(
                f"check {check.id} could not run: {info.get('exception_message')}",
                where=check.field or "",
                fix="mend the rule in the contract",
            )
    result = item.result
    config = item.expectation_config.to_json_dict()
    return Outcome(
        check=check,
        evaluated=int(result.get("element_count", 0)),
        missing=int(result.get("missing_count", 0)),
        failed=int(result.get("unexpected_count", 0 if item.success else 1)),
        observed=result.get("observed_value"),
        rows=[int(row) for row in result.get("unexpected_index_list") or []],
        configuration={
            "type": config["type"],
            "kwargs": {k: v for k, v in config["kwargs"].items() if k != "batch_id"},
        },
    )
