"""Candidates: the pairs that are worth a comparison, so that ten thousand records meet a city without 2.4 billion."""

from __future__ import annotations

import duckdb

#: where a candidate is looked for, over the columns of `prepare`. Whatever single field is mistyped or missing, others
#: find it; a frequent value makes its block too large to be used and a narrower key takes over
KEYS = (
    "birth", "street", "region", "sound", "mother_sound", "first", "final",
    "sound || substr(birth, 1, 4)", "sound || substr(birth, 6)", "sound || region", "sound || district",
    "sound || mother_sound",
    "first || substr(birth, 1, 7)", "final || substr(birth, 1, 7)",
    "first || substr(birth, 6)", "final || substr(birth, 6)",
    "first || region", "final || region",
    "first || region || substr(birth, 1, 4)", "final || region || substr(birth, 1, 4)",
    "first || street", "final || street",
    "mother_sound || first", "mother_sound || final", "mother_sound || substr(birth, 1, 4)", "mother_sound || region",
    "street || substr(birth, 1, 4)", "street || region",
)  # fmt: skip
#: rows of the register under one key; a larger block says too little (a frequent name). Measured on 4,753 records of an
#: invented city of 243,746: 150 gives 882,753 pairs, 40 gives 328,747, and both find 4,752 of the people. FEBRL1 to 3
#: show a small register: 150 finds 4,500 of 4,500, 40 finds 4,492, and so few rows cost nothing
LARGEST_BLOCK, LARGEST_BLOCK_OF_CITY = 150, 40
#: rows from which a register is a city's
CITY = 50_000


def find_candidates(connection: duckdb.DuckDBPyConnection, largest: int | None = None) -> None:
    """Make `pairs`: record and found, row numbers of `records` and of `whole_register`, as `prepare` gives them.

    Blocks of the register with more than `largest` rows are left out; without it the size of the register decides.
    """
    keys = ", ".join(f"CASE WHEN ({key}) IS NOT NULL THEN hash({number}, {key}) END" for number, key in enumerate(KEYS))
    for source, target in (("records", "record_keys"), ("whole_register", "register_keys")):
        needed = "" if source == "records" else "AND key IN (SELECT key FROM record_keys)"
        connection.execute(
            f"""CREATE TABLE {target} AS SELECT row, key FROM (SELECT row, unnest([{keys}]) AS key FROM {source})
                WHERE key IS NOT NULL {needed}"""  # noqa: S608 - own names
        )
    if largest is None:
        ((people,),) = connection.sql("SELECT count(*) FROM whole_register").fetchall()
        largest = LARGEST_BLOCK if people < CITY else LARGEST_BLOCK_OF_CITY
    connection.execute(f"""
        CREATE TABLE pairs AS
        WITH usable AS (SELECT key FROM register_keys GROUP BY key HAVING count(*) <= {largest})
        SELECT DISTINCT l.row AS record, r.row AS found
        FROM record_keys l JOIN usable USING (key) JOIN register_keys r USING (key)
    """)  # noqa: S608 - own names
    connection.execute("DROP TABLE record_keys; DROP TABLE register_keys")
