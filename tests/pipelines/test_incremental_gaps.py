"""What a cursor alone would miss for ever: found, told, and read by the next run."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from schemas.errors import DriftError
from store.drift import accept_drift, drift_of
from store.runs import quarantined
from tests.pipelines.registers import FEED, WARGA, Register, person
from tests.pipelines.test_drift import accept, alter
from tests.pipelines.test_incremental import forget_sweeps
from tests.workspaces import MakeWorkspace


@pytest.fixture
def register(make_workspace: MakeWorkspace) -> Register:
    made = Register(make_workspace)
    made.write(*(person(n, n / 10) for n in range(20)))
    made.sync()
    return made


def test_a_row_that_left_and_comes_back_unchanged_is_found_by_the_sweep_and_read(register: Register) -> None:
    register.delete(["W00005"])
    forget_sweeps(register)
    assert register.sync().deleted == 1
    register.write(person(5, -500))  # from a backup, with its old change time, long behind the watermark
    forget_sweeps(register)
    assert register.sync().inserted == 0
    evidence = json.loads(register.workspace.landing.read(FEED, f"r{register.runs}", "evidence.json"))
    assert [item["rows"] for item in evidence["warnings"]] == [1], "the run tells what it has not read"
    assert register.sync().inserted == 1
    assert register.details["mode"] == "full"
    forget_sweeps(register)
    register.sync()
    assert register.details["mode"] == "changes", "nothing is missing any more"


def test_a_window_read_again_does_not_pass_for_a_reading_under_the_new_mapping(register: Register) -> None:
    fewer = {name: how for name, how in WARGA["map"].items() if name != "telepon"}
    changed = register.described(map=fewer, ignore=["telp"])
    register.sync(changed, since="2026-03-01 12:00:00", until="2026-03-01 12:30:00")
    register.sync(changed)
    assert register.details["mode"] == "full"
    assert {row["telepon"] for row in register.published.values()} == {None}


def test_a_clock_that_is_some_hours_ahead_hides_no_row(register: Register) -> None:
    now = dt.datetime.now(dt.timezone(dt.timedelta(hours=7))).replace(tzinfo=None)
    register.write(person(30, 0, diubah=f"{now + dt.timedelta(hours=20):%Y-%m-%d %H:%M:%S}"))
    register.sync()
    register.write(person(31, 0, diubah=f"{now:%Y-%m-%d %H:%M:%S}"))
    assert register.sync().inserted == 1


def test_change_times_written_in_another_way_come_along(register: Register) -> None:
    register.write(person(3, 0, nama="Ganti Satu", diubah="01-12-2026 09:00:00"))
    register.write(person(4, 0, nama="Ganti Dua", diubah="2026-03-01T15:00:00"))
    assert register.sync().updated == 2


def test_a_column_that_comes_back_is_told_and_read_for_all_rows(register: Register) -> None:
    alter(register, "ALTER TABLE warga DROP COLUMN agama")
    with pytest.raises(DriftError, match="has no column 'agama'"):
        register.sync()
    (change,) = [row["change"] for row in drift_of(register.workspace.database, FEED, is_open=True)]
    accept(register, change)
    assert register.sync().updated == 20, "an accepted change reads everything again"
    alter(register, "ALTER TABLE warga ADD COLUMN agama DEFAULT 'Islam'")
    register.sync()
    told = [row["change"].words for row in drift_of(register.workspace.database, FEED, is_open=True)]
    assert [words for words in told if "is back" in words]
    register.sync()
    assert register.details["mode"] == "full"
    assert {row["agama"] for row in register.published.values()} == {"1"}


def test_what_was_isolated_is_published_once_its_column_is_accepted(make_workspace: MakeWorkspace) -> None:
    register = Register(make_workspace, drift="quarantine")
    register.write(*(person(n, n) for n in range(4)))
    register.sync()
    alter(register, "ALTER TABLE warga ADD COLUMN golongan varchar(5)")
    changed = "golongan = 'O', nama = 'Nama Isolasi', diubah = '2026-03-02 10:00:00'"
    alter(register, f"UPDATE warga SET {changed} WHERE id = 'W00001'")
    assert register.sync().quarantined == 1
    (change,) = [row["change"] for row in drift_of(register.workspace.database, FEED, is_open=True)]
    accept_drift(register.workspace.database, FEED, change, "ana", "tak perlu")
    register.sync()
    assert quarantined(register.workspace.database, FEED) == []
    assert register.published["W00001"]["nama_lengkap"] == "Nama Isolasi"
