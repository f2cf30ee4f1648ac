"""Every protocol and every format under every fault: all rows, or an error that says what to do; never silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connectors.connection import Connection
from connectors.reading import PROBLEM, Demand
from connectors.registry import read
from schemas.application import AnyApplication
from schemas.errors import HubError
from tests import services
from tests.connectors.api import served as api_served
from tests.connectors.conftest import database
from tests.connectors.faulty import (
    DAMAGE,
    DRIFT,
    FORMATS,
    NETWORK,
    PROTOCOLS,
    ROWS,
    WHOLE,
    expected,
    tables,
)
from tests.connectors.file_servers import served as files_served
from tests.connectors.helpers import Rows, application
from tests.connectors.sources import COLUMNS, FEED, Database, FileSource, RestSource, write_file
from tests.faults import Fault, proxied
from tests.workspaces import ROOT

#: enough that its middle lies within the rows whatever a protocol says before them
PEOPLE: Rows = [(f"3574911234{n:06d}", f"Warga {'abcdefgh' * 6} {n}", "1", "x") for n in range(4000)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait milliseconds where the hub waits seconds, and a second where it waits minutes."""
    for name in ("connectors.rest_client.BACKOFF_SECONDS", "connectors.transport.fetch.BACKOFF_SECONDS"):
        monkeypatch.setattr(name, 0.005)
    monkeypatch.setattr("connectors.sql_stream.WAIT_SECONDS", 0.01)
    monkeypatch.setattr("connectors.sql_stream.LONGEST_WAIT", 0.02)
    monkeypatch.setattr("connectors.sql_session.STALL_SECONDS", 4)  # the fast reader takes half a second to start
    monkeypatch.setattr("connectors.rest_wire.TIMEOUT_SECONDS", (1.0, 0.5))
    for name in ("CONNECT_SECONDS", "ANSWER_SECONDS"):
        monkeypatch.setattr(f"connectors.transport.base.{name}", 1)
    monkeypatch.setattr(
        "connectors.transport.smb.BLOCK_BYTES", 32 * 1024
    )  # a silence before any block is not waited out twice
    monkeypatch.setattr("connectors.rest_client.ATTEMPTS", 2)
    monkeypatch.setattr("connectors.sql.LARGE_ROWS", 1000)


class Case:
    """A filled source of one protocol, by a direct way and by ways that are not."""

    def __init__(self, application: AnyApplication, connection: Connection) -> None:
        self.application, self.connection = application, connection

    def down(self) -> Connection:
        return self.at(1)

    def wrong(self) -> Connection:
        return replace(self.connection, password="wrong")

    def at(self, port: int) -> Connection:
        return replace(self.connection, port=port)

    def faulty(self, faults: Sequence[Fault], repeat_last: bool) -> AbstractContextManager[tuple[Connection, object]]:
        @contextmanager
        def way() -> Iterator[tuple[Connection, object]]:
            with proxied(self.connection.host or "127.0.0.1", self.connection.port or 0, faults, repeat_last) as proxy:
                yield self.at(proxy.port), proxy

        return way()


@pytest.fixture(params=PROTOCOLS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    kind, _, reader = str(request.param).partition("-")
    with ExitStack() as stack:
        if kind in ("mariadb", "postgresql"):
            source: Database = stack.enter_context(contextmanager(database)(kind, reader or "connectorx"))
            source.fill(COLUMNS, PEOPLE)
            make_key(source)
            made = Case(source.application(), source.connection)
            made.wrong, made.down = lambda: source.wrong() or source.connection, source.down  # type: ignore[method-assign]
            yield made
        elif kind == "rest":
            api = stack.enter_context(api_served())
            rest = RestSource(api)
            rest.fill(COLUMNS, PEOPLE)
            parts = urlsplit(api.url)
            made = Case(rest.application(), replace(rest.connection, host=str(parts.hostname), port=parts.port))
            yield made
        else:
            server = stack.enter_context(files_served(kind, tmp_path_factory.mktemp("server")))
            file = tmp_path_factory.mktemp("made") / "warga_2026-01.csv"
            write_file(file, "csv", COLUMNS, PEOPLE)
            server.put(file.name, file.read_bytes())
            feed = {"file": "warga_*.csv", "format": "csv", "key": ["nik"], **FEED}
            made = Case(application("files", feed), server.connection)
            made.wrong, made.down, made.faulty = server.wrong, server.down, server.faulty  # type: ignore[method-assign,assignment]
            yield made


def make_key(source: Database) -> None:
    """Give the table a primary key, and its server the number of its rows."""
    with services.engine(source.address, source.name).connect() as opened:
        opened.exec_driver_sql("ALTER TABLE warga ADD PRIMARY KEY (nik)")
        opened.exec_driver_sql("ANALYZE TABLE warga" if source.mysql else "ANALYZE warga")


def outcome(application: AnyApplication, connection: Connection) -> str:
    """Read to the end; return ROWS when just the right rows arrived, else the error's class."""
    rows = []
    try:
        for batch in read(application, "warga", connection, Demand()).batches:
            rows += batch.select(["nik", "nama"]).to_pylist()
            assert PROBLEM not in batch.schema.names
    except HubError as error:
        told = str(error)
        assert error.fix, told
        assert "3574911234" not in told, "no person in a message"
        assert "wrong" not in told, "no password in a message"
        return next(kind.__name__ for kind in type(error).mro() if kind.__base__ is HubError)
    assert sorted(row["nik"] for row in rows) == sorted(row[0] or "" for row in PEOPLE), "rows were lost or doubled"
    return ROWS


@pytest.mark.parametrize("fault", NETWORK)
def test_a_broken_network_gives_all_rows_or_an_error(case: Case, request: pytest.FixtureRequest, fault: str) -> None:
    protocol = request.node.callspec.params["case"]
    with case.faulty([], False) as (sound, proxy):
        assert outcome(case.application, sound) == ROWS
        size = proxy.bytes  # type: ignore[attr-defined]
    faults, repeats = NETWORK[fault]
    with case.faulty(faults(size), repeats) as (connection, _):
        assert outcome(case.application, connection) == expected(protocol, fault)


def test_a_source_that_is_down_or_refuses_says_so(case: Case, request: pytest.FixtureRequest) -> None:
    protocol = request.node.callspec.params["case"]
    assert outcome(case.application, case.down()) == expected(protocol, "nobody listens")
    assert outcome(case.application, case.wrong()) == expected(protocol, "wrong password")


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_file_is_an_error(tmp_path: Path, format: str, damage: str) -> None:
    source = FileSource(tmp_path, format)
    source.fill(COLUMNS, PEOPLE)
    (file,) = tmp_path.iterdir()
    file.write_bytes(DAMAGE[damage](file.read_bytes()))
    assert outcome(source.application(where={}, ignore=["created by", "aktif"]), source.connection) == DRIFT


def test_the_table_of_the_documents_is_this_suites(request: pytest.FixtureRequest) -> None:
    assert set(WHOLE) >= set(NETWORK)
    assert tables() in (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
