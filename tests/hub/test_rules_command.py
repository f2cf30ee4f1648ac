"""`opdhub rules`: lists, runs and shows, masked unless asked otherwise."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipelines.contradictions import check_rules
from schemas.catalogue import Catalogue
from store.database import Database
from tests.hub.commandline import Outcome, run_cli
from tests.pipelines.rules_cases import bantuan, pegawai, warga
from tests.pipelines.rules_city import TODAY, RulesCity, nik
from tests.workspaces import ROOT

DEAD = "meninggal_menerima_bantuan"


class Desk:
    """A steward at the command line of a hub whose rules have found something."""

    def __init__(self, city: RulesCity, folder: Path, patch: pytest.MonkeyPatch, caps: pytest.CaptureFixture[str]):
        self.city, self.patch, self.caps = city, patch, caps
        self.catalogue = folder / "catalogue"
        for name in ("applications", "consumers", "schemas"):
            (self.catalogue / name).parent.mkdir(exist_ok=True)
            (self.catalogue / name).symlink_to(ROOT / name)
        self.env = {
            "OPDHUB_HOME": str(folder / "home"),
            "OPDHUB_CATALOGUE": str(self.catalogue),
            "OPDHUB_DATABASE_URL": city.database.address,
        }

    def own_rules(self) -> Path:
        """Make the rules files that a test may change; return their folder."""
        (self.catalogue / "schemas").unlink()
        (self.catalogue / "schemas").mkdir()
        for name in ("contracts", "codelists", "integration"):
            (self.catalogue / "schemas" / name).symlink_to(ROOT / "schemas" / name)
        shutil.copytree(ROOT / "schemas/rules", self.catalogue / "schemas/rules")
        return self.catalogue / "schemas/rules"

    def run(self, *arguments: str) -> Outcome:
        return run_cli(self.patch, self.caps, ("rules", *arguments), self.env)


@pytest.fixture
def desk(
    database: Database,
    catalogue: Catalogue,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    city = RulesCity.of(database, catalogue, tmp_path)
    city.publish_all(
        {
            "penduduk": [warga(1, "2", "2026-02-01"), warga(2, "2", "2026-02-01", no_kk="2"), warga(3, no_kk="3")],
            "penerima_bantuan": [bantuan(1), bantuan(2), bantuan(3)],
            "pegawai": [pegawai(3, "197001012000011001")],
        }
    )
    return Desk(city, tmp_path, monkeypatch, capsys)


def found(desk: Desk) -> Desk:
    check_rules(desk.city.workspace, "penerima_bantuan", "r1", TODAY)
    return desk


def test_check_runs_the_rules_and_list_counts_what_is_open(desk: Desk, catalogue: Catalogue) -> None:
    results = {row["rule"]: row for row in desk.run("check", "--today", "2026-06-01", "--json").json}
    assert set(results) == set(catalogue.rules)
    assert (results[DEAD]["found"], results[DEAD]["opened"], results[DEAD]["waits_for"]) == (2, 2, "")
    assert results["siswa_dua_sekolah"]["waits_for"] == "siswa"
    rows = {row["rule"]: row for row in desk.run("list", "--json").json}
    assert set(rows) == set(catalogue.rules)
    assert (rows[DEAD]["open"], rows["asn_menerima_bantuan"]["open"], rows["bukan_lansia"]["open"]) == (2, 1, 0)
    assert rows[DEAD]["datasets"] == "penerima_bantuan, penduduk"
    (again,) = desk.run("check", DEAD, "--json").json
    assert (again["found"], again["opened"], again["closed"]) == (2, 0, 0)


def test_findings_are_masked_unless_asked_otherwise(desk: Desk) -> None:
    found(desk)
    outcome = desk.run("findings", "--rule", DEAD, "--json")
    masked = sorted(outcome.json, key=lambda row: str(row["finding"]))
    assert [row["key"][:4] for row in masked] == ["3574", "3574"]
    assert {row["key"][4:] + row["other_key"][4:] for row in masked} == {"*" * 24 + "*" * 12}
    assert masked[0]["shown"]["warga.tanggal_kematian"] == "2***"
    for text in (outcome.out, desk.run("findings").out, desk.run("show", str(masked[0]["finding"])).out):
        assert nik(1) not in text
        assert nik(2) not in text
        assert "2026-02-01" not in text
    clear = desk.run("findings", "--rule", DEAD, "--clear", "--json").json
    assert {row["key"] for row in clear} == {f"{nik(1)}|PKH|2026-03", f"{nik(2)}|PKH|2026-03"}
    assert clear[0]["shown"]["warga.tanggal_kematian"] == "2026-02-01"


def test_findings_are_chosen_by_rule_department_and_dataset(desk: Desk) -> None:
    found(desk)

    def rules(*arguments: str) -> list[str]:
        return sorted(row["rule"] for row in desk.run("findings", *arguments, "--json").json)

    assert rules() == ["asn_menerima_bantuan", DEAD, DEAD]
    assert rules("--opd", "dinsos_pppa") == rules()
    assert rules("--opd", "bkpsdm") == []
    assert rules("--dataset", "pegawai") == ["asn_menerima_bantuan"]
    assert rules("--dataset", "penduduk") == [DEAD, DEAD]
    assert rules("--dataset", "penduduk", "--limit", "1") == [DEAD]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("findings", "--rule", "meninggal_menerima_bantua"), f"no rule 'meninggal_menerima_bantua' .* '{DEAD}'"),
        (("findings", "--opd", "dinsos"), "no department 'dinsos' .* 'dinsos_pppa'"),
        (("findings", "--dataset", "pendudk"), "no dataset 'pendudk' .* 'penduduk'"),
        (("check", "bukan_lansi"), "no rule 'bukan_lansi'.*did you mean 'bukan_lansia'"),
        (("show", "99"), "no finding 99.*opdhub rules findings"),
    ],
)
def test_a_misspelt_name_is_no_good_news(desk: Desk, arguments: tuple[str, ...], told: str) -> None:
    outcome = desk.run(*arguments)
    assert outcome.code == 1
    assert re.search(told, outcome.err), outcome.err


def test_show_tells_both_records_and_what_to_do(desk: Desk) -> None:
    found(desk)
    number = str(desk.city.open(DEAD)[0]["finding"])
    told = {row["what"]: row["value"] for row in desk.run("show", number, "--clear", "--json").json}
    assert (told["key"], told["other_key"]) == (f"{nik(1)}|PKH|2026-03", nik(1))
    assert (told["opd"], told["feed"]) == ("dinsos_pppa", "dinsos_pppa.siks_ng.bansos")
    assert told["shown bantuan.program_bantuan"] == "PKH"
    assert "ganti penerima" in told["tindak lanjut"]
    assert "Stop the payment" in told["to do"]


def test_check_closes_what_a_deleted_rule_had_found_and_spares_a_broken_one(desk: Desk) -> None:
    rules = desk.own_rules()
    found(desk)
    (rules / f"{DEAD}.yaml").write_text("rule: [", encoding="utf-8")
    (rules / "asn_menerima_bantuan.yaml").unlink()
    outcome = desk.run("check")
    assert outcome.code == 0
    assert "1 mistakes elsewhere" in outcome.err
    assert {row["rule"] for row in desk.city.open()} == {DEAD}
    refused = desk.run("check", DEAD)
    assert (refused.code, f"{DEAD}.yaml:" in refused.err) == (1, True)
