"""One small city per rule: the cases that it must find among near misses that it must not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.pipelines.rules_city import Rows, nik
from tests.workspaces import Row

KK = "3574010101010001"
OTHER_KK = "3574010101010002"


@dataclass(frozen=True)
class Case:
    """What is published, and the keys of the findings: of the record in question, of the one that contradicts it."""

    datasets: Rows
    found: frozenset[tuple[str, str | None]]


def warga(number: int, status: str | None = "1", died: str | None = None, **fields: Any) -> Row:
    return {
        "nik": nik(number),
        "no_kk": KK,
        "tanggal_lahir": "1950-01-01",
        "status_dasar": status,
        "tanggal_kematian": died,
        **fields,
    }


def bantuan(number: int, program: str = "PKH", periode: str = "2026-03", **fields: Any) -> Row:
    row = {"nik": nik(number), "program_bantuan": program, "periode": periode}
    return {**row, "tanggal_salur": "2026-03-10", "status_salur": "DISALURKAN", **fields}


def pegawai(number: int, nip: str, status: str = "PNS") -> Row:
    return {"nip": nip, "nik": nik(number), "status_pegawai": status}


def siswa(nisn: str, number: int | None, npsn: str, status: str = "AKTIF", **fields: Any) -> Row:
    who = None if number is None else nik(number)
    return {"nisn": nisn, "nik": who, "npsn": npsn, "status_siswa": status, **fields}


def izin(nomor: str, jenis: str, nib: str | None, status: str = "BERLAKU") -> Row:
    return {"nomor_izin": nomor, "jenis_izin": jenis, "nib": nib, "status_izin": status}


def found(*pairs: tuple[str, str | None]) -> frozenset[tuple[str, str | None]]:
    return frozenset(pairs)


def dead_or_gone(dataset: str, is_dead: bool) -> Case:
    """Return a list of people of whom one has died, one has moved away, and one nobody knows."""
    rows = [{"nik": nik(n)} for n in (1, 2, 3, 4, 5)]
    people = [warga(1), warga(2, "2", "2025-01-01"), warga(3, "3"), warga(5, None)]
    pairs = [(nik(2), nik(2))] if is_dead else [(nik(3), nik(3)), (nik(4), None)]
    return Case({dataset: rows, "penduduk": people}, found(*pairs))


CASES = {
    "meninggal_menerima_bantuan": Case(
        {
            "penduduk": [warga(1, "2", "2026-02-01"), warga(2, "2", "2026-04-01"), warga(3), warga(4, "2", None)],
            "penerima_bantuan": [
                bantuan(1),
                bantuan(2),  # paid while alive
                bantuan(2, periode="2026-04", tanggal_salur=None, status_salur="PROSES"),
                bantuan(2, periode="2026-05", tanggal_salur=None, status_salur="GAGAL"),
                bantuan(3),
                bantuan(4),  # the day of death is not known
            ],
        },
        found((f"{nik(1)}|PKH|2026-03", nik(1)), (f"{nik(2)}|PKH|2026-04", nik(2))),
    ),
    "asn_dalam_keluarga_miskin": Case(
        {
            "keluarga_miskin": [{"no_kk": KK, "desil": 4}, {"no_kk": OTHER_KK, "desil": 5}],
            "penduduk": [warga(1), warga(2), warga(3, no_kk=OTHER_KK), warga(4), warga(5, no_kk=None)],
            "pegawai": [
                pegawai(1, "A"),
                pegawai(2, "B", "PPPK_PW"),
                pegawai(3, "C"),
                pegawai(4, "D", "PENSIUN"),
                pegawai(5, "E"),
            ],
        },
        found((KK, "A"), (KK, "B")),
    ),
    "bukan_lansia": Case(
        {
            "lansia": [{"nik": nik(n), "tanggal_lahir": "1930-01-01"} for n in (1, 2, 3)],
            # 60 years on the day itself; a day short of it
            "penduduk": [
                warga(1, tanggal_lahir="1966-06-01"),
                warga(2, tanggal_lahir="1966-06-02"),
                warga(3, tanggal_lahir=None),
            ],
        },
        found((nik(2), nik(2))),
    ),
    "lansia_meninggal": dead_or_gone("lansia", True),
    "lansia_bukan_penduduk": dead_or_gone("lansia", False),
    "disabilitas_meninggal": dead_or_gone("disabilitas", True),
    "disabilitas_bukan_penduduk": dead_or_gone("disabilitas", False),
    "veteran_meninggal": Case(
        {
            "penduduk": [warga(1, "2"), warga(2, "2"), warga(3), warga(4, "2")],
            "veteran": [
                {"nomor_veteran": "V1", "nik": nik(1), "masih_hidup": True},
                {"nomor_veteran": "V2", "nik": nik(2), "masih_hidup": False},
                {"nomor_veteran": "V3", "nik": nik(3), "masih_hidup": True},
                {"nomor_veteran": "V4", "nik": nik(4), "masih_hidup": None},
            ],
        },
        found(("V1", nik(1))),
    ),
    "veteran_bukan_penduduk": Case(
        {
            "penduduk": [warga(1), warga(2, "2", "2025-01-01"), warga(3, "3"), warga(5, None)],
            "veteran": [{"nomor_veteran": f"V{n}", "nik": nik(n)} for n in (1, 2, 3, 4, 5)]
            + [{"nomor_veteran": "V6", "nik": None}],  # nobody was looked for
        },
        found(("V3", nik(3)), ("V4", None)),
    ),
    "veteran_terlalu_muda": Case(
        {
            # 15 years on the last day of the operation; a day short of it
            "penduduk": [
                warga(n, tanggal_lahir=day)
                for n, day in enumerate(
                    ["1934-12-27", "1934-12-28", "1948-05-02", "1951-08-12", "1961-07-17", "1961-07-18", None], start=1
                )
            ]
            + [warga(8, tanggal_lahir="2008-06-01"), warga(9, tanggal_lahir="2008-06-02")],
            "veteran": [
                {"nomor_veteran": f"V{n}", "nik": nik(n), "golongan_veteran": war}
                for n, war in enumerate(
                    [
                        "PEJUANG",
                        "PEJUANG",
                        "TRIKORA",
                        "DWIKORA",
                        "SEROJA",
                        "SEROJA",
                        "SEROJA",
                        "PERDAMAIAN",
                        "PERDAMAIAN",
                    ],
                    start=1,
                )
            ],
        },
        found(*((f"V{n}", nik(n)) for n in (2, 3, 4, 6, 9))),
    ),
    "veteran_ganda": Case(
        {
            "veteran": [
                {"nomor_veteran": "v1", "nik": nik(1)},
                {"nomor_veteran": "V2", "nik": nik(1)},
                {"nomor_veteran": "V3", "nik": None},
                {"nomor_veteran": "V4", "nik": None},
                {"nomor_veteran": "V5", "nik": nik(2)},
            ],
        },
        found(("V2", "v1")),  # by their bytes
    ),
    "bantuan_ganda_satu_kk": Case(
        {
            "penduduk": [warga(1), warga(2), warga(3, no_kk=OTHER_KK), warga(4, no_kk=None), warga(5, no_kk=None)],
            "penerima_bantuan": [
                bantuan(1),
                bantuan(2),
                bantuan(3),
                bantuan(1, periode="2026-04"),
                bantuan(2, "BPNT", "2026-04"),
                bantuan(1, "PUPUK"),  # given to each
                bantuan(2, "PUPUK"),
                bantuan(4),
                bantuan(5),
            ],
        },
        found((f"{nik(1)}|PKH|2026-03", f"{nik(2)}|PKH|2026-03")),
    ),
    "siswa_dua_sekolah": Case(
        {
            "siswa": [
                siswa("1", 1, "S1"),
                siswa("2", 1, "S2"),
                siswa("3", 2, "S1"),
                siswa("4", 2, "S1"),  # one school
                siswa("5", 3, "S1"),
                siswa("6", 3, "S2", "LULUS"),
                siswa("7", None, "S1"),
                siswa("8", None, "S2"),
            ],
        },
        found(("1", "2")),
    ),
    "wajib_pajak_meninggal": Case(
        {
            "penduduk": [warga(1, "2", "2025-12-31"), warga(2, "2", "2026-01-01"), warga(3, "2"), warga(4)],
            "objek_pajak": [{"nop": f"O{n}", "nik_wajib_pajak": nik(n), "tahun_pajak": 2026} for n in (1, 2, 3, 4)],
        },
        found(("O1", nik(1))),
    ),
    "izin_tanpa_nib": Case(
        {
            "pelaku_usaha": [{"nib": "N1"}],
            "perizinan": [
                izin("1", "Izin Reklame", "N1"),
                izin("2", "IZIN REKLAME", "N2"),
                izin("3", "IZIN APOTEK", None),
                izin("4", "IZIN APOTEK", "N2", "DICABUT"),
                izin("5", "SKT", None),
                izin("6", "IZIN APOTEK", "N2", "DIAJUKAN"),
            ],
        },
        found(("2", None), ("3", None)),
    ),
    "pegawai_dua_nip": Case(
        {
            "pegawai": [
                pegawai(1, "A"),
                pegawai(1, "B", "PPPK"),
                pegawai(2, "C"),
                pegawai(2, "D", "PENSIUN"),
                pegawai(3, "E"),
            ],
        },
        found(("A", "B")),
    ),
    "pegawai_meninggal": Case(
        {
            "pegawai": [pegawai(1, "A"), pegawai(2, "B"), pegawai(3, "C", "PENSIUN")],
            "penduduk": [warga(1, "2"), warga(2), warga(3, "2")],
        },
        found(("A", nik(1))),
    ),
    "asn_menerima_bantuan": Case(
        {
            "pegawai": [pegawai(n, f"P{n}", "PNS" if n < 4 else "HONORER") for n in (1, 2, 3, 4)],
            "penerima_bantuan": [
                bantuan(1, "BLT", "2026-01"),
                bantuan(2, "BLT", "2025-12"),  # of another year
                bantuan(3, "PUPUK", "2026-05"),
                bantuan(4, "BLT", "2026-01"),
            ],
        },
        found(("P1", f"{nik(1)}|BLT|2026-01")),
    ),
    "pemilik_usaha_meninggal": Case(
        {
            "pelaku_usaha": [{"nib": f"N{n}", "nik_pemilik": nik(n)} for n in (1, 2)],
            "penduduk": [warga(1, "2"), warga(2, "3")],
        },
        found(("N1", nik(1))),
    ),
    "kunjungan_setelah_meninggal": Case(
        {
            "penduduk": [warga(1, "2", "2026-03-01"), warga(2, "2", "2026-03-02"), warga(3, "1", "2026-03-01")],
            "kunjungan_kesehatan": [
                {"nomor_kunjungan": f"K{n}", "nik": nik(n), "tanggal_kunjungan": "2026-03-02"} for n in (1, 2, 3)
            ],
        },
        found(("K1", nik(1))),
    ),
    "kepala_keluarga_tidak_di_kk": Case(
        {
            "penduduk": [warga(1), warga(2, no_kk=OTHER_KK), warga(3, "2", no_kk="K3"), warga(4, no_kk=None)],
            "keluarga": [
                {"no_kk": KK, "nik_kepala": nik(1)},
                {"no_kk": "K2", "nik_kepala": nik(2)},
                {"no_kk": "K3", "nik_kepala": nik(3)},
                {"no_kk": "K4", "nik_kepala": nik(4)},
                {"no_kk": "K5", "nik_kepala": nik(5)},
            ],
        },
        found(("K2", nik(2)), ("K3", nik(3))),
    ),
    "umur_siswa_berbeda": Case(
        {
            "penduduk": [warga(n, tanggal_lahir="2012-01-01") for n in (1, 2, 3, 4)],
            "siswa": [
                siswa("1", 1, "S", tanggal_lahir="2013-01-02"),  # 367 days: 2012 has 366
                siswa("2", 2, "S", tanggal_lahir="2013-01-01"),
                siswa("3", 3, "S", tanggal_lahir="2010-12-30"),
                siswa("4", 4, "S", tanggal_lahir=None),
            ],
        },
        found(("1", nik(1)), ("3", nik(3))),
    ),
    "pencari_kerja_pegawai": Case(
        {
            "pegawai": [pegawai(1, "A"), pegawai(2, "B"), pegawai(3, "C", "HONORER")],
            "pencari_kerja": [
                {"nomor_ak1": "1", "nik": nik(1), "status_kerja": "MENCARI"},
                {"nomor_ak1": "2", "nik": nik(2), "status_kerja": "BEKERJA"},
                {"nomor_ak1": "3", "nik": nik(3), "status_kerja": "MENCARI"},
            ],
        },
        found(("1", "A")),
    ),
    "kk_tidak_terdaftar": Case(
        {
            "keluarga": [{"no_kk": KK}],
            "penduduk": [warga(1), warga(2, no_kk=OTHER_KK), warga(3, "2", no_kk=OTHER_KK), warga(4, no_kk=None)],
        },
        found((nik(2), None)),
    ),
}
