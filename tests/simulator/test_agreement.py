"""A description and the application's YAML say the same, or the difference is told with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import ConfigurationErrors
from simulator.description import DESCRIPTIONS, read_descriptions

ROOT = Path(__file__).parents[2]
DESCRIPTION = """\
kind: files
connection: contoh
tables:
  orang_2025-06:
    truth: penduduk
    format: csv
    delimiter: ";"
    key: [nik]
    columns:
      nik: nik
      nama: nama_lengkap
      catatan: {empty: true}
    dirt:
      - {kind: missing_text, column: nama, rate: 0.1}
"""
APPLICATION = """\
title: Contoh
owner: {unit: Bidang Contoh, email: contoh@dinas.example}
connection: contoh
source: {kind: files, host_pool: drop-dinas}
feeds:
  orang:
    file: orang_*.csv
    format: csv
    delimiter: ";"
    key: [nik]
    dataset: penduduk
    map: {nik: nik, nama_lengkap: nama}
    ignore: [catatan]
"""


def _write(root: Path, description: str, application: str | None) -> Path:
    path = root / "descriptions/dinas/contoh.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(description)
    other = root / "applications/dinas/contoh.yaml"
    other.parent.mkdir(parents=True)
    if application is not None:
        other.write_text(application)
    return path


def test_the_citys_descriptions_agree_with_the_catalogue() -> None:
    found = read_descriptions(DESCRIPTIONS, ROOT / "applications")
    assert len(found) == len(list((ROOT / "applications").glob("*/*.yaml")))


def test_files_that_agree_are_read(tmp_path: Path) -> None:
    _write(tmp_path, DESCRIPTION, APPLICATION)
    (found,) = read_descriptions(tmp_path / "descriptions", tmp_path / "applications")
    assert found.id == "dinas.contoh"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("      catatan:", "      catatn:", 12, "neither maps nor ignores column 'catatn'"),
        ("      catatan:", "      catatn:", 9, "reads column 'catatan', which is not here"),
        ("key: [nik]", "key: [nama]", 8, "the key of feed 'orang' is nik"),
        ("column: nama,", "column: catatan,", 14, "ignores column 'catatan': nobody would see the fault"),
        ("orang_2025-06:", "warga_2025-06:", 4, "no feed of dinas.contoh reads it"),
        ("orang_2025-06:", "warga_2025-06:", 3, "feed 'orang' of dinas.contoh reads nothing"),
        ('delimiter: ";"', 'delimiter: ","', 7, "another 'delimiter'"),
        ("connection: contoh", "connection: contoh2", 2, "the application's connection is 'contoh'"),
    ],
)
def test_a_difference_is_told_with_its_place(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    path = _write(tmp_path, DESCRIPTION.replace(old, new, 1), APPLICATION)
    with pytest.raises(ConfigurationErrors) as caught:
        read_descriptions(tmp_path / "descriptions", tmp_path / "applications")
    told = [str(error) for error in caught.value.errors]
    assert any(f"{path}:{line}: " in text and words in text for text in told), told


def test_a_description_without_an_application_is_told(tmp_path: Path) -> None:
    _write(tmp_path, DESCRIPTION, None)
    with pytest.raises(ConfigurationErrors, match=r"no application 'dinas\.contoh'"):
        read_descriptions(tmp_path / "descriptions", tmp_path / "applications")


def test_every_broken_file_is_told_at_once(tmp_path: Path) -> None:
    path = _write(tmp_path, DESCRIPTION.replace("truth: penduduk", "truth: pendduk"), APPLICATION)
    (path.parent / "lain.yaml").write_text(DESCRIPTION.replace("rate: 0.1", "rate: 2"))
    with pytest.raises(ConfigurationErrors) as caught:
        read_descriptions(tmp_path / "descriptions", tmp_path / "applications")
    assert {Path(error.where.rsplit(":", 1)[0]).name for error in caught.value.errors} == {"contoh.yaml", "lain.yaml"}
