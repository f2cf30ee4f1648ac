"""Published datasets that a test fills itself, for the rules across datasets."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from pipelines.workspace import Workspace
from schemas.catalogue import Catalogue
from store.database import Database, comma, execute, identifiers
from store.landing import Landing
from store.tables import ensure_hub, hub_table
from tests.workspaces import Row, finder, query

TODAY = dt.date(2026, 6, 1)
Rows = Mapping[str, Sequence[Row]]


def nik(number: int) -> str:
    """Return the NIK of an invented resident."""
    return f"357401010190{number:04d}"


@dataclass
class RulesCity:
    """A hub in which datasets are published without sources."""

    workspace: Workspace

    @classmethod
    def of(cls, database: Database, catalogue: Catalogue, folder: Any) -> RulesCity:
        return cls(Workspace(catalogue, database, Landing(str(folder / "landing")), finder({})))

    @property
    def database(self) -> Database:
        return self.workspace.database

    def publish(self, dataset: str, rows: Sequence[Row], feed: str | None = None) -> None:
        """Put rows in the place of a dataset's; a row may bring `_provenance` of its own."""
        contract = self.workspace.catalogue.contracts[dataset]
        source = feed or self.workspace.catalogue.plans[dataset].sources[0]
        with self.database.transaction() as connection:
            ensure_hub(connection, contract)
            execute(connection, "DELETE FROM {t}", t=hub_table(dataset).identifier)
            for row in rows:
                key = "|".join(str(row[name]) for name in contract.key)
                provenance = {name: [source, key] for name, value in row.items() if value is not None}
                values = {"_key": key, "_hash": "-", "_provenance": provenance, "_release": 1, **row}
                values["_provenance"] = json.dumps(values["_provenance"])
                execute(
                    connection,
                    "INSERT INTO {t} ({columns}) VALUES ({values})",
                    values,
                    t=hub_table(dataset).identifier,
                    columns=identifiers(list(values)),
                    values=comma([sql.Placeholder(name) for name in values]),
                )
            execute(
                connection,
                """INSERT INTO control.release (dataset, release, run_id, rows, inserted, updated, deleted,
                                                contract_version)
                   SELECT %(d)s, 1, 'test', %(n)s, %(n)s, 0, 0, '1' ON CONFLICT DO NOTHING""",
                {"d": dataset, "n": len(rows)},
            )

    def publish_all(self, datasets: Rows) -> None:
        for dataset, rows in datasets.items():
            self.publish(dataset, rows)

    def open(self, rule: str | None = None) -> list[Row]:
        """Return the open findings, in the order of their keys."""
        found = query(
            self.database, "SELECT * FROM control.contradiction WHERE closed_at IS NULL ORDER BY rule, key, other_key"
        )
        return [row for row in found if rule in (None, row["rule"])]

    def pairs(self, rule: str | None = None) -> set[tuple[str, str | None]]:
        """Return both keys of the open findings."""
        return {(row["key"], row["other_key"]) for row in self.open(rule)}
