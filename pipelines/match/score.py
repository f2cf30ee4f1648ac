"""Score: how likely each candidate is the person of a record, against strangers and against relatives."""

from __future__ import annotations

import math

import duckdb
from splink import Linker

from pipelines.match.comparisons import COMPARISONS, OWN
from pipelines.match.engine import linker
from pipelines.match.model import Model

#: a pair below this is forgotten at once; beside a linked one it is far away
FORGOTTEN = 0.001
#: rows that the usual frequency of a name is worth beside the register's own count: in a small register a name that
#: stands there once is not thereby frequent
STEADYING = 10_000


def score_candidates(connection: duckdb.DuckDBPyConnection, model: Model, first: int, last: int) -> None:
    """Make `weighed`: pairs with what Splink gives of them, and `weight` in bits; only records in rows first to last.

    Expects `records`, `whole_register` and `pairs` (see `find_candidates`). A pair is held against two strangers
    (Splink's weight) and against two relatives of whom only one is in the register, which house and mother cannot
    tell: odds of `weight` are 1 / (1 / strangers + 1 / relatives).
    """
    chosen = f"FROM pairs WHERE record BETWEEN {first} AND {last}"
    connection.execute(f"""
        CREATE OR REPLACE TABLE register AS SELECT * FROM whole_register WHERE row IN (SELECT found {chosen});
        CREATE OR REPLACE TABLE candidates AS SELECT '0' AS match_key,
            'records-__-' || record AS join_key_l, 'register-__-' || found AS join_key_r {chosen}""")  # noqa: S608
    splink = linker(connection, model.settings["splink"], ("records", "register"))
    _tell_frequencies(connection, splink, model)
    splink.table_management.register_blocked_pairs_for_predict(splink._db_api.register("candidates"))
    scored = splink.inference.predict(threshold_match_probability=FORGOTTEN, warning_mode="never")
    connection.execute(f"""CREATE OR REPLACE TABLE weighed AS
        SELECT *, -log2(power(2.0, -match_weight) + power(2.0, -({_against_relatives(model)}))) AS weight
        FROM {scored.physical_name}""")  # noqa: S608 - own names
    scored.drop_table_from_database_and_remove_from_cache()


def _tell_frequencies(connection: duckdb.DuckDBPyConnection, splink: Linker, model: Model) -> None:
    """Give Splink how frequent a name and a date are among the others of the whole register."""
    for item in COMPARISONS:
        column = item.levels[0].frequency
        if column is None:
            continue
        usual = model.levels(item.name)[0]["u_probability"]
        connection.execute(f"""CREATE TABLE IF NOT EXISTS frequency_{column} AS SELECT {column},
            (count(*) - 1 + {STEADYING} * {usual}) / (sum(count(*)) OVER () + {STEADYING}) AS tf_{column}
            FROM whole_register WHERE {column} IS NOT NULL GROUP BY {column}""")  # noqa: S608 - own names
        table = splink._db_api.register(f"frequency_{column}")
        splink.table_management.register_term_frequency_lookup(table, column)


def _against_relatives(model: Model) -> str:
    """Return the SQL of the weight in bits that a pair is one person rather than two of one house."""
    relatives = model.settings["relatives"]
    # the relative is not in the register, or stands there as a candidate of his own
    odds = relatives["share"] / ((1 - relatives["share"]) * relatives["mates"])
    parts = [f"{math.log2(odds)}::DOUBLE"]
    for item in OWN:
        shares = zip(model.levels(item.name), relatives["shares"][item.name], strict=True)
        weights = [math.log2(level["m_probability"] / share) for level, share in shares]
        best = len(weights) - 1
        cases = " ".join(f"WHEN {best - place} THEN {weight}::DOUBLE" for place, weight in enumerate(weights))
        parts.append(f"CASE gamma_{item.name} {cases} ELSE 0 END")
    return " + ".join(parts)
