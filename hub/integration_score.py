"""The measure of the integration: matching, survivorship and rules, against the truth of the sample city."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from psycopg import sql

from hub.city_published import city_tables
from hub.integration_hidden import HiddenPeople
from hub.integration_matching import Damaged, damaged_rows, score_matching
from hub.integration_rules import damaged_records, read_contradictions, score_rules, shown_records
from hub.integration_survivorship import Chosen, Supplied, score_dataset, score_survivorship, supplied_by
from pipelines.workspace import FeedContext, Progress, silent
from schemas.catalogue import Catalogue
from schemas.contract import Contract
from schemas.errors import ConfigurationError
from schemas.integration_plan import register_plan
from simulator.derive import Derived, derive_table
from simulator.draw import today
from simulator.frames import TRUTH_COLUMNS
from simulator.state import read_truth
from simulator.tick import read_city
from store.database import Database, comma, execute
from store.tables import TableName, hub_table, members_table, source_table


def score_integration(
    catalogue: Catalogue, database: Database, folder: Path, progress: Progress = silent
) -> dict[str, Any]:
    """Return the three parts of the measure: `matching`, `survivorship`, `rules`.

    Raises ConfigurationError where there is no city, or the register of residents was not integrated yet.
    """
    city = read_city(folder)
    truth, changed = read_truth(folder, list(TRUTH_COLUMNS))
    measure = _Measure(catalogue, database, truth)
    by_dataset: dict[str, dict[str, Supplied]] = {}
    damaged: set[tuple[str, str]] = set()
    seen: set[tuple[str, str]] = set()
    feeds = list(city_tables(catalogue))
    for done, (name, context, table) in enumerate(feeds, start=1):
        made = derive_table(name, table, truth[table.truth], city.seed, changed.get(table.truth))
        seen |= shown_records(context, made)
        # what was never published could not be chosen either
        if name not in city.behind and measure.exists(source_table(context.id)):
            measure.match(context, made)
            damaged |= damaged_records(context, made)
            frame = truth.get(context.contract.dataset)
            shown = None if frame is None else supplied_by(context, made, frame, catalogue.codelists)
            if shown is not None:
                by_dataset.setdefault(context.contract.dataset, {})[context.id] = shown
        progress(done, len(feeds))
    chosen = {
        name: measure.choose(name, shown) for name, shown in by_dataset.items() if measure.exists(hub_table(name))
    }
    return {
        "matching": score_matching(measure.damaged) | {"nik_hidden": measure.hidden.score()},
        "survivorship": score_survivorship(chosen),
        "rules": score_rules(truth, today(city.day), read_contradictions(database), damaged, seen),
    }


class _Measure:
    """The hub's side: what it published, read as the parts of the measure need it."""

    def __init__(self, catalogue: Catalogue, database: Database, truth: dict[str, pd.DataFrame]) -> None:
        self.catalogue, self.database, self.truth = catalogue, database, truth
        self.damaged: list[Damaged] = []
        plan = register_plan(catalogue.plans.values())
        if plan is None or not self.exists(members_table(plan.dataset)):
            dataset = "penduduk" if plan is None else plan.dataset
            raise ConfigurationError(
                "the register of residents has no release yet",
                where=f"hub.{dataset}",
                fix=f"integrate it first: opdhub integrate {dataset}",
            )
        self.register, self.hidden = plan, HiddenPeople(database, plan)
        self.residents = {str(row[0]) for row in self._rows(hub_table(plan.dataset), ["_key"])}
        self.links: dict[str, dict[str, str | None]] = {}
        for feed, row, key in self._rows(members_table(plan.dataset), ["feed", "row_key", "key"]):
            self.links.setdefault(str(feed), {})[str(row)] = key

    def match(self, context: FeedContext, made: Derived) -> None:
        """Note whom the hub took each record of a feed for that has a damaged NIK, and take up those to be hidden."""
        plan = self.catalogue.plans.get(context.contract.dataset)
        if plan is None or plan.person is None or context.id in self.register.register_:
            return
        published = {str(row[0]) for row in self._rows(source_table(context.id), ["_key"])}
        links = self.links.get(context.id, {})
        self.damaged += damaged_rows(context, plan.person, made, published, self.residents, links)
        self.hidden.add(context, plan.person, made, self.residents)

    def choose(self, dataset: str, shown: dict[str, Supplied]) -> Chosen:
        """Count the right fields of a published dataset."""
        contract = self.catalogue.contracts[dataset]
        names = [*self._columns(contract), "_provenance"]
        rows = pd.DataFrame(list(self._rows(hub_table(dataset), names)), columns=names, dtype=object)
        missing = {field.name: None for field in contract.fields if field.name not in rows}
        return score_dataset(contract, self.truth[dataset], shown, rows.assign(**missing), self.catalogue.codelists)

    def exists(self, table: TableName) -> bool:
        """Say whether a table has been made."""
        with self.database.transaction() as connection:
            found = execute(
                connection, "SELECT to_regclass(%(name)s) IS NOT NULL", {"name": f"{table.schema}.{table.name}"}
            )
            return bool(found.scalar_one())

    def _columns(self, contract: Contract) -> list[str]:
        """Return the contract's fields that the published table has."""
        table = hub_table(contract.dataset)
        with self.database.transaction() as connection:
            found = execute(
                connection,
                "SELECT column_name FROM information_schema.columns WHERE (table_schema, table_name) = (%(s)s, %(n)s)",
                {"s": table.schema, "n": table.name},
            )
            there = {row[0] for row in found}
        return [field.name for field in contract.fields if field.name in there]

    def _rows(self, table: TableName, names: list[str]) -> Iterator[Any]:
        """Return columns of a table as texts; provenance as it is."""
        shown = comma([sql.SQL("{}" if n == "_provenance" else "{}::text").format(sql.Identifier(n)) for n in names])
        with self.database.transaction() as connection:
            found = execute(connection, "SELECT {shown} FROM {table}", shown=shown, table=table.identifier)
            return iter([tuple(row) for row in found])
