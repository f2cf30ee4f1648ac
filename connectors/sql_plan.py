"""What one extraction asks of a database: the columns as text, the rows, and where it can go on after a break."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine.interfaces import Dialect

from connectors.drift import Columns, FeedPlace
from connectors.reading import PROBLEM, REST, Demand
from connectors.resume import RestartError
from connectors.sql_table import Described
from connectors.sql_text import exact, literal_sql, text_of
from connectors.sql_where import behind, literal, within
from schemas.errors import ConfigurationError
from schemas.feed import SqlFeed

#: the name under which a declared query stands in the statement
QUERY = "opdhub_query"
#: SQLite refuses a call with more than 127 arguments
SQLITE_PAIRS = 60


@dataclass(frozen=True)
class Plan:
    """One SELECT, and how it is cut at a key.

    Attributes:
        names: columns of the batches, REST and PROBLEM among them where the source can fill them
        key: the primary key's columns as the source calls them; empty: a broken reading cannot go on
        places: the key's places among the columns of a row, which may lie behind `names`

    """

    feed: SqlFeed
    dialect: Dialect
    select: sa.Select[Any]
    names: tuple[str, ...]
    key: tuple[str, ...]
    places: tuple[int, ...]
    key_columns: tuple[sa.ColumnElement[Any], ...]
    compared: tuple[str, ...]
    where: str

    def text(self, after: Sequence[str] = (), limit: int | None = None) -> str:
        """Return the statement that gives the rows behind a key, in the key's order where there is one.

        Raises:
            RestartError: the key's texts cannot be compared.

        """
        query = self.select
        if after:
            try:
                values = [literal(*pair, self.dialect.name) for pair in zip(after, self.compared, strict=True)]
            except ValueError:
                raise RestartError("a key cannot be compared", where=self.where, fix="run it again") from None
            query = query.where(behind(self.key_columns, values))
        if self.key:  # by the table's columns: a bare name would be that of the text
            query = query.order_by(*self.key_columns)
        if limit is not None:
            query = query.limit(limit)
        text = literal_sql(query, self.dialect)
        return text.replace(f"FROM {QUERY}", f"FROM (\n{self.feed.query}\n) {QUERY}", 1) if self.feed.query else text


def make_plan(
    place: FeedPlace,
    feed: SqlFeed,
    described: Described,
    columns: Columns,
    demand: Demand,
    dialect: Dialect,
    is_keyed: bool,
) -> Plan:
    """Plan one extraction; with `is_keyed` in the order of the primary key, if there is one that serves.

    Raises:
        ConfigurationError: the database has no JSON for columns that the feed does not know, or the demand's window
            is no value of the cursor's column.

    """
    key = described.keyset if is_keyed else ()
    landed = list(dict.fromkeys(feed.key)) if demand.keys_only else feed.landed_columns
    cursor = [feed.cursor.column] if feed.cursor else []
    used = [columns.taken.get(name, name) for name in [*landed, *feed.where, *cursor]]
    named = dict.fromkeys([*filter(None, used), *key, *columns.unknown])
    table = sa.table(feed.table or QUERY, *(sa.column(name) for name in named), schema=feed.schema_)
    texts = _Texts(table, described, dialect.name)
    shown: list[sa.ColumnElement[Any]] = [texts.shown(columns.taken.get(name, name)).label(name) for name in landed]
    names = list(landed)
    if not demand.keys_only:
        for name, extra in _extras(place, texts, columns, landed).items():
            shown.append(extra.label(name))
            names.append(name)
    places = []
    for number, name in enumerate(key):
        at = next((index for index, one in enumerate(landed) if columns.taken.get(one, one) == name), None)
        places.append(len(shown) if at is None else at)
        if at is None:
            shown.append(texts.of(name).label(f"_key_{number}"))
    query = sa.select(*shown).select_from(table)
    for name, wanted in feed.where.items():
        query = query.where(exact(texts.landed(columns.taken.get(name, name)), dialect.name).in_(wanted))
    if demand.since is not None:
        query = query.where(_window(place, texts, columns, demand))
    compared = tuple(described.columns[name].compared for name in key)
    key_columns = tuple(table.c[name] for name in key)
    return Plan(feed, dialect, query, tuple(names), key, tuple(places), key_columns, compared, place.where)


@dataclass(frozen=True)
class _Texts:
    """The source's columns as texts."""

    table: sa.TableClause
    described: Described
    dialect: str

    def of(self, name: str) -> sa.ColumnElement[Any]:
        one = self.described.columns.get(name)
        return text_of(self.table.c[name], one.kind if one else "other", self.dialect)

    def landed(self, name: str | None) -> sa.ColumnElement[Any]:
        """Return a column that may be gone by a steward's leave."""
        return sa.cast(sa.null(), sa.Text()) if name is None else self.of(name)

    def shown(self, name: str | None) -> sa.ColumnElement[Any]:
        """Return a column as the answer shows it.

        MySQL sends texts in the connection's charset by itself; a cast of them takes a quarter of the whole time.
        """
        one = self.described.columns.get(name or "")
        is_text = one is not None and re.match(r"(var)?char\b", one.declared) is not None
        plain = name is not None and is_text and self.dialect in ("mysql", "mariadb")
        return self.table.c[name] if plain and name else self.landed(name)


def _window(place: FeedPlace, texts: _Texts, columns: Columns, demand: Demand) -> sa.ColumnElement[bool]:
    cursor, since = place.feed.cursor, demand.since
    name = columns.taken.get(cursor.column, cursor.column) if cursor else None
    if name is None or since is None:
        raise ConfigurationError("has no cursor", where=place.where, fix="read it whole, or name cursor.column")
    one = texts.described.columns[name]
    try:
        return within(texts.table.c[name], one, texts.of(name), since, demand.until, texts.dialect)
    except ValueError:
        raise ConfigurationError(
            f"'{since}' to '{demand.until or ''}' is no window of '{name}', which holds numbers",
            where=f"{place.where}.cursor",
            fix="give numbers of that column, or name a column of dates",
        ) from None


def _extras(
    place: FeedPlace, texts: _Texts, columns: Columns, landed: Sequence[str]
) -> Mapping[str, sa.ColumnElement[Any]]:
    """Return REST and PROBLEM, each where this source can need it."""
    unknown = {name: texts.of(name) for name in columns.unknown}
    problems = [*_dropped(texts, [columns.taken.get(name, name) for name in [*landed, *columns.unknown]])]
    if columns.isolate and unknown:
        filled = sa.or_(*(sa.and_(text.is_not(None), text != _word("")) for text in unknown.values()))
        problems.append((filled, _word("row.unknown_column")))
    extras: dict[str, sa.ColumnElement[Any]] = {}
    if unknown:
        if texts.dialect not in ("mysql", "mariadb", "postgresql", "sqlite"):
            raise ConfigurationError(
                f"a database of this kind is read with drift: freeze only, and has {len(unknown)} unknown columns",
                where=f"{place.where}.drift",
                fix="set drift: freeze, or add the columns to map: or ignore:",
            )
        some = sa.or_(*(text.is_not(None) for text in unknown.values()))
        extras[REST] = sa.case((some, sa.cast(_json(unknown, texts.dialect), _wide(texts.dialect))))
    if problems:
        extras[PROBLEM] = sa.case(*problems)
    return extras


def _dropped(texts: _Texts, names: Sequence[str | None]) -> list[tuple[sa.ColumnElement[bool], sa.ColumnElement[Any]]]:
    """Find cells that MySQL gives as null, with no more than a warning, because the text fits none of its packets."""
    long = [
        name for name in names if name and name in texts.described.columns and texts.described.columns[name].is_long
    ]
    lost = [sa.and_(texts.table.c[name].is_not(None), texts.of(name).is_(None)) for name in long]
    return [(sa.or_(*lost), _word("row.large"))] if lost else []


def _json(unknown: Mapping[str, sa.ColumnElement[Any]], dialect: str) -> sa.ColumnElement[Any]:
    if dialect == "postgresql":  # json_build_object takes 100 arguments, arrays take any number
        names = postgresql.array([_word(name) for name in unknown])
        return sa.func.json_object(names, postgresql.array(list(unknown.values())))
    pairs = [(_word(name), text) for name, text in unknown.items()]
    size = SQLITE_PAIRS if dialect == "sqlite" else len(pairs)
    parts = [
        sa.func.json_object(*(one for pair in pairs[first : first + size] for one in pair))
        for first in range(0, len(pairs), size)
    ]
    return reduce(sa.func.json_patch, parts)


def _wide(dialect: str) -> Any:
    return mysql.CHAR(charset="utf8mb4") if dialect in ("mysql", "mariadb") else sa.Text()


def _word(text: str) -> sa.ColumnElement[Any]:
    return sa.literal(text, sa.String())
