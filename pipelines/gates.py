"""The gates of a release: when one is broken the release is held back and the last good one stays."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from pipelines.identity.link import identity_counts
from pipelines.merge import allowed_deletions
from pipelines.validate.verdict import Gate
from schemas.integration_plan import IntegrationPlan
from store.database import execute
from store.drift import use_approval
from store.tables import hub_table, members_table, source_table

#: entities of which several rows of one feed say different things
CONTRADICTED = """
    SELECT count(*) FILTER (WHERE least <> most) AS contradicted, count(*) AS entities FROM (
        SELECT key, min(row_hash) AS least, max(row_hash) AS most FROM {members}
        WHERE feed = %(feed)s AND key IS NOT NULL GROUP BY key) entities
"""
FUTURE = "SELECT count(*) FILTER (WHERE {time} > %(today)s) AS future, count(*) AS rows FROM {source}"


def source_gates(
    connection: sa.Connection,
    plan: IntegrationPlan,
    feeds: list[str],
    identity: list[dict[str, Any]],
    people: str | None,
    naming: list[str],
    today: dt.date,
) -> list[Gate]:
    """Judge what the feeds sent: keys that many rows share, people that nobody knows, an authority of two minds.

    `identity` counts how the rows of the feeds were linked. `people` is the dataset whose members say which residents
    the rows name, `naming` the feeds that tell a NIK.
    """
    bounds, gates = plan.gates, []
    for count in identity:
        keyed = count["rows"] - count["nobody"]
        shared = _share(keyed - count["entities"], count["rows"])
        gates.append(_gate(f"{count['feed']}: max_shared_pct", bounds.max_shared_pct, shared))
    for count in _named(connection, plan, identity, people, naming):
        unknown = _share(count["probabilistic"] + count["nobody"], count["rows"])
        gates.append(_gate(f"{count['feed']}: max_unidentified_pct", bounds.max_unidentified_pct, unknown))
    first = next(feed for feed in plan.sources if feed in feeds)
    told = execute(connection, CONTRADICTED, {"feed": first}, members=members_table(plan.dataset).identifier).one()
    contradicted = _share(told.contradicted, told.entities)
    gates.append(_gate(f"{first}: max_contradiction_pct", bounds.max_contradiction_pct, contradicted))
    if plan.time is not None:
        for feed in feeds:
            names = {"time": sql.Identifier(plan.time), "source": source_table(feed).identifier}
            seen = execute(connection, FUTURE, {"today": today}, **names).one()
            gates.append(_gate(f"{feed}: max_future_pct", bounds.max_future_pct, _share(seen.future, seen.rows)))
    return gates


def _named(
    connection: sa.Connection,
    plan: IntegrationPlan,
    identity: list[dict[str, Any]],
    people: str | None,
    naming: list[str],
) -> list[dict[str, Any]]:
    """Return how the rows of the feeds that tell a NIK were linked with residents."""
    if people is None or not naming:
        return []
    if people == plan.dataset:
        return [count for count in identity if count["feed"] in naming]
    return identity_counts(connection, people, naming)


def size_gates(connection: sa.Connection, plan: IntegrationPlan, rows: int, run_id: str) -> list[Gate]:
    """Judge whether the release of so many rows is empty, or too much smaller than the last; an approval is used up."""
    before = execute(connection, "SELECT count(*) FROM {t}", t=hub_table(plan.dataset).identifier).scalar_one()
    gone = max(0, before - rows)
    allowed = allowed_deletions(before, plan.gates.max_shrink_pct)
    passed = gone <= allowed or use_approval(connection, f"dataset.{plan.dataset}", gone, run_id)
    shrunk = Gate("max_shrink_pct", plan.gates.max_shrink_pct, _share(gone, before), passed)
    return [Gate("min_rows", 1, rows, rows >= 1), shrunk]


def words(gate: Gate, plan: IntegrationPlan) -> str:
    """Say which gate is broken, and what to do."""
    said = f"{gate.id} is {gate.value:g}, the limit {gate.limit:g}"
    if gate.id == "max_shrink_pct":
        said += f"; if it is right: opdhub drift deletions dataset.{plan.dataset} ROWS --why '…'"
    return said


def _gate(name: str, limit: float, value: float) -> Gate:
    return Gate(name, limit, value, value <= limit)


def _share(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
