"""Load a dump that nobody here made, such as the 91 thousand rows of the public `wilayah.sql`, as a source."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pymysql
from pymysql.constants import CLIENT

from simulator.databases import PREFIX, check_name


def load_dump(mariadb_url: str, dump: Path, database: str = PREFIX + "wilayah") -> str:
    """Load a MySQL dump into a database of its own, replacing it; return the Airflow connection URI.

    Raises OSError when the file cannot be read, pymysql.Error when the server refuses it.
    """
    name, parts = check_name(database), urlsplit(mariadb_url)
    connection = pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        client_flag=CLIENT.MULTI_STATEMENTS,
        autocommit=True,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        cursor.execute(f"USE `{name}`")
        cursor.execute(dump.read_text(encoding="utf-8"))
        while cursor.nextset():
            pass
    return f"{mariadb_url.rstrip('/')}/{name}?charset=utf8mb4"
