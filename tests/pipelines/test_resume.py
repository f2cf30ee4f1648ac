"""A reading that was killed goes on under the same run id: no row lost, none of another source or moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connectors.connection import Connection
from pipelines import extract as module
from pipelines.run import sync
from pipelines.workspace import Workspace
from tests import services
from tests.connectors.conftest import database as mariadb_source
from tests.connectors.sources import Database
from tests.pipelines.registers import APP, COLUMNS, FEED, WARGA, at, person
from tests.workspaces import MakeWorkspace, application, source_rows

ROWS = 300


class KilledError(Exception):
    """The process ends here."""


@pytest.fixture
def source() -> Iterator[Database]:
    yield from mariadb_source("mariadb", "cursor")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.reading.PART_ROWS", 100)
    monkeypatch.setattr("connectors.sql_stream.FETCH_ROWS", 50)
    monkeypatch.setattr("connectors.sql.LARGE_ROWS", 10)


def fill(source: Database, **changes: str) -> None:
    with services.engine(source.address, source.name).connect() as opened:
        columns = ", ".join(f"{name} varchar(60)" for name in COLUMNS[1:-1])
        opened.exec_driver_sql(f"CREATE TABLE warga (id char(8) PRIMARY KEY, {columns}, diubah datetime)")
        rows = [tuple(person(n, 0, **changes)[name] for name in COLUMNS) for n in range(ROWS)]
        opened.exec_driver_sql(f"INSERT INTO warga VALUES ({', '.join(['%s'] * len(COLUMNS))})", rows)
        opened.exec_driver_sql("ANALYZE TABLE warga")


def run_sql(source: Database, statement: str) -> None:
    with services.engine(source.address, source.name).connect() as opened:
        opened.exec_driver_sql(statement)


def hub(make: MakeWorkspace, connection: Connection) -> Workspace:
    made = make({APP: application("register", "sql", warga=WARGA | {"cursor": {"column": "diubah"}})}, {})
    return replace(made, connection=lambda _: connection)


def kill_after_two_parts(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    """Let a run die between its second part and its third."""
    written: list[int] = []

    def alive(*_: object) -> None:
        written.append(1)
        if len(written) == 3:  # once before the reading, once after each part
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(module, "_require_window", lambda *_: alive())
        with pytest.raises(KilledError):
            sync(workspace, FEED, "r1")


def test_it_goes_on_where_it_stopped_and_sees_later_changes_next_time(
    make_workspace: MakeWorkspace, source: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(source)
    workspace = hub(make_workspace, source.connection)
    kill_after_two_parts(monkeypatch, workspace)
    run_sql(source, f"UPDATE warga SET nama = 'Sesudah Dibaca', diubah = '{at(1)}' WHERE id = 'W00001'")
    run_sql(source, f"UPDATE warga SET nama = 'Belum Dibaca', diubah = '{at(9)}' WHERE id = 'W00299'")
    assert sync(workspace, FEED, "r1").read == ROWS
    details = workspace.landing.batch(FEED, "r1", "landing").details
    assert details["resumed_at_row"] == 200, "what was landed was not read again"
    assert details["watermark"] == at(0), "what changed after the first snapshot lies ahead"
    assert sync(workspace, FEED, "r2").updated == 1
    published = source_rows(make_workspace.database, FEED)
    assert published["W00001"]["nama_lengkap"] == "Sesudah Dibaca"
    assert published["W00299"]["nama_lengkap"] == "Belum Dibaca"


def test_another_server_under_the_same_run_is_read_from_the_begin(
    make_workspace: MakeWorkspace, source: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(source, nama="Dari Uji")
    kill_after_two_parts(monkeypatch, hub(make_workspace, source.connection))
    for other in mariadb_source("mariadb", "cursor"):
        fill(other, nama="Dari Kota")
        assert sync(hub(make_workspace, other.connection), FEED, "r1").read == ROWS
    names = {row["nama_lengkap"] for row in source_rows(make_workspace.database, FEED).values()}
    assert names == {"Dari Kota"}
