"""Which resident a row names: by a NIK that the register knows and whose name fits, else by what else is known.

A NIK alone is no proof: it may be somebody else's, typed from the line above. It counts when the register knows it and
name or birth date fit; what is left goes to `pipelines.match`.
"""

from __future__ import annotations

import sqlalchemy as sa
from psycopg import sql

from pipelines.identity.members import begin_feed, write_members
from schemas.integration_plan import PersonFields
from store.database import comma, execute
from store.tables import members_table, source_table, touched_table

#: what is known of a person, as columns of `_register` and `_open`
KNOWN = ("name", "birth_date", "sex", "address", "region", "mother")
TYPES = {"birth_date": "date"}
#: the register's rows, each NIK once: the strongest feed first, of a feed the row with the fewest warnings
REGISTER = """
    CREATE TEMP TABLE _register ON COMMIT DROP AS
    SELECT DISTINCT ON (nik) nik, {known} FROM ({union}) rows ORDER BY nik, rank, warnings, row_key
"""
OPEN = """
    CREATE TEMP TABLE _open (
        feed text, row_key text, row_hash text, nik text, name text, birth_date date, sex text, address text,
        region text, mother text, is_registered boolean, is_new boolean) ON COMMIT DROP
"""
PAIRS = """
    CREATE TEMP TABLE _pairs (
        record_id text, register_id text, name text, birth_date date, sex text, address text, region text, mother text)
    ON COMMIT DROP
"""
#: the rows of a feed that are new, have changed or were nobody's
LOOKED_AT = """
    CREATE TEMP TABLE _looked_at ON COMMIT DROP AS
    SELECT s._key AS row_key, s._hash AS row_hash, {columns}, m.row_hash IS DISTINCT FROM s._hash AS is_new FROM {rows}
"""
OF_MOVED = """
    {source} s LEFT JOIN {members} m ON m.feed = %(feed)s AND m.row_key = s._key
    WHERE m.row_hash IS DISTINCT FROM s._hash OR m.how = 'none'
"""
OF_UNMOVED = """
    {members} m JOIN {source} s ON s._key = m.row_key WHERE m.feed = %(feed)s AND (m.how = 'none' OR m.row_hash = '')
"""
#: beside the register's row of their NIK
CANDIDATES = """
    CREATE TEMP TABLE _candidates ON COMMIT DROP AS
    SELECT l.*, r.nik IS NOT NULL AS is_registered,
           r.nik IS NOT NULL AND CASE
               WHEN l.name IS NULL THEN l.birth_date IS NULL OR l.birth_date = r.birth_date
               WHEN l.birth_date IS NULL OR l.birth_date = r.birth_date THEN {words} && {register_words}
               ELSE {words} <@ {register_words} AND {words} @> {register_words} END AS fits
    FROM _looked_at l LEFT JOIN _register r ON r.nik = l.nik
"""
EXACT = """
    INSERT INTO _decided (row_key, row_hash, key, how, reason, decided_by)
    SELECT row_key, row_hash, nik, 'exact', 'NIK', 'rule' FROM _candidates WHERE fits
"""
#: what the NIK has linked and confirmed, to learn from; in an order that is none
KNOWN_PAIRS = """
    INSERT INTO _pairs (record_id, register_id, {known})
    SELECT %(feed)s || ':' || row_key, nik, {known} FROM _candidates
    WHERE fits AND birth_date IS NOT NULL ORDER BY md5(row_key) LIMIT %(most)s
"""
#: pairs of one feed that a model learns from at most
MOST_PAIRS = 5000
LEFT = """
    INSERT INTO _open (feed, row_key, row_hash, {known}, nik, is_registered, is_new)
    SELECT %(feed)s, row_key, row_hash, {known}, nik, is_registered, is_new FROM _candidates WHERE fits IS NOT TRUE
"""
#: rows that were linked to somebody whom the register no longer knows are looked at again
FORGET = """
    UPDATE {members} t SET row_hash = '' FROM {touched} k
    WHERE t.key = k.key AND t.how IN ('exact', 'probabilistic') AND t.feed <> ALL (%(register)s)
      AND NOT EXISTS (SELECT FROM _register r WHERE r.nik = k.key)
"""


def make_register(connection: sa.Connection, dataset: str, feeds: list[str], person: PersonFields) -> None:
    """Gather the register's people in the temporary table `_register`; forget links to those who are gone."""
    parts = [
        sql.SQL(
            "SELECT {nik} AS nik, {known}, {rank} AS rank, length(coalesce(_warnings, '')) AS warnings, "
            "_key AS row_key FROM {table} WHERE {nik} IS NOT NULL"
        ).format(
            nik=sql.Identifier(person.nik),
            known=known_columns(person, None),
            rank=sql.Literal(rank),
            table=source_table(feed).identifier,
        )
        for rank, feed in enumerate(feeds)
    ]
    known = comma([sql.Identifier(what) for what in KNOWN])
    execute(connection, REGISTER, known=known, union=sql.SQL(" UNION ALL ").join(parts))
    connection.exec_driver_sql("ALTER TABLE _register ADD PRIMARY KEY (nik)")
    connection.exec_driver_sql("ANALYZE _register")
    connection.exec_driver_sql(OPEN)
    connection.exec_driver_sql(PAIRS)
    members, touched = members_table(dataset).identifier, touched_table(dataset).identifier
    execute(connection, FORGET, {"register": feeds}, members=members, touched=touched)


def link_by_nik(
    connection: sa.Connection, dataset: str, feed: str, person: PersonFields, noted: bool, is_moved: bool
) -> None:
    """Link those rows of a feed whose NIK the register knows and confirms; leave the others in `_open`.

    Without `is_moved` its table is what it was when it was linked: only those who were nobody's are looked at.
    """
    begin_feed(connection)
    connection.exec_driver_sql("DROP TABLE IF EXISTS _looked_at, _candidates")
    rows = sql.SQL(OF_MOVED if is_moved else OF_UNMOVED).format(
        source=source_table(feed).identifier, members=members_table(dataset).identifier
    )
    columns = known_columns(person, "s", with_nik=True)
    looked_at = execute(connection, LOOKED_AT, {"feed": feed}, columns=columns, rows=rows)
    if not looked_at.rowcount and not is_moved:
        return
    # not knowing how few they are the server would hash the whole register for each feed
    connection.exec_driver_sql("ANALYZE _looked_at")
    execute(connection, CANDIDATES, words=words(sql.SQL("l.name")), register_words=words(sql.SQL("r.name")))
    connection.exec_driver_sql(EXACT)
    known = comma([sql.Identifier(what) for what in KNOWN])
    execute(connection, LEFT, {"feed": feed}, known=known)
    execute(connection, KNOWN_PAIRS, {"feed": feed, "most": MOST_PAIRS}, known=known)
    write_members(connection, dataset, feed, noted, is_moved)


def words(name: sql.Composable) -> sql.Composable:
    """Return the words of a name as an array, in capitals, without dots and signs."""
    return sql.SQL("string_to_array(upper(translate({}, '.,''`-\"', '')), ' ')").format(name)


def known_columns(person: PersonFields, table: str | None, with_nik: bool = False) -> sql.Composed:
    """Return what is known of a person as columns of these names, NULL where the dataset has no such field."""
    found: list[sql.Composable] = []
    named = person.named
    for what in (*(("nik",) if with_nik else ()), *KNOWN):
        if what in named:
            field = sql.Identifier(table, named[what]) if table else sql.Identifier(named[what])
            found.append(sql.SQL("{} AS {}").format(field, sql.Identifier(what)))
        else:
            kind = sql.SQL(TYPES.get(what, "text"))
            found.append(sql.SQL("NULL::{} AS {}").format(kind, sql.Identifier(what)))
    return comma(found)
