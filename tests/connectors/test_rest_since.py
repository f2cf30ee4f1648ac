"""What changed since a moment, windows of the past, the marks of a sweep, and samples."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.reading import Demand
from connectors.rest_since import CursorWindow
from schemas.errors import DriftError
from tests.connectors.api import PEOPLE, Api, start
from tests.connectors.helpers import rows_of

CHANGED = [
    {"nik": "1", "nama": "a", "ubah": "2026-11-01T10:00:00"},
    {"nik": "2", "nama": "b", "ubah": "2026-11-02 09:59:59"},
    {"nik": "3", "nama": "c", "ubah": "2026-11-02T10:00:00"},
    {"nik": "4", "nama": "d", "ubah": None},
    {"nik": "5", "nama": "e", "ubah": "0000-00-00 00:00:00"},
    {"nik": "6", "nama": "f", "ubah": "2026-11-03T00:00:00"},
    {"nik": "7", "nama": "g", "ubah": "kemarin"},
]
CURSOR: dict[str, Any] = {"cursor": {"column": "ubah"}}


def niks(api: Api, demand: Demand, paging: str = "single", **feed: Any) -> str:
    return "".join(row[0] or "-" for row in rows_of(start(api.port, paging, demand, **(CURSOR | feed))))


def test_source_that_cannot_be_asked_is_read_whole_and_what_is_new_kept(api: Api) -> None:
    api.records, api.paging = CHANGED, "offset"
    assert niks(api, Demand(), "offset") == "1234567"
    assert niks(api, Demand(since="2026-11-02 10:00:00"), "offset") == "34567"
    assert niks(api, Demand(since="2026-11-02"), "offset") == "234567"
    assert niks(api, Demand(since="2026-11-01T10:00:00", until="2026-11-02T10:00:00"), "offset") == "1237"
    assert niks(api, Demand(until="2026-11-02"), "offset") == "1237"


def test_numbers_compare_as_numbers(api: Api) -> None:
    api.records = [{"nik": str(n), "nama": "x", "ubah": n} for n in (8, 9, 10, 0)]
    assert niks(api, Demand(since="9")) == "9100"


def test_api_is_asked_in_its_own_words(api: Api) -> None:
    api.records, api.paging = CHANGED, "page"
    since = {"param": "updated_since", "format": "%d-%m-%Y %H.%M"}
    assert niks(api, Demand(since="2026-11-02T10:00:00+07:00"), "page", since=since) == "1234567"
    assert {asked.query["updated_since"] for asked in api.asked} == {"02-11-2026 10.00"}
    api.asked.clear()
    niks(api, Demand(since="2026-11-02"), since={"param": "sejak"})
    assert api.asked[0].query == {"sejak": "2026-11-02"}
    api.asked.clear()
    niks(api, Demand(), since=since)
    assert "updated_since" not in api.asked[0].query


def test_window_of_the_past_ends_here_where_the_api_knows_no_end(api: Api) -> None:
    api.records = CHANGED
    demand = Demand(since="2026-11-01", until="2026-11-02T12:00:00")
    assert niks(api, demand, since={"param": "since"}) == "1237"


def test_cursor_that_is_written_as_the_api_asks_is_passed_on(api: Api) -> None:
    api.records = CHANGED
    niks(api, Demand(since="02/11/2026"), since={"param": "since", "format": "%d/%m/%Y"})
    assert api.asked[0].query["since"] == "02/11/2026"


def test_cursor_that_is_no_moment_is_an_error_where_a_format_is_given(api: Api) -> None:
    with pytest.raises(DriftError, match=r"since\.format"):
        niks(api, Demand(since="17"), since={"param": "since", "format": "%d/%m/%Y"})
    assert not api.asked


@given(st.datetimes(), st.datetimes(), st.sampled_from("T "), st.booleans())
def test_moments_compare_as_times_do(first: Any, second: Any, letter: str, is_utc: bool) -> None:
    zone = "+07:00" if is_utc else ""
    window = CursorWindow(Demand(since=second.isoformat(letter) + zone), is_asked=False)
    assert window(first.isoformat()) is (first >= second)


@given(st.text(max_size=12), st.text(min_size=1, max_size=12))
def test_any_text_is_kept_or_left_out_without_an_error(text: str, since: str) -> None:
    assert CursorWindow(Demand(since=since, until=since), is_asked=False)(text) in (True, False)


@pytest.mark.parametrize("zone", ["Z", "+07:00"])
def test_zones_are_heeded(zone: str) -> None:
    window = CursorWindow(Demand(since="2026-11-02T10:00:00+07:00"), is_asked=False)
    assert window(f"2026-11-02T03:30:00{zone}") is (zone == "Z")
    assert window("2026-11-02T10:00:00")  # without a zone: the city's


def test_keys_alone_come_without_rest(api: Api) -> None:
    api.records = [{"nik": "1", "nama": "a", "gol": "O"}, "x", {"nik": "2", "nama": "b", "gol": "A"}]
    api.records += [{"nik": "3", "nama": "c"}]
    demand = Demand(keys_only=True)
    (batch,) = start(api.port, demand=demand, drift="quarantine", where={"nama": ["a", "b"]}).batches
    assert batch.to_pylist() == [
        {"nik": "1", "_rest": None, "_problem": None},
        {"nik": None, "_rest": '"x"', "_problem": "row.shape"},
        {"nik": "2", "_rest": None, "_problem": None},
    ]


def test_keys_of_several_columns_come_once_each(api: Api) -> None:
    api.records = PEOPLE
    reading = start(api.port, demand=Demand(keys_only=True), key=["nama", "nik", "nama"])
    assert rows_of(reading)[0] == ("N0", PEOPLE[0]["nik"])


@pytest.mark.parametrize(("limit", "asked"), [(0, 0), (1, 1), (2, 1), (3, 2), (5, 3), (9, 3)])
def test_sample_stops_paging(api: Api, limit: int, asked: int) -> None:
    api.records, api.paging = PEOPLE, "offset"
    assert len(rows_of(start(api.port, "offset", Demand(limit=limit)))) == min(limit, 5)
    assert len(api.requests) == asked


def test_few_changes_need_not_have_every_optional_key(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.records = [{"nik": "1", "ubah": "2026-11-02"}]
    since = {"param": "since"}
    reading = start(api.port, demand=Demand(since="2026-11-01"), **CURSOR, since=since)
    assert rows_of(reading) == [("1", None, "2026-11-02")]
    assert reading.details["absent"] == ["nama"]
    with pytest.raises(DriftError, match="no column 'nama'"):  # all records are proof
        niks(api, Demand(), since=since)
    with pytest.raises(DriftError, match="no column 'nama'"):  # so is a sweep
        niks(api, Demand(keys_only=True), since=since)
    monkeypatch.setattr("connectors.rest_rows.FEW_RECORDS", 1)
    with pytest.raises(DriftError, match="no column 'nama'"):
        niks(api, Demand(since="2026-11-01"), since=since)


def test_few_changes_need_their_key_and_cursor(api: Api) -> None:
    api.records = [{"nik": "1", "nama": "a"}]
    with pytest.raises(DriftError, match="no column 'ubah'"):
        niks(api, Demand(since="2026-11-01"), since={"param": "since"})
