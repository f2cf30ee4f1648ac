"""Which value of which source survives: the feeds' rows of one key become one staged row.

Within a feed one row speaks for a key, never a blend of two: the one with the fewest warnings, then the first
by the source's key. Between feeds each field takes the value of the first source, in the plan's order of
authority, that has one.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from psycopg import sql

from schemas.contract import Contract
from schemas.integration_plan import IntegrationPlan
from store.database import comma, execute, identifiers
from store.tables import TableName, ensure_source, source_table

ROWS_OF_FEED = """
    SELECT DISTINCT ON ({key}) {rank} AS _rank, {feed} AS _feed, _key AS _row_key, _warnings, {fields} FROM {table}
    ORDER BY {key}, length(coalesce(_warnings, '')), _key
"""
MERGED = """
    INSERT INTO {staging} (_key, _hash, _provenance, _warnings, {fields})
    SELECT _key, md5(ROW({fields})::text), _provenance, _warnings, {fields} FROM (
        SELECT {key} AS _key, {values}, jsonb_strip_nulls(jsonb_build_object({origins})) AS _provenance,
               string_agg(_feed || ':' || replace(_warnings, '|', '|' || _feed || ':'), '|' ORDER BY _rank) AS _warnings
        FROM ({union}) sources GROUP BY {key}) merged
"""


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
    connection: sa.Connection, staging: TableName, contract: Contract, plan: IntegrationPlan, feeds: list[str]
) -> None:
    """Merge the sources into a staged release: per key and field the strongest value, and who gave it."""
    fields = [field.name for field in contract.fields]
    key = _key(contract.key)
    union = sql.SQL(" UNION ALL ").join(
        sql.SQL("({})").format(
            sql.SQL(ROWS_OF_FEED).format(
                key=key,
                rank=sql.Literal(rank),
                feed=sql.Literal(feed),
                fields=identifiers(fields),
                table=source_table(feed).identifier,
            )
        )
        for rank, feed in enumerate(feeds)
    )
    values: list[sql.Composable] = []
    origins: list[sql.Composable] = []
    for name in fields:
        order, allowed = _authority(plan, name, feeds)
        template = "(array_agg({what} ORDER BY {order}) FILTER (WHERE {name} IS NOT NULL AND {allowed}))[1]"
        parts = {"order": order, "allowed": allowed, "name": sql.Identifier(name)}
        values.append(sql.SQL(template + " AS {name}").format(what=sql.Identifier(name), **parts))
        origin = sql.SQL("jsonb_build_array(_feed, _row_key)")
        origins += [sql.Literal(name), sql.SQL(template).format(what=origin, **parts)]
    execute(
        connection,
        MERGED,
        staging=staging.identifier,
        fields=identifiers(fields),
        key=key,
        values=comma(values),
        origins=comma(origins),
        union=union,
    )


def warned(connection: sa.Connection, staging: TableName) -> list[dict[str, Any]]:
    """Return which warnings the rows of a staged release carry, and how many rows each."""
    statement = """
        SELECT warning, count(*) AS rows FROM {staging}, unnest(string_to_array(_warnings, '|')) AS warning
        GROUP BY warning ORDER BY count(*) DESC, warning"""
    return [dict(row) for row in execute(connection, statement, staging=staging.identifier).mappings()]


def _key(names: list[str]) -> sql.Composable:
    """Return the key as one text, as `pipelines.standardize.source_keys` writes a source's."""
    if len(names) == 1:
        return sql.SQL("{}::text").format(sql.Identifier(names[0]))
    escaped = sql.SQL(r"regexp_replace({}::text, '([\\|])', '\\\1', 'g')")
    return sql.SQL("concat_ws('|', {})").format(comma([escaped.format(sql.Identifier(name)) for name in names]))


def _authority(plan: IntegrationPlan, field: str, feeds: list[str]) -> tuple[sql.Composable, sql.Composable]:
    """Return the ORDER BY and the filter that put a field's sources in their order."""
    order = plan.fields.get(field)
    if order is None:
        return sql.SQL("_rank"), sql.SQL("true")
    ranks = [sql.Literal(feed) for feed in order]
    array = sql.SQL("ARRAY[{}]").format(comma(list(ranks)))
    return sql.SQL("array_position({}, _feed)").format(array), sql.SQL("_feed = ANY({})").format(array)
