"""Publishing twice, late, tampered or half: the published rows are never touched wrongly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.publish import publish
from pipelines.run import STAGES, run_stage, sync
from schemas.errors import GateError
from store.runs import Account
from store.tables import staging_table
from tests.pipelines.residents import FEED, Residents, resident
from tests.workspaces import MakeWorkspace, query, run_record, source_rows, table_rows

ROWS = [resident(n) for n in range(30)]


@pytest.fixture
def residents(make_workspace: MakeWorkspace) -> Residents:
    made = Residents(make_workspace)
    made.export(ROWS)
    return made


def staging_tables(residents: Residents) -> int:
    return len(query(residents.workspace.database, "SELECT 1 FROM pg_tables WHERE schemaname = 'staging'"))


def landing_files(residents: Residents, run: str) -> dict[str, bytes]:
    folder = Path(residents.workspace.landing.path(FEED, run))
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_published_run_published_again_has_the_same_account_and_changes_nothing(residents: Residents) -> None:
    first = sync(residents.workspace, FEED, "r1")
    database = residents.workspace.database
    state = run_record(database, "r1", FEED), source_rows(database, FEED)
    assert publish(residents.workspace, FEED, "r1") == first
    assert run_stage(residents.workspace, FEED, "r1", "publish") == first
    assert (run_record(database, "r1", FEED), source_rows(database, FEED)) == state


def test_a_published_run_synced_again_reads_nothing_and_keeps_its_evidence(residents: Residents) -> None:
    first = sync(residents.workspace, FEED, "r1")
    state = run_record(residents.workspace.database, "r1", FEED), landing_files(residents, "r1")
    residents.export([resident(n, nama="Baru") for n in range(30)])
    assert sync(residents.workspace, FEED, "r1") == first
    assert (run_record(residents.workspace.database, "r1", FEED), landing_files(residents, "r1")) == state
    assert staging_tables(residents) == 0


def test_an_older_extraction_cannot_overwrite_a_newer_one(residents: Residents) -> None:
    for stage in STAGES[:-1]:
        run_stage(residents.workspace, FEED, "old", stage)
    residents.export([resident(n, nama="Baru") for n in range(30)])
    sync(residents.workspace, FEED, "new")
    before = source_rows(residents.workspace.database, FEED)
    with pytest.raises(GateError, match="run new read the source later"):
        run_stage(residents.workspace, FEED, "old", "publish")
    assert source_rows(residents.workspace.database, FEED) == before
    assert run_record(residents.workspace.database, "old", FEED)["state"] == "failed"


READS = [("landing", "standardize"), ("landing", "validate"), ("standard", "validate")]


@pytest.mark.parametrize(("stage", "read_by"), READS)
def test_one_altered_byte_in_a_part_is_refused(residents: Residents, stage: str, read_by: str) -> None:
    for earlier in STAGES[: STAGES.index(read_by)]:
        run_stage(residents.workspace, FEED, "r1", earlier)
    part = Path(residents.workspace.landing.path(FEED, "r1", stage, "part-00000.parquet"))
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    with pytest.raises(GateError, match=f"{stage}/part-00000.parquet of run r1 was altered"):
        run_stage(residents.workspace, FEED, "r1", read_by)
    with pytest.raises(GateError):
        run_stage(residents.workspace, FEED, "r1", "publish")


@pytest.mark.parametrize("stage", STAGES[1:])
def test_a_stage_without_the_one_before_it_is_refused(residents: Residents, stage: str) -> None:
    for earlier in STAGES[: STAGES.index(stage) - 1]:
        run_stage(residents.workspace, FEED, "r1", earlier)
    with pytest.raises(GateError, match="has not finished"):
        run_stage(residents.workspace, FEED, "r1", stage)
    assert run_record(residents.workspace.database, "r1", FEED)["state"] == "failed"


def test_validating_again_stages_anew(residents: Residents) -> None:
    for stage in STAGES[:-1]:
        run_stage(residents.workspace, FEED, "r1", stage)
    staging = staging_table(FEED, "r1")
    before = table_rows(residents.workspace.database, staging)
    with residents.workspace.database.transaction() as connection:
        connection.exec_driver_sql(f'DELETE FROM staging."{staging.name}" WHERE _row > 7')
    run_stage(residents.workspace, FEED, "r1", "validate")
    assert table_rows(residents.workspace.database, staging) == before
    assert run_stage(residents.workspace, FEED, "r1", "publish") == Account(30, 30, 0, 0, 0)
    assert staging_tables(residents) == 0


def test_staged_rows_that_got_lost_are_noticed(residents: Residents) -> None:
    sync(residents.workspace, FEED, "r1")
    before = source_rows(residents.workspace.database, FEED)
    for stage in STAGES[:-1]:
        run_stage(residents.workspace, FEED, "r2", stage)
    with residents.workspace.database.transaction() as connection:
        connection.exec_driver_sql(f'DELETE FROM staging."{staging_table(FEED, "r2").name}" WHERE _row = 7')
    with pytest.raises(GateError, match="row account does not hold"):
        run_stage(residents.workspace, FEED, "r2", "publish")
    assert source_rows(residents.workspace.database, FEED) == before


def test_a_second_try_of_validate_takes_the_first_verdict_back(
    residents: Residents, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stage in STAGES[:-1]:
        run_stage(residents.workspace, FEED, "r1", stage)

    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("store.database.Database.load", broken)
        with pytest.raises(OSError, match="disk is full"):
            run_stage(residents.workspace, FEED, "r1", "validate")
    with pytest.raises(GateError, match="stage verdict of run r1 has not finished"):
        run_stage(residents.workspace, FEED, "r1", "publish")
    assert query(residents.workspace.database, "SELECT to_regclass('source.dinas__warga__orang') AS t") == [{"t": None}]


def test_a_run_without_a_record_cannot_publish(residents: Residents) -> None:
    for stage in STAGES[:-1]:
        run_stage(residents.workspace, FEED, "r1", stage)
    with residents.workspace.database.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM control.feed_run")
    with pytest.raises(GateError, match="no record"):
        publish(residents.workspace, FEED, "r1")


def test_what_a_killed_run_staged_goes_when_a_later_run_is_published(residents: Residents) -> None:
    for stage in STAGES[:-1]:
        run_stage(residents.workspace, FEED, "killed", stage)
    assert staging_tables(residents) == 1
    sync(residents.workspace, FEED, "next")
    assert staging_tables(residents) == 0


def test_a_contract_that_gains_a_field_leaves_the_rows_unchanged(residents: Residents) -> None:
    sync(residents.workspace, FEED, "r1")
    catalogue = residents.workspace.catalogue
    old = catalogue.contracts["penduduk"]
    gained = replace(
        old, fields=(*old.fields, replace(old.fields[-1], name="nama_ibu", required=False)), version="1.1.0"
    )
    workspace = replace(
        residents.workspace, catalogue=replace(catalogue, contracts={**catalogue.contracts, "penduduk": gained})
    )
    account = sync(workspace, FEED, "r2")
    assert (account.read, account.unchanged) == (30, 30)
