"""Every frame of the truth: its columns and keys, what it refers to, and that its values are possible ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codelist import read_codelist
from simulator.city import kind_of
from simulator.draw import TODAY, YEAR, scattered
from simulator.frames import TRUTH_COLUMNS
from simulator.population import build_truth, planted
from tests.simulator.exempt import planted_keys, without

TRUTH = build_truth(residents=1500, seed=5)
PEOPLE = TRUTH["penduduk"]
PLANTED = planted(residents=1500, seed=5)
#: planted records that name somebody, a card or a business that is not there
NOT_THERE = (
    "kk_tidak_terdaftar", "izin_tanpa_nib", "lansia_bukan_penduduk", "disabilitas_bukan_penduduk",
    "veteran_bukan_penduduk",
)  # fmt: skip
KEYS = {
    "lansia": ["nik"], "veteran": ["nomor_veteran"], "disabilitas": ["nik"], "keluarga_miskin": ["no_kk"],
    "penerima_bantuan": ["nik", "program_bantuan", "periode"], "pencari_kerja": ["nomor_ak1"], "pelaku_usaha": ["nib"],
    "perusahaan": ["nib"], "lowongan_kerja": ["nomor_lowongan"], "koperasi_umkm": ["nomor_induk"],
    "pengadaan": ["kode_paket"], "objek_pajak": ["nop"], "pembayaran_pajak": ["nomor_pembayaran"],
    "perumahan": ["id_rumah"], "aset_tanah": ["kode_aset"], "barang_milik_daerah": ["kode_register"],
    "kendaraan": ["nomor_polisi"], "jalan": ["nomor_ruas"], "fasilitas_kesehatan": ["kode_faskes"],
    "kunjungan_kesehatan": ["nomor_kunjungan"], "capaian_kesehatan": ["kode_faskes", "indikator_kesehatan", "periode"],
    "siswa": ["nisn"], "tenaga_pendidik": ["nuptk"], "tenaga_kesehatan": ["nomor_str"],
    "anggaran_realisasi": ["kode_opd", "kode_rekening", "tahun", "bulan"],
    "capaian_kinerja": ["kode_opd", "kode_indikator", "periode"], "surat": ["nomor_surat"],
    "produk_hukum": ["nomor_produk"], "aduan": ["nomor_aduan"], "pelanggaran_ketertiban": ["nomor_perkara"],
    "pelatihan": ["nomor_sertifikat"], "sampah": ["kode_lokasi", "periode", "jenis_sampah"],
    "bencana": ["nomor_kejadian"], "layanan_publik": ["nomor_permohonan"], "temuan_pemeriksaan": ["nomor_temuan"],
    "inovasi": ["nomor_inovasi"], "kinerja_pegawai": ["nip", "periode", "jenis_penilaian"],
    "persediaan": ["kode_lokasi", "kode_barang", "nomor_batch"], "pelanggan_air": ["nomor_sambungan"],
    "kelahiran": ["nik"], "kematian": ["nik"], "perpindahan": ["nik", "tanggal_pindah"], "perkawinan": ["nik_suami"],
    "penduduk": ["nik"], "keluarga": ["no_kk"], "pegawai": ["nip"], "opd": ["kode_opd"], "sekolah": ["npsn"],
    "perizinan": ["nomor_izin"], "harga_pangan": ["tanggal", "komoditas", "pasar"], "wilayah": ["kode"],
}  # fmt: skip
#: column, by the beginning of its name: frame and column that it must be found in
REFERENCES = {
    "nik": ("penduduk", "nik"), "no_kk": ("keluarga", "no_kk"), "nip": ("pegawai", "nip"), "npsn": ("sekolah", "npsn"),
    "kode_opd": ("opd", "kode_opd"), "kode_faskes": ("fasilitas_kesehatan", "kode_faskes"),
    "nib": ("pelaku_usaha", "nib"), "kode_kelurahan": ("wilayah", "kode"), "nop": ("objek_pajak", "nop"),
}  # fmt: skip
PARTITIONS = {
    "layanan_publik": ("kanal_layanan", "PORTAL_EMAS PORTAL_LAYANAN PPID DUKCAPIL_ONLINE IKD ADM MPP PERPUS"),
    "capaian_kinerja": ("sumber", "SATUDATA PRODESKEL LPPD SAKIP SKM PARIWISATA"),
    "aduan": ("kanal_aduan", "VIEW LAPOR WBS POKIR PPA"),
    "bencana": ("sumber", "C112 MASBRO"),
    "surat": ("sumber", "SIMAYA SRIKANDI SPPD"),
    "penerima_bantuan": ("program_bantuan", "PKH BPNT BLT PBI_JK ASLUT ASPD HIBAH INSENTIF PUPUK RTLH"),
    "persediaan": ("sumber", "SMILE SIGARANG SETDA"),
    "anggaran_realisasi": ("sumber", "SIPD_REN SIPD_LAK EMONEV SIMRAL SIASIK ARKAS"),
    "pembayaran_pajak": (
        "jenis_pajak", "PBB BPHTB HOTEL RESTORAN HIBURAN REKLAME PARKIR RETRIBUSI_PASAR RETRIBUSI_PARKIR"),
    "kinerja_pegawai": ("jenis_penilaian", "HARIAN PRESENSI SKP ANGKA_KREDIT"),
    "siswa": ("status_siswa", "AKTIF LULUS DAFTAR"),
    "kunjungan_kesehatan": (
        "jenis_layanan_kesehatan", "RAWAT_JALAN RAWAT_INAP GAWAT_DARURAT LABORATORIUM RUJUKAN IMUNISASI POSYANDU"),
    "capaian_kesehatan": (
        "indikator_kesehatan", "IMUN_DASAR STUNTING TBC_TEMUAN TBC_SEMBUH HIV_ODHA HIV_TES KB_AKTIF K4"),
    "perizinan": ("jenis_izin", "Persetujuan Bangunan Gedung;Surat Keterangan Terdaftar Ormas"),
    "kendaraan": ("kepemilikan_kendaraan", "DINAS UMUM PERUSAHAAN PRIBADI"),
}  # fmt: skip
GOODS = r"\d\.\d\.\d(\.\d\d){3}\.\d{4}"
PATTERNS = {
    "objek_pajak.nop": r"3574\d{14}", "pelaku_usaha.nib": r"\d{13}", "siswa.nisn": r"\d{10}",
    "tenaga_pendidik.nuptk": r"\d{16}", "pelaku_usaha.kbli": r"\d{5}", "perizinan.kbli": r"\d{5}",
    "kunjungan_kesehatan.diagnosis": r"[A-Z]\d\d(\.\d)?", "barang_milik_daerah.kode_barang": GOODS,
    "persediaan.kode_barang": GOODS, "anggaran_realisasi.kode_rekening": r"\d\.\d(\.\d\d){3}\.\d{4}",
    "kendaraan.nomor_polisi": r"N \d{4} [A-Z]{2}", "sampah.periode": r"20\d\d-(0[1-9]|1[0-2])",
    "siswa.tahun_ajaran": r"20\d\d/20\d\d", "pembayaran_pajak.masa_pajak": r"20\d\d-(0[1-9]|1[0-2])",
    "penduduk.telepon": r"0810\d{8}", "aduan.telepon_pelapor": r"0810\d{8}",
}  # fmt: skip

CODELISTS = {path.stem: set(read_codelist(path).names) for path in Path("schemas/codelists").glob("*.csv")}
CODELISTS["pendidikan_minimal"] = CODELISTS["pendidikan"]


def ages(frame: pd.DataFrame) -> pd.Series[float]:
    return (pd.Timestamp(TODAY) - frame["tanggal_lahir"]).dt.days / YEAR


@pytest.mark.parametrize("name", list(TRUTH_COLUMNS))
def test_a_frame_has_its_columns_types_keys_and_running_labels(name: str) -> None:
    frame = TRUTH[name]
    assert list(frame.columns) == TRUTH_COLUMNS[name]
    assert len(frame)
    assert not frame.duplicated(KEYS[name]).any()
    assert frame[KEYS[name]].notna().all(axis=None)
    assert frame.index.equals(pd.RangeIndex(len(frame)))
    kinds = {column: str(dtype) for column, dtype in frame.dtypes.items()}
    assert kinds == {column: kind_of(name, column) for column in frame}


@pytest.mark.parametrize("name", list(TRUTH_COLUMNS))
def test_what_a_frame_refers_to_exists(name: str) -> None:
    frame = without(PLANTED, name, TRUTH[name], *NOT_THERE)
    for column in frame:
        for start, (other, key) in REFERENCES.items():
            is_code = column == start or (start in ("nik", "nip") and column.startswith(f"{start}_"))
            if is_code and name != "perpindahan":
                assert frame[column].dropna().isin(TRUTH[other][key]).all(), column


@pytest.mark.parametrize("name", list(PARTITIONS))
def test_every_application_finds_its_part(name: str) -> None:
    column, words = PARTITIONS[name]
    wanted = set(words.split(";") if ";" in words else words.split())
    assert wanted <= set(TRUTH[name][column])


def test_every_part_has_forty_rows_at_five_thousand_residents() -> None:
    truth = build_truth()
    for name, (column, words) in PARTITIONS.items():
        counts = truth[name][column].value_counts()
        wanted = words.split(";") if ";" in words else words.split()
        assert counts.reindex(wanted).ge(40).all(), counts
    visits = truth["kunjungan_kesehatan"]
    assert visits.groupby(["kode_faskes", "jenis_layanan_kesehatan"]).size()["3574011"].ge(40).all()
    assert visits["kode_faskes"].isin(["3574012"]).sum() >= 40
    assert (visits["jenis_faskes"].eq("PUSKESMAS") & visits["cara_bayar"].str.startswith("BPJS")).sum() >= 40
    small = {"opd", "wilayah", "sekolah", "fasilitas_kesehatan"}
    assert min(len(frame) for name, frame in truth.items() if name not in small) >= 40


def test_codes_are_those_of_the_code_lists() -> None:
    seen = 0
    for name, frame in TRUTH.items():
        for column in frame.columns.intersection(list(CODELISTS)):
            if column not in ("status_izin", "komoditas"):  # their applications show names, the hub finds the codes
                assert set(frame[column].dropna()) <= CODELISTS[column], f"{name}.{column}"
                seen += 1
    assert seen >= 70


@pytest.mark.parametrize("place", list(PATTERNS))
def test_a_value_has_its_shape(place: str) -> None:
    name, _, column = place.partition(".")
    assert TRUTH[name][column].dropna().str.fullmatch(PATTERNS[place]).all()


@pytest.mark.parametrize("residents", [100, 500])
def test_a_small_city_has_every_frame(residents: int) -> None:
    truth = build_truth(residents, seed=3)
    assert all(len(frame) for frame in truth.values())
    assert len(truth["veteran"]) >= 12


def test_dates_lie_between_1900_and_today_unless_they_are_ends() -> None:
    future = {"tanggal_berakhir", "tanggal_tutup", "berlaku_sampai", "berlaku_uji_sampai", "berlaku_str_sampai",
              "kedaluwarsa"}  # fmt: skip
    for name, frame in TRUTH.items():
        for column in frame.select_dtypes("datetime").columns.difference(list(future)):
            assert frame[column].dropna().between("1900-01-01", str(TODAY)).all(), f"{name}.{column}"


def test_amounts_are_not_negative_and_sums_hold() -> None:
    for name, frame in TRUTH.items():
        assert frame.select_dtypes("number").fillna(0).ge(0).all(axis=None), name
    budget, tender = TRUTH["anggaran_realisasi"], TRUTH["pengadaan"].dropna(subset="nilai_kontrak")
    assert (budget["realisasi"] <= 1.2 * budget["anggaran"]).all()
    assert budget["realisasi_fisik"].between(0, 100).all()
    assert (tender["nilai_kontrak"] <= tender["pagu"]).all()
    assert TRUTH["kinerja_pegawai"]["nilai"].between(0, 150).all()
    assert TRUTH["keluarga_miskin"]["desil"].between(1, 10).all()
    assert (TRUTH["capaian_kesehatan"]["capaian"] <= TRUTH["capaian_kesehatan"]["sasaran"]).all()


@pytest.mark.parametrize("name", ["aduan", "layanan_publik"])
def test_what_is_done_has_a_date_after_it_came_in(name: str) -> None:
    frame = TRUTH[name]
    state = frame[next(column for column in frame if column.startswith("status_"))]
    done = frame.dropna(subset="tanggal_selesai")
    assert (done["tanggal_selesai"] >= done["tanggal_masuk"]).all()
    assert frame["tanggal_selesai"].notna().eq(state.isin(["SELESAI", "DITOLAK"])).all()


def test_children_are_at_school_by_age_and_adults_teach() -> None:
    pupils = without(PLANTED, "siswa", TRUTH["siswa"], "umur_siswa_berbeda")
    assert ages(pupils).between(4, 20).all()
    assert (ages(pupils) - pupils["tingkat"]).where(pupils["tingkat"] > 0).dropna().between(5.5, 8.2).all()
    level = pupils["npsn"].map(TRUTH["sekolah"].set_index("npsn")["jenjang"]).replace("SMK", "SMA")
    wanted = pd.cut(pupils["tingkat"], [-1, 0, 6, 9, 12], labels=["TK", "SD", "SMP", "SMA"]).astype("str")
    assert level.eq(wanted).all()
    assert ages(TRUTH["tenaga_pendidik"]).ge(22).all()
    servants = TRUTH["tenaga_pendidik"].dropna(subset="nip")
    assert servants["nik"].tolist() == TRUTH["pegawai"].set_index("nip")["nik"].reindex(servants["nip"]).tolist()


def test_schools_count_their_pupils() -> None:
    here = TRUTH["siswa"][TRUTH["siswa"]["status_siswa"].isin(["AKTIF", "LULUS"])]["npsn"].value_counts()
    assert TRUTH["sekolah"].set_index("npsn")["jumlah_siswa"].sub(here, fill_value=0).eq(0).all()


def test_the_elderly_are_all_residents_of_sixty_or_more() -> None:
    alive = PEOPLE[(ages(PEOPLE) >= 60) & (PEOPLE["status_dasar"] == "1")]
    wrong = planted_keys(PLANTED, "bukan_lansia", "lansia_meninggal", "lansia_bukan_penduduk")
    assert wrong
    assert not wrong & set(alive["nik"])
    assert set(TRUTH["lansia"]["nik"]) == set(alive["nik"]) | wrong
    helped = TRUTH["lansia"]["nik"].isin(TRUTH["penerima_bantuan"]["nik"])
    assert TRUTH["lansia"]["menerima_bantuan"].astype(bool).eq(helped).all()


def test_the_registry_agrees_with_the_people() -> None:
    who = PEOPLE.set_index("nik")
    births = TRUTH["kelahiran"]
    mothers = (births["tanggal_lahir"] - births["nik_ibu"].map(who["tanggal_lahir"])).dt.days / YEAR
    assert mothers.between(18, 46).all()
    assert who["status_dasar"].reindex(TRUTH["kematian"]["nik"]).eq("2").all()
    assert TRUTH["kematian"]["nik"].nunique() == PEOPLE["status_dasar"].eq("2").sum()
    assert (TRUTH["kematian"]["nik"].map(who["tanggal_lahir"]) <= TRUTH["kematian"]["tanggal_kematian"]).all()
    died = who["tanggal_kematian"].dropna()
    assert died.to_dict() == TRUTH["kematian"].set_index("nik")["tanggal_kematian"].to_dict()
    left = TRUTH["perpindahan"][TRUTH["perpindahan"]["arah"] == "KELUAR"]
    assert set(left["nik"]) == set(PEOPLE.loc[PEOPLE["status_dasar"] == "3", "nik"])


def test_couples_married_grown_and_before_their_children_came() -> None:
    acts, who = TRUTH["perkawinan"], PEOPLE.set_index("nik")
    for side in ("nik_suami", "nik_istri"):
        assert ((acts["tanggal_kawin"] - acts[side].map(who["tanggal_lahir"])).dt.days / YEAR).ge(17).all()
    first = PEOPLE[PEOPLE["shdk"] == "4"].groupby("no_kk")["tanggal_lahir"].min()
    born = acts["nik_istri"].map(who["no_kk"]).map(first)
    assert (acts["tanggal_kawin"] < born).where(born.notna(), True).all()


def test_houses_parcels_and_poverty_agree() -> None:
    houses, poor = TRUTH["perumahan"], TRUTH["keluarga_miskin"].set_index("no_kk")
    known = houses["no_kk"].map(poor["status_rumah"])
    assert houses["status_rumah"].eq(known).where(known.notna(), True).all()
    assert 0.2 < len(poor) / len(TRUTH["keluarga"]) < 0.3
    unfit = houses["jenis_lantai"].eq("TANAH")
    assert not houses.loc[unfit, "layak_huni"].any()
    villages = pd.read_csv("simulator/data/kelurahan.csv", dtype=str).set_index("kode")["kode_bps"]
    assert TRUTH["objek_pajak"]["nop"].str[:10].eq(TRUTH["objek_pajak"]["kode_kelurahan"].map(villages)).all()


def test_the_young_hospital_has_no_visits_before_it_opened() -> None:
    visits = TRUTH["kunjungan_kesehatan"]
    young = visits[visits["kode_faskes"] == "3574012"]
    assert young["tanggal_kunjungan"].min() >= pd.Timestamp(2023, 12, 24)
    assert (visits["tanggal_kunjungan"] >= visits["tanggal_lahir"]).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([7, 8, 9, 12, 16]))
def test_scattered_numbers_never_meet(start: int, width: int) -> None:
    written = scattered(start + np.arange(2000), width)
    assert written.is_unique
    assert written.str.len().eq(width).all()
