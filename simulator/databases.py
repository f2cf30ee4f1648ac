"""Write an application's tables into MariaDB, PostgreSQL or a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pymysql
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from schemas.errors import ConfigurationError
from simulator.description import SqlTable

#: Only databases whose name starts like this are ever dropped.
PREFIX = "opdhub_city_"
CHUNK = 5000
#: a table while it is written, and the one that it replaces
NEW, OLD = "__new", "__old"
Tables = Mapping[str, pd.DataFrame]


def check_name(database: str) -> str:
    """Return the name of a database that belongs to the sample city; raises ConfigurationError on another."""
    tail = database.removeprefix(PREFIX)
    if not database.startswith(PREFIX) or not tail.replace("_", "a").isalnum() or database != database.lower():
        raise ConfigurationError(f"database '{database}' is not the sample city's", fix=f"name it {PREFIX}…")
    return database


def mariadb_answers(url: str) -> bool:
    """Say whether a MariaDB (or MySQL) server answers at `mysql://user:password@host:port`."""
    try:
        with closing(_mariadb(url)):
            return True
    except pymysql.err.OperationalError:
        return False


def _mariadb(url: str) -> pymysql.connections.Connection[Any]:
    parts = make_url(url)
    return pymysql.connect(
        host=parts.host or "127.0.0.1", port=parts.port or 3306, user=parts.username or "root",
        password=str(parts.password or ""), charset="utf8mb4", connect_timeout=5,
        # zero dates and cut texts are what the sample is for
        init_command="SET SESSION sql_mode=''",
    )  # fmt: skip


def postgres_answers(url: str) -> bool:
    """Say whether a PostgreSQL server answers at `postgresql://user:password@host:port/database`."""
    try:
        with closing(psycopg.connect(_libpq(make_url(url)), connect_timeout=5)):
            return True
    except psycopg.OperationalError:
        return False


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def drop_mariadb(url: str, *databases: str) -> None:
    """Drop databases of the sample city, where they are there."""
    with closing(_mariadb(url)) as connection, connection.cursor() as cursor:
        for database in databases:
            cursor.execute(f"DROP DATABASE IF EXISTS `{check_name(database)}`")


def write_mariadb(url: str, database: str, tables: Mapping[str, SqlTable], frames: Tables) -> str:
    """Write these tables, each put in place of an earlier one in one step; return the Airflow connection URI."""
    with closing(_mariadb(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{check_name(database)}` CHARACTER SET utf8mb4")
        connection.select_db(database)
        for name, table in tables.items():
            columns = [f"`{column}` {spec.type}" for column, spec in table.all_columns.items()]
            if table.primary_key:
                columns.append("PRIMARY KEY (" + ", ".join(f"`{key}`" for key in table.primary_key) + ")")
            cursor.execute(f"DROP TABLE IF EXISTS `{name}{NEW}`, `{name}{OLD}`")
            cursor.execute(f"CREATE TABLE `{name}{NEW}` ({', '.join(columns)}) CHARACTER SET {table.charset}")
            places = ", ".join(["%s"] * len(table.all_columns))
            for rows in _rows(frames[name]):
                cursor.executemany(f"INSERT INTO `{name}{NEW}` VALUES ({places})", rows)  # noqa: S608 - our own names
            connection.commit()
            # a reader meets the old table or the new one, never none
            cursor.execute(f"CREATE TABLE IF NOT EXISTS `{name}` LIKE `{name}{NEW}`")
            cursor.execute(f"RENAME TABLE `{name}` TO `{name}{OLD}`, `{name}{NEW}` TO `{name}`")
            cursor.execute(f"DROP TABLE `{name}{OLD}`")
    parts = make_url(url).set(drivername="mysql", database=database, query={"charset": "utf8mb4"})
    return parts.render_as_string(hide_password=False)


def drop_postgres(url: str, *databases: str) -> None:
    """Drop databases of the sample city, where they are there."""
    with closing(psycopg.connect(_libpq(make_url(url)), autocommit=True)) as connection:
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        for database in databases:
            connection.execute(statement.format(sql.Identifier(check_name(database))))


def write_postgres(url: str, database: str, tables: Mapping[str, SqlTable], frames: Tables, *, typed: bool) -> str:
    """Write these tables in one transaction, in place of earlier ones; return the Airflow connection URI.

    With `typed` false every column is text: the tables are MariaDB's, whose zero dates PostgreSQL refuses.
    """
    with closing(psycopg.connect(_libpq(make_url(url)), autocommit=True)) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [check_name(database)]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    target = make_url(url).set(drivername="postgresql", database=database)
    with closing(psycopg.connect(_libpq(target))) as connection:
        for name, table in tables.items():
            columns = [
                sql.SQL("{} {}").format(sql.Identifier(column), _postgres_type(spec.type if typed else "text"))
                for column, spec in table.all_columns.items()
            ]
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))
            head = sql.SQL("CREATE TABLE {} ({})")
            connection.execute(head.format(sql.Identifier(name), sql.SQL(", ").join(columns)))
            load = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
            with connection.cursor().copy(load) as copy:
                for rows in _rows(frames[name]):
                    for row in rows:
                        copy.write_row(row)
        connection.commit()
    return target.render_as_string(hide_password=False)


def _postgres_type(kind: str) -> sql.SQL:
    known = {"double": "double precision", "datetime": "timestamp", "int": "integer"}
    return sql.SQL("text" if kind.startswith("enum") else known.get(kind, kind))


def write_sqlite(path: Path, tables: Mapping[str, SqlTable], frames: Tables) -> str:
    """Write a database file with these tables, in place of an earlier one; return the Airflow connection URI."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with closing(sqlite3.connect(fresh)) as connection:
        for name, table in tables.items():
            columns = [f'"{column}" {_sqlite_type(spec.type)}' for column, spec in table.all_columns.items()]
            connection.execute(f'CREATE TABLE "{name}" ({", ".join(columns)})')
            places = ", ".join("?" * len(columns))
            for rows in _rows(frames[name]):
                connection.executemany(f'INSERT INTO "{name}" VALUES ({places})', rows)  # noqa: S608 - our own names
        connection.commit()
    fresh.replace(path)
    return f"sqlite:///{path.resolve()}"


def _sqlite_type(kind: str) -> str:
    return {"int": "INTEGER", "bigint": "INTEGER", "double": "REAL"}.get(kind, "TEXT")


def _rows(frame: pd.DataFrame) -> Iterator[list[tuple[Any, ...]]]:
    """Hand out the rows as tuples, missing as None."""
    for start in range(0, len(frame), CHUNK):
        part = frame.iloc[start : start + CHUNK].astype(object)
        yield list(part.where(part.notna(), None).itertuples(index=False, name=None))
