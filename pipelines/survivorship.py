"""Which value of which source survives: the source rows of one entity become one staged row.

Of a feed one row speaks for an entity, never a blend of two: the one that writes the entity's own key, then the one
with the fewest warnings, then the first by the source's key (docs/adr/0009). Between feeds the plan decides field by
field (docs/authority.md): the first source of the field's order has the last word; where it has no value, the next
one, the newest, or what most of them say.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from pipelines.last_word import LastWord, last_word
from pipelines.workspace import JAKARTA
from schemas.contract import Contract, ContractField
from schemas.integration_plan import FieldAuthority, IntegrationPlan
from store.database import comma, execute, identifiers
from store.tables import TableName, ensure_source, source_table

#: the rows of a feed that speak; what only the winners need is made after the sort, which so stays narrow
SPEAKING = """
    LEFT JOIN (
        SELECT _key, _day, _seen, {fields}, '[' || {json} || ',' || to_json(_row_key)::text || ']' AS _origin,
               {prefix} || replace(nullif(_warnings, ''), '|', '|' || {prefix}) AS _warnings
        FROM (
            SELECT DISTINCT ON (r.key) r.key AS _key, s._key AS _row_key, s._warnings,
                   {day} AS _day, {seen} AS _seen, {values}
            FROM {rows} r JOIN {table} s ON s._key = r.row_key {runs}
            WHERE r.feed = {feed}
            ORDER BY r.key, {own_key_first} cardinality(string_to_array(coalesce(s._warnings, ''), '|')), s._key) best
    ) {alias} ON {alias}._key = entity._key"""
#: provenance is put together as text: building it as jsonb, pair by pair, takes three times as long
STAGE = """
    INSERT INTO {staging} (_key, _hash, _provenance, _warnings, {fields})
    SELECT _key, md5(ROW({news})::text), _provenance::jsonb, nullif(_warnings, ''), {fields}
    FROM (SELECT entity._key, {values}, '{{' || concat_ws(',', {origins}) || '}}' AS _provenance,
                 concat_ws('|', {warnings}) AS _warnings
          FROM (SELECT key AS _key FROM {rows} GROUP BY key) entity {speaking} {choices} OFFSET 0) merged"""


def published_sources(connection: sa.Connection, plan: IntegrationPlan, contract: Contract) -> list[dict[str, Any]]:
    """Return the plan's feeds that have a table, in order: rows, and run and evidence of what is published.

    Adds the fields that the contract has gained to their tables.
    """
    newest = sa.text("""
        SELECT run_id, evidence_sha256 FROM control.feed_run
        WHERE feed = :feed AND state = 'published' ORDER BY extracted_at DESC LIMIT 1""")
    found = []
    for feed in plan.sources:
        table = source_table(feed)
        name = f'{table.schema}."{table.name}"'
        if connection.execute(sa.text("SELECT to_regclass(:name)"), {"name": name}).scalar_one() is not None:
            ensure_source(connection, table, contract)
            rows = execute(connection, "SELECT count(*) FROM {table}", table=table.identifier).scalar_one()
            run = connection.execute(newest, {"feed": feed}).mappings().one_or_none()
            found.append({"feed": feed, "rows": rows, **(run or {"run_id": None, "evidence_sha256": None})})
    return found


def stage_release(
    connection: sa.Connection,
    staging: TableName,
    contract: Contract,
    plan: IntegrationPlan,
    feeds: list[str],
    rows: TableName,
    today: dt.date | None = None,
) -> None:
    """Fill `staging` with one row per entity of `rows`: per field the value that survives, and who gave it.

    `rows` (feed, row_key, key, person) holds exactly the source rows that speak for the entities to be staged; `feeds`
    are those of the plan that have a table. Fields of the key are the entity's: the key itself where it is one field.
    The field by which a row names a resident holds `person` where that is known, whatever the source wrote.
    A row's own date after `today`, the city's unless given, does not make it the newest.
    """
    # a load just before has left no statistics, and a join planned for a handful of rows never ends
    execute(connection, "ANALYZE {rows}", rows=rows.identifier)
    day = today or dt.datetime.now(JAKARTA).date()
    names = [field.name for field in contract.fields]
    words = {field.name: last_word(field, _authority(plan, contract, field.name), feeds) for field in contract.fields}
    execute(
        connection,
        STAGE,
        staging=staging.identifier,
        fields=identifiers(names),
        news=identifiers([name for name in names if name not in plan.volatile]),
        values=comma([sql.SQL("{} AS {}").format(word.value, sql.Identifier(n)) for n, word in words.items()]),
        origins=comma([sql.SQL("{} || {}").format(sql.Literal(f'"{n}":'), w.origin) for n, w in words.items()]),
        warnings=comma([sql.Identifier(f"s{n}", "_warnings") for n in range(len(feeds))]),
        rows=rows.identifier,
        speaking=sql.SQL(" ").join(_speaking(n, feed, contract, plan, rows, day) for n, feed in enumerate(feeds)),
        choices=_choices(words),
    )


def warned(connection: sa.Connection, staging: TableName) -> list[dict[str, Any]]:
    """Return which warnings the rows of a staged release carry, and how many rows each."""
    statement = """
        SELECT warning, count(*) AS rows FROM {staging}, unnest(string_to_array(_warnings, '|')) AS warning
        GROUP BY warning ORDER BY count(*) DESC, warning"""
    return [dict(row) for row in execute(connection, statement, staging=staging.identifier).mappings()]


def _authority(plan: IntegrationPlan, contract: Contract, field: str) -> FieldAuthority:
    """Return a field's order; the fields of a key are one row's, so that no key of two rows arises."""
    return FieldAuthority(sources=plan.sources) if field in contract.key else plan.authority(field)


def _speaking(
    number: int, feed: str, contract: Contract, plan: IntegrationPlan, rows: TableName, today: dt.date
) -> sql.Composable:
    """Return the join of one feed's speaking rows, as `s<number>`."""
    is_dated = any(plan.authority(field.name).silent == "recent" for field in contract.fields)
    day: sql.Composable = sql.SQL("NULL::date")
    if is_dated and plan.time:
        day = sql.SQL("CASE WHEN s.{time} <= {today} THEN s.{time} END").format(
            time=sql.Identifier(plan.time), today=sql.Literal(today)
        )
    runs = "LEFT JOIN control.feed_run run ON run.run_id = s._run AND run.feed = {}" if is_dated else ""
    return sql.SQL(SPEAKING).format(
        fields=identifiers([field.name for field in contract.fields]),
        json=sql.Literal(json.dumps(feed)),
        prefix=sql.Literal(f"{feed}:"),
        day=day,
        seen=sql.SQL("run.extracted_at" if is_dated else "NULL::timestamptz"),
        values=comma([_own(field, contract, plan) for field in contract.fields]),
        rows=rows.identifier,
        table=source_table(feed).identifier,
        runs=sql.SQL(runs).format(sql.Literal(feed)),
        feed=sql.Literal(feed),
        alias=sql.Identifier(f"s{number}"),
        own_key_first=_own_key_first(contract),
    )


def _own_key_first(contract: Contract) -> sql.Composable:
    """Return the order that puts a row behind others when it was merged, or found by likeness: its key is another."""
    if len(contract.key) > 1:
        return sql.SQL("")
    return sql.SQL("s.{}::text IS DISTINCT FROM r.key,").format(sql.Identifier(contract.key[0]))


def _own(field: ContractField, contract: Contract, plan: IntegrationPlan) -> sql.Composable:
    """Return what a row says of a field, once it is known whose row it is."""
    name = sql.Identifier(field.name)
    if contract.key == [field.name]:
        return sql.SQL("r.key::{kind} AS {name}").format(kind=sql.SQL(field.type.postgres), name=name)
    if plan.person is not None and plan.person.nik == field.name:
        return sql.SQL("coalesce(r.person, s.{name}) AS {name}").format(name=name)
    return sql.SQL("s.{name}").format(name=name)


def _choices(words: dict[str, LastWord]) -> sql.Composable:
    """Return the join that makes each choice once per entity; OFFSET 0 keeps it from being pulled up and repeated."""
    made = [
        sql.SQL("{} AS {}").format(word.choice, sql.Identifier(name)) for name, word in words.items() if word.choice
    ]
    return sql.SQL("CROSS JOIN LATERAL (SELECT {} OFFSET 0) chosen").format(comma([*made])) if made else sql.SQL("")
