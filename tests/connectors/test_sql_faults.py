"""A line that cuts, stalls and garbles: the same rows in the end, or an error that says so; never a hang."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from connectors.connection import Connection
from connectors.reading import Demand, Reading
from connectors.registry import read
from connectors.resume import LostError, RestartError
from schemas.errors import RefusedError, RetryLaterError
from tests import services
from tests.connectors.conftest import database
from tests.connectors.helpers import application, rows_of
from tests.connectors.sources import Database
from tests.faults import Fault, FaultProxy, proxied

ROWS = 60_000
COLUMNS = ["nik", *(f"k{number}" for number in range(11))]
NEVER = Fault()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.sql_stream.WAIT_SECONDS", 0.01)
    monkeypatch.setattr("connectors.sql_session.STALL_SECONDS", 3)
    monkeypatch.setattr("connectors.sql_session.CONNECT_SECONDS", 3)


@pytest.fixture(scope="module", params=["mariadb", "postgresql"])
def filled(request: pytest.FixtureRequest) -> Iterator[Database]:
    """60,000 rows of 12 columns, with a key (warga) and without (tanpa)."""
    for made in database(request.param, ""):
        fields = ", ".join(f"{name} varchar(60)" for name in COLUMNS[1:])
        numbers = f"seq_1_to_{ROWS}" if made.mysql else f"generate_series(1, {ROWS}) AS s(seq)"
        values = ", ".join(f"concat('nilai {number} dari ', seq * {number + 7})" for number in range(11))
        with services.engine(made.address, made.name).connect() as opened:
            opened.exec_driver_sql(f"CREATE TABLE warga (nik decimal(16) PRIMARY KEY, {fields})")
            opened.exec_driver_sql(f"INSERT INTO warga SELECT 3574900000000000 + seq, {values} FROM {numbers}")
            opened.exec_driver_sql("CREATE TABLE tanpa AS SELECT * FROM warga")
            opened.exec_driver_sql("ANALYZE TABLE warga, tanpa" if made.mysql else "ANALYZE")
            if not made.mysql:
                opened.exec_driver_sql(f"GRANT SELECT ON warga, tanpa TO {made.login}")
        yield made


@pytest.fixture(params=["connectorx", "cursor"])
def reader(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def through(server: Database, proxy: FaultProxy, reader: str) -> Connection:
    return replace(server.connection, host="127.0.0.1", port=proxy.port, extra={"reader": reader})


def ask(connection: Connection, table: str = "warga", **demand: Any) -> Any:
    app = application("sql", {"table": table, "map": COLUMNS})
    return read(app, "warga", connection, Demand(**demand))


@contextmanager
def line(server: Database, *faults: Fault, repeat_last: bool = False) -> Iterator[FaultProxy]:
    port = server.connection.port or (3306 if server.mysql else 5432)
    with proxied("127.0.0.1", port, faults, repeat_last) as proxy:
        yield proxy


def table_of(reading: Reading) -> pa.Table:
    return pa.concat_tables(reading.batches).combine_chunks()


def whole(server: Database, reader: str) -> tuple[pa.Table, int]:
    """Return the rows and the bytes of a reading without faults."""
    with line(server) as proxy:
        reading = ask(through(server, proxy, reader))
        rows = table_of(reading)
        assert (reading.details["retries"], reading.details["snapshots"]) == (0, 1)
        assert len(rows) == ROWS
        return rows, proxy.bytes


def test_readings_cut_at_random_bytes_give_the_same_rows_for_less_than_a_fifth_more(
    filled: Database, reader: str
) -> None:
    rows, size = whole(filled, reader)
    worst = 0.0
    # ten for the reader of large tables; the ways of the others differ in no more than the driver
    for seed in range(10 if (reader, filled.mysql) == ("connectorx", True) else 3):
        dice = random.Random(seed)  # noqa: S311
        cuts = [dice.randrange(1, size) for _ in range(dice.randint(1, 3))]
        faults = [NEVER, *(Fault(cut_after=cut, is_reset=dice.random() < 0.5) for cut in cuts)]
        if reader == "connectorx":  # each attempt logs in by the ordinary driver first
            faults = [NEVER] + [fault for cut in faults[1:] for fault in (cut, NEVER)]
        with line(filled, *faults) as proxy:
            reading = ask(through(filled, proxy, reader))
            assert table_of(reading).equals(rows), f"seed {seed}"
            assert reading.details["retries"] >= 1
            assert reading.details["snapshots"] == reading.details["retries"] + 1
            worst = max(worst, proxy.bytes / size)
    assert worst < 1.2


@pytest.mark.parametrize("is_reset", [True, False])
def test_table_without_a_key_is_never_given_short(filled: Database, reader: str, is_reset: bool) -> None:
    with line(filled, NEVER, Fault(cut_after=4_000_000, is_reset=is_reset)) as proxy:
        reading = ask(through(filled, proxy, reader), "tanpa")
        with pytest.raises(RestartError):
            rows_of(reading)
    assert not reading.position


def test_table_without_a_key_starts_over_while_nothing_was_given(filled: Database, reader: str) -> None:
    with line(filled, NEVER, Fault(cut_after=20_000), Fault(cut_after=50)) as proxy:
        reading = ask(through(filled, proxy, reader), "tanpa")
        assert table_of(reading).num_rows == ROWS
    assert reading.details["retries"] >= 1


def test_silent_server_is_left_and_the_reading_goes_on(filled: Database, reader: str) -> None:
    with line(filled, NEVER, Fault(stall_after=3_000_000)) as proxy:
        reading = ask(through(filled, proxy, reader))
        assert table_of(reading).num_rows == ROWS
    assert reading.details["retries"] == 1


def test_server_that_is_silent_from_the_first_byte_is_for_later(filled: Database, reader: str) -> None:
    for silent in (0, 20, 120):
        stalled = Fault(stall_after=silent)
        with line(filled, stalled, repeat_last=True) as proxy, pytest.raises(RetryLaterError):
            rows_of(ask(through(filled, proxy, reader), limit=5))


def test_garbled_bytes_are_never_rows(filled: Database, reader: str) -> None:
    rows, _ = whole(filled, reader)
    for after in (1_000_003, 2_500_000, 5_000_019):
        with line(filled, NEVER, Fault(garble_after=after)) as proxy:
            reading = ask(through(filled, proxy, reader))
            assert table_of(reading).equals(rows)
            assert reading.details["retries"] >= 1


def test_garbled_login_is_a_clear_error_or_read_later(filled: Database, reader: str) -> None:
    for after in (0, 5, 40, 90, 200):
        garbled = Fault(garble_after=after)
        with line(filled, garbled, repeat_last=True) as proxy, pytest.raises((RetryLaterError, RefusedError)):
            rows_of(ask(through(filled, proxy, reader), limit=5))


def test_source_that_breaks_at_every_attempt_ends_after_five(filled: Database, reader: str) -> None:
    faults = [NEVER, *[fault for _ in range(9) for fault in (Fault(cut_after=30), Fault(cut_after=30))]]
    with line(filled, *faults) as proxy:
        reading = ask(through(filled, proxy, reader))
        with pytest.raises(LostError):
            rows_of(reading)
    assert reading.details["retries"] == 5


def test_killed_reading_goes_on_where_its_last_batch_ended(
    filled: Database, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.reading.PART_ROWS", 10_000)
    connection = replace(filled.connection, extra={"reader": reader})
    first = ask(connection)
    landed = [next(first.batches).num_rows, next(first.batches).num_rows]
    position = dict(first.position)
    first.batches.close()  # type: ignore[attr-defined]
    assert position == {"after": {"nik": str(3574900000000000 + sum(landed))}}
    rest = rows_of(ask(connection, position=position))
    assert len(rest) == ROWS - sum(landed)
    assert rest[0][0] == str(3574900000000001 + sum(landed))


def test_position_of_another_key_begins_again(filled: Database) -> None:
    with pytest.raises(RestartError):
        ask(filled.connection, position={"after": {"no_kk": "1"}})


def test_wrong_password_is_tried_once(filled: Database, reader: str) -> None:
    if not filled.mysql:
        pytest.skip("this server asks for no password")
    with line(filled) as proxy:
        wrong = replace(through(filled, proxy, reader), password="salah")
        with pytest.raises(RefusedError):
            rows_of(ask(wrong))
        assert proxy.connections == 1
