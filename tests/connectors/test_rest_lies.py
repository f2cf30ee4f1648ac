"""APIs that repeat themselves, never end, send us elsewhere, or change while they are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.drift import FeedPlace
from connectors.reading import Demand
from connectors.rest_pages import Pager
from connectors.rest_wire import is_same_place
from connectors.resume import RestartError
from schemas.application import RestApplication
from schemas.errors import ConfigurationError, DriftError, RetryLaterError
from tests.connectors.api import PEOPLE, ROWS, Answer, Api, Asked, served, start
from tests.connectors.helpers import application, rows_of

SECRET = {"style": "api_key", "name": "X-Kunci"}


def pages(*groups: list[int], total: int | None = None) -> Callable[[Asked], Answer]:
    """Serve these people, page by page, then nothing."""

    def serve(asked: Asked) -> Answer:
        number = int(asked.query["page"]) - 1
        shown = [PEOPLE[index] for index in groups[number]] if number < len(groups) else []
        return 200, {}, json.dumps({"data": shown, "meta": {"total": total}})

    return serve


def test_half_a_page_that_comes_again_on_the_next_is_given_once_and_counted(api: Api) -> None:
    api.serve = pages([0, 1], [1, 2], [3, 4])
    reading = start(api.port, "page-without-total")
    assert rows_of(reading) == ROWS
    assert reading.details["repeated"] == 1


def test_record_that_differs_in_a_byte_is_no_repeat(api: Api) -> None:
    api.serve = None
    api.raw = json.dumps({"data": [PEOPLE[0], PEOPLE[0] | {"nama": "N0 "}]})
    reading = start(api.port)
    assert len(rows_of(reading)) == 2
    assert reading.details["repeated"] == 0


def test_half_a_page_sent_twice_in_place_of_the_other_half_is_asked_for_again(api: Api) -> None:
    sound = pages([0, 1], [2, 3], [4])
    broken = [pages([0, 1], [2, 2], [4])]
    api.serve = lambda asked: (broken.pop() if broken and asked.query["page"] == "2" else sound)(asked)
    reading = start(api.port, "page-without-total")
    assert rows_of(reading) == ROWS
    assert reading.details["retries"] == 1


def test_half_a_page_sent_twice_moves_no_offset_past_what_was_not_sent(api: Api) -> None:
    def serve(asked: Asked) -> Answer:
        offset = int(asked.query["offset"])
        shown = PEOPLE[offset : offset + 2]
        data = [*shown[:1], *shown[:1]] if offset == 0 else shown
        return 200, {}, json.dumps({"data": data, "meta": {"total": 5}})

    api.serve = serve
    reading = start(api.port, "offset")
    assert rows_of(reading) == ROWS
    assert reading.details["repeated"] == 1


def test_records_that_are_twins_in_the_source_are_asked_for_twice_only_once(api: Api) -> None:
    api.serve = pages([0, 0], [1, 1], [2, 2], [3, 4])
    reading = start(api.port, "page-without-total")
    assert rows_of(reading) == ROWS
    assert reading.details["repeated"] == 3
    assert reading.details["retries"] == 1


def test_next_pages_that_turn_in_a_circle_are_drift(api: Api) -> None:
    def serve(asked: Asked) -> Answer:
        number = int(asked.query.get("cursor", 0)) % 3
        return 200, {}, json.dumps({"data": [PEOPLE[number]], "next": str(number + 1)})

    api.serve = serve
    with pytest.raises(DriftError, match="read before"):
        rows_of(start(api.port, "cursor"))
    assert len(api.asked) == 4


@pytest.mark.parametrize("style", ["cursor", "json_link"])
def test_same_next_page_again_is_drift(api: Api, style: str) -> None:
    numbers = iter(range(100))
    api.serve = lambda asked: (
        200,
        {},
        json.dumps({"data": [{"nik": str(next(numbers)), "nama": "n"}], "next": "7", "links": {"next": "?cursor=7"}}),
    )
    with pytest.raises(DriftError, match="read before"):
        rows_of(start(api.port, style))
    assert len(api.asked) == 2


def test_pages_without_an_end_stop_at_the_stated_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.rest_pages.MAX_PAGES", 10)
    numbers = iter(range(100))
    api.serve = lambda asked: (200, {}, json.dumps({"data": [{"nik": str(next(numbers)), "nama": "n"}]}))
    with pytest.raises(DriftError, match="more than 10 pages"):
        rows_of(start(api.port, "page-without-total"))


@pytest.mark.parametrize("paging", ["link_header", "json_link"])
@pytest.mark.parametrize("form", ["http://localhost:{port}/api/warga?page=2", "//localhost:{port}/x", "http://a@b/"])
def test_secret_never_goes_to_another_host_by_a_next_link(api: Api, paging: str, form: str) -> None:
    with served() as other:
        link = form.format(port=other.port)
        api.serve = lambda asked: (
            200,
            {"Link": f'<{link}>; rel="next"'},
            json.dumps({"data": PEOPLE[:2], "links": {"next": link}}),
        )
        with pytest.raises(DriftError, match="another host"):
            rows_of(start(api.port, paging, source={"auth": SECRET}))
        assert not other.asked


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_secret_never_goes_to_another_host_by_a_redirect(api: Api, status: int) -> None:
    with served() as other:
        for address in (f"http://127.0.0.1:{other.port}/api/warga", f"http://localhost:{other.port}/", "ftp://x/"):
            api.serve = lambda asked, to=address: (status, {"Location": to}, "")
            with pytest.raises(ConfigurationError, match="redirects to"):
                rows_of(start(api.port, source={"auth": SECRET}))
        assert not other.asked


def test_redirect_on_the_same_server_is_followed(api: Api) -> None:
    api.records = PEOPLE
    api.serve = lambda asked: (301, {"Location": "/api/warga/"}, "") if asked.path == "/api/warga" else None
    reading = start(api.port, source={"auth": {"style": "api_key"}})
    assert rows_of(reading) == ROWS
    assert reading.details["queries"] == 2
    assert all("X-API-Key" in asked.headers for asked in api.asked)


def test_redirects_in_a_circle_end(api: Api) -> None:
    api.serve = lambda asked: (302, {"Location": asked.path}, "")
    with pytest.raises(ConfigurationError, match="TooManyRedirects"):
        rows_of(start(api.port))


def test_records_that_went_while_they_were_read_start_the_reading_again(api: Api) -> None:
    def serve(asked: Asked) -> Answer:
        offset = int(asked.query["offset"])
        people = PEOPLE if offset == 0 else PEOPLE[1:]  # one is deleted after the first page: number 2 is skipped
        return 200, {}, json.dumps({"data": people[offset : offset + 2], "meta": {"total": len(people)}})

    api.serve = serve
    reading = start(api.port, "offset")
    with pytest.raises(RestartError, match=r"5 records, and then of 4.*quieter hour"):
        rows_of(reading)
    assert reading.position == {}


@pytest.mark.parametrize("body", ["<html>Sedang dalam perbaikan</html>", "<br />Warning: mysqli_connect()", "OK"])
def test_page_for_people_with_status_200_is_for_later(api: Api, body: str) -> None:
    api.answers = [(200, {"Content-Type": "text/html"}, body)]
    with pytest.raises(RetryLaterError, match=r"answered text/html, not JSON.*login page"):
        rows_of(start(api.port))
    assert len(api.requests) == 1


def test_no_content_is_an_empty_source(api: Api) -> None:
    api.answers = [(204, {}, "")]
    assert rows_of(start(api.port)) == []


def test_empty_pages_before_the_end_lose_nothing(api: Api) -> None:
    def serve(asked: Asked) -> Answer:
        number = int(asked.query.get("cursor", 0))
        data: list[Any] = [] if number == 1 else PEOPLE[:2] if number == 0 else PEOPLE[2:]
        return 200, {}, json.dumps({"data": data, "next": str(number + 1) if number < 2 else None})

    api.serve = serve
    assert rows_of(start(api.port, "cursor", Demand())) == ROWS


@pytest.mark.parametrize(
    ("here", "there", "is_same"),
    [
        ("https://a.go.id/api", "https://a.go.id:443/x", True),
        ("http://a.go.id/api", "https://a.go.id/api", True),
        ("https://a.go.id/api", "http://a.go.id/api", False),
        ("http://a.go.id:8080/api", "https://a.go.id/api", False),
        ("http://a.go.id/api", "http://a.go.id:8080/api", False),
        ("https://a.go.id/api", "https://b.go.id/api", False),
        ("https://a.go.id/api", "https://a.go.id@b.go.id/api", False),
        ("https://a.go.id/api", "ftp://a.go.id/api", False),
    ],
)
def test_credentials_go_to_the_same_server_alone(here: str, there: str, is_same: bool) -> None:
    assert is_same_place(urlsplit(here), urlsplit(there)) is is_same


def test_next_link_that_forgets_tls_behind_a_proxy_is_asked_by_tls() -> None:
    app = application("rest", {"path": "/warga", "map": ["nik"], "pagination": {"style": "json_link"}})
    assert isinstance(app, RestApplication)
    pager = Pager(app.feeds["warga"], FeedPlace.of(app, "warga", app.feeds["warga"]), "https://a.go.id/api", None)
    request = pager.first({}, {"link": "http://a.go.id/api/warga?page=2"})
    assert request.url == "https://a.go.id/api/warga?page=2"
    with pytest.raises(DriftError, match="another host"):
        pager.first({}, {"link": "http://a.go.id:8080/api/warga?page=2"})
