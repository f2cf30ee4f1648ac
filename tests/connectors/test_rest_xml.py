"""XML and SOAP answers: the same rows, paging, drift and errors as JSON has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from connectors.reading import PROBLEM, REST, Demand
from schemas.errors import ConfigurationError, DriftError, RefusedError, RetryLaterError
from tests.connectors.api import PEOPLE, ROWS, Answer, Api, Asked, start
from tests.connectors.helpers import rows_of
from tests.faults import Fault, proxied

FEED: dict[str, Any] = {"format": "xml", "record": "warga", "records": None}
XML: dict[str, str | None] = {"Content-Type": "text/xml"}
ENVELOPE = """<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>
<ambil><hal>{page}</hal><mulai>{offset}</mulai><jml>{limit}</jml><sejak>{since}</sejak></ambil>
</soap:Body></soap:Envelope>"""


def people(shown: list[dict[str, str]]) -> str:
    rows = "".join(f"<x:warga><nik>{row['nik']}</nik><nama>{row['nama']}</nama></x:warga>" for row in shown)
    return f'<?xml version="1.0"?><x:daftar xmlns:x="urn:x"><status>ok</status>{rows}</x:daftar>'


def by_page(asked: Asked) -> Answer:
    number = int(asked.query["page"]) - 1
    return 200, XML, people(PEOPLE[number * 2 : number * 2 + 2])


def soap(inner: str) -> str:
    return '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' + inner + "</s:Body></s:Envelope>"


def fetch(api: Api, text: str | bytes, **feed: Any) -> list[dict[str, str | None]]:
    api.serve = lambda asked: (200, XML, text)
    return [row for batch in start(api.port, **(FEED | feed)).batches for row in batch.to_pylist()]


def test_pages_end_at_one_without_records(api: Api) -> None:
    api.serve = by_page
    reading = start(api.port, "page-without-total", **FEED)
    assert rows_of(reading) == ROWS
    assert reading.details["pages"] == 4
    assert "xml" in api.asked[0].headers["Accept"]


def test_reading_goes_on_with_the_next_page(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.reading.PART_ROWS", 2)
    api.serve = by_page
    reading = start(api.port, "page-without-total", **FEED)
    next(iter(reading.batches))
    demand = Demand(position=dict(reading.position))
    assert rows_of(start(api.port, "page-without-total", demand, **FEED)) == ROWS[2:]


def test_leaves_and_attributes_are_columns(api: Api) -> None:
    record = '<warga id="7"><nik>1</nik><a><b kode="k"> B &amp; C </b></a><kosong/><x><y>1</y><y>2</y></x></warga>'
    rows = fetch(api, f"<d>{record}</d>", map=["nik", "@id", "a.b", "a.b.@kode", "kosong"], ignore=["x"])
    assert rows == [{"nik": "1", "@id": "7", "a.b": " B & C ", "a.b.@kode": "k", "kosong": None}]


def test_drift_is_that_of_each_record(api: Api) -> None:
    text = "<d><warga><nik>1</nik><nama>a</nama></warga><warga><nik>2</nik><nama>b</nama><g>O</g></warga></d>"
    with pytest.raises(DriftError, match="unknown column 'g'"):
        fetch(api, text)
    rows = fetch(api, text, drift="quarantine")
    assert rows[1] == {"nik": "2", "nama": "b", REST: '{"g":"O"}', PROBLEM: "row.unknown_column"}


def test_landed_leaf_that_comes_twice_is_drift_another_a_list(api: Api) -> None:
    one, two = "<nik>1</nik><nama>a</nama>", "<nik>2</nik><nama>b</nama><nama>c</nama>"
    with pytest.raises(DriftError, match=r"record 2, has 'nama' more than once"):
        fetch(api, f"<d><warga>{one}</warga><warga>{two}</warga></d>")
    rows = fetch(api, f"<d><warga>{one}<hp>08</hp><hp>09</hp></warga></d>", drift="evolve")
    assert all(number in str(rows[0][REST]) for number in ("08", "09"))


def test_leaf_that_is_too_large_is_a_problem_of_the_row(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.xml_format.CELL_LIMIT", 100)
    monkeypatch.setattr("connectors.rest_rows.CELL_LIMIT", 100)
    rows = fetch(api, f"<d><warga><nik>1</nik><nama>{'x' * 101}</nama></warga></d>")
    assert rows == [{"nik": "1", "nama": None, REST: '{"nama":"101 characters"}', PROBLEM: "row.large"}]


@pytest.mark.parametrize(
    ("declared", "encoding", "charset"),
    [
        ("", "utf-8", ""),
        ("utf-8", "utf-8-sig", ""),
        ("iso-8859-1", "latin-1", ""),
        ("windows-1252", "cp1252", ""),
        ("iso-8859-1", "utf-8", ""),
        ("utf-16", "utf-16", ""),
        ("", "latin-1", "iso-8859-1"),
    ],
)
def test_letters_are_those_that_were_sent(api: Api, declared: str, encoding: str, charset: str) -> None:
    begin = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    kind = f"text/xml; charset={charset}" if charset else "text/xml"
    sent = (begin + "<d><warga><nik>1</nik><nama>Zoë</nama></warga></d>").encode(encoding)
    api.serve = lambda asked: (200, {"Content-Type": kind}, sent)
    assert rows_of(start(api.port, **FEED)) == [("1", "Zoë")]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("<html><body>Sedang dalam perbaikan", RetryLaterError, "times|not XML"),
        ("<!DOCTYPE html><html></html>", RetryLaterError, "answered text/xml, not XML"),
        ("<html><body>tutup</body></html>", RetryLaterError, "not XML"),
        ("Sedang dalam perbaikan", RetryLaterError, "not XML"),
        ('<!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>', DriftError, "DOCTYPE"),
        ("<d><orang/><total>1</total></d>", DriftError, "no element 'warga'.*orang"),
        ("<d><warga>x<nik>1</nik></warga></d>", DriftError, "text between elements"),
        ("<d><warga></d>", DriftError, "no sound XML"),
        ("<d><warga><nik>1</nik>", RetryLaterError, "no more 5 times"),
        ("", RetryLaterError, "no more 5 times"),
        ('<?xml version="1.0" encoding="nonsense"?><d>\xff</d>'.encode("latin-1"), DriftError, "no sound XML"),
        ('<?xml version="1.0"?><d>\xff</d>'.encode("latin-1"), DriftError, "no sound XML"),
    ],
)
def test_unusable_answers(api: Api, text: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fetch(api, text)


def test_no_changes_are_an_empty_answer(api: Api) -> None:
    api.serve = lambda asked: (200, XML, people([]))
    feed = FEED | {"cursor": {"column": "nama"}, "since": {"param": "sejak"}}
    assert rows_of(start(api.port, demand=Demand(since="2026-01-01"), **feed)) == []
    with pytest.raises(DriftError, match="no element 'warga'"):
        rows_of(start(api.port, **feed))


def test_answer_cut_at_any_byte_is_asked_for_again(api: Api) -> None:
    api.serve, api.is_endless = by_page, True
    for cut in range(0, 400, 13):
        with proxied("127.0.0.1", api.port, [Fault(cut_after=cut, is_reset=False)]) as proxy:
            assert rows_of(start(proxy.port, "page-without-total", **FEED)) == ROWS, cut


def asked_for(name: str, asked: Asked) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", asked.body.decode())
    return found[1] if found else ""


def soap_feed(**changes: Any) -> dict[str, Any]:
    return FEED | {"soap": {"action": "urn:ambil", "envelope": ENVELOPE}, **changes}


@pytest.mark.parametrize("style", ["page", "offset"])
def test_soap_asks_for_each_page_by_a_filled_envelope(api: Api, style: str) -> None:
    def serve(asked: Asked) -> Answer:
        start = int(asked_for("mulai", asked)) if style == "offset" else (int(asked_for("hal", asked)) - 1) * 2
        return 200, XML, soap(people(PEOPLE[start : start + 2]).partition("?>")[2])

    api.serve = serve
    reading = start(api.port, f"{style}-without-total", **soap_feed(params={"versi": "1"}))
    assert rows_of(reading) == ROWS
    assert {asked.method for asked in api.asked} == {"POST"}
    assert {asked.headers["SOAPAction"] for asked in api.asked} == {'"urn:ambil"'}
    assert {asked.headers["Content-Type"] for asked in api.asked} == {"text/xml; charset=utf-8"}
    assert [asked.query for asked in api.asked] == [{"versi": "1"}] * 4
    assert asked_for("jml", api.asked[0]) == "2"
    assert reading.query.endswith("/api/warga urn:ambil")


def test_values_are_escaped_in_the_envelope(api: Api) -> None:
    api.serve = lambda asked: (200, XML, soap("<warga><nik>1</nik><nama>a</nama></warga>"))
    feed = soap_feed(cursor={"column": "nama"})
    rows_of(start(api.port, demand=Demand(since='<a> & "b"'), **feed))
    assert asked_for("sejak", api.asked[0]) == '&lt;a&gt; &amp; "b"'


def test_soap_12_names_its_action_in_the_content_type(api: Api) -> None:
    envelope = ENVELOPE.replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
    api.serve = lambda asked: (200, XML, soap("<warga><nik>1</nik><nama>a</nama></warga>"))
    rows_of(start(api.port, **FEED, soap={"action": "urn:ambil", "envelope": envelope}))
    assert api.asked[0].headers["Content-Type"] == 'application/soap+xml; charset=utf-8; action="urn:ambil"'


FAULT = "<s:Fault><faultcode>s:{code}</faultcode><faultstring>{words}</faultstring></s:Fault>"
REASON = (
    '<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text xml:lang="id">Salah</s:Text></s:Reason>'
    "</s:Fault>"
)
FAULTS: list[tuple[str, type[Exception], str]] = [
    (FAULT.format(code="Server", words="Basis data penuh"), RetryLaterError, r"fault: Basis data penuh \(Server\)"),
    (FAULT.format(code="Client", words="Tanggal salah"), ConfigurationError, "fault: Tanggal salah.*soap.envelope"),
    (FAULT.format(code="FailedAuthentication", words="Siapa?"), RefusedError, "Siapa"),
    (REASON, ConfigurationError, r"fault: Salah \(Sender\)"),
]


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize(("fault", "error", "message"), FAULTS)
def test_fault_is_told_in_its_words_at_once(
    api: Api, status: int, fault: str, error: type[Exception], message: str
) -> None:
    api.serve = lambda asked: (status, XML, soap(fault))
    with pytest.raises(error, match=message):
        rows_of(start(api.port, **soap_feed()))
    assert len(api.asked) == 1


def test_fault_tells_no_numbers_of_people_and_not_all_of_its_words(api: Api) -> None:
    words = "NIK 3574091234567890 ganda: " + "x" * 500
    api.serve = lambda asked: (500, XML, soap(FAULT.format(code="Server", words=words)))
    with pytest.raises(RetryLaterError) as caught:
        rows_of(start(api.port, **soap_feed()))
    assert "357409" not in str(caught.value)
    assert len(str(caught.value)) < 350


CONFIGURATIONS: list[tuple[Callable[[], dict[str, Any]], str]] = [
    (lambda: soap_feed(soap={"action": "a", "envelope": "<a>{halaman}</a>"}), "nothing fills {halaman}"),
    (lambda: soap_feed(record=None), "record: is missing"),
    (lambda: FEED | {"pagination": {"style": "cursor"}}, "looks for JSON in XML"),
    (lambda: FEED | {"pagination": {"style": "page", "total_path": "meta.total"}}, "looks for JSON in XML"),
    (lambda: soap_feed(pagination={"style": "link_header"}), "looks for JSON in XML"),
]


@pytest.mark.parametrize(("feed", "message"), CONFIGURATIONS)
def test_what_cannot_work_is_told_before_anything_is_asked(
    api: Api, feed: Callable[[], dict[str, Any]], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        start(api.port, **feed())
    assert not api.asked
