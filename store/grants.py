"""What consumers see: masked views in `pub`, one role a consumer, grants as data that end on their day."""

from __future__ import annotations

import sqlalchemy as sa
from psycopg import sql

from schemas.consumer import Consumer
from schemas.contract import Contract, ContractField
from schemas.masking import IDENTIFIERS
from store.database import Database, comma, execute
from store.tables import ensure_hub, hub_table

VIEW = """
    CREATE OR REPLACE VIEW {view} WITH (security_barrier) AS SELECT {columns} FROM {table}
    WHERE (SELECT control.unmasked(current_user, {dataset})) IS NOT NULL
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
            _view(connection, contract)
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


def _column(field: ContractField, dataset: str) -> sql.Composable:
    name = sql.Identifier(field.name)
    if not field.personal:
        return name
    if field.type.postgres != "text":
        masked: sql.Composable = sql.SQL("NULL")
    else:
        function = "control.mask_id" if field.type.name in IDENTIFIERS else "control.mask_text"
        masked = sql.SQL(function + "({})").format(name)
    return sql.SQL(
        "CASE WHEN {field} = ANY((SELECT control.unmasked(current_user, {dataset}))::text[]) "
        "THEN {name} ELSE {masked} END AS {name}"
    ).format(field=sql.Literal(field.name), dataset=sql.Literal(dataset), name=name, masked=masked)


def _grant(connection: sa.Connection, consumer: Consumer) -> None:
    role = sql.Identifier(consumer.role)
    execute(connection, ENSURE_ROLE, role=role)
    execute(connection, "REVOKE ALL ON ALL TABLES IN SCHEMA pub FROM {role}", role=role)
    execute(connection, "GRANT USAGE ON SCHEMA pub TO {role}", role=role)
    database: str = connection.execute(sa.text("SELECT current_database()")).scalar_one()
    execute(connection, "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC", database=database)
    execute(connection, "GRANT CONNECT ON DATABASE {database} TO {role}", database=database, role=role)
    for grant in consumer.grants:
        execute(connection, "GRANT SELECT ON {view} TO {role}", view=sql.Identifier("pub", grant.dataset), role=role)
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
