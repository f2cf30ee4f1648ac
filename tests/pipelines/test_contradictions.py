"""Rules across datasets: what each finds and what it leaves alone, and how findings open, stay and close."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from pipelines.contradictions import RuleResult, check_rules, run_rules
from schemas.catalogue import Catalogue
from schemas.errors import GateError
from schemas.rule import Rule
from store.database import Database
from tests.pipelines.rules_cases import CASES, bantuan, pegawai, siswa, warga
from tests.pipelines.rules_city import TODAY, RulesCity, nik
from tests.workspaces import ROOT, query

DEAD = "meninggal_menerima_bantuan"


@pytest.fixture
def city(database: Database, catalogue: Catalogue, tmp_path: Path) -> RulesCity:
    return RulesCity.of(database, catalogue, tmp_path)


def with_rules(city: RulesCity, *rules: Rule) -> RulesCity:
    """Return the city under these rules alone."""
    catalogue = replace(city.workspace.catalogue, rules={rule.rule: rule for rule in rules})
    return RulesCity(replace(city.workspace, catalogue=catalogue))


def check(city: RulesCity, dataset: str, run: str = "r1") -> dict[str, RuleResult]:
    return {result.rule: result for result in check_rules(city.workspace, dataset, run, TODAY)}


def test_every_rule_has_a_case(catalogue: Catalogue) -> None:
    assert set(CASES) == set(catalogue.rules) == {path.stem for path in (ROOT / "schemas/rules").glob("*.yaml")}
    assert len(CASES) >= 20


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_finds_its_case_and_no_near_miss(city: RulesCity, rule: str) -> None:
    case = CASES[rule]
    city.publish_all(case.datasets)
    described = city.workspace.catalogue.rules[rule]
    (result,) = run_rules(city.workspace, [described], "r1", TODAY)
    assert city.pairs(rule) == set(case.found)
    assert result == RuleResult(rule, len(case.found), len(case.found), 0)
    for row in city.open():
        assert row["dataset"] == described.dataset
        has_other = row["other_key"] is not None
        assert row["other_dataset"] == (described.records[described.other or ""] if has_other else None)
        assert set(row["shown"]) == set(described.show)
        assert (row["severity"], row["found_run"]) == (described.severity, "r1")


def test_a_finding_stays_closes_and_comes_back_as_a_new_one(city: RulesCity) -> None:
    city.publish_all({"penduduk": [warga(1, "2", "2026-02-01")], "penerima_bantuan": [bantuan(1)]})
    assert check(city, "penduduk", "r1")[DEAD] == RuleResult(DEAD, 1, 1, 0)
    (first,) = city.open(DEAD)
    assert check(city, "penerima_bantuan", "r2")[DEAD] == RuleResult(DEAD, 1, 0, 0)
    assert city.open(DEAD) == [first]
    city.publish("penerima_bantuan", [])
    assert check(city, "penerima_bantuan", "r3")[DEAD] == RuleResult(DEAD, 0, 0, 1)
    assert city.open(DEAD) == []
    city.publish("penerima_bantuan", [bantuan(1)])
    assert check(city, "penerima_bantuan", "r4")[DEAD] == RuleResult(DEAD, 1, 1, 0)
    (again,) = city.open(DEAD)
    assert (again["found_run"], again["finding"] > first["finding"]) == ("r4", True)
    (closed,) = query(city.database, "SELECT * FROM control.contradiction WHERE closed_at IS NOT NULL")
    assert {**first, "closed_run": "r3", "closed_at": closed["closed_at"]} == closed
    assert closed["closed_at"] >= closed["found_at"]


def test_who_moved_away_and_then_leaves_the_register_is_another_finding(city: RulesCity) -> None:
    rule = "lansia_bukan_penduduk"
    city.publish_all({"lansia": [{"nik": nik(1)}], "penduduk": [warga(1, "3")]})
    check(city, "lansia", "r1")
    assert city.pairs(rule) == {(nik(1), nik(1))}
    city.publish("penduduk", [])
    assert check(city, "penduduk", "r2")[rule] == RuleResult(rule, 1, 1, 1)
    assert city.pairs(rule) == {(nik(1), None)}


def test_a_finding_names_the_department_whose_feed_gave_the_field(city: RulesCity) -> None:
    provenance = {"nik": ["setda.sim_kesra.penerima", "17"], "program_bantuan": ["dinsos_pppa.siks_ng.bansos", "1"]}
    city.publish_all(
        {
            "penduduk": [warga(1, "2", "2026-02-01"), warga(2, "2", "2026-02-01")],
            "penerima_bantuan": [bantuan(1, _provenance=provenance), bantuan(2, _provenance={})],
        }
    )
    check(city, "penduduk")
    told = [(row["key"][:16], row["opd"], row["feed"]) for row in city.open(DEAD)]
    assert told == [
        (nik(1), "setda", "setda.sim_kesra.penerima"),
        (nik(2), "dinsos_pppa", None),  # nobody gave it: who has the last word
    ]
    assert city.open(DEAD)[0]["shown"] == {
        "bantuan.program_bantuan": "PKH",
        "bantuan.tanggal_salur": "2026-03-10",
        "bantuan.status_salur": "DISALURKAN",
        "warga.tanggal_kematian": "2026-02-01",
    }


def test_a_rule_waits_for_a_dataset_without_a_release_and_for_a_field_that_its_table_lacks(city: RulesCity) -> None:
    city.publish("penerima_bantuan", [bantuan(1)])
    results = check(city, "penerima_bantuan")
    assert results[DEAD].waits_for == ("penduduk",)
    assert results["asn_menerima_bantuan"].waits_for == ("pegawai",)
    city.publish("penduduk", [warga(1, "2", "2026-02-01")])
    with city.database.transaction() as connection:  # as it was before the contract gained the field
        connection.exec_driver_sql("ALTER TABLE hub.penduduk DROP COLUMN tanggal_kematian")
    assert check(city, "penerima_bantuan")[DEAD].waits_for == ("penduduk",)
    city.publish("penduduk", [warga(1, "2", "2026-02-01")])
    assert check(city, "penerima_bantuan")[DEAD] == RuleResult(DEAD, 1, 1, 0)


def test_only_the_rules_that_look_at_the_dataset_run(city: RulesCity) -> None:
    city.publish_all({"siswa": [siswa("1", 1, "S1"), siswa("2", 1, "S2")], "pegawai": [pegawai(1, "A")]})
    assert set(check(city, "siswa")) == {"siswa_dua_sekolah", "umur_siswa_berbeda"}
    assert [row["rule"] for row in city.open()] == ["siswa_dua_sekolah"]


def test_a_rule_that_fails_is_told_at_the_end_and_stops_no_other(city: RulesCity) -> None:
    sound = city.workspace.catalogue.rules["siswa_dua_sekolah"]
    # passes the check, and leads out of PostgreSQL's calendar when it runs
    early = "siswa.tanggal_lahir - interval '999 years' - interval '999 years' - interval '999 years' "
    broken = sound.model_copy(
        update={
            "rule": "a_broken_rule",
            "where": [*sound.where, early + "- interval '999 years' - interval '999 years' < date '2000-01-01'"],
        }
    )
    made = with_rules(city, broken, sound)
    born = {"tanggal_lahir": "0100-01-01"}
    made.publish("siswa", [siswa("1", 1, "S1", **born), siswa("2", 1, "S2", **born)])
    told: list[str] = []
    with pytest.raises(GateError, match=r"a_broken_rule: .*out of range.*opdhub rules check") as caught:
        check_rules(replace(made.workspace, say=told.append), "siswa", "r1", TODAY)
    assert "siswa_dua_sekolah" not in str(caught.value)
    assert len(told) == 1
    assert "a_broken_rule" in told[0]
    assert city.pairs() == {("1", "2")}


def test_findings_of_a_rule_that_is_gone_close_and_those_of_a_broken_one_stay(city: RulesCity) -> None:
    city.publish_all({"penduduk": [warga(1, "2", "2026-02-01")], "penerima_bantuan": [bantuan(1)]})
    check(city, "penerima_bantuan", "r1")
    broken = replace(city.workspace.catalogue, rules={}, broken={f"rules.{DEAD}"})
    check_rules(replace(city.workspace, catalogue=broken), "penerima_bantuan", "r2", TODAY)
    assert len(city.open(DEAD)) == 1
    check(with_rules(city), "penduduk", "r3")  # the finding is on a record of another dataset
    assert len(city.open(DEAD)) == 1
    check(with_rules(city), "penerima_bantuan", "r4")
    assert city.open() == []


def test_a_rule_that_looks_at_other_datasets_than_before_closes_what_it_had(city: RulesCity) -> None:
    city.publish_all({"penduduk": [warga(1, "2", "2026-02-01")], "lansia": [{"nik": nik(1)}], "disabilitas": [
        {"nik": nik(1)}]})  # fmt: skip
    rule = city.workspace.catalogue.rules["lansia_meninggal"]
    check(with_rules(city, rule), "lansia", "r1")
    moved = rule.model_copy(update={"records": {"lansia": "disabilitas", "warga": "penduduk"}, "show": []})
    assert check(with_rules(city, moved), "disabilitas", "r2")[rule.rule] == RuleResult(rule.rule, 1, 1, 1)
    assert [row["dataset"] for row in city.open()] == ["disabilitas"]


def test_a_record_that_waits_in_quarantine_is_not_missing(city: RulesCity) -> None:
    city.publish_all({"lansia": [{"nik": nik(n)} for n in (1, 2, 3)], "penduduk": []})
    with city.database.transaction() as connection:
        for feed, key in (("dispendukcapil.siak.biodata", nik(1)), ("rsud_saleh.simrs_lama.pasien", nik(2))):
            connection.exec_driver_sql(
                "INSERT INTO control.feed_run (run_id, feed, state, stage, read, inserted, updated, unchanged, "
                "quarantined, deleted) VALUES ('q', %(feed)s, 'published', 'publish', 1, 0, 0, 0, 1, 0)",
                {"feed": feed},
            )
            connection.exec_driver_sql(
                "INSERT INTO control.quarantine (run_id, feed, row_number, source_key, reasons, original) "
                "VALUES ('q', %(feed)s, 1, %(key)s, '[]', '{}')",
                {"feed": feed, "key": key},
            )
    check(city, "lansia")
    assert city.pairs("lansia_bukan_penduduk") == {(nik(2), None), (nik(3), None)}  # a hospital registers nobody


def test_today_is_the_day_that_the_run_is_given(city: RulesCity) -> None:
    city.publish_all({"lansia": [{"nik": nik(1)}], "penduduk": [warga(1, tanggal_lahir="1980-01-01")]})
    rule = city.workspace.catalogue.rules["bukan_lansia"]
    for year, n in ((2039, 1), (2041, 0), (2039, 1)):
        (result,) = run_rules(city.workspace, [rule], "r", TODAY.replace(year=year))
        assert result.found == n


def test_integrations_that_end_at_once_find_everything_once(city: RulesCity) -> None:
    people = [warga(n, "2", "2026-02-01") for n in range(1, 200)]
    aid = [bantuan(n) for n in range(1, 200)]
    city.publish_all({"penduduk": people, "penerima_bantuan": aid, "lansia": [{"nik": nik(n)} for n in range(150)]})
    start, failures = threading.Barrier(4), []

    def run(dataset: str, number: int) -> None:
        start.wait()
        for turn in range(3):
            try:
                check_rules(city.workspace, dataset, f"{dataset}-{number}-{turn}", TODAY)
            except Exception as error:  # noqa: BLE001
                failures.append(error)

    work = [("penduduk", 1), ("penerima_bantuan", 1), ("lansia", 1), ("penduduk", 2)]
    threads = [threading.Thread(target=run, args=item) for item in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(city.open(DEAD)) == 199
    assert len(city.open("lansia_meninggal")) == 149
    assert query(city.database, "SELECT 1 FROM control.contradiction WHERE closed_at IS NOT NULL") == []


def test_an_example_of_the_documents_is_a_rule(catalogue: Catalogue, tmp_path: Path) -> None:
    text = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    block = text.split("```yaml\n", 1)[1].split("```", 1)[0]
    rule = Rule.model_validate(yaml.safe_load(block))
    assert catalogue.rules[rule.rule] == rule
