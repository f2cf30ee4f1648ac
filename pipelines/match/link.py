"""Link records to the register: look for candidates, score them with the model, decide what needs a steward."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from pipelines.match.candidates import find_candidates
from pipelines.match.comparisons import COMPARISONS, Comparison, likeness
from pipelines.match.engine import opened, put
from pipelines.match.model import Model
from pipelines.match.prepare import prepare
from pipelines.match.score import score_candidates

#: linked without a steward from this probability on
AUTO = 0.99
#: shown to a steward from this probability on
REVIEW = 0.1
#: bits by which the best candidate must be ahead of the second: 5 are odds of 32 to 1 between twins or namesakes
MARGIN = 5.0
#: candidate pairs scored at once, unless one record has more: 700,000 did not fit into the memory limit
SLICE = 175_000

SCHEMA = pa.schema(
    [
        ("record_id", pa.string()), ("register_id", pa.string()), ("score", pa.float64()), ("second", pa.float64()),
        ("outcome", pa.string()), ("reason", pa.string()),
    ]
)  # fmt: skip


def link(model: Model, records: pa.Table, register: pa.Table) -> pa.Table:
    """Return one row per record that somebody in the register may be: the best candidate, in the records' order.

    Columns: record_id, register_id, score (probability that both are one person), second (the score of the best
    other candidate, 0 when there is none), outcome ('linked' or 'review'), reason (text). A record without a
    candidate of at least REVIEW has no row. Several records may take one row of the register: a patient comes twice.
    Raises ConfigurationError when a table lacks a column.
    """
    if not records.num_rows or not register.num_rows:
        return SCHEMA.empty_table()
    people, whole_register = prepare(records, "records"), prepare(register, "register")
    decided = _decide(model, people, whole_register)
    if decided is None:
        return SCHEMA.empty_table()
    return pa.table(
        {
            "record_id": records["id"].take(decided["record"]),
            "register_id": register["id"].take(decided["found"]),
            **{name: decided[name] for name in SCHEMA.names[2:]},
        }
    ).cast(SCHEMA)


def _decide(model: Model, records: pa.Table, whole_register: pa.Table) -> pa.Table | None:
    """Return the decisions on prepared records, None without a candidate; record and found are row numbers."""
    with opened() as connection:
        put(connection, "records", records)
        put(connection, "whole_register", whole_register)
        find_candidates(connection)
        decided = []
        for first, last in _slices(connection):
            score_candidates(connection, model, first, last)
            decided.append(connection.sql(_decision()).to_arrow_table())
        return pa.concat_tables(decided) if decided else None


def _slices(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """Return the first and the last record of each slice of `pairs`."""
    found = connection.sql(f"""
        WITH counted AS (SELECT record, sum(count(*)) OVER (ORDER BY record) AS pairs FROM pairs GROUP BY record)
        SELECT min(record), max(record) FROM counted GROUP BY (pairs - 1) // {SLICE} ORDER BY 1
    """).fetchall()  # noqa: S608 - own names
    return [(int(first), int(last)) for first, last in found]


def _decision() -> str:
    """Return the SQL that ranks the candidates of each record and words the decision."""
    said = " || ', ' || ".join(_said(item) for item in COMPARISONS)
    return f"""
        WITH ranked AS (
            SELECT *, 1 / (1 + power(2.0, -weight)) AS score, row_number() OVER best AS place,
                lead(weight) OVER best AS next_weight
            FROM weighed WINDOW best AS (PARTITION BY row_l ORDER BY weight DESC, row_r)
        ), chosen AS (
            SELECT *, coalesce(weight - next_weight, {MARGIN}) AS margin,
                coalesce(1 / (1 + power(2.0, -next_weight)), 0) AS second
            FROM ranked WHERE place = 1 AND score >= {REVIEW}
        )
        SELECT row_l AS record, row_r AS found, score, second,
            CASE WHEN score >= {AUTO} AND margin >= {MARGIN} THEN 'linked' ELSE 'review' END AS outcome,
            {said} || CASE WHEN margin < {MARGIN} THEN '; another candidate is nearly as likely' ELSE '' END AS reason
        FROM chosen ORDER BY row_l
    """  # noqa: S608 - own names


def _said(comparison: Comparison) -> str:
    """Return the SQL of one part of a reason: `name 0.97` or `birth date same`."""
    best = len(comparison.levels) - 1
    cases = " ".join(f"WHEN {best - place} THEN '{level.label}'" for place, level in enumerate(comparison.levels))
    words = f"CASE gamma_{comparison.name} {cases} ELSE 'missing' END"
    if comparison.name == "name":
        return f"'name ' || format('{{:.2f}}', {likeness('name')}) || ' (' || {words} || ')'"
    return f"'{comparison.name} ' || {words}"
