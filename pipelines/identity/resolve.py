"""What a NIK cannot tell: the rows in `_open` are matched with the register by name, birth date and address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from rapidfuzz.distance import JaroWinkler

from pipelines.identity.matching import kept_model
from pipelines.identity.members import begin_feed, write_members
from pipelines.identity.people import KNOWN
from pipelines.match.names import normalise
from store.database import execute, read_arrow
from store.tables import touched_table

#: names so near are the same name, where the NIK is the same too (Jaro-Winkler of the normalised names)
NEAR_NAME = 0.88
#: when a larger share of the register has changed, rows that were nobody's are tried against all of it
FEW = 0.05
FOUND = """
    CREATE TEMP TABLE _found (
        feed text, row_key text, key text, how text, score real, reason text, candidate text,
        PRIMARY KEY (feed, row_key)) ON COMMIT DROP
"""
#: a row that gives a name alone could be anybody of that name
LEFT = """
    CREATE TEMP TABLE _left ON COMMIT DROP AS SELECT row_number() OVER (ORDER BY feed, row_key) AS place, o.*
    FROM _open o WHERE name IS NOT NULL AND (birth_date IS NOT NULL OR address IS NOT NULL OR mother IS NOT NULL)
    AND NOT EXISTS (SELECT FROM _found f WHERE f.feed = o.feed AND f.row_key = o.row_key)
"""
COUNTS = """
    SELECT (SELECT count(*) FROM _register) AS register,
           (SELECT count(*) FROM _register r JOIN {touched} t ON t.key = r.nik) AS changed,
           count(*) FILTER (WHERE is_new) AS new, count(*) FILTER (WHERE NOT is_new) AS old FROM _left
"""
DECIDE = """
    INSERT INTO _decided (row_key, row_hash, key, how, score, reason, candidate, decided_by)
    SELECT o.row_key, o.row_hash, f.key, coalesce(f.how, 'none'), f.score,
           coalesce(f.reason, CASE WHEN o.is_registered THEN 'the NIK is registered under another name'
                                   WHEN o.nik IS NULL THEN 'no NIK, and nobody in the register is like this'
                                   ELSE 'the register knows neither the NIK nor anybody like this' END),
           CASE WHEN f.key IS NULL THEN coalesce(f.candidate, CASE WHEN o.is_registered THEN o.nik END) END,
           CASE WHEN f.how IS NULL OR f.how = 'exact' THEN 'rule' ELSE 'splink' END
    FROM _open o LEFT JOIN _found f ON f.feed = o.feed AND f.row_key = o.row_key
    WHERE o.feed = %(feed)s AND (o.is_new OR f.feed IS NOT NULL)
"""
DECIDED_FEEDS = """
    SELECT DISTINCT o.feed FROM _open o LEFT JOIN _found f ON f.feed = o.feed AND f.row_key = o.row_key
    WHERE o.is_new OR f.feed IS NOT NULL ORDER BY o.feed
"""
NEWS = """
    CREATE TEMP TABLE _news ON COMMIT DROP AS SELECT r.* FROM _register r JOIN {touched} t ON t.key = r.nik
"""
PEOPLE = "SELECT {id} AS id, {known} FROM {table} ORDER BY {id}"


def resolve(connection: sa.Connection, dataset: str, noted: set[str]) -> None:
    """Decide of every row in `_open` whom it names; `noted` are the feeds whose values the dataset takes."""
    if not connection.exec_driver_sql("SELECT EXISTS (SELECT FROM _open)").scalar_one():
        return
    connection.exec_driver_sql(FOUND)
    _keep_near_names(connection)
    _match(connection, dataset)
    for feed in list(connection.exec_driver_sql(DECIDED_FEEDS).scalars()):
        begin_feed(connection)
        execute(connection, DECIDE, {"feed": feed})
        write_members(connection, dataset, feed, feed in noted, is_moved=False)


def _keep_near_names(connection: sa.Connection) -> None:
    """Take a registered NIK as right where the register's name is nearly the row's: a letter slipped."""
    rows = connection.exec_driver_sql("""
        SELECT o.feed, o.row_key, o.nik, o.name, r.name AS registered FROM _open o JOIN _register r ON r.nik = o.nik
        WHERE o.name IS NOT NULL AND r.name IS NOT NULL""").all()
    alike = [JaroWinkler.similarity(normalise(row.name), normalise(row.registered)) for row in rows]
    _keep(
        connection,
        [
            (row.feed, row.row_key, row.nik, "exact", None, f"NIK, name {share:.2f}", None)
            for row, share in zip(rows, alike, strict=True)
            if share >= NEAR_NAME
        ],
    )


def _match(connection: sa.Connection, dataset: str) -> None:
    """Link the rows that are left with the register; those that were nobody's before only where it has news of them."""
    connection.exec_driver_sql(LEFT)
    touched = touched_table(dataset).identifier
    counts = execute(connection, COUNTS, touched=touched).one()
    if counts.register == 0 or not (counts.new or counts.old):
        return
    if counts.changed > counts.register * FEW:
        connection.exec_driver_sql("UPDATE _left SET is_new = true")
    elif counts.old and counts.changed:
        execute(connection, NEWS, touched=touched)
        places = [int(item["record_id"]) for item in _links(connection, dataset, "NOT is_new", "_news")]
        execute(connection, "UPDATE _left SET is_new = true WHERE place = ANY (%(places)s)", {"places": places})
    rows = {str(row.place): row for row in connection.exec_driver_sql("SELECT place, feed, row_key, nik FROM _left")}
    found = _links(connection, dataset, "is_new", "_register")
    _keep(connection, [_outcome(rows[item["record_id"]], item) for item in found])


def _links(connection: sa.Connection, dataset: str, which: str, register_table: str) -> list[dict[str, Any]]:
    """Match the rows of `_left` for which `which` holds with a table of the register's people."""
    known = ", ".join(KNOWN)
    rows = f"(SELECT place::text AS place, {known} FROM _left WHERE {which}) AS people"  # noqa: S608
    people = read_arrow(connection, PEOPLE.format(id="place", known=known, table=rows))
    if people.num_rows == 0:
        return []
    from pipelines.match.link import link  # Splink and DuckDB take two seconds to import

    register = read_arrow(connection, PEOPLE.format(id="nik", known=known, table=register_table))
    found: list[dict[str, Any]] = link(kept_model(connection, dataset), people, register).to_pylist()
    return found


def _outcome(row: Any, item: dict[str, Any]) -> tuple[Any, ...]:
    """Return a row of `_found`; a match with the owner of the row's own NIK proves that NIK right."""
    found = str(item["register_id"])
    if item["outcome"] != "linked":
        return (row.feed, row.row_key, None, "none", item["score"], f"undecided: {item['reason']}", found)
    if row.nik == found:
        return (row.feed, row.row_key, found, "exact", item["score"], f"NIK, {item['reason']}", None)
    return (row.feed, row.row_key, found, "probabilistic", item["score"], item["reason"], None)


def _keep(connection: sa.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    driver = cast(psycopg.Connection, connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy("COPY _found FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
