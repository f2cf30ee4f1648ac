"""The measure counts what was handled, missed and told without cause, and notices when the hub gets worse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest

from hub.city_published import read_published
from hub.city_score import Published, Score, score_feed, summary
from pipelines.run import sync
from pipelines.workspace import FeedContext, Workspace
from simulator.derive import Derived, derive_table
from simulator.description import FilesDescription, read_description
from simulator.drops import write_file
from simulator.population import build_truth
from tests.workspaces import MakeWorkspace, application

DESCRIPTION = """\
kind: files
connection: contoh
tables:
  orang:
    truth: penduduk
    format: csv
    key: [id]
    columns:
      id: {sequence: 1001}
      nik: nik
      nama: nama_lengkap
      lahir: {from: tanggal_lahir, format: {date: "%d-%m-%Y"}}
      jk: {from: jenis_kelamin, format: {codes: {L: Laki, P: Perempuan}}}
      telp: telepon
      tempat: tempat_lahir
      hapus: {literal: "0"}
    dirt:
      - {kind: nik_short, column: nik, rate: 0.05}
      - {kind: bad_date, column: lahir, rate: 0.05, texts: [31-02-1990]}
      - {kind: zero_date, column: lahir, rate: 0.05, texts: [00-00-0000]}
      - {kind: enum_variant, column: jk, rate: 0.2, variants: {Laki: [LK], Perempuan: [PR]}}
      - {kind: phone_variants, column: telp, rate: 0.2}
      - {kind: missing_text, column: tempat, rate: 0.05}
      - {kind: emptied, column: tempat, rate: 0.05}
      - {kind: latin1, column: nama, rate: 0.05}
      - {kind: soft_deleted, column: hapus, rate: 0.05}
      - {kind: duplicate_row, column: id, rate: 0.05}
"""
FEED = {
    "file": "orang.csv",
    "format": "csv",
    "key": ["id"],
    "dataset": "penduduk",
    "where": {"hapus": ["0"]},
    "map": {
        "nik": "nik",
        "nama_lengkap": "nama",
        "tanggal_lahir": {"column": "lahir", "format": ["%d-%m-%Y"]},
        "jenis_kelamin": {"column": "jk", "lookup": {"list": "jenis_kelamin", "codes": {"LAKI": "L"}}},
        "telepon": "telp",
        "tempat_lahir": "tempat",
    },
    "expect": {"max_quarantined_pct": 60},
}


@dataclass(frozen=True)
class Case:
    workspace: Workspace
    context: FeedContext
    made: Derived
    published: Published

    def score(self, published: Published | None = None) -> Score:
        return score_feed(self.context, self.made, published or self.published, self.workspace.catalogue.codelists)


@pytest.fixture
def case(make_workspace: MakeWorkspace, tmp_path: Path) -> Case:
    path = tmp_path / "dinas/contoh.yaml"
    path.parent.mkdir()
    path.write_text(DESCRIPTION)
    description = read_description(path)
    assert isinstance(description, FilesDescription)
    table = description.tables["orang"]
    made = derive_table("dinas.contoh.orang", table, build_truth(400, 3)["penduduk"], seed=3)
    write_file(tmp_path, "orang", table, made.texts)
    app = {"dinas.contoh": application("contoh", "files", orang=FEED)}
    workspace = make_workspace(app, {"contoh": f"fs://{tmp_path}"})
    sync(workspace, "dinas.contoh.orang", "r1")
    context = workspace.feed("dinas.contoh.orang")
    return Case(workspace, context, made, read_published(workspace.database, context))


def test_every_fault_is_counted_once_and_nothing_clean_is_blamed(case: Case) -> None:
    result = summary(case.score())
    shown = set(case.made.texts.index[case.made.texts["hapus"] == "0"])
    hidden = case.made.faults[~case.made.faults["row"].isin(shown) & (case.made.faults["kind"] != "soft_deleted")]
    counted = result["faults"] + sum(item["faults"] for item in result["undetectable_from_one_source"].values())
    assert counted == len(case.made.faults) - len(hidden)
    assert (result["recall"], result["precision"], result["false_alarms"]) == (1.0, 1.0, 0)
    kinds = result["by_kind"]
    assert kinds["enum_variant"]["repaired"] > 0
    assert kinds["zero_date"]["told"] == kinds["zero_date"]["faults"] > 0
    assert kinds["soft_deleted"]["withheld"] == kinds["soft_deleted"]["faults"] > 0
    assert kinds["latin1"]["repaired"] + kinds["latin1"]["withheld"] == kinds["latin1"]["faults"] > 0
    assert set(result["undetectable_from_one_source"]) == {"emptied"}


def test_a_later_run_that_read_only_what_had_changed_takes_nothing_away(case: Case) -> None:
    with case.workspace.database.transaction() as connection:
        connection.exec_driver_sql("""
            INSERT INTO control.feed_run (run_id, feed, state, stage, mode, extracted_at, read, inserted, updated,
                unchanged, quarantined, deleted)
            VALUES ('r2', 'dinas.contoh.orang', 'published', 'publish', 'changes', clock_timestamp(), 0, 0, 0, 0, 0, 0)
            """)
    assert summary(case.score(read_published(case.workspace.database, case.context))) == summary(case.score())
    assert case.published.quarantined
    with case.workspace.database.transaction() as connection:
        told = case.published.findings["source_key"]
        key = told[told.isin(case.published.rows["_key"])].iloc[0]
        connection.exec_driver_sql(
            "UPDATE source.dinas__contoh__orang SET _run = 'r2' WHERE _key = %(key)s", {"key": key}
        )
    later = read_published(case.workspace.database, case.context).findings
    assert key not in set(later["source_key"])


def test_a_finding_that_is_gone_is_a_miss(case: Case) -> None:
    told = case.published.findings
    silent = replace(case.published, findings=told[told["rule"] != "date.zero"])
    result = summary(case.score(silent))
    zero = result["by_kind"]["zero_date"]
    assert zero["missed"] > 0
    assert result["recall"] < 1
    assert {row["kind"] for row in result["missed_by_field"]} == {"zero_date", "emptied"}


def test_a_finding_on_a_clean_cell_is_a_false_alarm(case: Case) -> None:
    clean = next(key for key in case.published.rows["_key"] if key not in set(case.published.findings["source_key"]))
    row = pd.DataFrame({"source_key": [clean], "field": ["nama_lengkap"], "rule": ["nama_lengkap_length"]})
    noisy = replace(case.published, findings=pd.concat([case.published.findings, row], ignore_index=True))
    score = case.score(noisy)
    assert score.alarms == {("dinas.contoh.orang", "nama_lengkap", "nama_lengkap_length"): 1}
    assert summary(score)["precision"] < 1


def test_a_clean_value_that_came_out_otherwise_is_a_false_alarm(case: Case) -> None:
    rows = case.published.rows.copy()
    wrong = case.made.faults["row"].to_numpy(int)
    spoiled = {int(row) for row in [*wrong, *case.made.origin[wrong]]}  # and what a repeated row repeats
    key = next(str(case.made.texts["id"][n]) for n in case.made.texts.index if n not in spoiled)
    rows.loc[rows["_key"] == key, "nama_lengkap"] = "ORANG LAIN"
    alarms = case.score(replace(case.published, rows=rows)).alarms
    assert alarms == {("dinas.contoh.orang", "nama_lengkap", "changed"): 1}


def test_a_row_that_came_out_nowhere_is_lost(case: Case) -> None:
    rows = case.published.rows.iloc[1:].reset_index(drop=True)
    assert case.score(replace(case.published, rows=rows)).alarms["dinas.contoh.orang", "", "lost"] == 1
