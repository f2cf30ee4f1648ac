"""Row checks of one part: which rows are accepted, what was found, which originals go to quarantine."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.validate.engine import Outcome
from pipelines.workspace import FeedContext

FINDING = pa.schema(
    [
        ("run_id", pa.string()),
        ("feed", pa.string()),
        ("row_number", pa.int64()),
        ("source_key", pa.string()),
        ("field", pa.string()),
        ("rule", pa.string()),
        ("severity", pa.string()),
        ("original", pa.string()),
    ]
)
QUARANTINE = pa.schema(
    [
        ("run_id", pa.string()),
        ("feed", pa.string()),
        ("row_number", pa.int64()),
        ("source_key", pa.string()),
        ("reasons", pa.string()),
        ("original", pa.string()),
    ]
)


@dataclass(frozen=True)
class Origin:
    """Whose rows these are."""

    context: FeedContext
    run_id: str


def to_frame(standard: pa.Table, columns: list[str]) -> pd.DataFrame:
    """Return the columns that have checks, typed for the expectations, indexed by row number."""
    strings = pd.StringDtype(na_value=np.nan)
    types = {pa.string(): strings, pa.int64(): pd.Int64Dtype(), pa.float64(): pd.Float64Dtype()}
    frame: pd.DataFrame = standard.select(list(dict.fromkeys(columns))).to_pandas(
        types_mapper=types.get,
        date_as_object=False,
    )
    frame.index = pd.Index(standard.column("_row").to_numpy())
    return frame


def findings(outcomes: list[Outcome], landed: pa.Table, standard: pa.Table, origin: Origin) -> pa.Table:
    """Return one row for each broken check on each row, with the texts that the source sent."""
    first = standard.column("_row")[0].as_py() if standard.num_rows else 0
    keys = standard.column("_key")
    tables = []
    for outcome in outcomes:
        if not outcome.rows:
            continue
        at = pa.array([row - first for row in outcome.rows])
        count = len(outcome.rows)
        tables.append(
            pa.table(
                [
                    [origin.run_id] * count,
                    [origin.context.id] * count,
                    outcome.rows,
                    keys.take(at).combine_chunks().cast(pa.string()),
                    pa.array([outcome.check.field] * count, pa.string()),
                    [outcome.check.id] * count,
                    [outcome.check.severity] * count,
                    _originals(landed, origin.context, outcome.check.field, at),
                ],
                schema=FINDING,
            )
        )
    return pa.concat_tables(tables) if tables else FINDING.empty_table()


def quarantine_rows(found: pa.Table, landed: pa.Table, first: int, origin: Origin) -> pa.Table:
    """Return the rows with an error among `found`: reasons and every landed text, as JSON."""
    reasons: dict[int, list[dict[str, str | None]]] = {}
    keys: dict[int, str | None] = {}
    for item in found.to_pylist():
        if item["severity"] == "error":
            reasons.setdefault(item["row_number"], []).append({"field": item["field"], "rule": item["rule"]})
            keys[item["row_number"]] = item["source_key"]
    rows = sorted(reasons)
    originals = landed.take(pa.array([row - first for row in rows], pa.int64())).to_pylist()
    return pa.table(
        [
            [origin.run_id] * len(rows),
            [origin.context.id] * len(rows),
            rows,
            pa.array([keys[row] for row in rows], pa.string()),
            pa.array([json.dumps(reasons[row]) for row in rows], pa.string()),
            pa.array([json.dumps(original, ensure_ascii=False) for original in originals], pa.string()),
        ],
        schema=QUARANTINE,
    )


def accepted(found: pa.Table, standard: pa.Table, fields: list[str]) -> pa.Table:
    """Return the rows without an error, as the staging table takes them, warnings joined by `|`."""
    first = standard.column("_row")[0].as_py() if standard.num_rows else 0
    refused = np.zeros(standard.num_rows, dtype=bool)
    warnings: dict[int, str] = {}
    for row, field, rule, severity in zip(
        *(found.column(n).to_pylist() for n in ("row_number", "field", "rule", "severity")), strict=True
    ):
        if severity == "error":
            refused[row - first] = True
        else:
            word = f"{field}:{rule}"
            warnings[row - first] = f"{warnings[row - first]}|{word}" if row - first in warnings else word
    texts = np.full(standard.num_rows, None, dtype=object)
    for at, text in warnings.items():
        texts[at] = text
    table = standard.select(["_key", "_hash", "_row"]).append_column("_warnings", pa.array(texts, pa.string()))
    for name in ("_original", *fields):
        table = table.append_column(name, standard.column(name))
    return table.filter(pa.array(~refused))


def with_originals(found: pa.Table, landed: pa.Table, first: int, origin: Origin) -> pa.Table:
    """Return findings on the keys of one part with the source's texts; `first` is the part's first row number."""
    at = pc.subtract(found.column("row_number").combine_chunks(), first)
    place = FINDING.get_field_index("original")
    return found.set_column(place, FINDING.field(place), _originals(landed, origin.context, None, at))


def _originals(landed: pa.Table, context: FeedContext, field: str | None, at: pa.Array) -> pa.Array:
    """Return the source's texts behind a field (or its key) as a JSON object by column."""
    names = (context.feed.map[field].sources if field else []) or context.feed.key  # a literal has no source
    rows = landed.select(names).take(at).to_pylist()
    return pa.array([json.dumps(row, ensure_ascii=False) for row in rows], pa.string())
