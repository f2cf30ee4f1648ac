"""The contracts: each compiles, and a broken copy names file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.codelist import read_codelist
from schemas.contract import Contract, read_contract
from schemas.errors import ConfigurationError

FOLDER = Path(__file__).parents[2] / "schemas" / "contracts"
CODELISTS = FOLDER.parent / "codelists"
PATHS = sorted(FOLDER.glob("*.odcs.yaml"))
KEYS = {
    "wilayah": ["kode"],
    "opd": ["kode_opd"],
    "penduduk": ["nik"],
    "keluarga": ["no_kk"],
    "pegawai": ["nip"],
    "perizinan": ["nomor_izin"],
    "sekolah": ["npsn"],
    "harga_pangan": ["tanggal", "komoditas", "pasar"],
}


@pytest.fixture(params=PATHS, ids=lambda path: path.name.partition(".")[0])
def contract(request: pytest.FixtureRequest) -> Contract:
    return read_contract(request.param)


def test_the_datasets_have_their_keys() -> None:
    found = {contract.dataset: contract.key for contract in map(read_contract, PATHS)}
    assert {dataset: found.get(dataset) for dataset in KEYS} == KEYS


def test_every_field_is_described_and_its_code_list_exists(contract: Contract) -> None:
    for field in contract.fields:
        assert field.description
        if field.codelist:
            assert read_codelist(CODELISTS / f"{field.codelist}.csv").names


def test_rules_have_an_id_of_their_own(contract: Contract) -> None:
    ids = [rule.id for rule in contract.rules]
    assert len(set(ids)) == len(ids)


def test_columns_of_rules_are_fields(contract: Contract) -> None:
    for rule in contract.rules:
        for key, column in rule.kwargs.items():
            assert not key.startswith("column") or contract.field(column)


def test_a_contract_tells_its_owner_reference_time_and_units() -> None:
    contract = read_contract(FOLDER / "keluarga.odcs.yaml")
    assert contract.owner == "Dinas Kependudukan dan Pencatatan Sipil"
    assert contract.reference_time == "State at the last change in the civil registry"
    assert {field.name: field.unit for field in contract.fields if field.unit} == {"jumlah_anggota": "orang"}


def test_agreement_with_the_nik_only_warns() -> None:
    rules = [rule for contract in map(read_contract, PATHS) for rule in contract.rules if "_nik_" in rule.expectation]
    assert len(rules) > 4
    assert {rule.severity for rule in rules} == {"warning"}


def test_identity_is_personal_and_blood_group_specific() -> None:
    contract = read_contract(FOLDER / "penduduk.odcs.yaml")
    assert all(field.personal for field in contract.fields)
    assert [f.name for f in contract.fields if f.classification == "personal_specific"] == ["golongan_darah"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("value: kk}", "value: kkk}", "'kkk' is not a value type"),
        ("classification: personal\n", "classification: secret\n", "'secret' is not a classification"),
        ("engine: greatExpectations", "engine: soda", "cannot compile"),
        ("logicalType: integer", "logicalType: number", "needs logicalType integer"),
        ("primaryKey: true", "primaryKey: maybe", 'is not of type "boolean"'),
        ("        description: NIK of the head of the family, 16 digits\n", "", "nik_kepala has no description"),
        ("description: NIK of the head of the family, 16 digits", "description: ' '", "nik_kepala has no description"),
        ("          - {property: unit, value: orang}\n", "", "jumlah_anggota has no unit"),
        ("unit, value: orang", "unit, value: 1", "unit is not a text"),
        ("valueType, value: kk", "valueType, value: yes", "valueType is not a text"),
        ("{property: referenceTime", "{property: reference_time", "no referenceTime"),
        ("value: 'State at the last change in the civil registry'", "value: 2025", "referenceTime is not a text"),
        ("value: 'The RT number is not 1 to 3 digits'", "value: ''", "message_en is not a text"),
        ("\n  name: Dinas Kependudukan dan Pencatatan Sipil", "", "no team answers for the data"),
    ],
)
def test_a_broken_contract_names_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (FOLDER / "keluarga.odcs.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "keluarga.odcs.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_contract(path)
    assert message in str(error.value)
    assert f"{path}:" in str(error.value)
    line = int(str(error.value).split(f"{path}:")[1].split(":")[0])
    spoiled = text[: text.index(old)].count("\n") + 1
    # the standard and the compiler name the nearest key above: at most the head of the property or rule
    assert spoiled - 9 <= line <= spoiled
