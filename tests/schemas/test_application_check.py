"""What one application says against itself: a schedule outside the window, a class too low, a number used twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.application import read_application
from schemas.application_check import application_errors, register_errors
from schemas.contract import read_contract
from schemas.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
CONTRACTS = {"penduduk": read_contract(ROOT / "schemas/contracts/penduduk.odcs.yaml")}
GOOD = """\
title: Contoh
register: 7
classification: personal_specific
owner: {unit: Bidang Contoh, email: contoh@dinas.example}
connection: contoh
source: {kind: sql, host_pool: db-dinas, window: "20:00-05:00"}
schedule: "0 2 * * *"
freshness: {within: 26h}
feeds:
  orang: {table: orang, key: [nik], dataset: penduduk, map: {nik: nik, nama_lengkap: nama, golongan_darah: gd}}
"""


def _errors(folder: Path, text: str) -> list[ConfigurationError]:
    path = folder / "dinas" / "contoh.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    application, file = read_application(path)
    return list(application_errors(application, CONTRACTS, file))


def test_a_good_application_has_no_errors(tmp_path: Path) -> None:
    assert _errors(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('"0 2 * * *"', '"30 6 * * *"', 7, "fires at 06:30, outside the window 20:00-05:00"),
        ("personal_specific", "personal", 3, "supplies golongan_darah, which is personal_specific"),
        ("personal_specific", "public", 3, "supplies nik, which is personal"),
    ],
)
def test_a_contradiction_is_told_with_its_place(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    (error,) = _errors(tmp_path, GOOD.replace(old, new, 1))
    assert error.where.endswith(f"contoh.yaml:{line}")
    assert words in str(error)
    assert error.fix


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("20:00-05:00", "20-05", "is not a window"),
        ("26h", "26", "is not an age"),
        ("register: 7", "register: 0", "register"),
        ("classification: personal_specific", "classification: secret", "classification"),
    ],
)
def test_a_value_that_is_none_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        _errors(tmp_path, GOOD.replace(old, new, 1))


def test_a_number_of_the_register_belongs_to_one_application(tmp_path: Path) -> None:
    read = {}
    for name in ("satu", "dua"):
        path = tmp_path / "dinas" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(GOOD)
        read[f"dinas.{name}"] = read_application(path)
    applications = {key: application for key, (application, _) in read.items()}
    (error,) = register_errors(applications, {key: file for key, (_, file) in read.items()})
    assert "register number 7 is that of dinas.satu too" in str(error)
    assert error.where.endswith("dua.yaml:2")
