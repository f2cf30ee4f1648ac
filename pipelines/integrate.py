"""integrate: the feeds' tables in `source` → one dataset in `hub`, with identity, provenance and change feed.

Only the entities whose rows have changed since the last release are made anew, unless plan or contract did change.
Nothing is published before the gates and the contract's checks have passed, and then in one transaction.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipelines.contradictions import check_rules
from pipelines.evidence import Sealed, release_evidence, write_evidence
from pipelines.gates import size_gates, source_gates, words
from pipelines.identity.link import identity_counts, link
from pipelines.release import Release, earlier_release, lock_dataset, publish_release
from pipelines.survivorship import published_sources, stage_release, warned
from pipelines.validate import keep_last_good, validate_release
from pipelines.validate.verdict import Gate
from pipelines.workspace import JAKARTA, Workspace
from schemas.contract import Contract
from schemas.errors import GateError
from schemas.integration_plan import IntegrationPlan, register_plan
from store.database import execute
from store.tables import (
    HUB_COLUMNS,
    TableName,
    create_staging,
    drop_staging_of,
    hub_table,
    is_there,
    members_table,
    source_table,
    staging_table,
    touched_table,
)

#: made of the members: the source rows that speak for the entities to be staged
ROWS = """
    CREATE UNLOGGED TABLE {rows} AS SELECT m.feed, m.row_key, m.key, m.person FROM {members} m
    WHERE m.key IS NOT NULL AND m.feed = ANY (%(feeds)s)
      AND (%(whole)s OR EXISTS (SELECT FROM {touched} t WHERE t.key = m.key))
"""


@dataclass(frozen=True)
class Case:
    """One dataset about to be released."""

    workspace: Workspace
    plan: IntegrationPlan
    contract: Contract
    run_id: str
    today: dt.date
    whole: bool

    @property
    def dataset(self) -> str:
        """Its name."""
        return self.plan.dataset

    @property
    def staging(self) -> TableName:
        """Where the release is prepared."""
        return staging_table(self.dataset, self.run_id)

    @property
    def rows(self) -> TableName:
        """The source rows that speak in it."""
        return staging_table(self.dataset, f"{self.run_id}/rows")

    @property
    def described(self) -> str:
        """The digest of plan and contract: under other ones every row is made anew."""
        return hashlib.sha256(f"{self.plan.model_dump_json()} {self.contract.sha256}".encode()).hexdigest()


@dataclass(frozen=True)
class Staged:
    """What was prepared: of which feeds, whether of all entities, and how the gates judged."""

    sources: list[dict[str, Any]]
    is_whole: bool
    gates: list[Gate]
    #: how the rows of each feed were linked
    identity: list[dict[str, Any]]


def integrate(
    workspace: Workspace, dataset: str, run_id: str, today: dt.date | None = None, whole: bool = False
) -> Release:
    """Make and publish a dataset from its sources; repeating a run returns the release it made.

    `today` is the city's day, by which dates lie in the future and people are of age. With `whole` every entity is
    made anew, not those alone whose rows have changed.

    Raises:
        ConfigurationError: there is no plan for the dataset.
        GateError: the release broke a gate or a check, or no source has published yet; the last release stays.

    """
    plan = workspace.catalogue.plan(dataset)
    day = today or dt.datetime.now(JAKARTA).date()
    case = Case(workspace, plan, workspace.catalogue.contracts[dataset], run_id, day, whole)
    # one integration of a dataset at a time: what was staged earlier must not replace a newer release
    with workspace.database.transaction() as guard:
        lock_dataset(guard, dataset)
        release = earlier_release(guard, dataset, run_id) or _integrate(case)
    # also for a release that was there: the run that made it may have died before this
    check_rules(workspace, dataset, run_id, day)
    return release


def _integrate(case: Case) -> Release:
    with case.workspace.database.transaction() as connection:
        sources = published_sources(connection, case.plan, case.contract)
        needed = case.plan.register_ or case.plan.sources
        if not {item["feed"] for item in sources} & set(needed):
            fix = "opdhub sync " + needed[0]
            problem = f"no source that makes rows of {case.dataset} has published yet"
            raise GateError(problem, where=case.dataset, fix=fix)
        drop_staging_of(connection, case.dataset)
    link(case.workspace.database, case.workspace.catalogue, case.dataset)
    staged = _stage(case, sources)
    results, broken = validate_release(case.workspace, case.contract, case.staging, case.today, staged.is_whole)
    failed = [words(gate, case.plan) for gate in staged.gates if not gate.passed]
    failed += [item["expectation_config"]["meta"]["message_en"] for item in results if _stops(item)]
    if failed:
        _hold(case, staged, results, failed)
        raise GateError(f"release held back: {'; '.join(failed)}", where=case.dataset)
    return _publish(case, staged, results, broken)


def _stage(case: Case, sources: list[dict[str, Any]]) -> Staged:
    """Prepare the entities that are to be made anew, and judge what they are made of."""
    feeds = [item["feed"] for item in sources]
    register = register_plan(case.workspace.catalogue.plans.values())
    with case.workspace.database.transaction() as connection:
        known = connection.execute(
            sa.text("SELECT described FROM control.integrated WHERE dataset = :dataset"), {"dataset": case.dataset}
        ).scalar_one_or_none()
        is_whole = case.whole or known != case.described
        execute(
            connection,
            ROWS,
            {"feeds": feeds, "whole": is_whole},
            rows=case.rows.identifier,
            members=members_table(case.dataset).identifier,
            touched=touched_table(case.dataset).identifier,
        )
        create_staging(connection, case.staging, case.contract, HUB_COLUMNS)
        stage_release(connection, case.staging, case.contract, case.plan, feeds, case.rows, case.today)
        execute(connection, "ANALYZE {staging}", staging=case.staging.identifier)
        # while the first feed of the register has not come, who is unknown tells nothing about the others
        is_known = register is not None and is_there(connection, source_table(register.register_[0]))
        people = register.dataset if register and is_known else None
        identity = identity_counts(connection, case.dataset, feeds)
        gates = source_gates(connection, case.plan, feeds, identity, people, _naming(case), case.today)
        gates += size_gates(connection, case.plan, _rows_to_be(connection, case, is_whole), case.run_id)
    return Staged(sources, is_whole, gates, identity)


def _naming(case: Case) -> list[str]:
    """Return the feeds whose rows tell a NIK."""
    told, person = case.workspace.catalogue.feeds(), case.plan.person
    return [feed for feed in case.plan.sources if person is not None and person.nik in told[feed].map]


def _rows_to_be(connection: sa.Connection, case: Case, is_whole: bool) -> int:
    """Return how many rows the dataset will have."""
    staged: int = execute(connection, "SELECT count(*) FROM {t}", t=case.staging.identifier).scalar_one()
    if is_whole:
        return staged
    stays = execute(
        connection,
        "SELECT count(*) FROM {hub} h WHERE NOT EXISTS (SELECT FROM {touched} t WHERE t.key = h._key)",
        hub=hub_table(case.dataset).identifier,
        touched=touched_table(case.dataset).identifier,
    ).scalar_one()
    return staged + int(stays)


def _stops(result: dict[str, Any]) -> bool:
    """Say whether a check that failed holds the whole release back; else its rows alone stay as they were."""
    return not result["success"] and result["expectation_config"]["meta"]["field"] is None


def _publish(case: Case, staged: Staged, results: list[dict[str, Any]], broken: dict[str, list[str]]) -> Release:
    """Publish with evidence and record, in one transaction."""
    with case.workspace.database.transaction() as connection:
        keys = sorted({key for found in broken.values() for key in found})
        if keys:
            keep_last_good(connection, case.staging, hub_table(case.dataset), keys)
        warnings = warned(connection, case.staging)
        touched = None if staged.is_whole else touched_table(case.dataset)
        release = publish_release(connection, case.contract, case.plan, case.staging, case.run_id, touched)
        counts = {name: getattr(release, name) for name in ("rows", "inserted", "updated", "deleted", "merged")}
        sealed = _seal(case, staged, results, {"number": release.number, **counts}, warnings, None)
        connection.execute(
            sa.text("""
                UPDATE control.release
                SET report = :report, evidence_sha256 = :evidence_sha256, report_sha256 = :report_sha256
                WHERE dataset = :dataset AND run_id = :run_id"""),
            {**vars(sealed), "dataset": case.dataset, "run_id": case.run_id},
        )
        execute(connection, "DELETE FROM {touched}", touched=touched_table(case.dataset).identifier)
        execute(connection, "DROP TABLE {rows}", rows=case.rows.identifier)
        connection.execute(
            sa.text("""
                INSERT INTO control.integrated (dataset, described) VALUES (:dataset, :described)
                ON CONFLICT (dataset) DO UPDATE SET described = excluded.described"""),
            {"dataset": case.dataset, "described": case.described},
        )
    return release


def _hold(case: Case, staged: Staged, results: list[dict[str, Any]], reasons: list[str]) -> None:
    """Record why a release was held back, with its report; the last good one stays."""
    sealed = _seal(case, staged, results, None, [], f"release held back: {'; '.join(reasons)}")
    with case.workspace.database.transaction() as connection:
        drop_staging_of(connection, case.dataset)
        connection.execute(
            sa.text("""
                INSERT INTO control.held_release
                    (dataset, run_id, reasons, report, report_sha256, evidence_sha256)
                VALUES (:dataset, :run_id, to_jsonb(CAST(:reasons AS text[])), :report, :report_sha256,
                        :evidence_sha256)
                ON CONFLICT (dataset, run_id) DO UPDATE SET held_at = clock_timestamp(), reasons = excluded.reasons,
                    report_sha256 = excluded.report_sha256, evidence_sha256 = excluded.evidence_sha256"""),
            {"dataset": case.dataset, "run_id": case.run_id, "reasons": reasons, **vars(sealed)},
        )


def _seal(
    case: Case, staged: Staged, results: list[dict[str, Any]], release: dict[str, int] | None,
    warnings: list[dict[str, Any]], error: str | None,
) -> Sealed:  # fmt: skip
    evidence = release_evidence(
        case.contract,
        case.run_id,
        release=release,
        error=error,
        results=results,
        sources=staged.sources,
        warnings=warnings,
        gates=[vars(gate) for gate in staged.gates],
        identity=staged.identity,
    )
    return write_evidence(case.workspace, f"dataset.{case.dataset}", case.run_id, evidence)
