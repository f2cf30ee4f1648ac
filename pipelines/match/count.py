"""Count: how often each level of agreement occurs among some pairs."""

from __future__ import annotations

import re
from collections.abc import Mapping

import duckdb

from pipelines.match.comparisons import COMPARISONS, Comparison

#: pairs at each level of each comparison, best level first; pairs that miss a value are in none
Counts = Mapping[str, tuple[float, ...]]

_COLUMN = re.compile(r"\b(\w+)_[lr]\b")


def count_levels(connection: duckdb.DuckDBPyConnection, left: str, right: str, pairs: str) -> Counts:
    """Return the counts among pairs; `pairs` is SQL that gives l and r, rows of the tables `left` and `right`."""
    cases = {item.name: _place(item) for item in COMPARISONS}
    columns = sorted({column for case in cases.values() for column in _COLUMN.findall(case)})
    both = ", ".join(f"a.{column} AS {column}_l, b.{column} AS {column}_r" for column in columns)
    connection.execute(f"""
        CREATE OR REPLACE TABLE counted AS
        WITH chosen AS ({pairs}), beside AS (
            SELECT {both} FROM chosen JOIN {left} a ON a.row = chosen.l JOIN {right} b ON b.row = chosen.r)
        SELECT {", ".join(f"{case} AS {name}" for name, case in cases.items())} FROM beside
    """)  # noqa: S608 - own names
    return {item.name: _counts(connection, item, "counted", item.name, "1") for item in COMPARISONS}


def count_likely(connection: duckdb.DuckDBPyConnection) -> tuple[float, Counts]:
    """Return how many records are somebody in the register, and the counts among their best candidates in `weighed`.

    Both are expected numbers: a pair counts as much as it is likely.
    """
    connection.execute("""CREATE OR REPLACE TABLE likely AS
        SELECT *, 1 / (1 + power(2.0, -weight)) AS score FROM weighed
        QUALIFY row_number() OVER (PARTITION BY row_l ORDER BY weight DESC, row_r) = 1""")
    ((found,),) = connection.sql(
        "SELECT coalesce(sum(CAST(round(score * 1000000) AS BIGINT)), 0) / 1000000 FROM likely"
    ).fetchall()
    counts = {}
    for item in COMPARISONS:
        best = len(item.levels) - 1
        counts[item.name] = _counts(
            connection, item, "likely", f"CASE WHEN gamma_{item.name} >= 0 THEN {best} - gamma_{item.name} END", "score"
        )
    connection.execute("DROP TABLE likely; DROP TABLE weighed")
    return float(found), counts


def _place(comparison: Comparison) -> str:
    """Return the SQL of the place of a pair's level, 0 the best; null where a value is missing."""
    levels = " ".join(f"WHEN {level.sql} THEN {place}" for place, level in enumerate(comparison.levels[:-1]))
    return f"CASE WHEN {comparison.missing} THEN NULL {levels} ELSE {len(comparison.levels) - 1} END"


def _counts(
    connection: duckdb.DuckDBPyConnection, item: Comparison, table: str, place: str, worth: str
) -> tuple[float, ...]:
    # whole millionths: a sum of them does not depend on the order in which threads add
    rows = connection.sql(f"""SELECT {place} AS level, sum(CAST(round({worth} * 1000000) AS BIGINT)) FROM {table}
        WHERE level IS NOT NULL GROUP BY level""").fetchall()  # noqa: S608 - own names
    found = {int(at): float(count) / 1e6 for at, count in rows}
    return tuple(found.get(at, 0.0) for at in range(len(item.levels)))
