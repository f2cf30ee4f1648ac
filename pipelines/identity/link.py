"""link: bring up to date which source row is which entity of a dataset, and which resident it names."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipelines.identity.members import link_by_key, lock_members
from pipelines.identity.people import link_by_nik, make_register
from pipelines.identity.resolve import resolve
from schemas.catalogue import Catalogue
from schemas.integration_plan import IntegrationPlan, register_plan
from store.database import Database, execute
from store.runs import moved_rows
from store.tables import TableName, ensure_hub, ensure_source, is_there, members_table, source_table, touched_table

#: members of feeds that supply the dataset no more, or were linked by other rules
DROP = """
    WITH gone AS (DELETE FROM {members} WHERE feed {which} RETURNING key)
    INSERT INTO {touched} SELECT DISTINCT key FROM gone WHERE key IS NOT NULL ON CONFLICT DO NOTHING
"""
#: each entity first: counting different keys would sort all rows by text
COUNTS = """
    SELECT feed, sum(rows)::bigint AS rows, count(key) AS entities, sum(exact)::bigint AS exact,
           sum(probabilistic)::bigint AS probabilistic, sum(steward)::bigint AS steward, sum(nobody)::bigint AS nobody
    FROM (SELECT feed, key, count(*) AS rows, count(*) FILTER (WHERE how = 'exact') AS exact,
                 count(*) FILTER (WHERE how = 'probabilistic') AS probabilistic,
                 count(*) FILTER (WHERE how = 'steward') AS steward, count(*) FILTER (WHERE how = 'none') AS nobody
          FROM {members} WHERE feed = ANY (%(feeds)s) GROUP BY feed, key) entities
    GROUP BY feed ORDER BY feed
"""


@dataclass(frozen=True)
class Standing:
    """How a feed stands: unchanged since it was linked, no row of it needs another look."""

    feed: str
    #: rows that its runs have moved so far
    moved: int
    #: digest of what decides whom its rows name: under other rules every row is looked at again
    described: str


def link(database: Database, catalogue: Catalogue, dataset: str) -> None:
    """Bring the members of a dataset up to date with what its feeds have published.

    Of the register (the plan with `register`) these are also the rows of other datasets that name a resident; of such
    another dataset the residents of its own feeds come first.
    """
    plan, register = catalogue.plan(dataset), register_plan(catalogue.plans.values())
    if register is not None and register.dataset == dataset:
        plans = [other for other in catalogue.plans.values() if other.person]
        _link_people(database, catalogue, register, plans, is_all=True)
        return
    if register is not None and plan.person is not None:
        _link_people(database, catalogue, register, [plan], is_all=False)
    with database.transaction() as connection:
        people = _begin(connection, catalogue, plan, register)
        feeds = _there(connection, catalogue, plan)
        _drop(connection, dataset, "<> ALL (%(feeds)s)", feeds)
        for feed in feeds:
            standing = _standing(connection, catalogue, plan, plan, feed)
            is_moved = _has_moved(connection, dataset, standing)
            if is_moved or people is not None:
                link_by_key(connection, catalogue.contracts[dataset], feed, plan, people)
                _note(connection, dataset, standing)


def identity_counts(connection: sa.Connection, dataset: str, feeds: list[str]) -> list[dict[str, Any]]:
    """Return for each feed its rows, and how many were linked in which way; `nobody`: rows without an entity."""
    found = execute(connection, COUNTS, {"feeds": feeds}, members=members_table(dataset).identifier)
    return [dict(row) for row in found.mappings()]


def _link_people(
    database: Database, catalogue: Catalogue, register: IntegrationPlan, plans: list[IntegrationPlan], is_all: bool
) -> None:
    """Link the rows of feeds that name residents with the register, in a transaction of its own."""
    dataset = register.dataset
    with database.transaction() as connection:
        lock_members(connection, dataset)
        ensure_hub(connection, catalogue.contracts[dataset])
        feeds = {feed: plan for plan in plans for feed in _there(connection, catalogue, plan)}
        founders = [feed for feed in register.register_ if is_there(connection, source_table(feed))]
        if is_all:
            _drop(connection, dataset, "<> ALL (%(feeds)s)", list(feeds))
            for feed in founders:
                standing = _standing(connection, catalogue, register, register, feed)
                if _has_moved(connection, dataset, standing):
                    link_by_key(connection, catalogue.contracts[dataset], feed, register, None)
                    _note(connection, dataset, standing)
        if not founders or register.person is None:
            return
        make_register(connection, dataset, founders, register.person)
        for feed, plan in feeds.items():
            if feed not in founders and plan.person is not None:
                standing = _standing(connection, catalogue, plan, register, feed)
                is_moved = _has_moved(connection, dataset, standing)
                link_by_nik(connection, dataset, feed, plan.person, plan.dataset == dataset, is_moved)
                _note(connection, dataset, standing)
        resolve(connection, dataset, {feed for feed, plan in feeds.items() if plan.dataset == dataset})


def _begin(
    connection: sa.Connection, catalogue: Catalogue, plan: IntegrationPlan, register: IntegrationPlan | None
) -> TableName | None:
    """Make the dataset's tables; return the members of the register where the dataset's rows name residents."""
    ensure_hub(connection, catalogue.contracts[plan.dataset])
    people = members_table(register.dataset) if register is not None and plan.person is not None else None
    return people if people is not None and is_there(connection, people) else None


def _there(connection: sa.Connection, catalogue: Catalogue, plan: IntegrationPlan) -> list[str]:
    """Return the plan's feeds that have published, with the fields that their contract has gained, if it was read."""
    feeds = [feed for feed in plan.sources if is_there(connection, source_table(feed))]
    contract = catalogue.contracts.get(plan.dataset)
    if contract is not None:
        for feed in feeds:
            ensure_source(connection, source_table(feed), contract)
    return feeds


def _standing(
    connection: sa.Connection, catalogue: Catalogue, plan: IntegrationPlan, register: IntegrationPlan, feed: str
) -> Standing:
    """Return how a feed of `plan` stands now that is linked with `register`, which may be the plan itself."""
    person = plan.person.named if plan.person else None
    known = register.person.named if register.person else None
    key = catalogue.contracts[register.dataset].key
    told = json.dumps([feed, key, person, known, register.register_])
    return Standing(feed, moved_rows(connection, feed), hashlib.sha256(told.encode()).hexdigest())


def _has_moved(connection: sa.Connection, dataset: str, standing: Standing) -> bool:
    """Say whether the members hold less than a feed has by now; what was linked by other rules is forgotten."""
    row = connection.execute(
        sa.text("SELECT feed, moved, described FROM control.linked WHERE dataset = :dataset AND feed = :feed"),
        {"dataset": dataset, "feed": standing.feed},
    ).one_or_none()
    known = None if row is None else Standing(*row)
    if known is not None and known.described != standing.described:
        _drop(connection, dataset, "= ANY (%(feeds)s)", [standing.feed])
    return known != standing


def _drop(connection: sa.Connection, dataset: str, which: str, feeds: list[str]) -> None:
    names = {"members": members_table(dataset).identifier, "touched": touched_table(dataset).identifier}
    execute(connection, DROP.replace("{which}", which), {"feeds": feeds}, **names)


def _note(connection: sa.Connection, dataset: str, standing: Standing) -> None:
    connection.execute(
        sa.text("""
            INSERT INTO control.linked (dataset, feed, moved, described)
            VALUES (:dataset, :feed, :moved, :described)
            ON CONFLICT (dataset, feed) DO UPDATE SET moved = excluded.moved, described = excluded.described"""),
        {"dataset": dataset, **vars(standing)},
    )
