"""One embedded PostgreSQL 18 for the whole test session, shared by all xdist workers."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from hub.embedded_postgres import EmbeddedPostgres
from hub.settings import Settings
from store.database import Database

HOME = "OPDHUB_TEST_HOME"
TEMPLATE = "opdhub_template"
#: a crash of the test machine may lose test data; PostgreSQL is otherwise the one that users get
FASTER = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_wal_size = '512MB'")


def prepare() -> None:
    """Make the session's folder and tell the workers; outside pytest's own, which `pgserver` may not enter."""
    folder = Path(tempfile.mkdtemp(prefix="opdhub-tests-"))
    folder.chmod(0o755)
    os.environ[HOME] = str(folder)


def clean_up() -> None:
    """Stop the server, if a test started it, and remove the folder."""
    folder = Path(os.environ.pop(HOME))
    if (folder / "port").exists():
        _postgres(folder).release(seconds=30)
    shutil.rmtree(folder)


def server_url() -> str:
    """Return the server's address (its maintenance database); the first caller of the session starts it."""
    folder = Path(os.environ[HOME])
    with _only_one(folder):
        if not (folder / "port").exists():
            (folder / "port").write_text(str(_free_port()))
            _start(folder)
        settings = Settings.from_environment(_environment(folder))
    return settings.embedded_url("postgres")


@contextmanager
def new_database(server: str, name: str, template: str = TEMPLATE) -> Iterator[str]:
    """Yield the address of a database of its own, a copy of the upgraded template; dropped afterwards."""
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(made.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        with closing(psycopg.connect(server, autocommit=True)) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _start(folder: Path) -> None:
    _postgres(folder).acquire()
    settings = Settings.from_environment(_environment(folder))
    with closing(psycopg.connect(settings.embedded_url("postgres"), autocommit=True)) as connection:
        for setting in FASTER:
            connection.execute(sql.SQL("ALTER SYSTEM SET ") + sql.SQL(setting))
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    template = Database(settings.embedded_url(TEMPLATE))
    template.upgrade()
    template.engine.dispose()


def _postgres(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(Settings.from_environment(_environment(folder)))


def _environment(folder: Path) -> dict[str, str]:
    return {"OPDHUB_HOME": str(folder / "home"), "OPDHUB_POSTGRES_PORT": (folder / "port").read_text()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
