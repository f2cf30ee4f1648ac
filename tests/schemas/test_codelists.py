"""The code lists: readable, complete, and reading what real systems send."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.codelist import read_codelist
from schemas.errors import ConfigurationError
from schemas.types.kode_wilayah import city_codes

FOLDER = Path(__file__).parents[2] / "schemas" / "codelists"
PATHS = sorted(FOLDER.glob("*.csv"))
SIZES = {
    "jenis_kelamin": 2, "agama": 7, "status_kawin": 4, "pendidikan": 10, "pekerjaan": 89, "golongan_darah": 13,
    "shdk": 11, "status_dasar": 6, "kewarganegaraan": 3, "status_pegawai": 6, "jenjang_sekolah": 15,
    "status_sekolah": 2, "status_izin": 9, "komoditas": 23, "kode_wilayah_kota": 35,
}  # fmt: skip


def test_the_lists_are_complete() -> None:
    assert {path.stem: len(read_codelist(path).names) for path in PATHS} == SIZES


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_code_has_a_name_and_means_itself(path: Path) -> None:
    codelist = read_codelist(path)
    for code, name in codelist.names.items():
        assert name
        assert codelist.code(code) == code
        assert codelist.code(f" {name.lower()} ") == code


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("jenis_kelamin", "Laki2", "L"),
        ("jenis_kelamin", "Pria", "L"),
        ("jenis_kelamin", "2", "P"),
        ("agama", "Katholik", "3"),
        ("agama", "Katolik", "3"),
        ("agama", "Budha", "5"),
        ("agama", "kp", "7"),
        ("status_kawin", "JOMBLO", "1"),
        ("status_kawin", "Kawin Tercatat", "2"),
        ("status_kawin", "Duda", None),
        ("pendidikan", "SLTA/SEDERAJAT", "5"),
        ("pendidikan", "S1", "8"),
        ("golongan_darah", "Tdk Th", "13"),
        ("golongan_darah", "0", "4"),
        ("shdk", "Orang Tua", "7"),
        ("status_dasar", "Pindah Dalam Negeri", "3"),
        ("pekerjaan", "84", "84"),
        ("pekerjaan", "Pelajar", "3"),
        ("status_pegawai", "P3K", "PPPK"),
        ("status_izin", "Kadaluarsa", "BERAKHIR"),
        ("komoditas", "cabe rawit", "CABE_RWT"),
        ("kode_wilayah_kota", "KEDUNGASEM", "35.74.02.1005"),
        ("kode_wilayah_kota", "Kademangan", "35.74.01.1008"),
        ("kode_wilayah_kota", "Kec. Kademangan", "35.74.01"),
    ],
)
def test_spellings_of_real_systems_are_known(name: str, text: str, code: str | None) -> None:
    assert read_codelist(FOLDER / f"{name}.csv").code(text) == code


def test_the_list_of_the_city_and_the_crosswalk_agree() -> None:
    assert set(read_codelist(FOLDER / "kode_wilayah_kota.csv").names) == city_codes()


def test_a_spelling_of_two_codes_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "agama.csv"
    path.write_text("code,name,variants\n3,KATOLIK,KT\n4,HINDU,KT|HD\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"agama\.csv:3: 'KT' stands for 3 and for 4"):
        read_codelist(path)
