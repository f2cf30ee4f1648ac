"""HTTP APIs: every style of paging and authentication, and every way in which they lie."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import ConfigurationError, DriftError, RefusedError, RetryLaterError
from tests.connectors.api import PAGINGS, PEOPLE, ROWS, Api, start
from tests.connectors.helpers import Rows, rows_of

AUTHS: dict[str, dict[str, Any]] = {
    "none": {"style": "none"},
    "header": {"style": "api_key"},
    "query": {"style": "api_key", "name": "key", "location": "query"},
    "basic": {"style": "basic"},
    "bearer": {"style": "bearer"},
    "oauth2": {"style": "oauth2_client_credentials"},
}


def fetch(api: Api, paging: str = "single", auth: dict[str, Any] | None = None, **feed: Any) -> Rows:
    return rows_of(start(api.port, paging, source={"auth": auth or {"style": "none"}}, **feed))


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("paging", PAGINGS)
def test_every_paging_with_every_authentication_gives_every_record_once(api: Api, paging: str, auth: str) -> None:
    api.records, api.paging = PEOPLE, paging.partition("-")[0]
    api.auth = "bearer" if auth == "oauth2" else auth
    assert fetch(api, paging, AUTHS[auth]) == ROWS


@pytest.mark.parametrize("auth", [name for name in AUTHS if name != "none"])
def test_wrong_secret_is_refused_after_one_request_and_never_shown(api: Api, auth: str) -> None:
    api.auth = "bearer" if auth == "oauth2" else auth
    reading = start(api.port, source={"auth": AUTHS[auth]}, password="rahasia")
    with pytest.raises(RefusedError) as caught:
        rows_of(reading)
    assert len(api.requests) <= 1
    assert "rahasia" not in str(caught.value) + reading.query


def test_offset_steps_by_the_rows_received_when_the_server_caps_its_pages(api: Api) -> None:
    api.records, api.cap = PEOPLE, 2
    paging = {"style": "offset", "param": "offset", "page_size": 4, "total_path": "meta.total"}
    assert fetch(api, pagination=paging) == ROWS


def test_values_are_the_texts_that_were_sent(api: Api) -> None:
    api.raw = (
        '[{"nik": 3578010101900001, "a": 1.50, "b": true, "c": null, "d": "x",'
        ' "e": {"f": [1.0, "é", null, false], "g": 1e5}, "h": {"i": {"j": 12345678901234567890}}, "k": []}]'
    )
    columns = ["nik", "a", "b", "c", "d", "e", "h.i.j", "k"]
    nested = '{"f":[1.0,"é",null,false],"g":1e5}'
    assert fetch(api, records=None, map=columns) == [
        ("3578010101900001", "1.50", "true", None, "x", nested, "12345678901234567890", "[]")
    ]


def test_busy_server_is_asked_again_and_counted(api: Api) -> None:
    api.records = PEOPLE
    api.answers = [(429, {"Retry-After": "0"}, ""), (503, {}, "<html>")]
    reading = start(api.port)
    assert rows_of(reading) == ROWS
    assert reading.details["retries"] == 2
    assert reading.details["pages"] == 1


def test_server_that_stays_busy_is_for_later_after_five_requests(api: Api) -> None:
    api.answers = [(500, {}, "")] * 9
    with pytest.raises(RetryLaterError, match="answered 500"):
        fetch(api)
    assert len(api.requests) == 5


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ((200, {"Content-Type": "text/html; x"}, "<html>"), RetryLaterError, "answered text/html, not JSON"),
        ((403, {}, "{}"), RefusedError, "403"),
        ((404, {}, "{}"), DriftError, "feeds.warga.path.*no '/warga'"),
        ((422, {}, "{}"), ConfigurationError, "422"),
        ((200, {}, '{"rows": []}'), DriftError, "nothing at 'data'.*records:"),
        ((200, {}, '{"data": [1]}'), DriftError, "record 1 is not an object"),
        ((200, {}, '{"data": [{"nik": "1"}]}'), DriftError, "none of the 1 records has no column 'nama'"),
        ((200, {}, '{"data": [{"nik": "1", "nama": "n", "x": 1}]}'), DriftError, "unknown column 'x'"),
        ((200, {}, '{"data": [{"nik": "\\ud800", "nama": "n"}]}'), DriftError, "not Unicode"),
    ],
)
def test_unusable_answers(api: Api, answer: Any, error: type[Exception], message: str) -> None:
    api.answers = [answer]
    with pytest.raises(error, match=message):
        fetch(api)


def test_answer_that_is_no_list_needs_records(api: Api) -> None:
    api.records = PEOPLE
    with pytest.raises(DriftError, match="not a list"):
        fetch(api, records=None)


def test_null_instead_of_records_is_an_empty_source(api: Api) -> None:
    api.raw = '{"data": null}'
    assert fetch(api) == []


def test_key_that_only_some_records_have_is_null_in_the_others(api: Api) -> None:
    api.records = [{"nik": "1"}, {"nik": "2", "nama": "b"}]
    assert fetch(api) == [("1", None), ("2", "b")]


def test_children_of_a_dotted_path_count_for_their_parent(api: Api) -> None:
    api.records = [{"nik": "1", "p": None}, {"nik": "2", "p": {"nama": "b", "other": 1}}]
    assert fetch(api, map=["nik", "p.nama"]) == [("1", None), ("2", "b")]


def test_server_that_ignores_the_page_parameter_is_drift_not_endless(api: Api) -> None:
    api.raw = '{"data": [{"nik": "1", "nama": "n"}]}'
    with pytest.raises(DriftError, match="same page came twice"):
        fetch(api, "page-without-total")


def test_wrong_next_path_is_drift_not_one_page(api: Api) -> None:
    api.records, api.paging = PEOPLE, "cursor"
    with pytest.raises(DriftError, match="nothing at 'nxet'"):
        fetch(api, pagination={"style": "cursor", "param": "cursor", "page_size": 2, "next_path": "nxet"})


def test_missing_total_is_drift_and_quotes_no_data(api: Api) -> None:
    api.records = PEOPLE
    paging = {"style": "offset", "param": "offset", "page_size": 2, "total_path": "count"}
    with pytest.raises(DriftError, match="total_path") as caught:
        fetch(api, pagination=paging)
    assert "N1" not in str(caught.value)


def test_total_that_is_not_reached_is_for_later(api: Api) -> None:
    api.answers = [(200, {}, '{"data": [{"nik": "1", "nama": "n"}], "meta": {"total": 3}}')]
    api.answers.append((200, {}, '{"data": [], "meta": {"total": 3}}'))
    with pytest.raises(RetryLaterError, match="total of 3 records and gave 1"):
        fetch(api, "offset")


@pytest.mark.parametrize("paging", ["link_header", "json_link"])
def test_next_page_on_another_host_is_never_asked_for(api: Api, paging: str) -> None:
    api.records, api.paging, api.next_host = PEOPLE, paging, "http://evil.invalid"
    with pytest.raises(DriftError, match="another host"):
        fetch(api, paging, {"style": "none"})
