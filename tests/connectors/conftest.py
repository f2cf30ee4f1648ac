"""The sources that every test of the shared suite runs against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import services
from tests.connectors.api import Api, served
from tests.connectors.sources import Database, FileSource, RestSource, Source, SqliteSource

SOURCES = ["mariadb", "mariadb-cursor", "postgresql", "postgresql-cursor", "sqlite", "rest", "csv", "xlsx"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait milliseconds between attempts, not seconds."""
    monkeypatch.setattr("connectors.rest_client.BACKOFF_SECONDS", 0.005)


@pytest.fixture
def api() -> Iterator[Api]:
    with served() as api:
        yield api


@pytest.fixture(params=["mariadb", "postgresql"])
def server(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of its own on each server, read by the fast reader."""
    yield from database(request.param, "")


@pytest.fixture
def mariadb() -> Iterator[Database]:
    yield from database("mariadb", "")


def database(kind: str, reader: str) -> Iterator[Database]:
    url = services.mariadb_url if kind == "mariadb" else services.postgres_url
    made = Database(services.require(kind, url), reader)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    kind, _, reader = request.param.partition("-")
    if kind in ("mariadb", "postgresql"):
        yield from database(kind, reader)
    elif kind == "sqlite":
        yield SqliteSource(tmp_path)
    elif kind == "rest":
        with served() as api:
            yield RestSource(api)
    else:
        yield FileSource(tmp_path, kind)
