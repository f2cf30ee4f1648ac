"""The report page: self-contained, in two languages, complete, and without anybody's data."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.evidence import altered
from pipelines.integrate import integrate
from pipelines.run import sync
from schemas.errors import GateError
from store.runs import sealed_runs
from tests.pipelines.residents import FEED, Residents, resident
from tests.workspaces import MakeWorkspace, Row, one, run_record

#: rows with findings of every kind, whose personal texts must not reach the page
BAD = [
    resident(100, nik="35749100"),
    resident(101, nama="Sulastri 9 Rahasia; alamat rumah Rahasia"),
    resident(102, lahir="32-13-1990"),
    resident(103, telp="08 salah sambung; Ibu Rahasiawati"),
    resident(104, agama="Agama Rahasia"),
    resident(105, jk="P" if resident(105)["jk"] == "L" else "L"),
    resident(106, lahir="03-04-1995"),
    resident(107),
    resident(107, nama="Nama Rahasia Kedua"),
    resident(108, id=" "),
]
ROWS = [*(resident(n) for n in range(60)), *BAD]


@pytest.fixture
def residents(make_workspace: MakeWorkspace) -> Residents:
    made = Residents(make_workspace, expect={"max_quarantined_pct": 20})
    made.export(ROWS)
    return made


def written(residents: Residents, run: str = "r1", subject: str = FEED) -> tuple[str, str]:
    """Return the page and the evidence of a run."""
    landing = residents.workspace.landing
    return tuple(landing.read(subject, run, name).decode() for name in ("report.html", "evidence.json"))  # type: ignore[return-value]


def personal_texts(rows: list[Row]) -> set[str]:
    return {row[column] for row in rows for column in ("nik", "nama", "lahir", "telp") if len(row[column]) > 4}


@pytest.mark.usefixtures("small_parts")
def test_no_persons_data_stand_in_page_or_evidence(residents: Residents) -> None:
    sync(residents.workspace, FEED, "r1")
    for content in written(residents):
        assert "nik=9999" in content  # there are examples: their shape, not what they say
        assert [text for text in personal_texts(ROWS) if text in content] == []
        assert "Rahasia" not in content


def test_a_key_that_no_field_is_mapped_from_is_masked(make_workspace: MakeWorkspace) -> None:
    maps = {"nik": "nik", "nama_lengkap": "nama"}
    residents = Residents(make_workspace, key=["id", "telp"], map=maps, ignore=["ket", "lahir", "jk", "agama"])
    rows = [resident(n) for n in range(9)]
    residents.export([*rows, resident(3, nama="Lain")])
    sync(residents.workspace, FEED, "r1")
    for content in written(residents):
        assert "telp=9999" in content
        assert [text for row in rows for text in (row["telp"], row["id"]) if text in content] == []


def test_the_page_loads_nothing_from_anywhere(residents: Residents) -> None:
    sync(residents.workspace, FEED, "r1")
    page, _ = written(residents)
    assert re.findall(r"https?://|<script|<link|<iframe|<img|@import|url\(|\bsrc=|\bon\w+=", page) == []


def test_the_page_tells_all_that_the_evidence_holds(residents: Residents, small_parts: int) -> None:
    account = sync(residents.workspace, FEED, "r1")
    page, evidence = written(residents)
    content = json.loads(evidence)
    assert content["account"] == vars(account)
    for name in ("read", "inserted", "updated", "unchanged", "quarantined"):
        assert re.search(rf"<div>{getattr(account, name)}<small>.*{name}", page), name
    parts = residents.workspace.landing.batch(FEED, "r1", "landing").parts
    assert [part.rows for part in parts] == [small_parts, len(ROWS) - small_parts]
    assert all(part.sha256 in page for part in parts)
    contract = residents.workspace.catalogue.contracts["penduduk"]
    assert f"penduduk {contract.version}" in page
    assert contract.sha256 in page
    assert hashlib.sha256(residents.file.read_bytes()).hexdigest() in page
    ids = [item["expectation_config"]["meta"]["id"] for item in content["results"]]
    assert {"key.missing", "nik.length", "required", "nik_birth_date", "key.unique", "rows.enough"} <= set(ids)
    rows = page.split("<tr>")
    for item in content["results"]:
        meta = item["expectation_config"]["meta"]
        shown = [row for row in rows if f"{meta['id']} · " in row and f"<td>{meta['field'] or '—'}</td>" in row]
        assert len(shown) == 1, meta
        assert f'<td class="num">{item["result"]["unexpected_count"]}' in shown[0]


def test_counts_of_the_checks_are_those_of_the_rows(residents: Residents) -> None:
    sync(residents.workspace, FEED, "r1")
    results = json.loads(written(residents)[1])["results"]
    found = [(item["expectation_config"]["meta"], item["result"]) for item in results if not item["success"]]
    assert {(meta["field"], meta["id"]): result["unexpected_count"] for meta, result in found} == {
        (None, "key.missing"): 1,
        (None, "key.unique"): 2,
        ("nik", "nik.length"): 1,
        ("nama_lengkap", "nama_lengkap_digits"): 1,
        ("tanggal_lahir", "date.invalid"): 1,
        ("telepon", "phone.invalid"): 1,
        ("agama", "code.unknown"): 1,
        ("nik", "nik_sex"): 1,
        ("nik", "nik_birth_date"): 1,
    }


def test_both_languages_stand_on_the_page(residents: Residents) -> None:
    sync(residents.workspace, FEED, "r1")
    page, _ = written(residents)
    indonesian = re.findall(r'<span class="id">(.*?)</span>', page)
    english = re.findall(r'<span class="en" lang="en">(.*?)</span>', page)
    assert len(indonesian) == len(english) > 30
    for rule in residents.workspace.catalogue.contracts["penduduk"].rules:
        if rule.id in page:
            assert rule.indonesian in page
            assert rule.english in page


def test_the_digest_in_the_database_is_that_of_the_evidence(residents: Residents) -> None:
    sync(residents.workspace, FEED, "r1")
    page, evidence = written(residents)
    digest = hashlib.sha256(evidence.encode()).hexdigest()
    record = run_record(residents.workspace.database, "r1", FEED)
    assert record["evidence_sha256"] == digest
    assert digest in page
    assert Path(record["report"]).read_text() == page


def test_a_failed_gate_leaves_a_report_too(residents: Residents) -> None:
    residents.export([resident(n, nik="1") if n < 20 else resident(n) for n in range(60)])
    with pytest.raises(GateError):
        sync(residents.workspace, FEED, "r1")
    page, evidence = written(residents)
    record = run_record(residents.workspace.database, "r1", FEED)
    assert record["evidence_sha256"] == hashlib.sha256(evidence.encode()).hexdigest()
    assert "tidak diterbitkan" in page
    assert "max_quarantined_pct is 33.333, the limit 20" in page
    assert json.loads(evidence)["account"] is None


def test_a_release_has_a_page_of_its_own(residents: Residents) -> None:
    sync(residents.workspace, FEED, "r1")
    release = integrate(residents.workspace, "penduduk", "r2")
    page, evidence = written(residents, "r2", "dataset.penduduk")
    record = one(residents.workspace.database, "SELECT * FROM control.release")
    assert record["evidence_sha256"] == hashlib.sha256(evidence.encode()).hexdigest()
    assert f"<div>{release.rows}<small>" in page
    assert FEED in page
    assert [text for text in personal_texts(ROWS) if text in page + evidence] == []


def test_the_page_opens_in_a_browser_from_a_file(residents: Residents, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        if os.environ.get("OPDHUB_REQUIRE_SERVICES") == "1":
            pytest.fail("no chromium is installed")
        pytest.skip("no chromium is installed")
    sync(residents.workspace, FEED, "r1")
    page, _ = written(residents)
    switched = tmp_path / "english.html"
    shown = "getComputedStyle(document.querySelector('.id')).display"
    probe = f"document.title = {shown}; document.getElementById('en').checked = true; document.title += ' ' + {shown}"
    switched.write_text(page.replace("</main>", f"</main><script>{probe}</script>"))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run([browser, *flags, switched.as_uri()], capture_output=True, timeout=60, check=True)
    assert b"<title>inline none</title>" in done.stdout


@pytest.mark.parametrize("name", ["evidence.json", "report.html", "landing/part-00000.parquet"])
def test_a_changed_byte_of_what_was_sealed_shows(residents: Residents, name: str) -> None:
    sync(residents.workspace, FEED, "r1")
    (run,) = sealed_runs(residents.workspace.database, target=FEED)
    assert altered(residents.workspace.landing, FEED, "r1", run) == []
    file = Path(residents.workspace.landing.path(FEED, "r1", name))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert altered(residents.workspace.landing, FEED, "r1", run) == [name]
    file.unlink()
    assert altered(residents.workspace.landing, FEED, "r1", run) == [name]
