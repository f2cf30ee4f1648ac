"""The structure of a whole database from its own catalogue: a handful of queries, however many tables it has.

Ran against live servers: MariaDB 10.11, PostgreSQL 15, SQLite 3. SQL Server and Oracle go by SQLAlchemy's
inspector, whose bulk methods are as frugal; no live server of them was at hand.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.sql_text import MYSQL_KINDS
from connectors.survey.model import SurveyColumn, SurveyTable

#: engines whose primary key is a tree, so that its last rows cost as little as its first
ORDERED_ENGINES = frozenset({"innodb", "xtradb", "aria", "myisam", "rocksdb", "tokudb"})


@dataclass(frozen=True)
class Found:
    """A table that is described and not yet sampled."""

    table: SurveyTable
    #: the table's own name, and its schema where it is not the session's
    name: str
    schema: str | None = None
    #: column → kind, as sql_text.select_text takes it
    kinds: Mapping[str, str] | None = None
    #: whether the primary key can be walked from its end without sorting
    is_ordered: bool = False


def describe(opened: sa.Connection) -> list[Found]:
    """Return every table and view that the session sees, without the server's own, by name."""
    dialect = opened.dialect.name
    if dialect in ("mysql", "mariadb"):
        return _mysql(opened)
    if dialect == "postgresql":
        from connectors.survey.sql_postgres import describe_postgres

        return describe_postgres(opened)
    if dialect == "sqlite":
        from connectors.survey.sql_sqlite import describe_sqlite

        return describe_sqlite(opened)
    return describe_inspected(opened)


def feed_keys(name: str, schema: str | None) -> dict[str, Any]:
    """Return the YAML keys that say where a table lies."""
    return {"table": name, "schema": schema} if schema else {"table": name}


def _mysql(opened: sa.Connection) -> list[Found]:
    def ask(columns: str, source: str, order: str, more: str = "") -> list[tuple[Any, ...]]:
        text = f"SELECT {columns} FROM information_schema.{source} WHERE table_schema = DATABASE(){more}"  # noqa: S608 - constants
        return list(map(tuple, opened.execute(sa.text(f"{text} ORDER BY {order}"))))

    columns, kinds = defaultdict[str, list[SurveyColumn]](list), defaultdict[str, dict[str, str]](dict)
    asked = "table_name, column_name, column_type, data_type, is_nullable, column_comment"
    for table, name, declared, kind, nullable, comment in ask(asked, "columns", "table_name, ordinal_position"):
        columns[table].append(SurveyColumn(str(name), str(declared), nullable == "YES", str(comment or "")))
        kinds[table][str(name)] = MYSQL_KINDS.get(str(kind).lower(), "other")
    keys, partial = defaultdict[str, dict[str, list[str]]](dict), set[tuple[str, str]]()
    asked = "table_name, index_name, column_name, sub_part"
    more = " AND non_unique = 0"
    for table, index, name, part in ask(asked, "statistics", "table_name, index_name, seq_in_index", more):
        keys[table].setdefault(str(index), []).append(str(name))
        if part is not None or name is None:  # unique by its first letters, or by an expression: no key of the rows
            partial.add((table, index))
    references = defaultdict[str, list[tuple[str, str]]](list)
    asked = "table_name, column_name, referenced_table_name, referenced_column_name"
    order, more = "table_name, constraint_name, ordinal_position", " AND referenced_table_name IS NOT NULL"
    for table, name, other, other_column in ask(asked, "key_column_usage", order, more):
        references[table].append((str(name), f"{other}.{other_column}"))
    found = []
    asked = "table_name, table_type, engine, table_rows, table_comment"
    for table, type_, engine, rows, comment in ask(asked, "tables", "table_name", " AND table_type <> 'SEQUENCE'"):
        is_view = "VIEW" in type_
        unique = {name: of for name, of in keys[table].items() if (table, name) not in partial}
        primary = unique.pop("PRIMARY", [])
        described = SurveyTable(
            str(table),
            "view" if is_view else "table",
            tuple(columns[table]),
            None if rows is None or is_view else int(rows),
            tuple(primary),
            tuple(tuple(names) for names in unique.values()),
            tuple(references[table]),
            "" if is_view else str(comment or ""),
            feed_keys(str(table), None),
            "" if engine or is_view else f"the server cannot open it ({comment})",
        )
        is_ordered = bool(primary) and str(engine or "").lower() in ORDERED_ENGINES
        found.append(Found(described, str(table), None, kinds[table], is_ordered))
    return found


def describe_inspected(opened: sa.Connection) -> list[Found]:
    """Describe the session's schema by SQLAlchemy's bulk methods, for servers that have no queries of their own here.

    `kinds` stay open: sql_text asks for them, table by table.
    """
    inspector = sa.inspect(opened)
    with warnings.catch_warnings():  # of types that SQLAlchemy does not know; a cast to text reads them
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        columns = inspector.get_multi_columns(kind=sa.engine.reflection.ObjectKind.ANY)
    views = set(inspector.get_view_names())
    primary: dict[Any, Any] = dict(inspector.get_multi_pk_constraint())
    unique = inspector.get_multi_unique_constraints()
    foreign, comments = inspector.get_multi_foreign_keys(), _comments(inspector)
    found = []
    for at in sorted(columns, key=lambda at: at[1]):
        described = SurveyTable(
            at[1],
            "view" if at[1] in views else "table",
            tuple(
                SurveyColumn(column["name"], str(column["type"]), column["nullable"], str(column.get("comment") or ""))
                for column in columns[at]
            ),
            None,
            tuple((primary.get(at) or {}).get("constrained_columns") or ()),
            tuple(tuple(key["column_names"]) for key in unique.get(at) or ()),
            tuple(
                (name, f"{key['referred_table']}.{other}")
                for key in foreign.get(at) or ()
                for name, other in zip(key["constrained_columns"], key["referred_columns"], strict=True)
            ),
            comments.get(at, ""),
            feed_keys(at[1], None),
        )
        found.append(Found(described, at[1], None, None, bool(described.primary_key)))
    return found


def _comments(inspector: sa.Inspector) -> dict[Any, str]:
    try:
        return {at: str(found.get("text") or "") for at, found in inspector.get_multi_table_comment().items()}
    except NotImplementedError:
        return {}
