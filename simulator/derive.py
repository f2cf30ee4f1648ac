"""Derive what an application holds from the truth, and record every fault put into it."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from simulator.description import AnyDescription, Column, Table
from simulator.dirt import DIRT, eligible
from simulator.draw import TODAY, digits, pick
from simulator.formats import FORMATS, as_text

FAULT_COLUMNS = ["application", "feed", "key", "field", "kind"]


def derive(
    description: AnyDescription, truth: dict[str, pd.DataFrame], seed: int
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return each table as texts (missing where the source has NULL), and the faults put into them.

    The faults have the columns of FAULT_COLUMNS; `key` joins the row's key columns, as they ended up, with '|'.
    """
    tables, faults = {}, []
    for name, table in description.tables.items():
        # a generator for each table: one application's file changes no other's data
        rng = np.random.default_rng([seed, crc32(f"{description.id}.{name}".encode())])
        clean = _clean(table, truth[table.truth], rng)
        tables[name], found = _soil(table, clean, rng)
        faults.append(found.assign(application=description.id, feed=name))
    return tables, pd.concat(faults, ignore_index=True)[FAULT_COLUMNS].astype("str")


def _clean(table: Table, truth: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    rows = truth
    for name, texts in table.where.items():
        rows = rows[as_text(rows[name]).isin(texts)]
    if table.share < 1:
        rows = rows.iloc[np.sort(rng.choice(len(rows), round(len(rows) * table.share), replace=False))]
    rows = rows.reset_index(drop=True)
    return pd.DataFrame({name: _column(column, rows, rng) for name, column in table.all_columns.items()})


def _column(column: Column, rows: pd.DataFrame, rng: np.random.Generator) -> pd.Series[Any]:
    values: pd.Series[Any]
    size = len(rows)
    if column.from_ is not None:
        values = as_text(rows[column.from_])
    elif column.literal is not None:
        values = pd.Series([column.literal] * size, dtype="str")
    elif column.sequence is not None:
        values = digits(column.sequence + np.arange(size), 1).astype("str")
    elif column.choice is not None:
        values = pd.Series(pick(rng, np.asarray(column.choice, dtype=object), size), dtype="str")
    elif column.moment is not None:
        unit = "D" if column.moment == "date" else "s"
        drawn = TODAY.astype("datetime64[s]") - rng.integers(1, 365 * 86_400, size)
        values = pd.Series(np.datetime_as_string(drawn.astype(f"datetime64[{unit}]")), dtype="str")
        values = values.str.replace("T", " ", regex=False)
    else:
        values = pd.Series([None] * size, dtype="str")
    for name, argument in column.format:
        values = FORMATS[name](values, argument)
    return values


def _soil(table: Table, frame: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Apply the rules in order; a value gets dirty once, a missing one never."""
    size, touched = len(frame), {name: np.zeros(len(frame), bool) for name in frame}
    hits = []
    for rule in table.dirt:
        names = rule.column or table.key
        free = eligible(frame.iloc[:size], rule, rule.kind)
        for name in names:
            free &= ~touched[name]
        able = np.flatnonzero(free)
        count = min(len(able), round(size * rule.rate))
        chosen = np.sort(rng.choice(able, count, replace=False))
        for name in names:
            touched[name][chosen] = True
        frame, wrong = DIRT[rule.kind](frame, chosen, rule, rng)
        hits.append(pd.DataFrame({"row": wrong, "field": ",".join(rule.column), "kind": rule.kind}))
    found = pd.concat(hits, ignore_index=True) if hits else pd.DataFrame(columns=["row", "field", "kind"])
    keys = frame[table.key].fillna("").agg("|".join, axis=1)
    return frame, found.assign(key=keys.iloc[found["row"].astype(int)].to_numpy())
