"""A feed synced again and again: what changes, what stays, what is refused."""

from __future__ import annotations

import math

import pytest

from pipelines.merge import allowed_deletions
from pipelines.run import sync
from schemas.errors import DriftError, GateError
from store.runs import Account
from store.tables import source_table
from tests.pipelines.residents import FEED, Residents, resident
from tests.workspaces import MakeWorkspace, query, run_record, source_rows, table_rows

ROWS = [resident(n) for n in range(30)]


@pytest.fixture
def residents(make_workspace: MakeWorkspace) -> Residents:
    """Thirty published residents, run `r1`."""
    made = Residents(make_workspace)
    made.export(ROWS)
    assert sync(made.workspace, FEED, "r1") == Account(30, 30, 0, 0, 0)
    return made


def test_the_same_source_again_is_read_whole_and_unchanged(residents: Residents) -> None:
    before = source_rows(residents.workspace.database, FEED)
    assert sync(residents.workspace, FEED, "r2") == Account(30, 0, 0, 30, 0)
    assert source_rows(residents.workspace.database, FEED) == before


def test_the_order_of_the_rows_does_not_matter(residents: Residents) -> None:
    residents.export(ROWS[::-1])
    assert sync(residents.workspace, FEED, "r2") == Account(30, 0, 0, 30, 0)


def test_one_changed_row_is_one_update(residents: Residents) -> None:
    residents.export([resident(0, nama="Nama Baru"), *ROWS[1:]])
    assert sync(residents.workspace, FEED, "r2") == Account(30, 0, 1, 29, 0)
    assert source_rows(residents.workspace.database, FEED)["W00000"]["nama_lengkap"] == "Nama Baru"


def test_a_row_tells_which_run_last_changed_it(residents: Residents) -> None:
    residents.export([resident(0, nama="Nama Baru"), *ROWS[1:]])
    sync(residents.workspace, FEED, "r2")
    runs = {row["_key"]: row["_run"] for row in table_rows(residents.workspace.database, source_table(FEED))}
    assert runs.pop("W00000") == "r2"
    assert set(runs.values()) == {"r1"}


def test_rows_gone_within_the_breaker_are_deleted(residents: Residents) -> None:
    residents.export(ROWS[3:])
    assert sync(residents.workspace, FEED, "r2") == Account(27, 0, 0, 27, 0, deleted=3)
    assert sorted(source_rows(residents.workspace.database, FEED)) == [row["id"] for row in ROWS[3:]]


def test_more_rows_gone_than_the_breaker_allows_change_nothing(residents: Residents) -> None:
    before = source_rows(residents.workspace.database, FEED)
    residents.export([resident(99), *ROWS[4:]])
    with pytest.raises(GateError, match="4 of 30 published rows are gone"):
        sync(residents.workspace, FEED, "r2")
    assert source_rows(residents.workspace.database, FEED) == before
    record = run_record(residents.workspace.database, "r2", FEED)
    assert (record["state"], record["read"], record["inserted"]) == ("failed", None, None)
    assert "4 of 30 published rows are gone" in record["error"]
    page = residents.workspace.landing.read(FEED, "r2", "report.html").decode()
    assert "not published" in page
    assert "4 of 30 published rows are gone" in page


def test_one_row_may_always_go(make_workspace: MakeWorkspace) -> None:
    residents = Residents(make_workspace, expect={"max_deleted_pct": 0})
    residents.export(ROWS[:3])
    sync(residents.workspace, FEED, "r1")
    residents.export(ROWS[1:3])
    assert sync(residents.workspace, FEED, "r2").deleted == 1
    assert [allowed_deletions(n, 10) for n in (0, 9, 19, 20, 39)] == [1, 1, 1, 2, 3]
    assert allowed_deletions(1000, 0.05) == max(1, math.floor(0.5))


def test_a_row_that_comes_back_is_inserted_anew(residents: Residents) -> None:
    residents.export(ROWS[1:])
    sync(residents.workspace, FEED, "r2")
    residents.export(ROWS)
    assert sync(residents.workspace, FEED, "r3") == Account(30, 1, 0, 29, 0)


@pytest.mark.parametrize(("content", "error"), [("", DriftError), (None, GateError)])
def test_an_empty_export_leaves_the_published_rows(
    residents: Residents, content: str | None, error: type[Exception]
) -> None:
    before = source_rows(residents.workspace.database, FEED)
    if content is None:
        residents.export([])  # the header alone
    else:
        residents.file.write_text(content)
    with pytest.raises(error):
        sync(residents.workspace, FEED, "r2")
    assert source_rows(residents.workspace.database, FEED) == before
    assert run_record(residents.workspace.database, "r2", FEED)["state"] == "failed"


def test_too_large_a_share_in_quarantine_publishes_nothing(make_workspace: MakeWorkspace) -> None:
    residents = Residents(make_workspace, expect={"max_quarantined_pct": 10})
    residents.export(ROWS)
    sync(residents.workspace, FEED, "r1")
    before = source_rows(residents.workspace.database, FEED)
    residents.export([resident(n, nik="1") if n < 4 else resident(n, nama="Baru") for n in range(30)])
    with pytest.raises(GateError, match=r"max_quarantined_pct is 13\.333, the limit 10"):
        sync(residents.workspace, FEED, "r2")
    assert source_rows(residents.workspace.database, FEED) == before


def test_a_failed_run_can_be_run_again_under_its_id(residents: Residents) -> None:
    residents.export(ROWS[20:])
    with pytest.raises(GateError):
        sync(residents.workspace, FEED, "r2")
    residents.export(ROWS[1:])
    assert sync(residents.workspace, FEED, "r2") == Account(29, 0, 0, 29, 0, deleted=1)
    record = run_record(residents.workspace.database, "r2", FEED)
    assert (record["state"], record["error"]) == ("published", None)


def test_a_sync_leaves_no_connection_behind(residents: Residents) -> None:
    database = residents.workspace.database
    for run in ("r2", "r3"):
        sync(residents.workspace, FEED, run)
    database.engine.dispose()
    others = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    assert query(database, others) == []


def test_a_new_column_of_the_source_is_loud(residents: Residents) -> None:
    residents.file.write_text("id,nik,nama,lahir,jk,agama,telp,ket,baru\n")
    with pytest.raises(DriftError, match="unknown column 'baru'"):
        sync(residents.workspace, FEED, "r2")
