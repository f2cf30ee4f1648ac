"""Satu Data Indonesia (Perpres 39/2019) and UU 27/2022: what every contract says of its data."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.codelist import read_codelist
from schemas.contract import CLASSIFICATIONS, QUANTITIES, Contract, read_contract
from schemas.integration_plan import read_integration_plan

SCHEMAS = Path(__file__).parents[2] / "schemas"
PATHS = sorted((SCHEMAS / "contracts").glob("*.odcs.yaml"))
LISTS = sorted((SCHEMAS / "codelists").glob("*.csv"))
#: the tag that a class of personal data must have (UU 27/2022 article 4)
TAGS = {"personal": ["uu27-umum"], "personal_specific": ["uu27-spesifik"]}
#: fields of a person that are specific personal data wherever they stand
SPECIFIC = {
    "golongan_darah", "kemandirian", "ragam_disabilitas", "derajat_disabilitas", "diagnosis", "poli", "nisn",
    "pendapatan_bulanan", "nominal", "omzet_tahunan", "tunggakan", "nik_pelanggar", "nama_pelanggar",
}  # fmt: skip
UNITS = {
    "rupiah", "orang", "m2", "m3", "m", "kg", "persen", "hari", "bulan", "tahun", "unit", "poin", "tingkat", "desil",
    "tempat tidur", "jam pelajaran", "sesuai satuan",
}  # fmt: skip


@pytest.fixture(params=PATHS, ids=lambda path: path.name.partition(".")[0])
def path(request: pytest.FixtureRequest) -> Path:
    chosen: Path = request.param
    return chosen


@pytest.fixture
def contract(path: Path) -> Contract:
    return read_contract(path)


@pytest.fixture
def content(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def test_a_producer_and_the_walidata_answer_for_it(content: dict[str, Any], contract: Contract) -> None:
    roles = {member["role"]: member["username"] for member in content["team"]["members"]}
    assert set(roles) == {"owner", "steward"}
    assert roles["steward"] == "diskominfo"
    assert contract.owner == content["team"]["name"]


def test_it_says_what_it_is_for_and_what_it_is_not(content: dict[str, Any]) -> None:
    assert set(content["description"]) == {"purpose", "usage", "limitations"}
    assert all(len(text) > 10 for text in content["description"].values())


def test_its_age_and_rhythm_are_promised(content: dict[str, Any]) -> None:
    promises = {item["property"]: item for item in content["slaProperties"]}
    assert promises["latency"]["unit"] == "h"
    assert promises["frequency"]["unit"] == "d"
    assert promises["latency"]["value"] > promises["frequency"]["value"] * 24


def test_rows_and_quantities_have_a_meaning(contract: Contract) -> None:
    assert len(contract.description) > 10
    assert len(contract.reference_time) > 5
    for field in contract.fields:
        assert len(field.description) > 5, field.name
        assert (field.unit is not None) == (field.type.name in QUANTITIES), field.name
        assert field.unit is None or field.unit in UNITS


def test_every_property_is_classified_and_tagged_as_the_law_sorts_it(content: dict[str, Any]) -> None:
    for item in content["schema"][0]["properties"]:
        assert item["classification"] in CLASSIFICATIONS
        assert item.get("tags", []) == TAGS.get(item["classification"], []), item["name"]
        assert item["businessName"]


def test_specific_personal_data_is_never_less(contract: Contract) -> None:
    wrong = [f.name for f in contract.fields if f.name in SPECIFIC and f.classification != "personal_specific"]
    assert wrong == []


def test_what_identifies_a_person_is_personal(contract: Contract) -> None:
    wrong = [f.name for f in contract.fields if f.type.name in ("nik", "kk", "nip") and not f.personal]
    assert wrong == []


def test_every_rule_speaks_both_languages_and_names_its_dimension(content: dict[str, Any], contract: Contract) -> None:
    element = content["schema"][0]
    items = [*element.get("quality", []), *(rule for item in element["properties"] for rule in item.get("quality", []))]
    assert len(items) == len(contract.rules)
    assert all(item["dimension"] for item in items)
    for rule in contract.rules:
        assert rule.indonesian.strip()
        assert rule.english.strip()
        assert rule.indonesian != rule.english
        assert re.fullmatch("[a-z][a-z0-9_]*", rule.id)


def test_kelurahan_dates_and_amounts_are_never_unchecked(contract: Contract) -> None:
    ruled = {str(value) for rule in contract.rules for key, value in rule.kwargs.items() if key.startswith("column")}
    watched = ("kode_wilayah", "money", "integer", "decimal")
    open_fields = {f.name for f in contract.fields if f.type.name in watched} - ruled
    assert open_fields == ({"kode"} if contract.dataset == "wilayah" else set())
    open_dates = {f.name for f in contract.fields if f.type.name == "date"} - ruled
    assert open_dates == set()


def test_persons_agree_with_their_numbers_and_only_warn(contract: Contract) -> None:
    names = {field.name for field in contract.fields}
    wanted = {
        (f"expect_{number}_to_agree_with_{what}", number, column)
        for number in ("nik", "nip")
        for what, column in (("birth_date", "tanggal_lahir"), ("sex", "jenis_kelamin"))
        if {number, column} <= names
    }
    rules = {
        (rule.expectation, rule.kwargs["column_A"], rule.kwargs["column_B"]): rule.severity
        for rule in contract.rules
        if "_to_agree_with_" in rule.expectation
    }
    assert set(rules) == wanted
    assert set(rules.values()) <= {"warning"}
    assert {r.severity for r in contract.rules if r.id.endswith("_province")} <= {"warning"}


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_no_variant_says_what_the_list_knows_anyway(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            spellings = [text.strip().upper() for text in (row["code"], row["name"])]
            variants = [text.strip().upper() for text in row["variants"].split("|") if text]
            assert len({*variants}) == len(variants), row["code"]
            assert not {*variants} & {*spellings}, row["code"]


def test_every_code_list_is_used_and_every_contract_has_a_plan() -> None:
    contracts = [read_contract(path) for path in PATHS]
    used = {field.codelist for contract in contracts for field in contract.fields if field.codelist}
    known = {path.stem for path in LISTS}
    assert used <= known
    # nationality has no field yet; the city's regions serve texts of places
    assert known - used <= {"kewarganegaraan", "kode_wilayah_kota"}
    plans = {path.stem for path in (SCHEMAS / "integration").glob("*.yaml")}
    assert plans == {contract.dataset for contract in contracts}


@pytest.mark.parametrize("path", sorted((SCHEMAS / "integration").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_plan_ranks_every_source_once_for_every_field(path: Path) -> None:
    plan, _ = read_integration_plan(path)
    assert plan.dataset == path.stem
    assert plan.description
    assert plan.ground
    assert len(set(plan.sources)) == len(plan.sources)
    for name, order in plan.fields.items():
        assert sorted(order.sources) == sorted(plan.sources), name
        assert order.ground, name


@pytest.mark.parametrize("path", sorted((SCHEMAS / "integration").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_plan_says_how_its_rows_name_a_resident_and_when_they_were_true(path: Path) -> None:
    plan, _ = read_integration_plan(path)
    contract = read_contract(SCHEMAS / "contracts" / f"{path.stem}.odcs.yaml")
    types = {field.name: field.type.name for field in contract.fields}
    niks = [name for name, kind in types.items() if kind == "nik"]
    if path.stem == "pembayaran_pajak":  # beside the owner's NIK stands the company's name
        assert plan.person is None
        return
    assert ([] if plan.person is None else [plan.person.nik]) == niks
    held = {} if plan.person is None else plan.person.named
    assert {"birth_date": "date", "sex": "code", "region": "kode_wilayah"}.items() >= {
        (what, types[name]) for what, name in held.items() if what in ("birth_date", "sex", "region")
    }
    assert plan.time is None or types[plan.time] == "date"
    assert not {*plan.volatile, *plan.fields} & {*contract.key}


def test_underscores_of_codes_may_be_spaces() -> None:
    for path in LISTS:
        codelist = read_codelist(path)
        if codelist.name == "komoditas":  # the codes are the hub's own: no source sends them
            continue
        for code in codelist.names:
            assert codelist.code(code.replace("_", " ")) == code, (path.stem, code)
