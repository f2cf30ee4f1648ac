"""What is not published is kept: reason, original values, and warnings beside what is."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.run import sync
from store.runs import Account, quarantined
from tests.pipelines.residents import COLUMNS, FEED, Residents, resident
from tests.workspaces import MakeWorkspace, Row, query, source_rows

#: texts that a report, a JSON or a COPY could mangle
ODD = ["  spasi  ", 'kutip " dan \\ dan |', "baris\nbaru\ttab", "Ñoño 李 😀", "\x01\x7f", "a; b=c; nik=1", "null", "{}"]


@pytest.fixture
def residents(make_workspace: MakeWorkspace) -> Residents:
    return Residents(make_workspace, expect={"max_quarantined_pct": 100})


def landed(row: Row) -> Row:
    return {name: row[name] for name in COLUMNS if name != "ket"}


def reasons(residents: Residents) -> dict[int, list[dict[str, Any]]]:
    return {row["row_number"]: row["reasons"] for row in quarantined(residents.workspace.database, FEED)}


def test_the_originals_are_kept_to_the_character(residents: Residents, small_parts: int) -> None:
    bad = [resident(n, nik="1", nama=text) for n, text in enumerate(ODD)]
    good = [resident(n) for n in range(100, 170)]
    first = small_parts - 2
    residents.export([*good[:first], *bad, *good[first:]])  # across two parts
    assert sync(residents.workspace, FEED, "r1").quarantined == len(bad)
    found = quarantined(residents.workspace.database, FEED)
    assert [row["original"] for row in found] == [landed(row) for row in bad]
    assert [row["row_number"] for row in found] == list(range(first, first + len(bad)))
    assert [row["source_key"] for row in found] == [row["id"] for row in bad]
    assert all({"field": "nik", "rule": "nik.length"} in row["reasons"] for row in found)


def test_every_error_of_a_row_is_a_reason_and_its_warnings_are_not(residents: Residents) -> None:
    residents.export([resident(0, nik="1", lahir="99-99-1999", telp="x"), resident(1)])
    sync(residents.workspace, FEED, "r1")
    assert reasons(residents)[0] == [
        {"field": "nik", "rule": "nik.length"},
        {"field": "tanggal_lahir", "rule": "date.invalid"},
    ]
    findings = query(residents.workspace.database, "SELECT rule, severity FROM control.finding ORDER BY rule")
    assert [tuple(row.values()) for row in findings] == [
        ("date.invalid", "error"),
        ("nik.length", "error"),
        ("phone.invalid", "warning"),
    ]


def test_a_warning_travels_with_its_row(residents: Residents) -> None:
    residents.export([resident(0, telp="x", agama="Jedi"), resident(1), resident(2, jk="P")])
    assert sync(residents.workspace, FEED, "r1") == Account(3, 3, 0, 0, 0)
    rows = source_rows(residents.workspace.database, FEED)
    assert set(rows["W00000"]["_warnings"].split("|")) == {"agama:code.unknown", "telepon:phone.invalid"}
    assert rows["W00001"]["_warnings"] is None
    assert rows["W00002"]["_warnings"] == "nik:nik_sex"
    assert rows["W00000"]["telepon"] is None


def test_a_warning_that_comes_or_goes_is_a_change(residents: Residents) -> None:
    residents.export([resident(0, telp="-"), resident(1)])
    sync(residents.workspace, FEED, "r1")
    residents.export([resident(0, telp="x"), resident(1)])
    assert sync(residents.workspace, FEED, "r2") == Account(2, 0, 1, 1, 0)
    residents.export([resident(0, telp="-"), resident(1)])
    assert sync(residents.workspace, FEED, "r3") == Account(2, 0, 1, 1, 0)


def test_contradicting_rows_of_one_key_are_all_held_and_the_last_good_one_stays(residents: Residents) -> None:
    residents.export([resident(0), resident(1)])
    sync(residents.workspace, FEED, "r1")
    residents.export([resident(0, nama="Satu"), resident(1), resident(0, nama="Dua")])
    assert sync(residents.workspace, FEED, "r2") == Account(3, 0, 0, 1, 2)
    assert reasons(residents) == {n: [{"field": None, "rule": "key.conflict"}] for n in (0, 2)}
    assert source_rows(residents.workspace.database, FEED)["W00000"]["nama_lengkap"] == resident(0)["nama"]


def test_equal_rows_of_one_key_count_once(residents: Residents) -> None:
    residents.export([resident(0), resident(0), resident(1), resident(0, agama="HINDU")])
    assert sync(residents.workspace, FEED, "r1") == Account(4, 2, 0, 0, 2)
    assert reasons(residents) == {n: [{"field": None, "rule": "key.duplicate"}] for n in (1, 3)}


def test_a_quarantined_row_keeps_what_was_published_under_its_key(residents: Residents) -> None:
    residents.export([resident(0), resident(1)])
    sync(residents.workspace, FEED, "r1")
    before = source_rows(residents.workspace.database, FEED)
    residents.export([resident(0, nik="1", nama="Baru"), resident(1)])
    assert sync(residents.workspace, FEED, "r2") == Account(2, 0, 0, 1, 1)
    assert source_rows(residents.workspace.database, FEED) == before


def test_a_row_without_its_key_is_quarantined(residents: Residents) -> None:
    residents.export([resident(0, id=" "), resident(1)])
    assert sync(residents.workspace, FEED, "r1") == Account(2, 1, 0, 0, 1)
    assert reasons(residents) == {0: [{"field": None, "rule": "key.missing"}]}


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("nama", {"field": "nama_lengkap", "rule": "text.nul"}),
        ("id", {"field": None, "rule": "key.missing"}),
        ("nik", {"field": "nik", "rule": "nik.invalid"}),
    ],
)
def test_a_nul_character_quarantines_its_row_and_no_other(
    residents: Residents, column: str, reason: dict[str, Any]
) -> None:
    bad = resident(0) | {column: f"{resident(0)[column]}\0x"}
    residents.export([bad, resident(1)])
    assert sync(residents.workspace, FEED, "r1") == Account(2, 1, 0, 0, 1)
    (found,) = quarantined(residents.workspace.database, FEED)
    assert found["original"] == landed(bad)
    assert reason["field"] == found["reasons"][0]["field"]


@pytest.mark.parametrize("lahir", ["01-01-0001", "31-12-9999", "01-01-1677", "31-12-2262"])
def test_a_date_far_away_is_a_finding_not_an_error_of_the_pipeline(residents: Residents, lahir: str) -> None:
    residents.export([resident(0, lahir=lahir), resident(1)])
    assert sync(residents.workspace, FEED, "r1") == Account(2, 1, 0, 0, 1)
    assert reasons(residents)[0][0]["field"] == "tanggal_lahir"


def test_findings_tell_what_the_source_sent(residents: Residents) -> None:
    residents.export([resident(0, nik="1"), resident(1, telp="a; b=c")])
    sync(residents.workspace, FEED, "r1")
    found = query(residents.workspace.database, "SELECT * FROM control.finding ORDER BY row_number")
    assert [(row["row_number"], row["source_key"]) for row in found] == [(0, "W00000"), (1, "W00001")]
    assert [row["original"] for row in found] == [{"nik": "1"}, {"telp": "a; b=c"}]
