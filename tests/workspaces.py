"""Workspaces over small sources that a test writes itself, with the project's contracts and code lists."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from connectors.connection import Connection
from pipelines.workspace import Workspace
from schemas.application import AnyApplication, read_application
from schemas.catalogue import Catalogue
from schemas.contract import Contract
from schemas.errors import ConfigurationErrors
from schemas.integration_plan import IntegrationPlan
from store.database import Database, execute
from store.landing import Landing
from store.tables import TableName, hub_table, source_table

ROOT = Path(__file__).resolve().parents[1]
Row = dict[str, Any]
#: what a source row has besides its content
OF_THE_RUN = ("_key", "_run", "_row", "_original")


def finder(connections: Mapping[str, str]) -> Callable[[str], Connection]:
    """Return the function that finds a connection by its id among URIs."""
    return lambda name: Connection.from_uri(name, connections[name])


@dataclass(frozen=True)
class MakeWorkspace:
    """Makes workspaces; what it is called with replaces the catalogue's applications, plans and contracts."""

    database: Database
    catalogue: Catalogue
    folder: Path

    def __call__(
        self,
        applications: Mapping[str, Mapping[str, Any]],
        connections: Mapping[str, str],
        plans: Iterable[Mapping[str, Any]] = (),
        contracts: Mapping[str, Contract] | None = None,
    ) -> Workspace:
        """Make a workspace of applications by id (`<opd>.<app>`), as their YAML's content."""
        read: dict[str, AnyApplication] = {}
        files = {}
        for app_id, content in applications.items():
            path = self.folder / "applications" / f"{app_id.replace('.', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump(dict(content), sort_keys=False))
            read[app_id], files[app_id] = read_application(path)
        made = replace(
            self.catalogue,
            applications=read,
            plans={plan["dataset"]: IntegrationPlan.model_validate(plan) for plan in plans},
            contracts=self.catalogue.contracts | (contracts or {}),
            consumers={},
            rules={},
            files=files,
        )
        checked = replace(made, plans={})
        if errors := list(checked.contradictions()):
            raise ConfigurationErrors(errors)
        return self.over(made, connections)

    def over(self, catalogue: Catalogue, connections: Mapping[str, str]) -> Workspace:
        """Make a workspace of a whole catalogue."""
        return Workspace(catalogue, self.database, Landing(str(self.folder / "landing")), finder(connections))


def application(connection: str, kind: str, **feeds: Mapping[str, Any]) -> Row:
    """Return the content of an application's YAML."""
    return {
        "title": f"Aplikasi {connection}",
        "owner": {"unit": "Bidang Uji", "email": "uji@opd.example"},
        "connection": connection,
        "source": {"kind": kind, "host_pool": "uji"},
        "feeds": {name: dict(feed) for name, feed in feeds.items()},
    }


def write_csv(file: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Write rows as the CSV export that a feed reads; without rows the columns must be told."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(columns or rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def table_rows(database: Database, table: TableName, columns: str = "*", order: str = "_key") -> list[Row]:
    """Return a table's rows in the order of their key."""
    with database.transaction() as connection:
        found = execute(connection, f"SELECT {columns} FROM {{table}} ORDER BY {order}", table=table.identifier)
        return [dict(row) for row in found.mappings()]


def source_rows(database: Database, feed: str) -> dict[str, Row]:
    """Return what is published of a feed, by key; without the columns that only tell of the run."""
    rows = table_rows(database, source_table(feed))
    return {row["_key"]: {k: v for k, v in row.items() if k not in OF_THE_RUN} for row in rows}


def hub_rows(database: Database, dataset: str) -> dict[str, Row]:
    """Return an integrated dataset by key, with its provenance, without hash and release."""
    rows = table_rows(database, hub_table(dataset))
    return {row["_key"]: {k: v for k, v in row.items() if k not in ("_key", "_hash", "_release")} for row in rows}


def run_record(database: Database, run_id: str, feed: str) -> Row:
    """Return a run's record."""
    return one(database, f"SELECT * FROM control.feed_run WHERE run_id = '{run_id}' AND feed = '{feed}'")


def query(database: Database, statement: str) -> list[Row]:
    """Return the rows of a statement."""
    with database.transaction() as connection:
        return [dict(row) for row in connection.exec_driver_sql(statement).mappings()]


def one(database: Database, statement: str) -> Row:
    """Return the only row of a statement."""
    (row,) = query(database, statement)
    return row
