"""A hub with one application, published once, and the ways in which its source can be bad."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from hub.connections import connection_source
from pipelines.run import sync
from pipelines.workspace import Workspace
from schemas.catalogue import Catalogue
from store.database import Database
from store.landing import Landing
from tests import embedded
from tests.hub.commandline import FEED, Hub, write_application, write_schemas
from tests.pipelines.residents import COLUMNS, ORANG, resident
from tests.workspaces import Row, application, write_csv

#: enough for the gates, and one of them with a NIK that is none
ROWS: list[Row] = [resident(number) for number in range(12)] + [resident(12, nik="123")]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait milliseconds between attempts, not seconds."""
    monkeypatch.setattr("connectors.rest_client.BACKOFF_SECONDS", 0.005)


@pytest.fixture
def hub(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hub:
    """A hub in which nothing is published."""
    return Hub(tmp_path, database, monkeypatch, capsys)


@pytest.fixture(scope="session")
def published(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database in which the CSV of `csv_hub` is published: copies of it cost no sync."""
    name, folder = f"published_{secrets.token_hex(6)}", tmp_path_factory.mktemp("published")
    with embedded.new_database(postgres_server, name) as url:
        write_schemas(folder / "catalogue")
        describe_csv(folder)
        database = Database(url)
        find = connection_source(folder / "home" / "connections.yaml")
        landing = Landing(str(folder / "landing"))
        sync(Workspace(Catalogue.load(folder / "catalogue"), database, landing, find), FEED, "first")
        database.engine.dispose()
        with closing(psycopg.connect(postgres_server, autocommit=True)) as connection:  # a template may have no session
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield name


@pytest.fixture
def csv_hub(
    postgres_server: str,
    published: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Hub]:
    """A hub whose application is a CSV, published as run `first`."""
    with embedded.new_database(postgres_server, f"test_{secrets.token_hex(6)}", published) as url:
        database = Database(url)
        made = Hub(tmp_path, database, monkeypatch, capsys)
        describe_csv(tmp_path)
        yield made
        database.engine.dispose()


def describe_csv(folder: Path) -> None:
    """Write the application's YAML, its connection and its export."""
    write_application(folder, application("warga", "files", orang=ORANG), f"fs://{folder}/drop")
    write_csv(folder / "drop" / "orang_2026.csv", ROWS, COLUMNS)


def export(hub: Hub) -> Path:
    """Return the path of the application's CSV."""
    return hub.folder / "drop" / "orang_2026.csv"
