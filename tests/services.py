"""Addresses of the real databases that tests use, and what happens where one does not answer."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn

import pymysql
import pytest
import sqlalchemy as sa


def mariadb_url() -> str:
    """Return OPDHUB_MARIADB_URL: a `mysql://login:password@host:port` that may create databases."""
    return os.environ.get("OPDHUB_MARIADB_URL", "mysql://root:@127.0.0.1:3306")


def postgres_url() -> str:
    """Return OPDHUB_TEST_POSTGRES_URL: a `postgresql://login@host:port` that may create databases."""
    return os.environ.get("OPDHUB_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432")


def engine(url: str, database: str = "", **options: object) -> sa.Engine:
    """Make an engine for one of the two addresses, in autocommit."""
    address = sa.make_url(url)
    driver = "mysql+pymysql" if address.drivername.startswith("mysql") else "postgresql+psycopg"
    named = address.set(drivername=driver, database=database or address.database)
    if driver == "postgresql+psycopg" and not named.database:
        named = named.set(database="postgres")
    made: sa.Engine = sa.create_engine(
        named, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool, connect_args={"connect_timeout": 3}, **options
    )
    return made


def require(name: str, url: Callable[[], str]) -> str:
    """Return the address of a service that answers; else skip, or fail where OPDHUB_REQUIRE_SERVICES is 1."""
    address = url()
    try:
        with engine(address).connect():
            return address
    except (sa.exc.OperationalError, pymysql.err.OperationalError) as error:
        skip_or_fail(f"{name} does not answer: {error}")


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the test, or fail where OPDHUB_REQUIRE_SERVICES is 1."""
    if os.environ.get("OPDHUB_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
