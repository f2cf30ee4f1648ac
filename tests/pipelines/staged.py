"""A dataset whose releases a test stages itself, row by row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from pipelines.release import Release, publish_release
from schemas.catalogue import Catalogue
from schemas.contract import Contract
from schemas.integration_plan import IntegrationPlan
from store.database import Database, execute, identifiers
from store.tables import HUB_COLUMNS, create_staging, ensure_hub, hub_table, staging_table, touched_table
from tests.workspaces import Row, query

#: residents by key: their fields, as far as they are known
Rows = Mapping[str, Mapping[str, Any]]


def key(number: int) -> str:
    """Return the NIK of an invented resident."""
    return f"357401{number:010d}"


@dataclass
class Staged:
    """Publishes releases of a dataset; the telephone number is volatile."""

    database: Database
    contract: Contract
    plan: IntegrationPlan
    runs: int = 0
    provenance: str = "o.a.f"
    warnings: dict[str, str] = field(default_factory=dict)

    def publish(self, rows: Rows, touched: Iterable[str] | None = None) -> Release:
        """Publish the whole dataset, or of `touched` entities those in `rows`, under the dataset's lock."""
        with self.database.transaction() as connection:
            return self.within(connection, rows, touched)

    def within(self, connection: sa.Connection, rows: Rows, touched: Iterable[str] | None = None) -> Release:
        """Publish in a transaction of the test's own."""
        self.runs += 1
        dataset, run = self.contract.dataset, f"r{self.runs}"
        lock = sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))")
        connection.execute(lock, {"name": f"hub.{dataset}"})
        ensure_hub(connection, self.contract)
        staging = staging_table(dataset, run)
        create_staging(connection, staging, self.contract, HUB_COLUMNS)
        staged = [self._row(name, rows[name]) for name in rows]
        if staged:
            names = list(staged[0])
            values = sql.SQL(", ").join(sql.Placeholder(name) for name in names)
            text = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(staging.identifier, identifiers(names), values)
            connection.exec_driver_sql(text.as_string(None), staged)
        table = None
        if touched is not None:
            table = touched_table(dataset)
            execute(connection, "DELETE FROM {t}", t=table.identifier)
            insert = "INSERT INTO {t} SELECT unnest(%(keys)s::text[])"
            execute(connection, insert, {"keys": list(touched)}, t=table.identifier)
        return publish_release(connection, self.contract, self.plan, staging, run, table)

    def _row(self, name: str, values: Mapping[str, Any]) -> Row:
        (own,) = self.contract.key[:1]
        row = {item.name: values.get(item.name) for item in self.contract.fields} | {own: name}
        hashed = {item: value for item, value in row.items() if item not in self.plan.volatile}
        return {
            "_key": name,
            "_hash": hashlib.md5(json.dumps(hashed, default=str).encode(), usedforsecurity=False).hexdigest(),
            "_provenance": json.dumps({own: [self.provenance, name]}),
            "_warnings": self.warnings.get(name),
            **row,
        }

    def rows(self, table: str = "") -> dict[str, Row]:
        """Return the dataset by key, without what only the hub knows."""
        found = query(
            self.database, f"SELECT * FROM {table or hub_table(self.contract.dataset).identifier.as_string()}"
        )
        return {row["_key"]: {k: v for k, v in row.items() if not k.startswith("_")} for row in found}

    def changes(self, release: int = 0) -> list[Row]:
        """Return the change feed, or of it what one release added."""
        where = f"WHERE release = {release}" if release else ""
        return query(self.database, f"SELECT * FROM hub.{self.contract.dataset}_changes {where} ORDER BY change")

    def versions(self, name: str) -> list[Row]:
        """Return the versions of a row, the oldest first."""
        table = f"hub.{self.contract.dataset}_versions"
        return query(self.database, f"SELECT * FROM {table} WHERE _key = '{name}' ORDER BY _release")

    def merge(self, gone: int, into: int) -> None:
        """Note a steward's decision that two residents are one."""
        with self.database.transaction() as connection:
            connection.execute(
                sa.text("""
                    INSERT INTO control.identity_decision (dataset, kind, key, into_key, why, decided_by)
                    VALUES (:dataset, 'merge', :gone, :into, 'orang yang sama', 'ana')"""),
                {"dataset": self.contract.dataset, "gone": key(gone), "into": key(into)},
            )

    def undo(self, gone: int) -> None:
        """End such a decision."""
        with self.database.transaction() as connection:
            statement = "UPDATE control.identity_decision SET ended_at = now(), ended_by = 'ana' WHERE key = :key"
            connection.execute(sa.text(statement), {"key": key(gone)})


def staged(database: Database, catalogue: Catalogue, dataset: str = "penduduk") -> Staged:
    """Return a dataset without a release."""
    volatile = ["telepon"] if dataset == "penduduk" else []
    plan = IntegrationPlan(dataset=dataset, sources=["o.a.f"], volatile=volatile)
    return Staged(database, catalogue.contracts[dataset], plan)


def people(*numbers: int, **fields: Any) -> dict[str, Row]:
    """Return residents, each with the fields."""
    return {key(number): {"nama_lengkap": f"Warga {number}", "alamat": "Jalan Mawar 1"} | fields for number in numbers}
