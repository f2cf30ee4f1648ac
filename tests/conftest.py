"""What tests of several packages share: the embedded PostgreSQL, databases and workspaces."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.catalogue import Catalogue
from store.database import Database
from tests import embedded
from tests.workspaces import ROOT, MakeWorkspace


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the controller, or the only process
        embedded.prepare()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        embedded.clean_up()


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The address of the session's PostgreSQL 18."""
    return embedded.server_url()


@pytest.fixture
def database(postgres_server: str) -> Iterator[Database]:
    """An upgraded hub database of the test's own."""
    with embedded.new_database(postgres_server, f"test_{secrets.token_hex(6)}") as url:
        made = Database(url)
        yield made
        made.engine.dispose()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The project's catalogue."""
    return Catalogue.load(ROOT)


@pytest.fixture
def make_workspace(database: Database, catalogue: Catalogue, tmp_path: Path) -> MakeWorkspace:
    """Makes the workspace of a test: its own database, landing in its folder, applications of its own YAML."""
    return MakeWorkspace(database, catalogue, tmp_path)
