"""Going on in the middle: a position after each batch, from which the same rows follow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.reading import Demand
from schemas.errors import RetryLaterError
from tests.connectors.api import PAGINGS, PEOPLE, ROWS, TOKEN, Api, start
from tests.connectors.helpers import Rows, rows_of


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.reading.PART_ROWS", 2)


def first_batches(api: Api, paging: str, count: int, demand: Demand | None = None, **feed: Any) -> tuple[Rows, Any]:
    """Return the rows of the first batches, and the position after them as JSON keeps it."""
    rows: Rows = []
    reading = start(api.port, paging, demand, **feed)
    batches = iter(reading.batches)
    for _ in range(count):
        rows += zip(*next(batches).to_pydict().values(), strict=True)
    return rows, json.loads(json.dumps(reading.position))


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("paging", [name for name in PAGINGS if name != "single"])
def test_reading_goes_on_with_the_next_page(api: Api, paging: str, count: int) -> None:
    api.records, api.paging = PEOPLE, paging.partition("-")[0]
    rows, position = first_batches(api, paging, count)
    assert rows == ROWS[: count * 2]
    api.requests.clear()
    assert rows + rows_of(start(api.port, paging, Demand(position=position))) == ROWS
    assert len(api.requests) <= 3 - count + paging.endswith("without-total")


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_large_page_goes_on_in_its_middle(api: Api, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr("connectors.reading.PART_ROWS", 1)
    api.records, api.paging = PEOPLE, "offset"
    feed: dict[str, Any] = {
        "pagination": {"style": "offset", "param": "offset", "page_size": 3, "total_path": "meta.total"}
    }
    rows, position = first_batches(api, "single", count, **feed)
    assert rows == ROWS[:count]
    assert rows + rows_of(start(api.port, "single", Demand(position=position), **feed)) == ROWS


def test_finished_reading_has_nothing_left_and_asks_nothing(api: Api) -> None:
    api.records, api.paging = PEOPLE, "page"
    rows, position = first_batches(api, "page", 3)
    assert (rows, position) == (ROWS, {"done": True})
    api.requests.clear()
    assert rows_of(start(api.port, "page", Demand(position=position))) == []
    assert not api.requests


def test_what_the_pages_before_have_shown_is_remembered(api: Api) -> None:
    api.records = [PEOPLE[0], PEOPLE[1], {"nik": "2"}, {"nik": "3"}]
    _, position = first_batches(api, "page-without-total", 1)
    assert rows_of(start(api.port, "page-without-total", Demand(position=position))) == [("2", None), ("3", None)]


def test_sample_counts_what_came_before(api: Api) -> None:
    api.records, api.paging = PEOPLE, "offset"
    rows, position = first_batches(api, "offset", 1, Demand(limit=3))
    assert rows + rows_of(start(api.port, "offset", Demand(limit=3, position=position))) == ROWS[:3]


def test_key_in_a_next_link_is_neither_noted_nor_doubled(api: Api) -> None:
    api.records, api.auth = PEOPLE, "query"

    def serve(asked: Any) -> Any:
        offset = int(asked.query.get("offset", 0))
        link = f"{api.url}/api/warga?offset={offset + 2}&key={asked.query['key']}" if offset < 4 else None
        return 200, {}, json.dumps({"data": PEOPLE[offset : offset + 2], "links": {"next": link}})

    api.serve = serve
    source = {"auth": {"style": "api_key", "name": "key", "location": "query"}}
    reading = start(api.port, "json_link", source=source)
    batches = iter(reading.batches)
    next(batches)
    assert reading.position["link"] == "/api/warga?offset=2"
    assert sum(batch.num_rows for batch in batches) == 3
    assert {asked.query["key"] for asked in api.asked} == {TOKEN}


def test_records_that_went_between_two_readings_are_noticed(api: Api) -> None:
    api.records, api.paging = PEOPLE, "offset"
    _, position = first_batches(api, "offset", 1)
    api.records = PEOPLE[1:]
    with pytest.raises(RetryLaterError, match="total of 5 records, and then of 4"):
        rows_of(start(api.port, "offset", Demand(position=position)))
