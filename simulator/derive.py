"""Derive what an application holds from the truth, and record every fault put into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simulator.description import AnyDescription, Column, Table
from simulator.dice import Dice
from simulator.dirt import DIRT, eligible
from simulator.draw import TODAY, Array, digits
from simulator.formats import FORMATS, as_text

FAULT_COLUMNS = ["application", "feed", "key", "field", "kind"]
#: how far before the day of a change its time stamp may lie when the source committed late
LATE_DAYS = 3
#: frame of the truth -> for the row labels that changed since the city was built: days after the build
Changed = Mapping[str, "pd.Series[Any]"]


@dataclass(frozen=True)
class Derived:
    """One table of an application.

    `texts` is what it holds (missing: NULL); `clean` the same before the faults, and `truth` the rows of the
    truth it was made from. `origin` says for each row of `texts` its position in both: duplicates come last and
    name the row they repeat. `faults` has a row for each: position in `texts`, field (columns joined by ','), kind.
    """

    texts: pd.DataFrame
    clean: pd.DataFrame
    #: source column -> column of the truth, where it comes from one
    origins: dict[str, str]
    truth: pd.DataFrame
    origin: Array
    faults: pd.DataFrame


def derive(
    description: AnyDescription, truth: dict[str, pd.DataFrame], seed: int, changed: Changed | None = None
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return each table as texts (missing where the source has NULL), and the faults put into them.

    The faults have the columns of FAULT_COLUMNS; `key` joins the row's key columns, as they ended up, with '|'.
    """
    tables, faults = {}, []
    for name, table in description.tables.items():
        made = derive_table(
            f"{description.id}.{name}", table, truth[table.truth], seed, (changed or {}).get(table.truth)
        )
        tables[name] = made.texts
        first, *rest = (made.texts[column].fillna("") for column in table.key)
        keys = first.str.cat(pd.concat(rest, axis=1), sep="|") if rest else first
        named = made.faults.assign(
            key=keys.iloc[made.faults["row"].astype(int)].to_numpy(), application=description.id, feed=name
        )
        faults.append(named)
    return tables, pd.concat(faults, ignore_index=True)[FAULT_COLUMNS].astype("str")


def derive_table(
    name: str, table: Table, truth: pd.DataFrame, seed: int, changed: pd.Series[Any] | None = None
) -> Derived:
    """Derive one table, called `<application>.<table>`, from its frame of the truth."""
    rows = truth
    for column, wanted in table.where.items():
        rows = rows[as_text(rows[column]).isin(wanted)]
    dice = Dice(seed, name, rows.index.to_numpy())
    if table.share < 1:
        known = np.flatnonzero(dice.shares("known") < table.share)
        rows, dice = rows.iloc[known], dice.take(known)
    since = pd.Series(dtype="int64") if changed is None else changed
    days = since.reindex(rows.index).fillna(0).to_numpy(np.int64)
    rows = rows.reset_index(drop=True)
    moments = _moments(table, dice, days)
    clean = pd.DataFrame({key: _column(key, spec, rows, dice, moments) for key, spec in table.all_columns.items()})
    texts, origin, faults = _soil(table, clean, dice)
    origins = {key: spec.from_ for key, spec in table.columns.items() if spec.from_ is not None}
    return Derived(texts, clean, origins, rows, origin, faults)


def _moments(table: Table, dice: Dice, days: Array) -> Array:
    """Return when each row was last written: in the year before the build, or on the day it changed (or late)."""
    before = TODAY.astype("datetime64[s]") - dice.integers("moment", 1, 365 * 86_400)
    late = np.where(dice.shares("late") < table.late, LATE_DAYS, 0)
    since = TODAY.astype("datetime64[s]") + (days - late) * 86_400 - dice.integers("hour", 1, 86_400)
    moments: Array = np.where(days > 0, since, before)
    return moments


def _column(name: str, column: Column, rows: pd.DataFrame, dice: Dice, moments: Array) -> pd.Series[Any]:
    values: pd.Series[Any]
    size = len(rows)
    if column.from_ is not None:
        values = as_text(rows[column.from_])
    elif column.literal is not None:
        values = pd.Series([column.literal] * size, dtype="str")
    elif column.sequence is not None:
        values = digits(column.sequence + dice.rows, 1).astype("str")
    elif column.choice is not None:
        values = pd.Series(dice.pick(f"choice {name}", column.choice), dtype="str")
    elif column.moment is not None:
        unit = "D" if column.moment == "date" else "s"
        values = pd.Series(np.datetime_as_string(moments.astype(f"datetime64[{unit}]")), dtype="str")
        values = values.str.replace("T", " ", regex=False)
    else:
        values = pd.Series([None] * size, dtype="str")
    for style, argument in column.format:
        values = FORMATS[style](values, argument)
    return values


def _soil(table: Table, clean: pd.DataFrame, dice: Dice) -> tuple[pd.DataFrame, Array, pd.DataFrame]:
    """Apply the rules in order; a value gets dirty once, a missing one never."""
    frame, size = clean, len(clean)
    origin = np.arange(size)
    touched = {name: np.zeros(size, bool) for name in frame}
    hits = []
    for number, rule in enumerate(table.dirt):
        names = rule.column or table.key
        free = eligible(frame.iloc[:size], rule, rule.kind)
        for name in names:
            free &= ~touched[name]
        chosen = np.flatnonzero(free & (dice.shares(f"{number} {rule.kind}") < rule.rate))
        for name in names:
            touched[name][chosen] = True
        own = Dice(dice.seed, f"{dice.table} {number} {rule.kind}", dice.rows)
        frame, wrong = DIRT[rule.kind](frame, chosen, rule, own)
        if len(frame) > len(origin):
            origin = np.concatenate([origin, chosen])
        hits.append(pd.DataFrame({"row": wrong, "field": ",".join(rule.column), "kind": rule.kind}))
    found = pd.concat(hits, ignore_index=True) if hits else pd.DataFrame(columns=["row", "field", "kind"])
    return frame, origin, found
