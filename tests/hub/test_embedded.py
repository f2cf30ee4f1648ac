"""The embedded PostgreSQL among several users: the last one stops it, and a foreign process is never taken for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.embedded_postgres import EmbeddedPostgres
from hub.settings import Settings
from hub.stack import Stack
from tests.stack.test_stack import free_port


@pytest.fixture
def settings() -> Iterator[Settings]:
    folder = Path(tempfile.mkdtemp(prefix="opdhub-embedded-"))
    folder.chmod(0o755)  # PostgreSQL's user has to enter it when the tests run as root
    yield Settings.from_environment({"OPDHUB_HOME": str(folder / "home"), "OPDHUB_POSTGRES_PORT": str(free_port())})
    shutil.rmtree(folder)


def test_whoever_ends_last_stops_the_server(settings: Settings) -> None:
    first, second = EmbeddedPostgres(settings), EmbeddedPostgres(settings)
    first.acquire()
    second.acquire()
    assert first.release() is False
    assert second.running
    assert second.release() is True
    assert not first.running


def test_a_foreign_process_under_the_number_of_a_dead_server_is_left_alone(settings: Settings) -> None:
    data = settings.home / "postgres"
    data.mkdir(parents=True)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "postgres"])
    try:
        (data / "postmaster.pid").write_text(f"{bystander.pid}\n{data}\n")
        assert not EmbeddedPostgres(settings).running
        assert Stack(settings).stop() == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_what_the_hub_keeps_is_closed_to_other_users(settings: Settings) -> None:
    environment = {
        **os.environ,
        "OPDHUB_HOME": str(settings.home),
        "OPDHUB_POSTGRES_PORT": str(settings.postgres_port),
    }
    for name in ("OPDHUB_MARIADB_URL", "OPDHUB_DATABASE_URL"):
        environment.pop(name, None)
    command = [sys.executable, "-c", "from hub.cli import main; main()", "city", "build", "--residents", "100"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    drops = list((settings.home / "city").rglob("*"))
    assert drops
    assert [path for path in drops if path.stat().st_mode & 0o077] == []
