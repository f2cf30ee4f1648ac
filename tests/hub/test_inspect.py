"""`opdhub inspect`: from a live source to an application file."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from schemas.catalogue import Catalogue
from tests.hub.commandline import Outcome, run_cli
from tests.pipelines.draft_surveys import table
from tests.workspaces import ROOT

WARGA = {"id_warga": "id", "no_ktp": "nik", "nokk": "kk", "nm_lgkp": "nama", "tgl_lhr": "lahir", "jk": "jk",
         "almt": "alamat", "no_hp": "telp", "tgl_update": "ubah", "flag_hapus": "hapus"}  # fmt: skip
Inspect = Callable[..., Outcome]


@pytest.fixture
def inspect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inspect:
    """Runs the command on a database of residents and of the application's own log."""
    made = table("tbl_warga", WARGA)
    with sqlite3.connect(tmp_path / "warga.db") as database:
        database.execute("CREATE TABLE tbl_warga (" + ", ".join(WARGA) + ", PRIMARY KEY (id_warga))")
        places = ", ".join("?" * len(WARGA))
        rows = zip(*(column.sample for column in made.columns), strict=True)
        database.executemany(f"INSERT INTO tbl_warga VALUES ({places})", rows)
        database.execute("CREATE TABLE activity_log (id, user_id, action, created_at)")
        database.executemany(
            "INSERT INTO activity_log VALUES (?, ?, 'login', '2026-01-01 10:00:00')", [(n, n % 5) for n in range(50)]
        )
    home = tmp_path / "home"
    home.mkdir()
    connections = {"warga": f"sqlite:///{tmp_path}/warga.db"}
    (home / "connections.yaml").write_text(yaml.safe_dump(connections))

    def run(*arguments: str, **env: str) -> Outcome:
        return run_cli(monkeypatch, capsys, ("inspect", *arguments), {"OPDHUB_HOME": str(home)} | env)

    return run


def test_the_yaml_alone_goes_to_stdout(inspect: Inspect) -> None:
    outcome = inspect("warga")
    assert outcome.code == 0, outcome.err
    content = yaml.safe_load(outcome.out)
    feed = content["feeds"]["warga"]
    assert (feed["table"], feed["dataset"], feed["key"]) == ("tbl_warga", "penduduk", ["id_warga"])
    assert feed["map"]["nik"] == "no_ktp"
    assert "#   activity_log (" in outcome.out
    assert "penduduk" in outcome.err


def test_the_file_passes_the_check_of_the_whole_catalogue(inspect: Inspect, tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    for name in ("applications", "schemas", "consumers"):
        shutil.copytree(ROOT / name, folder / name)
    file = folder / "applications" / "dinas_contoh" / "warga.yaml"
    outcome = inspect("warga", "--output", str(file), OPDHUB_CATALOGUE=str(folder))
    assert outcome.code == 0, outcome.err
    assert "add to schemas/integration/penduduk.yaml: - dinas_contoh.warga.warga" in " ".join(outcome.err.split())
    plan = folder / "schemas" / "integration" / "penduduk.yaml"
    content = yaml.safe_load(plan.read_text())
    content["sources"].append("dinas_contoh.warga.warga")
    plan.write_text(yaml.safe_dump(content))
    assert "dinas_contoh.warga" in Catalogue.load(folder).applications


def test_a_file_that_is_there_is_not_overwritten(inspect: Inspect, tmp_path: Path) -> None:
    file = tmp_path / "dinas" / "warga.yaml"
    file.parent.mkdir()
    file.write_text("mine")
    outcome = inspect("warga", "--output", str(file))
    assert outcome.code == 1
    assert "is there already" in outcome.err
    assert file.read_text() == "mine"
    assert inspect("warga", "--output", str(file), "--force").code == 0
    assert "title: warga" in file.read_text()


def test_json_tells_feeds_columns_and_what_was_left_out(inspect: Inspect) -> None:
    content = inspect("warga", "--app", "dinas.orang", "--json").json
    (feed,) = content["feeds"]
    assert content["app_id"] == "dinas.orang"
    assert {item["field"]: item["columns"] for item in feed["fields"]}["nama_lengkap"] == ["nm_lgkp"]
    assert [item["table"] for item in content["left_out"]] == ["activity_log"]
    assert yaml.safe_load(content["yaml"])["connection"] == "warga"
    assert ["tbl_warga", "no_ktp", "personal"] in content["sensitive"]


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_nothing_of_a_person_is_shown(inspect: Inspect, arguments: tuple[str, ...]) -> None:
    outcome = inspect("warga", *arguments)
    shown = outcome.out + outcome.err + json.dumps(outcome.out)
    texts = {text for column in table("tbl_warga", WARGA).columns for text in column.sample if text and len(text) > 3}
    assert [text for text in texts if text in shown] == []


def test_only_the_named_tables_are_looked_at(inspect: Inspect) -> None:
    content = inspect("warga", "--only", "tbl_*", "--json").json
    assert content["left_out"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("warha",), "did you mean 'warga'?"),
        (("warga", "--app", "nur ein name"), "is no id of an application"),
        (("warga", "--only", "activity_log"), "nothing there fits a shared schema"),
    ],
)
def test_what_cannot_be_drafted_is_told_with_its_fix(
    inspect: Inspect, arguments: tuple[str, ...], message: str
) -> None:
    outcome = inspect(*arguments)
    assert outcome.code == 1
    assert message in outcome.err
