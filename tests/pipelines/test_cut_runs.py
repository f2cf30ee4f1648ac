"""Ten syncs of a MariaDB table through a network that breaks: the same rows, and little read twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from connectors.connection import Connection
from pipelines.run import sync
from pipelines.workspace import Workspace
from tests import services
from tests.connectors.conftest import database as mariadb_source
from tests.connectors.sources import Database
from tests.faults import proxied
from tests.pipelines.registers import APP, COLUMNS, FEED, WARGA, person
from tests.workspaces import MakeWorkspace, Row, application, query, source_rows

#: a network of 100 Mbit/s; on a faster one most of what is read again lies in the kernel's buffers when a line is cut
NETWORK = 12_500_000
ROWS, SEEDS = 22_000, 10
WITH_ADDRESS = (*COLUMNS, "alamat")


@pytest.fixture(scope="module")
def source() -> Iterator[Database]:
    yield from mariadb_source("mariadb", "")


@pytest.fixture(scope="module")
def filled(source: Database) -> Connection:
    """A table of residents with a primary key; the server knows how many they are."""
    rows = [tuple(resident_of(number)[name] for name in WITH_ADDRESS) for number in range(ROWS)]
    with services.engine(source.address, source.name).connect() as opened:
        columns = ", ".join(f"{name} varchar(250)" for name in WITH_ADDRESS[1:])
        opened.exec_driver_sql(f"CREATE TABLE warga (id char(8) PRIMARY KEY, {columns})")
        opened.exec_driver_sql(f"INSERT INTO warga VALUES ({', '.join(['%s'] * len(WITH_ADDRESS))})", rows)
        opened.exec_driver_sql("ANALYZE TABLE warga")
    return source.connection


def resident_of(number: int) -> Row:
    """Return one of 600 births under a NIK and an id of its own."""
    row = person(number % 600, 0)
    return row | {
        "id": f"W{number:06}",
        "nik": f"{row['nik'][:12]}{number % 9999 + 1:04}",
        "alamat": f"Jl. Uji {number} " * 12,
    }


def hub(make: MakeWorkspace, connection: Connection, port: int) -> Workspace:
    feed = {**WARGA, "cursor": None, "ignore": ["diubah"], "map": {**WARGA["map"], "alamat": "alamat"}}
    made = make({APP: application("register", "sql", warga=feed)}, {})
    return replace(made, connection=lambda _: replace(connection, port=port))


def cuts(seed: int, size: int) -> list[int]:
    """Return one to three random bytes of all that a sound run receives."""
    dice = random.Random(seed)  # noqa: S311
    return [dice.randrange(1, size) for _ in range(dice.randint(1, 3))]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sql_stream.WAIT_SECONDS", 0.01)
    monkeypatch.setattr("connectors.sql_stream.LONGEST_WAIT", 0.02)


@pytest.mark.usefixtures("impatient")
def test_ten_cut_runs_publish_the_rows_of_a_sound_one_and_read_under_a_fifth_again(
    make_workspace: MakeWorkspace, filled: Connection
) -> None:
    with proxied(filled.host, filled.port or 3306, bytes_per_second=NETWORK) as proxy:
        account = sync(hub(make_workspace, filled, proxy.port), FEED, "sound")
        sound, size = source_rows(make_workspace.database, FEED), proxy.bytes
    assert (account.read, account.inserted) == (ROWS, ROWS)
    received = 0
    for seed in range(SEEDS):
        empty(make_workspace)
        with proxied(filled.host, filled.port or 3306, cut_at=cuts(seed, size), bytes_per_second=NETWORK) as proxy:
            workspace = hub(make_workspace, filled, proxy.port)
            assert sync(workspace, FEED, f"cut-{seed}").inserted == ROWS
            received += proxy.bytes
        assert source_rows(make_workspace.database, FEED) == sound
        assert workspace.landing.batch(FEED, f"cut-{seed}", "landing").details["retries"] >= 1
    assert received < 1.2 * SEEDS * size


def empty(make: MakeWorkspace) -> None:
    """Let a run begin as the first one did."""
    with make.database.transaction() as connection:
        connection.execute(sa.text("DELETE FROM source.dinas__register__warga"))
    assert query(make.database, "SELECT 1 FROM source.dinas__register__warga") == []
