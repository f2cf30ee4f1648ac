"""What every transport does alike: the newest file, wrong credentials, silence, and a line that breaks."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from connectors.connection import Connection
from connectors.registry import read
from connectors.transport import open_session
from connectors.transport.base import Session
from connectors.transport.fetch import Choice, Fetched, fetch
from connectors.transport.listing import Listing
from schemas.errors import ConfigurationError, DriftError, RefusedError, RetryLaterError
from tests.connectors.file_server import Server
from tests.connectors.file_servers import KINDS, served
from tests.connectors.helpers import application, rows_of
from tests.faults import Fault

MEGABYTE = 1024 * 1024


@pytest.fixture(params=KINDS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """An empty server of each kind, little patience, and a temporary folder of the test's own."""
    monkeypatch.setattr("connectors.transport.fetch.BACKOFF_SECONDS", 0.005)
    copies = tmp_path_factory.mktemp("copies")
    monkeypatch.setattr(tempfile, "tempdir", str(copies))
    with served(request.param, tmp_path_factory.mktemp("server")) as made:
        yield made
    assert not list(copies.iterdir()), "a copy was left behind"


def newest(listing: Listing) -> Choice:
    if not listing.fitting:
        raise DriftError(f"none of {sorted(file.name for file in listing.others)}")
    return Choice(max(listing.fitting, key=lambda file: file.name))


def copied(connection: Connection, pattern: str = "warga_*.csv") -> tuple[bytes, Fetched]:
    fetched = fetch(connection, pattern, newest)
    content = fetched.path.read_bytes()
    fetched.release()
    assert not fetched.path.exists()
    return content, fetched


def content_of(size: int) -> bytes:
    return random.Random(4).randbytes(size)  # noqa: S311


def test_the_newest_file_by_name_is_copied_with_its_size_and_time(server: Server) -> None:
    server.put("warga_2026-01.csv", b"old")
    server.put("warga_2026-02 #1 é.csv", b"new\r\n\xe9")
    server.put("~$warga_2026-03.csv", b"lock")
    server.put("warga_2026-04.csv.tmp", b"half")
    content, fetched = copied(server.connection)
    assert content == b"new\r\n\xe9"
    assert (fetched.file.name, fetched.file.size, fetched.bytes) == ("warga_2026-02 #1 é.csv", 6, 6)
    assert fetched.file.modified == pytest.approx(time.time(), abs=60)
    assert (fetched.retries, fetched.queries, fetched.path.name) == (0, 1, "warga_2026-02 #1 é.csv")


def test_a_file_is_found_by_its_name_alone_and_below_a_folder(server: Server) -> None:
    server.put("2025/warga.csv", b"old")
    server.put("2026/warga.csv", b"new")
    assert copied(server.connection, "2025/warga.csv")[0] == b"old"
    assert copied(server.connection, "*/warga.csv")[0] == b"new"


def test_a_missing_file_is_told_with_those_that_lie_there(server: Server) -> None:
    server.put("Warga 2026.csv", b"x")
    for pattern in ("warga_*.csv", "warga.csv"):
        with pytest.raises(DriftError, match=r"none of \['Warga 2026.csv'\]"):
            copied(server.connection, pattern)


def test_wrong_credentials_are_refused_without_a_second_attempt(server: Server) -> None:
    server.put("warga_1.csv", b"x")
    with server.faulty([]) as (connection, proxy):
        wrong = server.wrong_by(connection)
        with pytest.raises(RefusedError, match=r"connection 'app' .*refused") as told:
            copied(wrong)
    assert proxy.connections <= 1
    assert not wrong.password or wrong.password not in str(told.value).replace("wrong key", "")


def test_a_server_that_is_down_is_for_later(server: Server) -> None:
    with pytest.raises(RetryLaterError, match="did not answer"):
        copied(server.down())


def test_a_folder_that_is_not_there_is_told(server: Server) -> None:
    wrong = Connection(**{**vars(server.connection), "schema": "nowhere/at all", "host": "nobucket"})
    if server.connection.kind != "s3":
        wrong = Connection(**{**vars(wrong), "host": server.connection.host})
    with pytest.raises((ConfigurationError, RefusedError), match=r"the folder is not there.*mend|name an address"):
        copied(wrong)


def test_a_copy_goes_on_where_the_line_broke(server: Server) -> None:
    content = content_of(8 * MEGABYTE)
    server.put("warga_1.csv", content)
    # no resets: with them the kernel throws away what it still holds, which the proxy has counted
    faults = [Fault(cut_after=after * MEGABYTE, is_reset=False) for after in (3, 1, 2, 1)]
    with server.faulty(faults) as (connection, proxy):
        got, fetched = copied(connection)
    assert got == content
    assert 1 <= fetched.retries <= 8
    assert fetched.bytes < 1.2 * len(content)
    assert proxy.bytes < 1.2 * len(content)


@pytest.mark.parametrize("seed", range(3))
def test_cuts_at_random_bytes_leave_the_file_whole(server: Server, seed: int) -> None:
    content, chance = content_of(2 * MEGABYTE), random.Random(seed)  # noqa: S311
    server.put("warga_1.csv", content)
    faults = [Fault(cut_after=chance.randrange(1, MEGABYTE), is_reset=chance.random() < 0.5) for _ in range(3)]
    with server.faulty(faults) as (connection, _):
        assert copied(connection)[0] == content


def test_a_line_that_always_breaks_ends(server: Server) -> None:
    server.put("warga_1.csv", content_of(MEGABYTE))
    with (
        server.faulty([Fault(cut_after=3000)], repeat_last=True) as (connection, proxy),
        pytest.raises(RetryLaterError, match="did not answer"),
    ):
        copied(connection)
    assert proxy.connections <= 60


def test_a_server_that_falls_silent_ends_after_the_stated_seconds(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.transport.base.ANSWER_SECONDS", 1)
    monkeypatch.setattr("connectors.transport.base.CONNECT_SECONDS", 1)
    server.put("warga_1.csv", content_of(MEGABYTE))
    for after in (0, 20 * 1024):
        started = time.monotonic()
        with (
            server.faulty([Fault(stall_after=after)], repeat_last=True) as (connection, _),
            pytest.raises(RetryLaterError, match="did not answer"),
        ):
            copied(connection)
        assert time.monotonic() - started < 12


def test_a_copy_goes_on_after_a_silence(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.transport.base.ANSWER_SECONDS", 1)
    content = content_of(2 * MEGABYTE)
    server.put("warga_1.csv", content)
    with server.faulty([Fault(stall_after=MEGABYTE)]) as (connection, _):
        assert copied(connection)[0] == content


def test_a_file_that_changes_between_two_attempts_is_for_later(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    content, logins = content_of(3 * MEGABYTE), 0
    server.put("warga_1.csv", content)

    def session(connection: Connection) -> AbstractContextManager[Session]:
        nonlocal logins
        logins += 1
        if logins == 2:
            server.put("warga_1.csv", content[:-1])
        return open_session(connection)

    monkeypatch.setattr("connectors.transport.fetch.open_session", session)
    with (
        server.faulty([Fault(cut_after=MEGABYTE, is_reset=False)] * 4) as (connection, _),
        pytest.raises(RetryLaterError, match=r"'warga_1.csv' changed while it was read"),
    ):
        copied(connection)


def test_files_with_the_same_content_are_told_by_reading_little(server: Server) -> None:
    content = content_of(MEGABYTE)
    server.put("warga_1.csv", content)
    server.put("warga_2.csv", content[::-1])
    server.put("warga_3.csv", content)

    def choose(listing: Listing) -> Choice:
        *others, file = sorted(listing.fitting, key=lambda file: file.name)
        return Choice(file, tuple(reversed(others)))

    fetched = fetch(server.connection, "warga_*.csv", choose)
    fetched.release()
    assert fetched.twins == ("warga_1.csv",)
    assert fetched.retries == 0  # breaking off one file leaves the session fit for the next
    assert fetched.bytes < 2.6 * len(content)


def test_the_pattern_and_the_folder_of_a_copy_lead_nowhere_else(server: Server, tmp_path: Path) -> None:
    server.put("warga_1.csv", b"x")
    fetched = fetch(server.connection, "warga_*.csv", newest)
    assert fetched.path.parent.parent == Path(tempfile.gettempdir())
    fetched.release()


def test_a_connections_address_leads_to_rows(server: Server) -> None:
    """From the URI, as a steward writes it, to rows; what the run reports is complete."""
    server.put("warga_2026-01.csv", "nik,nama\n1,é\n".encode())
    given = server.connection
    login = f"{quote(given.login, safe='')}:{quote(given.password, safe='')}"
    host = f"{given.host}:{given.port}" if given.port else given.host
    uri = f"{given.kind}://{login}@{host}/{quote(given.schema)}?{urlencode(given.extra)}"
    feed = {"file": "warga_*.csv", "format": "csv", "map": ["nik", "nama"]}
    reading = read(application("files", feed), "warga", Connection.from_uri("app", uri))
    assert rows_of(reading) == [("1", "é")]
    told = {name: reading.details[name] for name in ("file", "size", "bytes", "retries", "queries")}
    assert told == {"file": "warga_2026-01.csv", "size": 14, "bytes": 14, "retries": 0, "queries": 1}
