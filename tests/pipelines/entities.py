"""Source rows, their entities and a plan, staged for real; and the same decided by a slow, simple model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.survivorship import stage_release
from schemas.contract import Contract, ContractField
from schemas.integration_plan import FieldAuthority, IntegrationPlan
from schemas.types.registry import TYPES
from store.database import Database, execute
from store.tables import HUB_COLUMNS, TableName, create_staging, ensure_source, source_table
from tests.workspaces import table_rows

FEEDS = ["o.satu.x", "o.dua.x", "o.tiga.x", "o.empat.x", "o.lima.x"]
TODAY = dt.date(2026, 6, 15)
#: when each run read its source; of the last one it is not known
RUNS = {f"r{n}": dt.datetime(2026, 6, n, tzinfo=dt.UTC) for n in (1, 2, 3)} | {"r4": None}
KINDS = {
    "kode": "text", "nik": "nik", "nama": "text", "jumlah": "integer", "ukuran": "decimal", "tanggal": "date",
    "aktif": "boolean",
}  # fmt: skip
STAGING, ROWS = TableName("staging", "uji"), TableName("staging", "uji_rows")


def contract(*key: str) -> Contract:
    """Return a contract over KINDS with that key."""
    fields = [
        ContractField(name, TYPES[kind], name in key, key.index(name) + 1 if name in key else None, "public", "")
        for name, kind in KINDS.items()
    ]
    return Contract("uji", "1.0.0", "", "", "", "", tuple(fields), (), "", Path())


def plan(sources: Sequence[str] = FEEDS, **more: Any) -> IntegrationPlan:
    """Return a plan of the dataset."""
    return IntegrationPlan.model_validate({"dataset": "uji", "sources": list(sources), **more})


@dataclass(frozen=True)
class Source:
    """A source row and the entity that it is."""

    feed: str
    row_key: str
    key: str = "K"
    person: str | None = None
    warnings: str | None = None
    run: str = "r1"
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def troubles(self) -> int:
        """Return how many warnings the row carries."""
        return len(self.warnings.split("|")) if self.warnings else 0


def stage(
    database: Database, made: Contract, decided: IntegrationPlan, rows: list[Source], feeds: list[str] | None = None
) -> dict[str, dict[str, Any]]:
    """Put the rows into their feeds' tables, stage them, and return the staged rows by key."""
    published = FEEDS if feeds is None else feeds
    with database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM control.feed_run")
        execute(connection, "DROP TABLE IF EXISTS {rows}", rows=ROWS.identifier)
        create = "CREATE UNLOGGED TABLE {rows} (feed text, row_key text, key text, person text)"
        execute(connection, create, rows=ROWS.identifier)
        for feed in published:
            execute(connection, "DROP TABLE IF EXISTS {table}", table=source_table(feed).identifier)
            ensure_source(connection, source_table(feed), made)
            for run, moment in RUNS.items():
                statement = """INSERT INTO control.feed_run (run_id, feed, state, stage, extracted_at)
                               VALUES (:run, :feed, 'running', 'publish', :moment)"""
                connection.execute(sa.text(statement), {"run": run, "feed": feed, "moment": moment})
        for row in rows:
            if row.feed in published:
                _insert(connection, row)
        create_staging(connection, STAGING, made, HUB_COLUMNS)
        stage_release(connection, STAGING, made, decided, published, ROWS, TODAY)
    return {row["_key"]: row for row in table_rows(database, STAGING)}


def _insert(connection: sa.Connection, row: Source) -> None:
    names = ", ".join(row.values)
    marks = ", ".join(f"%({name})s" for name in row.values)
    execute(
        connection,
        f"INSERT INTO {{table}} (_key, _hash, _warnings, _run{', ' if names else ''}{names})"
        f" VALUES (%(_key)s, '', %(_warnings)s, %(_run)s{', ' if names else ''}{marks})",
        {"_key": row.row_key, "_warnings": row.warnings, "_run": row.run, **row.values},
        table=source_table(row.feed).identifier,
    )
    execute(
        connection,
        "INSERT INTO {rows} VALUES (%(feed)s, %(row_key)s, %(key)s, %(person)s)",
        vars(row) | {"values": None},
        rows=ROWS.identifier,
    )


@dataclass(frozen=True)
class Model:
    """Survivorship as the plan's words have it, row by row."""

    contract: Contract
    plan: IntegrationPlan
    feeds: list[str]
    rows: list[Source]

    def entities(self) -> dict[str, dict[str, Any]]:
        """Return what should be staged, by key: fields, `_provenance` and `_warnings`."""
        return {key: self._entity(key) for key in {row.key for row in self.rows if row.feed in self.feeds}}

    def _entity(self, key: str) -> dict[str, Any]:
        speaking = {}
        for feed in self.feeds:
            told = [row for row in self.rows if (row.feed, row.key) == (feed, key)]
            if told:
                speaking[feed] = min(told, key=lambda row: (self._is_other(row), row.troubles, row.row_key))
        won = {item.name: self._winner(item.name, speaking) for item in self.contract.fields}
        entity = {name: None if row is None else self._own(name, row) for name, row in won.items()}
        entity["_provenance"] = {name: [row.feed, row.row_key] for name, row in won.items() if row is not None}
        words = [f"{f}:{word}" for f, row in speaking.items() if row.warnings for word in row.warnings.split("|")]
        return entity | {"_warnings": "|".join(words) or None}

    def _is_other(self, row: Source) -> bool:
        return len(self.contract.key) == 1 and row.values.get(self.contract.key[0]) != row.key

    def _own(self, name: str, row: Source) -> Any:
        if self.contract.key == [name]:
            return row.key
        own = row.values.get(name)
        is_person = self.plan.person is not None and self.plan.person.nik == name
        return row.person if is_person and row.person is not None else own

    def _winner(self, name: str, speaking: dict[str, Source]) -> Source | None:
        is_key = name in self.contract.key
        authority = FieldAuthority(sources=self.plan.sources) if is_key else self.plan.authority(name)
        order = [speaking[feed] for feed in authority.sources if feed in speaking]
        having = [row for row in order if self._own(name, row) is not None]
        if not having or having[0].feed == authority.sources[0] or authority.silent == "next":
            return having[0] if having else None
        if authority.silent == "recent":
            return max(having, key=self._moment)  # the first of equals
        support = [sum(self._same(name, authority, one, other) for other in having) for one in having]
        # of two, neither is a majority
        return having[support.index(max(support))] if len(having) > 2 else having[0]

    def _moment(self, row: Source) -> tuple[bool, dt.date, bool, dt.datetime]:
        day = row.values.get(self.plan.time) if self.plan.time else None
        if day is not None and day <= TODAY:
            return (True, day, False, dt.datetime.min.replace(tzinfo=dt.UTC))
        seen = RUNS[row.run]
        return (False, dt.date.min, seen is not None, seen or dt.datetime.min.replace(tzinfo=dt.UTC))

    def _same(self, name: str, authority: FieldAuthority, one: Source, other: Source) -> bool:
        a, b = self._own(name, one), self._own(name, other)
        if isinstance(a, str):
            return " ".join(a.lower().split()) == " ".join(b.lower().split())
        if isinstance(a, dt.date):
            return abs((a - b).days) <= authority.tolerance
        if isinstance(a, bool):
            return bool(a == b)
        return bool(a == b or abs(a - b) <= authority.tolerance * max(abs(a), abs(b)))
