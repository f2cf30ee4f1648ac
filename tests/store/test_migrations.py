"""Migrations: again and again, and by several at once."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from alembic import command
from alembic.config import Config

from schemas.errors import ConfigurationError, RetryLaterError
from store.database import MIGRATIONS, Database
from tests import embedded
from tests.workspaces import ROOT, query


@pytest.fixture
def empty(postgres_server: str) -> Iterator[Database]:
    """A database without anything of the hub."""
    with ExitStack() as stack:
        name = f"test_{secrets.token_hex(6)}"
        database = Database(stack.enter_context(embedded.new_database(postgres_server, name, "template1")))
        yield database
        database.engine.dispose()


def objects(database: Database) -> list[object]:
    """Return every table, column and function of the hub."""
    columns = query(
        database,
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3",
    )
    functions = query(database, "SELECT proname FROM pg_proc WHERE pronamespace = 'control'::regnamespace ORDER BY 1")
    return [*columns, *functions, query(database, "SELECT version_num FROM schema_version")]


def test_an_upgrade_makes_everything_and_a_second_one_changes_nothing(empty: Database) -> None:
    empty.upgrade()
    first = objects(empty)
    empty.upgrade()
    assert objects(empty) == first
    newest = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert query(empty, "SELECT version_num FROM schema_version") == [{"version_num": newest}]


def test_an_upgrade_keeps_what_is_there(database: Database) -> None:
    insert = "INSERT INTO control.feed_run (run_id, feed, state, stage) VALUES ('r', 'f', 'running', 'extract')"
    with database.transaction() as connection:
        connection.exec_driver_sql(insert)
    database.upgrade()
    assert query(database, "SELECT run_id FROM control.feed_run") == [{"run_id": "r"}]


def test_four_threads_may_upgrade_at_once(empty: Database) -> None:
    databases = [Database(empty.address) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Database.upgrade, databases))
    for database in databases:
        database.engine.dispose()
    assert len(query(empty, "SELECT version_num FROM schema_version")) == 1


def test_four_processes_may_upgrade_at_once(empty: Database) -> None:
    code = "import sys; from store.database import Database; Database(sys.argv[1]).upgrade()"
    started = [
        subprocess.Popen([sys.executable, "-c", code, empty.address], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    ended = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert [code for _, code in ended] == [0] * 4, ended
    assert len(query(empty, "SELECT version_num FROM schema_version")) == 1


def test_originals_of_the_first_version_are_kept(empty: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with empty.transaction() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with empty.transaction() as connection:
        connection.exec_driver_sql("""
            INSERT INTO control.feed_run (run_id, feed, state, stage) VALUES ('r', 'f', 'running', 'publish');
            INSERT INTO control.finding (run_id, feed, row_number, rule, severity, original)
            VALUES ('r', 'f', 0, 'x', 'error', 'nik=1');
            INSERT INTO control.quarantine VALUES ('r', 'f', 0, 'k', '[]', '{"nik": "1"}')""")
    empty.upgrade()
    assert query(empty, "SELECT original FROM control.finding") == [{"original": "nik=1"}]
    assert query(empty, "SELECT original FROM control.quarantine") == [{"original": {"nik": "1"}}]


def test_a_database_that_is_down_is_one_to_retry() -> None:
    with pytest.raises(RetryLaterError, match="does not answer") as caught:
        Database("postgresql://opdhub:secret@127.0.0.1:9/opdhub").upgrade()
    assert "secret" not in str(caught.value)


def test_another_kind_of_database_is_a_mistake_of_the_settings() -> None:
    with pytest.raises(ConfigurationError, match="no PostgreSQL address"):
        Database("mysql://root@127.0.0.1/opdhub")
