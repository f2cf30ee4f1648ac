"""The measure of matching: whom the hub took a record for whose NIK is missing, broken or another's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pipelines.assemble import source_texts
from pipelines.standardize import source_keys
from pipelines.workspace import FeedContext
from schemas.integration_plan import PersonFields
from simulator.derive import Derived

#: faults after which a number names nobody, or somebody else
NIK_DAMAGE = frozenset(
    {"nik_missing", "nik_other", "nik_short", "nik_number", "nik_serial_zero", "swapped_columns", "emptied",
     "missing_text"}
)  # fmt: skip
#: faults of names and birth dates that the hub mends without a second source
HARMLESS = frozenset({"padded", "latin1", "enum_variant"})


@dataclass(frozen=True)
class Damaged:
    """One record with a damaged NIK: what was done to it, whom it speaks of, and whom the hub took it for."""

    #: kinds, those of the NIK first
    nik: tuple[str, ...]
    others: tuple[str, ...]
    #: the NIK of the truth; None where that person is not in the published register
    person: str | None
    #: whom the hub took it for; None: nobody
    linked: str | None


def row_keys(context: FeedContext, made: Derived) -> pd.Series[Any]:
    """Return the key of each row of a table as the hub writes it."""
    columns = {name: pa.array(made.texts[name], pa.string()) for name in context.feed.landed_columns}
    return pd.Series(source_keys(source_texts(pa.table(columns)), context.feed.key).to_pandas(), dtype="object")


def damaged_rows(
    context: FeedContext,
    person: PersonFields,
    made: Derived,
    published: set[str],
    residents: set[str],
    links: dict[str, str | None],
) -> list[Damaged]:
    """Return a feed's records with a damaged NIK that are in its source table.

    `published` holds the row keys there, `residents` the NIK in the published register, `links` the NIK by row key
    (None: linked to nobody).
    """
    nik_columns = source_columns(context, person.nik)
    owners = owners_of(context, person, made)
    if owners is None:
        return []
    told = {name for field in (person.name, person.birth_date) if field for name in source_columns(context, field)}
    kinds = kinds_by_row(made)
    found = []
    keys = row_keys(context, made)
    for row in np.flatnonzero(np.isin(made.origin, list(kinds))):
        key, faults = keys[row], kinds[int(made.origin[row])]
        nik = tuple(sorted(kind for kind, columns in faults.items() if kind in NIK_DAMAGE and columns & nik_columns))
        if not nik or key not in published:
            continue
        others = tuple(
            sorted(kind for kind, columns in faults.items() if columns & told and kind not in {*HARMLESS, *nik})
        )
        owner = owners.iloc[int(made.origin[row])]
        found.append(Damaged(nik, others, owner if owner in residents else None, links.get(key)))
    return found


def owners_of(context: FeedContext, person: PersonFields, made: Derived) -> pd.Series[Any] | None:
    """Return by row of the truth the NIK of whom it speaks, None where the feed shows no NIK."""
    truths = {made.origins.get(column) for column in source_columns(context, person.nik)} - {None}
    return made.truth[str(truths.pop())] if len(truths) == 1 else None


def source_columns(context: FeedContext, field: str) -> set[str]:
    """Return the columns of the source that a field is made from."""
    how = context.feed.map.get(field)
    return set(how.sources) if how is not None else set()


def kinds_by_row(made: Derived) -> dict[int, dict[str, set[str]]]:
    """Return by row of the clean table the kinds of its faults with their columns; repeated rows repeat them."""
    kinds: dict[int, dict[str, set[str]]] = {}
    for row, column, kind in made.faults[["row", "field", "kind"]].itertuples(index=False):
        if kind != "duplicate_row":
            kinds.setdefault(int(made.origin[int(row)]), {}).setdefault(kind, set()).update(str(column).split(","))
    return kinds


def score_matching(records: Iterable[Damaged]) -> dict[str, Any]:
    """Return f1, precision (over links made), recall (over records whose person is registered), and by damage.

    `by_damage` has a line for each damage of the NIK, and one for each combination with damage of name or birth date.
    """
    records = list(records)
    groups: dict[str, list[Damaged]] = {}
    for record in records:
        for kind in record.nik:
            groups.setdefault(kind, []).append(record)
        if record.others or len(record.nik) > 1:
            groups.setdefault("+".join((*record.nik, *record.others)), []).append(record)
    total = _figures(records)
    return {
        "f1": total["f1"],
        "precision": total["precision"],
        "recall": total["recall"],
        "records": total["records"],
        "by_damage": [{"damage": name, **_figures(groups[name])} for name in sorted(groups)],
    }


def _figures(records: list[Damaged]) -> dict[str, Any]:
    made = sum(record.linked is not None for record in records)
    pairs = sum(record.person is not None for record in records)
    right = sum(record.linked is not None and record.linked == record.person for record in records)
    precision, recall = (right / made if made else 1.0), (right / pairs if pairs else 1.0)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    figures = {"precision": precision, "recall": recall, "f1": f1}
    return {"records": len(records), **{name: float(np.round(value, 4)) for name, value in figures.items()}}
