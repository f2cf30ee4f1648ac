"""The sources that every test of the shared suite runs against."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import sftp
from tests import services
from tests.connectors.api import Api, served
from tests.connectors.sources import Database, FileSource, RestSource, SftpSource, Source, SqliteSource

SOURCES = ["mariadb-connectorx", "mariadb-cursor", "postgresql-connectorx", "postgresql-cursor", "sqlite", "rest"]
SOURCES += ["csv", "tsv", "xlsx", "xls", "ods", "dbf", "xml", "json", "jsonl", "geojson", "zip", "sftp"]


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


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database(kind: str, reader: str) -> Iterator[Database]:
    url = services.mariadb_url if kind == "mariadb" else services.postgres_url
    made = Database(services.require(kind, url), reader)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(params=SOURCES)
def source(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Source]:
    kind, _, reader = request.param.partition("-")
    if kind in ("mariadb", "postgresql"):
        yield from database(kind, reader)
    elif kind == "sqlite":
        yield SqliteSource(tmp_path)
    elif kind == "rest":
        with served() as api:
            yield RestSource(api)
    elif kind == "sftp":
        port = free_port()
        city = tmp_path_factory.mktemp("city")  # tmp_path has the test's name, which may say "wrong"
        made = SftpSource(city, port)
        with sftp.serving(city, port, is_openssh=False):
            yield made
    else:
        yield FileSource(tmp_path, kind)
