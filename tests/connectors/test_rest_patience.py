"""Busy servers: how long they are waited for, how often they are asked, and what is told."""

from __future__ import annotations

import datetime as dt
import time
from email.utils import format_datetime

import pytest

from connectors import rest_client
from schemas.errors import RetryLaterError
from tests.connectors.api import PEOPLE, ROWS, TOKEN, Api, start
from tests.connectors.helpers import rows_of


def http_date(seconds: float) -> str:
    return format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds), usegmt=True)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds that were waited between attempts, without waiting them."""
    waited: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waited.append)
    monkeypatch.setattr("connectors.rest_client.BACKOFF_SECONDS", 0.5)
    return waited


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_heeded(api: Api, waits: list[float], status: int) -> None:
    api.records, api.answers = PEOPLE, [(status, {"Retry-After": "7"}, ""), (status, {"Retry-After": "60"}, "")]
    assert rows_of(start(api.port)) == ROWS
    assert waits == [7.0, 60.0]


def test_retry_after_as_a_date_is_heeded(api: Api, waits: list[float]) -> None:
    api.records, api.answers = PEOPLE, [(429, {"Retry-After": http_date(30)}, "")]
    assert rows_of(start(api.port)) == ROWS
    assert 27 < waits[0] <= 30


@pytest.mark.parametrize("header", ["0", "", "soon", "-5", http_date(-600)], ids=["0", "none", "soon", "-5", "past"])
def test_retry_after_that_says_nothing_leaves_the_growing_waits(api: Api, waits: list[float], header: str) -> None:
    api.answers = [(503, {"Retry-After": header}, "")] * 9
    with pytest.raises(RetryLaterError, match="answered 503 5 times"):
        rows_of(start(api.port))
    assert waits == [0.5, 1.0, 2.0, 4.0]


@pytest.mark.parametrize("header", ["61", "999999999999999999999", http_date(3600)], ids=["61", "ages", "date"])
def test_wait_beyond_the_limit_is_left_to_the_next_run_and_names_the_time(
    api: Api, waits: list[float], header: str
) -> None:
    api.answers = [(429, {"Retry-After": header}, "")]
    with pytest.raises(RetryLaterError, match=r"429 and may be asked again at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"):
        rows_of(start(api.port))
    assert len(api.requests) == 1
    assert waits == []


def test_named_time_is_that_of_the_header() -> None:
    assert rest_client.retry_after("61") == 61
    assert rest_client.retry_after(http_date(600)) == pytest.approx(600, abs=2)
    assert rest_client.retry_after("Sun, 22 Nov 2026 10:00:00") is not None  # without a zone
    assert rest_client.retry_after(None) is None


def test_budget_spreads_all_requests_retries_and_tokens_among_them(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.rest_wire.MINUTE_MILLISECONDS", 200)
    api.records, api.paging, api.auth = PEOPLE, "page", "bearer"
    api.answers = [(503, {}, "")]
    source = {"auth": {"style": "oauth2_client_credentials"}, "requests_per_minute": 20}
    began = time.monotonic()
    reading = start(api.port, "page", source=source)
    assert rows_of(reading) == ROWS
    assert reading.details["queries"] == 5  # a token, an answer 503, three pages
    assert time.monotonic() - began >= 0.04  # four spaces of 10 ms


def test_budget_is_shared_with_the_processes_that_read_at_the_same_time(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets: list[float | None] = []
    monkeypatch.setattr("connectors.rest_wire._limiter", lambda per_minute: budgets.append(per_minute))
    start(api.port, source={"requests_per_minute": 60, "max_concurrency": 4})
    start(api.port)
    assert budgets == [15]


def test_fault_of_the_key_in_the_address_is_never_shown(api: Api) -> None:
    auth = {"style": "api_key", "name": "key", "location": "query"}
    api.serve = lambda asked: (500, {}, f"no {TOKEN}")
    with pytest.raises(RetryLaterError) as caught:
        rows_of(start(api.port, source={"auth": auth}))
    shown = f"{caught.value} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert "s3cret" not in shown
