"""A feed with a cursor: only what changed is read, and nothing that changed is missed."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from schemas.errors import ConfigurationError, GateError
from store.drift import approve_deletions
from store.runs import quarantined
from tests.pipelines.registers import FEED, Register, person
from tests.workspaces import MakeWorkspace, query


@pytest.fixture
def register(make_workspace: MakeWorkspace) -> Register:
    made = Register(make_workspace)
    made.write(*(person(n, n / 10) for n in range(40)))  # up to 15:54
    return made


def forget_sweeps(register: Register) -> None:
    """Let the last look at all keys lie eight days back."""
    with register.workspace.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE control.feed_run SET extracted_at = extracted_at - interval '8 days'")


def test_the_first_run_reads_everything_and_the_next_only_what_changed(register: Register) -> None:
    assert register.sync().inserted == 40
    assert register.details["mode"] == "full"
    register.write(person(3, 20, nama="Nama Baru"), person(99, 21))
    account = register.sync()
    assert register.details["since"] == "2026-03-01 13:54:00", "the newest value less the lag of two hours"
    assert (account.inserted, account.updated, account.deleted) == (1, 1, 0)
    assert account.read == account.inserted + account.updated + account.unchanged
    assert len(register.published) == 41
    assert register.published["W00003"]["nama_lengkap"] == "Nama Baru"


def test_a_row_committed_late_is_found_within_the_lag(register: Register) -> None:
    register.sync()
    register.write(person(50, 2.5))  # older than the watermark of 15:54, written after the first run
    assert register.sync().inserted == 1


def test_a_row_without_a_change_time_is_read_every_time(register: Register) -> None:
    register.sync()
    register.write(person(60, 0, diubah=None), person(61, 0, diubah="0000-00-00 00:00:00"))
    assert register.sync().inserted == 2
    register.write(person(60, 0, diubah=None, nama="Ganti Nama"))
    assert register.sync().updated == 1


def test_a_clock_in_the_future_does_not_move_the_watermark(register: Register) -> None:
    register.write(person(70, 0, diubah="2999-01-01 00:00:00"))
    register.sync()
    assert register.details["watermark"] == "2026-03-01 15:54:00"
    register.write(person(71, 5))
    assert register.sync().inserted == 1


def test_a_run_in_which_nothing_changed_keeps_the_watermark_and_the_rows(register: Register) -> None:
    register.sync()
    for _ in range(2):
        account = register.sync()
        assert (account.inserted, account.updated, account.deleted) == (0, 0, 0)
    assert register.details["watermark"] == "2026-03-01 15:54:00"
    assert len(register.published) == 40


def test_deleted_rows_stay_until_the_sweep_that_finds_them(register: Register) -> None:
    register.sync()
    register.delete(["W00001", "W00002"])
    assert register.sync().deleted == 0
    forget_sweeps(register)
    account = register.sync()
    assert account.deleted == 2
    assert set(register.published) == {f"W{n:05}" for n in range(40)} - {"W00001", "W00002"}


def test_a_sweep_stops_at_too_many_deletions_and_a_steward_may_allow_them_once(register: Register) -> None:
    register.sync()
    register.delete([f"W{n:05}" for n in range(10)])
    forget_sweeps(register)
    with pytest.raises(GateError, match=r"10 of 40 published rows are gone.*4 may be.*drift deletions"):
        register.sync()
    assert len(register.published) == 40
    approve_deletions(register.workspace.database, FEED, 9, "ana", "too few")
    with pytest.raises(GateError):
        register.sync()
    approve_deletions(register.workspace.database, FEED, 10, "ana", "pindah massal")
    assert register.sync().deleted == 10
    used = query(register.workspace.database, "SELECT rows, used_by FROM control.approved_deletions ORDER BY rows")
    assert [(row["rows"], row["used_by"]) for row in used] == [(9, None), (10, f"r{register.runs}")]
    register.delete([f"W{n:05}" for n in range(10, 20)])
    forget_sweeps(register)
    with pytest.raises(GateError):
        register.sync()


def test_a_resync_reads_everything_again(register: Register) -> None:
    register.sync()
    register.write(person(5, -100, nama="Diam Diam"))  # changed without a new change time
    assert register.sync().updated == 0
    assert register.sync(full=True).updated == 1


def test_another_mapping_reads_everything_again(register: Register) -> None:
    register.sync()
    fewer = (
        register.workspace.catalogue.application("dinas.register")
        .feeds["warga"]
        .model_dump(by_alias=True, exclude_defaults=True)["map"]
    )
    del fewer["telepon"]
    account = register.sync(register.described(map=fewer, ignore=["telp"]))
    assert register.details["mode"] == "full"
    assert account.updated == 40
    assert register.published["W00003"]["telepon"] is None


def test_another_spelling_in_a_code_list_reads_everything_again(register: Register) -> None:
    register.write(person(3, 0, agama="Keyakinan Uji"))
    register.sync()
    lists = register.workspace.catalogue.codelists
    known = lists["agama"]
    lists["agama"] = dataclasses.replace(known, codes={**known.codes, "KEYAKINAN UJI": "1"})
    try:
        register.sync()
    finally:
        lists["agama"] = known
    assert register.details["mode"] == "full"
    assert register.published["W00003"]["agama"] == "1"


def test_a_window_that_is_no_time_is_refused(register: Register) -> None:
    with pytest.raises(ConfigurationError, match="neither a time nor a number"):
        register.sync(since="kemarin")


def test_a_backfill_reads_a_window_and_leaves_watermark_and_other_rows(register: Register) -> None:
    register.sync()
    register.write(person(0, 0, nama="Nol Lagi"), person(20, 2, nama="Dua Lagi"))
    register.delete(["W00030"])
    account = register.sync(since="2026-03-01 12:00:00", until="2026-03-01 13:00:00")
    assert (account.read, account.updated, account.deleted) == (11, 1, 0)
    assert register.details["watermark"] == "2026-03-01 15:54:00"
    assert register.published["W00020"]["nama_lengkap"] != "Dua Lagi"


def test_a_window_of_a_feed_without_a_cursor_is_refused(make_workspace: MakeWorkspace) -> None:
    register = Register(make_workspace, cursor=None, ignore=["diubah"])
    with pytest.raises(ConfigurationError, match="has no cursor"):
        register.sync(since="2026-01-01")


def test_a_lag_that_does_not_fit_the_cursor_is_told(make_workspace: MakeWorkspace) -> None:
    register = Register(make_workspace, cursor={"column": "diubah", "lag": 100})
    register.write(person(1, 0))
    register.sync()
    with pytest.raises(ConfigurationError, match=r"cursor\.lag"):
        register.sync()


def test_a_quarantined_row_stays_open_until_it_is_read_again(register: Register) -> None:
    register.write(person(7, 0, nik="123"))
    register.sync()
    database = register.workspace.database
    assert [row["source_key"] for row in quarantined(database, FEED)] == ["W00007"]
    register.write(person(80, 10))
    register.sync()
    assert [row["source_key"] for row in quarantined(database, FEED)] == ["W00007"], "a later run did not read it"
    register.write(person(7, 11))
    assert register.sync().inserted == 1
    assert quarantined(database, FEED) == []


def test_a_quarantined_row_that_the_source_deleted_leaves_the_quarantine_with_the_sweep(register: Register) -> None:
    register.write(person(7, -50, nik="123"))
    register.sync()
    register.delete(["W00007"])
    forget_sweeps(register)
    register.sync()
    assert quarantined(register.workspace.database, FEED) == []


def test_one_bad_row_among_three_changes_does_not_hold_a_feed_back(make_workspace: MakeWorkspace) -> None:
    register = Register(make_workspace, expect={"max_quarantined_pct": 5}, cursor={"column": "diubah", "lag": "1h"})
    register.write(*(person(n, 0) for n in range(40)))
    register.sync()
    register.write(*(person(n, 9, nama="Lagi Lagi") for n in range(2)), person(3, 9, nik="9"))
    assert register.sync().quarantined == 1


def test_a_whole_snapshot_waits_for_its_hours_and_changes_do_not(make_workspace: MakeWorkspace) -> None:
    register = Register(make_workspace)
    register.write(person(1, 0))
    now = dt.datetime.now(dt.timezone(dt.timedelta(hours=7)))
    window = f"{now + dt.timedelta(hours=6):%H:%M}-{now + dt.timedelta(hours=12):%H:%M}"
    application = register.workspace.catalogue.applications["dinas.register"]
    source = type(application.source).model_validate({"kind": "sql", "host_pool": "uji", "full_window": window})
    register.workspace.catalogue.applications["dinas.register"] = application.model_copy(update={"source": source})
    with pytest.raises(GateError, match="whole feed may be read within"):
        register.sync()
    assert register.sync(outside_window=True).inserted == 1
    register.write(person(2, 9))
    assert register.sync().inserted == 1
