"""What one application says against itself: a schedule outside the window, a class too low, a number used twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.application import read_application
from schemas.application_check import application_errors, feed_errors, register_errors
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


@pytest.mark.parametrize(
    ("source", "feed", "told"),
    [
        ("files", "file: a.xml, format: xml", "an XML feed needs record"),
        ("files", "file: a.csv, format: csv, delivery: {every: month, due: 5d, stamp: '%Y-%m'}", r"needs a \* in file"),
        ("rest", "path: /a, format: xml", "an XML feed needs record"),
        ("rest", "path: /a, soap: {action: a, envelope: b}", "SOAP answers are XML"),
        ("rest", "path: /a, since: {param: sejak}", "since needs a cursor"),
    ],
)
def test_what_a_feed_leaves_open_is_told_with_line_and_fix(tmp_path: Path, source: str, feed: str, told: str) -> None:
    text = GOOD.replace("kind: sql", f"kind: {source}").replace("table: orang", feed)
    path = tmp_path / "dinas" / "contoh.yaml"
    path.parent.mkdir()
    path.write_text(text)
    application, file = read_application(path)
    (error,) = feed_errors(application.feeds["orang"], ("feeds", "orang"), file)
    assert re.search(told, error.problem)
    assert "contoh.yaml:10" in error.where
    assert error.fix


@pytest.mark.parametrize(
    ("feed", "told"),
    [
        ("table: orang, query: SELECT 1", "give either table or query"),
        ("schema: warga", "give either table or query"),
        ("query: SELECT 1, schema: warga", "schema belongs to table"),
        ("table: orang, cursor: {column: ubah, lag: -3}", "is not an age"),
        ("table: orang, drift: maybe", "freeze"),
    ],
)
def test_a_feed_that_contradicts_itself_is_told(tmp_path: Path, feed: str, told: str) -> None:
    path = tmp_path / "dinas" / "contoh.yaml"
    path.parent.mkdir()
    path.write_text(GOOD.replace("table: orang", feed))
    with pytest.raises(ConfigurationError, match=told):
        read_application(path)
