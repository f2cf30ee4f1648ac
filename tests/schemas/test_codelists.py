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
    "bentuk_inovasi": 2, "bentuk_usaha": 6, "cara_bayar": 4, "derajat_disabilitas": 3, "golongan_tarif": 5,
    "golongan_veteran": 5, "hasil_pelatihan": 2, "hasil_uji": 2, "indikator_kesehatan": 8, "jenis_atap": 4,
    "jenis_bencana": 7, "jenis_dinding": 4, "jenis_faskes": 7, "jenis_kendaraan": 5, "jenis_kumkm": 2,
    "jenis_lantai": 4, "jenis_layanan_kesehatan": 7, "jenis_nakes": 8, "jenis_pajak": 9, "jenis_pelanggaran": 6,
    "jenis_pengadaan": 4, "jenis_penilaian": 4, "jenis_permukaan": 5, "jenis_produk_hukum": 5, "jenis_ptk": 3,
    "jenis_sampah": 6, "jenis_surat": 4, "jenis_temuan": 4, "kanal_aduan": 5, "kanal_bayar": 5, "kanal_layanan": 8,
    "kategori_aduan": 9, "kemandirian": 3, "kepemilikan_faskes": 2, "kepemilikan_kendaraan": 4, "kib": 6,
    "kondisi_barang": 3, "kondisi_jalan": 4, "metode_pengadaan": 6, "predikat_kinerja": 4, "program_bantuan": 10,
    "ragam_disabilitas": 7, "sanitasi": 3, "sifat_surat": 4, "skala_usaha": 4, "status_aduan": 4, "status_bayar": 3,
    "status_hukum": 3, "status_jalan": 4, "status_kerja": 3, "status_layanan": 4, "status_lowongan": 3,
    "status_penanganan": 3, "status_perusahaan": 3, "status_ptk": 4, "status_rumah": 4, "status_salur": 3,
    "status_sambungan": 3, "status_sertifikat": 3, "status_siswa": 5, "status_tindak_lanjut": 3, "status_tinggal": 4,
    "status_usaha": 2, "sumber_air": 4, "tahap_pengadaan": 5, "tahapan_inovasi": 3, "tindakan": 4,
    "tingkat_risiko": 4,
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
        ("program_bantuan", "pbi jk", "PBI_JK"),
        ("program_bantuan", "Sembako", "BPNT"),
        ("ragam_disabilitas", "Tuna Netra", "NETRA"),
        ("status_rumah", "Kontrak", "SEWA"),
        ("tingkat_risiko", "MENENGAH-RENDAH", "MENENGAH_RENDAH"),
        ("metode_pengadaan", "Lelang", "TENDER"),
        ("jenis_pajak", "PBB-P2", "PBB"),
        ("kib", "KIB A", "A"),
        ("kondisi_jalan", "RR", "RUSAK_RINGAN"),
        ("jenis_layanan_kesehatan", "IGD", "GAWAT_DARURAT"),
        ("cara_bayar", "BPJS PBI", "BPJS_PBI"),
        ("status_ptk", "P3K", "PPPK"),
        ("jenis_produk_hukum", "Perwal", "PERWALI"),
        ("kanal_aduan", "SP4N", "LAPOR"),
        ("status_aduan", "1", None),
        ("golongan_tarif", "RT1", "R1"),
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
