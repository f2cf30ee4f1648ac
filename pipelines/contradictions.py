"""contradict: the rules across datasets, run over the published datasets; findings are opened and closed.

A finding keeps its first time for as long as it is found, and is closed by the run that no longer finds it. Found
again later it is a new one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import DataError, InternalError, NotSupportedError, ProgrammingError

from pipelines.contradiction_sql import RuleSql, rule_sql
from pipelines.workspace import JAKARTA, Workspace
from schemas.errors import ConfigurationError, GateError
from schemas.rule import Rule
from store.contradictions import analyze_loaded, close_of_gone_rules, gather_waiting, hub_fields
from store.database import execute

#: what the server says of a statement that it cannot run, as opposed to a server that cannot run one
BROKEN = (ProgrammingError, DataError, InternalError, NotSupportedError)


@dataclass(frozen=True)
class RuleResult:
    """What one run of a rule did; counts of findings."""

    rule: str
    found: int = 0
    opened: int = 0
    closed: int = 0
    #: datasets that have no release yet, or not yet with the fields that the rule names: it was not run
    waits_for: tuple[str, ...] = ()


def check_rules(workspace: Workspace, dataset: str, run_id: str, today: dt.date | None = None) -> list[RuleResult]:
    """Run the rules that look at a dataset, and close the findings of rules that are no more.

    `today` is the city's day; without it, that of its clock. Raises GateError, when all others have run and
    their findings are kept, that names the rules which could not be run.
    """
    catalogue = workspace.catalogue
    rules = [rule for rule in catalogue.rules.values() if dataset in rule.datasets]
    broken = {name.removeprefix("rules.") for name in catalogue.broken if name.startswith("rules.")}
    with workspace.database.transaction() as connection:
        close_of_gone_rules(connection, run_id, {rule.rule for rule in rules} | broken, dataset)
    return run_rules(workspace, rules, run_id, today)


def run_rules(
    workspace: Workspace, rules: Iterable[Rule], run_id: str, today: dt.date | None = None
) -> list[RuleResult]:
    """Run rules in one transaction; raises like `check_rules`."""
    day = today or dt.datetime.now(JAKARTA).date()
    results, failures = [], []
    # in one order everywhere, or two integrations that end at once could wait for each other
    ordered = sorted(rules, key=lambda rule: rule.rule)
    datasets = {dataset for rule in ordered for dataset in rule.datasets}
    analyze_loaded(workspace.database, datasets)
    with workspace.database.transaction() as connection:
        # a hash of 250,000 keys takes 30 MB; compiling takes longer than it saves
        execute(connection, "SET LOCAL work_mem = '64MB'")
        execute(connection, "SET LOCAL jit = off")
        there = hub_fields(connection, datasets)
        if any(rule.absent or rule.or_absent for rule in ordered):
            gather_waiting(
                connection, {name: contract.key[0] for name, contract in workspace.catalogue.contracts.items()}
            )
        for rule in ordered:
            try:
                results.append(_run(connection, rule, rule_sql(rule, workspace.catalogue), there, run_id, day))
            except ConfigurationError as error:
                failures.append(f"{rule.rule}: {error.problem}")
            except BROKEN as error:
                failures.append(f"{rule.rule}: {str(error.orig).strip().splitlines()[0]}")
    for failure in failures:
        workspace.say(f"rule {failure}")
    if failures:
        fix = "mend schemas/rules/, see: opdhub check; then: opdhub rules check"
        raise GateError(f"rules could not be run: {'; '.join(failures)}", where="schemas/rules", fix=fix)
    return results


def _run(
    connection: sa.Connection, rule: Rule, made: RuleSql, there: dict[str, set[str]], run_id: str, today: dt.date
) -> RuleResult:
    waits = sorted(dataset for dataset, fields in made.fields.items() if fields - there.get(dataset, set()))
    if waits:
        return RuleResult(rule.rule, waits_for=tuple(waits))
    with connection.begin_nested():
        # one run of a rule at a time: two could find the same, and each close what the other has just opened
        lock = "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))"
        execute(connection, lock, {"name": f"rule {rule.rule}"})
        params = {**made.params, "run": run_id, "today": today}
        # equalities tie all records; where a condition is held for rarer than it is, or a table was just loaded and
        # has no statistics, row after row against 400,000 others would take hours
        execute(connection, "SET LOCAL enable_nestloop = off")
        execute(connection, made.find[0], params, **made.find[1])
        execute(connection, "SET LOCAL enable_nestloop = on")
        execute(connection, "ANALYZE found")
        row = execute(connection, made.keep[0], params, **made.keep[1]).one()
        execute(connection, "DROP TABLE found")
    return RuleResult(rule.rule, row.found, row.opened, row.closed)
