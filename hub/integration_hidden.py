"""The measure of matching without identifiers: people whose NIK is hidden are looked for by all else that is known.

Records whose NIK is really damaged are few, and most of them spell the name right. Here every published record with a
damaged name, birth date, address or mother's name is tried, and of each feed some clean ones.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from hub.integration_matching import (
    HARMLESS,
    Damaged,
    kinds_by_row,
    owners_of,
    row_keys,
    score_matching,
    source_columns,
)
from pipelines.identity.matching import stored_model
from pipelines.identity.people import known_columns
from pipelines.workspace import FeedContext
from schemas.integration_plan import IntegrationPlan, PersonFields
from simulator.derive import Derived
from store.database import Database, read_arrow
from store.tables import TableName, hub_table, source_table

#: whom a record speaks of, by the truth's NIK, None where that person is not in the register; and its damage
Told = tuple[str | None, tuple[str, ...]]

#: clean records of a feed that are tried
CLEAN = 50


def hidden_rows(context: FeedContext, person: PersonFields, made: Derived, residents: set[str]) -> dict[str, Told]:
    """Return what is told of the records to be tried, by row key; `residents` are the NIK in the register."""
    owners = owners_of(context, person, made)
    if owners is None:
        return {}
    kinds, keys = kinds_by_row(made), row_keys(context, made)
    told = {
        column for what, field in person.named.items() if what != "nik" for column in source_columns(context, field)
    }
    rows: dict[int, tuple[str, ...]] = {}
    for row, faults in kinds.items():
        damage = tuple(sorted(kind for kind, columns in faults.items() if columns & told and kind not in HARMLESS))
        if damage:
            rows[row] = damage
    clean = np.setdiff1d(np.unique(made.origin), list(kinds))
    for row in clean[np.linspace(0, len(clean) - 1, min(CLEAN, len(clean))).astype(int)]:
        rows[int(row)] = ("clean",)
    found = {}
    # of a repeated row the first stands for all
    for place in np.flatnonzero(np.isin(made.origin, list(rows)))[::-1]:
        owner, key = owners.iloc[int(made.origin[place])], keys[place]
        if isinstance(key, str):
            found[key] = (owner if owner in residents else None, rows[int(made.origin[place])])
    return found


class HiddenPeople:
    """Gathers the records of feed after feed, then looks for all of them at once."""

    def __init__(self, database: Database, register: IntegrationPlan) -> None:
        """Begin with nobody; `register` is the plan that makes residents."""
        self.database, self.register = database, register
        self.told: dict[str, Told] = {}
        self.people: list[pa.Table] = []

    def add(self, context: FeedContext, person: PersonFields, made: Derived, residents: set[str]) -> None:
        """Take up the records of a feed that has published."""
        chosen = {f"{context.id}:{key}": told for key, told in hidden_rows(context, person, made, residents).items()}
        ids = sql.SQL("{} || ':' || _key AS id").format(sql.Literal(context.id))
        people = self._read(ids, person, source_table(context.id))
        enough = [people[name].is_valid() for name in ("birth_date", "address", "mother")]
        # a name alone could be anybody of that name: the hub does not try it either
        is_tried = pc.and_(people["name"].is_valid(), functools.reduce(pc.or_, enough))
        people = people.filter(pc.and_(is_tried, pc.is_in(people["id"], pa.array(chosen, pa.string()))))
        self.people.append(people)
        self.told.update({name: chosen[name] for name in people["id"].to_pylist()})

    def score(self) -> dict[str, Any] | None:
        """Return what `score_matching` returns, or None where no model has been learned yet."""
        register, person = self.register.dataset, self.register.person
        with self.database.transaction() as connection:
            model = stored_model(connection, register)
        if model is None or person is None or not self.people:
            return None
        from pipelines.match.link import link

        residents = self._read(sql.SQL("_key AS id"), person, hub_table(register))
        found = link(model, pa.concat_tables(self.people), residents).to_pylist()
        links = {item["record_id"]: item["register_id"] for item in found if item["outcome"] == "linked"}
        return score_matching(
            Damaged(damage, (), owner, links.get(name)) for name, (owner, damage) in self.told.items()
        )

    def _read(self, name: sql.Composable, person: PersonFields, table: TableName) -> pa.Table:
        query = sql.SQL("SELECT {}, {} FROM {} ORDER BY _key").format(
            name, known_columns(person, None), table.identifier
        )
        with self.database.transaction() as connection:
            return read_arrow(connection, query)
