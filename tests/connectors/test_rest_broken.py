"""HTTP APIs behind bad networks: cut, stalled, garbled, packed, and answers that stop in the middle."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import pytest

from connectors.reading import Reading
from schemas.errors import ConfigurationError, HubError, RetryLaterError
from tests.connectors.api import Api, start
from tests.connectors.helpers import Rows, rows_of
from tests.faults import Fault, proxied

MANY = [{"nik": f"{number:016d}", "nama": f"Orang {number}"} for number in range(40)]
MANY_ROWS: Rows = [(person["nik"], person["nama"]) for person in MANY]
SMALL_PAGES = {"style": "offset", "param": "offset", "page_size": 8, "total_path": "meta.total"}
STYLES: dict[str, dict[str, Any]] = {
    "offset": SMALL_PAGES,
    "page": {"style": "page", "param": "page", "page_size": 8},
    "cursor": {"style": "cursor", "param": "cursor", "page_size": 8, "next_path": "next"},
    "link_header": {"style": "link_header", "page_size": 8},
    "json_link": {"style": "json_link", "page_size": 8, "next_path": "links.next"},
    "single": {"style": "single"},
}


def read_through(api: Api, faults: list[Fault], style: str = "offset", repeat: bool = False) -> tuple[Reading, Rows]:
    """Read all of MANY with a bearer token through a proxy."""
    api.records, api.paging, api.auth = MANY, style, "bearer"
    with proxied("127.0.0.1", api.port, faults, repeat) as proxy:
        reading = start(proxy.port, source={"auth": {"style": "bearer"}}, pagination=STYLES[style])
        return reading, rows_of(reading)


@pytest.mark.parametrize("frame", ["length", "packed", "endless", "packed-endless"])
@pytest.mark.parametrize("style", STYLES)
def test_connection_cut_at_any_byte_gives_the_same_rows(api: Api, style: str, frame: str) -> None:
    api.is_packed, api.is_endless = "packed" in frame, "endless" in frame
    dice, again = random.Random(f"{style} {frame}"), 0  # noqa: S311
    for _ in range(8):
        cuts = [Fault(cut_after=dice.randrange(0, 900), is_reset=dice.random() < 0.5) for _ in range(3)]
        reading, rows = read_through(api, cuts, style)
        assert rows == MANY_ROWS, cuts
        again += reading.details["retries"]
    assert again


def test_every_byte_of_a_first_answer_may_be_the_last(api: Api) -> None:
    api.is_endless = True  # the end of the connection looks like the end of the answer
    api.raw = '{"data": [{"nik": "1", "nama": "a"}, {"nik": "2", "nama": "ä"}]}'
    for cut in range(230):
        with proxied("127.0.0.1", api.port, [Fault(cut_after=cut, is_reset=False)]) as proxy:
            assert rows_of(start(proxy.port)) == [("1", "a"), ("2", "ä")], cut


def test_chunked_answer_that_is_cut_is_asked_for_again(api: Api) -> None:
    whole = b'{"data": [{"nik": "1", "nama": "a"}]}'
    api.serve = lambda asked: (200, {}, [whole[:9], whole[9:20], whole[20:]])
    for cut in range(100, 200, 3):
        with proxied("127.0.0.1", api.port, [Fault(cut_after=cut, is_reset=False)]) as proxy:
            assert rows_of(start(proxy.port)) == [("1", "a")]


def test_connection_that_is_always_cut_is_for_later_with_what_came_before(api: Api) -> None:
    api.records, api.paging = MANY, "offset"
    api.is_endless = True
    faults = [Fault(), Fault(), *[Fault(cut_after=250)] * 5]
    with proxied("127.0.0.1", api.port, faults) as proxy:
        reading = start(proxy.port, pagination=SMALL_PAGES)
        batches = iter(reading.batches)
        assert next(batches).num_rows == 16
        assert reading.position["offset"] == 16
        with pytest.raises(RetryLaterError, match=r"did not answer .* 5 times"):
            next(batches)
        assert proxy.connections == 7


def test_connection_that_is_always_cut_at_the_same_place_is_for_later(api: Api) -> None:
    api.is_endless = True
    with pytest.raises(RetryLaterError, match="5 times"):
        read_through(api, [Fault(cut_after=400, is_reset=False)], repeat=True)
    assert len(api.requests) == 5


def test_stalled_connection_ends_after_the_timeout(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.rest_wire.TIMEOUT_SECONDS", (1.0, 0.05))
    reading, rows = read_through(api, [Fault(stall_after=50), Fault(stall_after=400)])
    assert rows == MANY_ROWS
    assert reading.details["retries"] == 2
    with pytest.raises(RetryLaterError, match="5 times"):
        read_through(api, [Fault(stall_after=0)], repeat=True)


def test_garbled_packed_answer_is_never_taken_for_data(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.rest_wire.TIMEOUT_SECONDS", (1.0, 0.05))  # a garbled length is waited for
    api.is_packed = True
    dice = random.Random(4)  # noqa: S311
    for _ in range(30):
        garble = dice.randrange(0, 500)
        try:
            _, rows = read_through(api, [Fault(garble_after=garble)])
        except HubError:
            continue
        assert rows == MANY_ROWS, garble


def test_packed_answers_are_counted_as_they_came(api: Api) -> None:
    packed, _ = read_through(api, [])
    plain = packed.details["bytes"]
    api.is_packed = True
    api.requests.clear()
    packed, rows = read_through(api, [])
    assert rows == MANY_ROWS
    assert 0 < packed.details["bytes"] < plain
    assert packed.details["queries"] == len(api.requests) == packed.details["pages"] == 5


def test_half_a_json_is_asked_for_again_and_then_for_later(api: Api) -> None:
    api.records = MANY
    api.answers = [(200, {}, '{"data": [{"nik": "1", "nama": "a"}'), (200, {}, "")]
    reading = start(api.port)
    assert rows_of(reading) == MANY_ROWS
    assert reading.details["retries"] == 2
    api.raw = '{"data": [{"nik": "1"'
    with pytest.raises(RetryLaterError, match="the begin of an answer and no more 5 times"):
        rows_of(start(api.port))


def test_slow_drip_of_headers_ends_at_the_stated_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.rest_wire.MAX_ANSWER_SECONDS", 0.08)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            with listener.accept()[0] as client, suppress(OSError):
                client.sendall(b"HTTP/1.1 200 OK\r\nX-Padding: ")
                while not gate.wait(0.005):
                    client.sendall(b"x")

        gate = Event()
        Thread(target=drip, daemon=True).start()
        with pytest.raises(RetryLaterError, match=r"took longer than 0.08 s"):
            rows_of(start(listener.getsockname()[1]))
        gate.set()


def test_slow_drip_of_a_body_ends_at_the_stated_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.rest_wire.MAX_ANSWER_SECONDS", 0.08)
    gate = Event()

    def drip() -> Any:
        yield b'{"data": ['
        for _ in range(1000):
            if gate.wait(0.01):
                return
            yield b" "

    for headers in ({}, {"Content-Length": "90000"}, {"Content-Length": None, "Connection": "close"}):
        api.serve = lambda asked, headers=headers: (200, headers, drip())
        with pytest.raises(RetryLaterError, match=r"took longer than 0.08 s.*page_size"):
            rows_of(start(api.port))
    gate.set()


def test_answer_beyond_the_stated_size_is_an_error_packed_or_not(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.rest_wire.MAX_ANSWER_BYTES", 2**20)
    api.raw = '{"data": [{"nik": "1", "nama": "' + "x" * 2**21 + '"}]}'
    for api.is_packed in (False, True):
        reading = start(api.port)
        with pytest.raises(ConfigurationError, match=r"larger than 1 MB.*smaller pages"):
            rows_of(reading)
        assert reading.details["queries"] == 1
    assert reading.details["bytes"] < 100_000  # packed: only the begin was taken


def test_a_cell_of_200_mb_is_never_held(api: Api) -> None:
    blocks = 0

    def swell() -> Any:
        nonlocal blocks
        yield b'{"data": [{"nik": "1", "nama": "'
        for blocks in range(200):  # noqa: B007 - counted
            yield b"x" * 2**20

    api.serve = lambda asked: (200, {}, swell())
    with pytest.raises(ConfigurationError, match="larger than 100 MB"):
        rows_of(start(api.port))
    assert blocks < 120
