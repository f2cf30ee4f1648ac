"""What consumers see: masked views in `pub`, one role a consumer, grants as data that end on their day."""

from __future__ import annotations

import json

import sqlalchemy as sa
from psycopg import sql

from schemas.consumer import Consumer
from schemas.contract import Contract, ContractField
from schemas.masking import IDENTIFIERS
from store.database import Database, comma, execute
from store.tables import changes_table, ensure_hub, hub_table
from store.versions import ensure_versions

VIEW = """
    CREATE OR REPLACE VIEW {view} WITH (security_barrier) AS SELECT {columns} FROM {table}
    WHERE (SELECT control.unmasked(current_user, {dataset})) IS NOT NULL
"""
#: beside the dataset its change feed, masked field by field as the dataset is; `changed` names what this reader sees
CHANGES_VIEW = """
    CREATE OR REPLACE VIEW {view} WITH (security_barrier) AS
    SELECT c.change, c.release, r.published_at AS at, c.operation, {key} AS key,
           ARRAY(SELECT f FROM unnest(c.changed) f WHERE {how}::jsonb ->> f = 'clear' OR f = ANY ({shown})) AS changed,
           control.mask_image(c.before, {shown}, {how}) AS before,
           control.mask_image(c.after, {shown}, {how}) AS after,
           {into_key} AS into_key
    FROM {changes} c LEFT JOIN control.release r ON r.dataset = {dataset} AND r.release = c.release
    WHERE {shown} IS NOT NULL
"""
#: the warnings travel with the row to its readers
WARNINGS = sql.SQL("_warnings AS peringatan")
ENSURE_ROLE = """
    DO $$ BEGIN
        CREATE ROLE {role} NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
"""


def apply_grants(database: Database, consumers: dict[str, Consumer], contracts: dict[str, Contract]) -> None:
    """Make roles, views and grants what the catalogue says; grants that it no longer names are taken away.

    Roles are made without login: the administrator gives them a password (docs/consumers.md).
    """
    with database.transaction() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(8143002)")
        for contract in contracts.values():
            ensure_hub(connection, contract)
            ensure_versions(connection, contract.dataset)
            _view(connection, contract)
            _changes_view(connection, contract)
        connection.exec_driver_sql("DELETE FROM control.consumer_grant")
        for consumer in consumers.values():
            _grant(connection, consumer)
        _revoke_unnamed(connection, {consumer.role for consumer in consumers.values()})


def _view(connection: sa.Connection, contract: Contract) -> None:
    """Make a dataset's view what the contract says; PostgreSQL replaces one only while its columns stay in place."""
    columns = [*(field.name for field in contract.fields), "peringatan"]
    known = connection.execute(
        sa.text("""
            SELECT column_name FROM information_schema.columns
            WHERE table_schema = 'pub' AND table_name = :name ORDER BY ordinal_position"""),
        {"name": contract.dataset},
    ).scalars()
    has = list(known)
    if has and has != columns:
        execute(connection, "DROP VIEW {view}", view=sql.Identifier("pub", contract.dataset))
    execute(
        connection,
        VIEW,
        view=sql.Identifier("pub", contract.dataset),
        table=hub_table(contract.dataset).identifier,
        columns=comma([*(_column(field, contract.dataset) for field in contract.fields), WARNINGS]),
        dataset=sql.Literal(contract.dataset),
    )


def _changes_view(connection: sa.Connection, contract: Contract) -> None:
    """Make the view of a dataset's change feed what the contract says; its columns never change."""
    dataset = sql.Literal(contract.dataset)
    how = {field.name: _how(field) for field in contract.fields}
    shown = sql.SQL("(SELECT control.unmasked(current_user, {}))::text[]").format(dataset)
    execute(
        connection,
        CHANGES_VIEW,
        view=sql.Identifier("pub", changes_table(contract.dataset).name),
        changes=changes_table(contract.dataset).identifier,
        dataset=dataset,
        shown=shown,
        how=sql.Literal(json.dumps(how)),
        key=_masked_key(contract, "key", shown),
        into_key=_masked_key(contract, "into_key", shown),
    )


def _masked_key(contract: Contract, column: str, shown: sql.Composable) -> sql.Composable:
    """Return a key, masked while one of its fields is: as its only field, or as a whole."""
    name = sql.Identifier("c", column)
    personal = [field for field in map(contract.field, contract.key) if field and field.personal]
    if not personal:
        return name
    # the first letter of a compound key may be a whole code
    masked = _masked(personal[0], name) if len(contract.key) == 1 else sql.SQL("left({}, 0) || '***'").format(name)
    return sql.SQL("CASE WHEN {names}::text[] <@ {shown} THEN {name} ELSE {masked} END").format(
        names=sql.Literal([field.name for field in personal]), shown=shown, name=name, masked=masked
    )


def _how(field: ContractField) -> str:
    """Return how a field looks to those to whom it is not shown: clear, id, text or null."""
    if not field.personal:
        return "clear"
    if field.type.postgres != "text":
        return "null"
    return "id" if field.type.name in IDENTIFIERS else "text"


def _masked(field: ContractField, value: sql.Composable) -> sql.Composable:
    how = _how(field)
    return sql.SQL("NULL") if how == "null" else sql.SQL(f"control.mask_{how}({{}})").format(value)


def _column(field: ContractField, dataset: str) -> sql.Composable:
    name = sql.Identifier(field.name)
    if not field.personal:
        return name
    return sql.SQL(
        "CASE WHEN {field} = ANY((SELECT control.unmasked(current_user, {dataset}))::text[]) "
        "THEN {name} ELSE {masked} END AS {name}"
    ).format(field=sql.Literal(field.name), dataset=sql.Literal(dataset), name=name, masked=_masked(field, name))


def _grant(connection: sa.Connection, consumer: Consumer) -> None:
    role = sql.Identifier(consumer.role)
    execute(connection, ENSURE_ROLE, role=role)
    execute(connection, "REVOKE ALL ON ALL TABLES IN SCHEMA pub FROM {role}", role=role)
    execute(connection, "GRANT USAGE ON SCHEMA pub TO {role}", role=role)
    database: str = connection.execute(sa.text("SELECT current_database()")).scalar_one()
    execute(connection, "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC", database=database)
    execute(connection, "GRANT CONNECT ON DATABASE {database} TO {role}", database=database, role=role)
    for grant in consumer.grants:
        for name in (grant.dataset, changes_table(grant.dataset).name):
            execute(connection, "GRANT SELECT ON {view} TO {role}", view=sql.Identifier("pub", name), role=role)
        connection.execute(
            sa.text("""
                INSERT INTO control.consumer_grant (role, dataset, unmasked, purpose, valid_until)
                VALUES (:role, :dataset, :unmasked, :purpose, :until)"""),
            {
                "role": consumer.role,
                "dataset": grant.dataset,
                "unmasked": grant.unmasked,
                "purpose": consumer.purpose,
                "until": consumer.until,
            },
        )


def _revoke_unnamed(connection: sa.Connection, named: set[str]) -> None:
    roles = connection.execute(sa.text("SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'opd_')")).scalars()
    for role in sorted(set(roles) - named):
        execute(connection, "REVOKE ALL ON ALL TABLES IN SCHEMA pub FROM {role}", role=role)
