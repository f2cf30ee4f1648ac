"""Tables made from contracts: one per feed in `source`, one per dataset in `hub`, and their staging."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import sqlalchemy as sa
from psycopg import sql

from schemas.contract import Contract
from schemas.errors import GateError
from store.database import comma, execute, identifiers, run_lock_name

#: what the hub knows of a source row besides its fields: key and number in the landing, content hash,
#: warnings that travel with it, what the source wrote where that differs from the published value (JSON, source
#: column → text), and the run that last changed it
SOURCE_COLUMNS = {"_key": "text", "_hash": "text", "_row": "bigint", "_warnings": "text", "_original": "text"}
#: what it knows of an integrated row: key, content hash, which feed and row supplied each field, and the
#: warnings that its rows carry, each as feed:field:rule
HUB_COLUMNS = {"_key": "text", "_hash": "text", "_provenance": "jsonb", "_warnings": "text"}
#: of a name, in PostgreSQL
NAME_BYTES = 63


@dataclass(frozen=True)
class TableName:
    """A table by schema and name."""

    schema: str
    name: str

    @property
    def identifier(self) -> sql.Identifier:
        """The quoted, qualified name."""
        return sql.Identifier(self.schema, self.name)


def source_table(feed: str) -> TableName:
    """Return the table of a feed `<opd>.<app>.<feed>`: `source.<opd>__<app>__<feed>`.

    A longer name than PostgreSQL keeps ends in a digest, or two feeds would share a table.
    """
    name = feed.replace(".", "__")
    return TableName("source", name if len(name.encode()) <= NAME_BYTES else f"{name[:46]}_{_digest(feed)}")


def staging_table(name: str, run_id: str) -> TableName:
    """Return where one run prepares a table: readable, lower-case, unique, within PostgreSQL's 63 bytes."""
    return TableName("staging", f"{name.replace('.', '__').lower()[:46]}_{_digest(f'{name}/{run_id}')}")


def drop_stale_staging(connection: sa.Connection, feed: str, run_id: str) -> None:
    """Drop what earlier runs of a feed left: once this run is published, they cannot be any more."""
    earlier = (
        connection.execute(
            sa.text("""
            SELECT run_id FROM control.feed_run WHERE feed = :feed AND run_id <> :run_id AND started_at <
                (SELECT started_at FROM control.feed_run WHERE feed = :feed AND run_id = :run_id)"""),
            {"feed": feed, "run_id": run_id},
        )
        .scalars()
        .all()
    )
    free = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    for run in earlier:
        name = staging_table(feed, run).name
        if name in _staged(connection) and connection.execute(free, {"name": run_lock_name(feed, run)}).scalar_one():
            _drop_staging(connection, {name})


def is_there(connection: sa.Connection, table: TableName) -> bool:
    """Say whether a table is there."""
    return sa.inspect(connection).has_table(table.name, table.schema)


def drop_staging(connection: sa.Connection, feed: str, run_id: str) -> None:
    """Drop what a run staged, if it is there."""
    _drop_staging(connection, {staging_table(feed, run_id).name})


def drop_staging_of(connection: sa.Connection, dataset: str) -> None:
    """Drop what killed integrations of a dataset left; the caller holds the dataset's lock."""
    pattern = re.compile(re.escape(dataset) + r"_[0-9a-f]{16}")
    _drop_staging(connection, {name for name in _staged(connection) if pattern.fullmatch(name)})


def _drop_staging(connection: sa.Connection, names: set[str]) -> None:
    for name in sorted(names & _staged(connection)):
        execute(connection, "DROP TABLE {table}", table=TableName("staging", name).identifier)


def _staged(connection: sa.Connection) -> set[str]:
    return set(connection.execute(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'")).scalars())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def hub_table(dataset: str) -> TableName:
    """Return the table of an integrated dataset."""
    return TableName("hub", dataset)


def changes_table(dataset: str) -> TableName:
    """Return the change feed of an integrated dataset."""
    return TableName("hub", f"{dataset}_changes")


def history_table(dataset: str) -> TableName:
    """Return the ended versions of a dataset's rows: `_release` made one, `_until` ended it."""
    return TableName("hub", f"{dataset}_history")


def members_table(dataset: str) -> TableName:
    """Return which source row is which entity of a dataset, and why."""
    return TableName("hub", f"{dataset}_members")


def touched_table(dataset: str) -> TableName:
    """Return the entities whose source rows have changed since the last release."""
    return TableName("hub", f"{dataset}_touched")


def ensure_source(connection: sa.Connection, table: TableName, contract: Contract) -> None:
    """Create a feed's table, or add the fields that its contract has gained."""
    _ensure(connection, table, contract, {**SOURCE_COLUMNS, "_run": "text"})


def ensure_hub(connection: sa.Connection, contract: Contract) -> None:
    """Create a dataset's table and change feed, or add the fields that its contract has gained."""
    _ensure(connection, hub_table(contract.dataset), contract, {**HUB_COLUMNS, "_release": "bigint"})
    execute(
        connection,
        """CREATE TABLE IF NOT EXISTS {table} (
            change bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            release bigint NOT NULL,
            operation text NOT NULL CONSTRAINT {check} CHECK (operation IN ('insert', 'update', 'delete', 'merge')),
            key text NOT NULL,
            changed text[] NOT NULL,
            before jsonb,
            after jsonb,
            into_key text)""",
        table=changes_table(contract.dataset).identifier,
        check=f"{contract.dataset}_changes_operation_check",
    )
    _ensure_history(connection, contract)
    _ensure_members(connection, contract.dataset)


def _ensure_history(connection: sa.Connection, contract: Contract) -> None:
    table = history_table(contract.dataset)
    extra = {**HUB_COLUMNS, "_release": "bigint", "_until": "bigint"}
    _ensure(connection, table, contract, extra, key=("_key", "_until"))


def _ensure_members(connection: sa.Connection, dataset: str) -> None:
    execute(
        connection,
        """CREATE TABLE IF NOT EXISTS {table} (
            feed text NOT NULL,
            row_key text NOT NULL,
            -- content of the source row when this was decided
            row_hash text NOT NULL,
            -- the entity, or NULL while it is nobody's
            key text,
            -- the resident whom the row names, where the dataset's rows name one
            person text,
            how text NOT NULL CHECK (how IN ('exact', 'probabilistic', 'steward', 'none')),
            score real,
            reason text,
            -- the likeliest entity where nobody has decided
            candidate text,
            decided_by text NOT NULL,
            decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (feed, row_key));
        CREATE INDEX IF NOT EXISTS {index} ON {table} (key);
        CREATE INDEX IF NOT EXISTS {open} ON {table} (feed) WHERE how = 'none' OR row_hash = '';
        CREATE TABLE IF NOT EXISTS {touched} (key text PRIMARY KEY)""",
        table=members_table(dataset).identifier,
        index=f"{dataset}_members_key",
        open=f"{dataset}_members_open",
        touched=touched_table(dataset).identifier,
    )


def count_source(connection: sa.Connection, feed: str) -> int:
    """Return the published rows of a feed; 0 before its first run."""
    table = source_table(feed)
    if not is_there(connection, table):
        return 0
    return int(execute(connection, "SELECT count(*) FROM {table}", table=table.identifier).scalar_one())


def create_staging(connection: sa.Connection, table: TableName, contract: Contract, extra: dict[str, str]) -> None:
    """Make an empty staging table; what a killed run left under the name goes."""
    execute(connection, "DROP TABLE IF EXISTS {table}", table=table.identifier)
    execute(
        connection,
        "CREATE UNLOGGED TABLE {table} ({columns})",
        table=table.identifier,
        columns=_columns(contract, extra),
    )


def _columns(contract: Contract, extra: dict[str, str]) -> sql.Composed:
    types = {**extra, **{item.name: item.type.postgres for item in contract.fields}}
    return comma([sql.Identifier(name) + sql.SQL(f" {kind}") for name, kind in types.items()])


def _ensure(
    connection: sa.Connection,
    table: TableName,
    contract: Contract,
    extra: dict[str, str],
    key: tuple[str, ...] = ("_key",),
) -> None:
    execute(
        connection,
        "CREATE TABLE IF NOT EXISTS {table} ({columns}, PRIMARY KEY ({key}))",
        table=table.identifier,
        columns=_columns(contract, extra),
        key=identifiers(list(key)),
    )
    known = {
        row.column_name: row.data_type
        for row in connection.execute(
            sa.text(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = :schema AND table_name = :name"
            ),
            {"schema": table.schema, "name": table.name},
        )
    }
    wanted = {**extra, **{item.name: item.type.postgres for item in contract.fields}}
    for name, kind in wanted.items():
        if name not in known:
            execute(
                connection,
                "ALTER TABLE {table} ADD COLUMN {name} {kind}",
                table=table.identifier,
                name=name,
                kind=sql.SQL(kind),
            )
        elif known[name] != kind:
            raise GateError(
                f"column {name} is {known[name]}, the contract says {kind}",
                where=f"{table.schema}.{table.name}",
                fix="a changed type needs a new field, or a migration of the table",
            )
