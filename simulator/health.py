"""Health facilities, visits, staff and monthly results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.city import City, made
from simulator.draw import Array, days, digits, drawn, listed, month_of, months, parts, pick, scattered, streets, text
from simulator.social import person

#: service line: (kind of facility or hospital, service), weight, ages
LINES = [
    ("PUSKESMAS", "RAWAT_JALAN", 27, 0, 110), ("PUSKESMAS", "GAWAT_DARURAT", 2, 0, 110),
    ("PUSKESMAS", "LABORATORIUM", 2, 5, 110), ("PUSKESMAS", "IMUNISASI", 6, 0, 5),
    ("PUSKESMAS", "RUJUKAN", 3, 0, 110), ("POSYANDU", "POSYANDU", 9, 0, 5), ("POSYANDU", "IMUNISASI", 3, 0, 5),
    ("KLINIK", "RAWAT_JALAN", 8, 0, 110), ("KLINIK", "RUJUKAN", 1, 0, 110), ("3574011", "RAWAT_JALAN", 13, 0, 110),
    ("3574011", "RAWAT_INAP", 4, 0, 110), ("3574011", "GAWAT_DARURAT", 4, 0, 110),
    ("3574011", "LABORATORIUM", 5, 5, 110), ("3574012", "RAWAT_JALAN", 6, 0, 110), ("3574012", "RAWAT_INAP", 2, 0, 110),
    ("3574012", "GAWAT_DARURAT", 2, 0, 110), ("3574012", "LABORATORIUM", 1, 5, 110),
    ("RS_SWASTA", "RAWAT_JALAN", 2, 0, 110), ("RS_SWASTA", "RAWAT_INAP", 1, 0, 110),
]  # fmt: skip
#: RSUD Ar Rozy; before that day its patients went to the other hospital
YOUNG_HOSPITAL, OPENED = "3574012", np.datetime64("2023-12-24")
#: kelurahan with a puskesmas
CENTRES = ["Ketapang", "Wonoasih", "Jati", "Sukabumi", "Kanigaran", "Kedopok"]
INDICATORS = {
    "IMUN_DASAR": ("anak", 0.016), "STUNTING": ("balita", 0.07), "TBC_TEMUAN": ("orang", 0.004),
    "TBC_SEMBUH": ("orang", 0.003), "HIV_ODHA": ("orang", 0.002), "HIV_TES": ("orang", 0.02),
    "KB_AKTIF": ("pasangan", 0.16), "K4": ("ibu hamil", 0.017),
}  # fmt: skip
REPORT_MONTHS = 24
JOBS = {
    "Perawat Terampil": "PERAWAT", "Perawat Ahli Pertama": "PERAWAT", "Bidan Terampil": "BIDAN",
    "Dokter Ahli Muda": "DOKTER", "Apoteker Ahli Pertama": "APOTEKER", "Pranata Laboratorium Kesehatan": "ANALIS",
    "Nutrisionis": "GIZI",
}  # fmt: skip


def draw_facilities(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `fasilitas_kesehatan`: 2 city hospitals, 6 puskesmas, and others by the city's size."""
    more = max(1, city.size // 40_000)
    counts = {"RSUD": 2, "PUSKESMAS": 6, "RS_SWASTA": 2, "PUSTU": 10, "KLINIK": 6 * more, "APOTEK": 8 * more}
    counts["POSYANDU"] = 29 * min(more, 6)
    kind = np.repeat(list(counts), list(counts.values()))
    villages, size = listed("kelurahan"), len(kind)
    order = serial_of(kind)
    centre = villages.index[villages["nama"].isin(CENTRES)].to_numpy()
    spot = np.where(kind == "PUSKESMAS", centre[order % len(centre)], (order * 7 + 5) % len(villages))
    place = villages.iloc[spot].reset_index(drop=True)
    code = np.where(kind == "RSUD", "35740" + pd.Series(order + 11).astype(str), "")
    for name, letter in {
        "PUSKESMAS": "P",
        "PUSTU": "U",
        "KLINIK": "K",
        "APOTEK": "A",
        "RS_SWASTA": "R",
        "POSYANDU": "Y",
    }.items():
        bps = place["kode_bps"].str[:7] if name != "PUSKESMAS" else "3574010"
        code = np.where(kind == name, letter + bps + digits(order + 1, 3), code)
    words = listed("firm_words")["kata"].to_numpy(dtype=object)
    title = pd.Series(kind).map({"PUSKESMAS": "Puskesmas", "PUSTU": "Puskesmas Pembantu", "KLINIK": "Klinik",
                                 "APOTEK": "Apotek", "RS_SWASTA": "Rumah Sakit", "POSYANDU": "Posyandu"})  # fmt: skip
    is_public = np.isin(kind, ["RSUD", "PUSKESMAS", "PUSTU", "POSYANDU"])
    called = np.where(is_public, place["nama"], words[order % len(words)])
    called = np.where(kind == "POSYANDU", called + " " + pd.Series(order // 29 + 1).astype(str), called)
    called = np.where(
        kind == "RSUD", np.where(order == 0, "RSUD dr. Mohamad Saleh", "RSUD Ar Rozy"), title + " " + called
    )
    beds = pd.Series(kind).map({"RSUD": 180, "RS_SWASTA": 70, "PUSKESMAS": 10}).fillna(0).to_numpy(np.int64)
    return made(
        "fasilitas_kesehatan",
        {
            "kode_faskes": text(code),
            "nama": text(called),
            "jenis_faskes": text(kind),
            "kepemilikan_faskes": text(np.where(is_public, "PEMERINTAH", "SWASTA")),
            "alamat": streets(rng, size),
            "kode_kelurahan": place["kode"].astype("str"),
            "telepon": ("0335" + digits(rng.integers(900_000, 1_000_000, size), 6)).where(kind != "POSYANDU"),
            "jumlah_tempat_tidur": beds,
        },
    )  # fmt: skip


def serial_of(kind: Array) -> Array:
    """Number the occurrences of each value from 0."""
    order: Array = pd.Series(kind).groupby(kind).cumcount().to_numpy(np.int64)
    return order


def draw_visits(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `kunjungan_kesehatan` on the days `when`; infants come after their birth."""
    count = len(when)
    weight = np.array([line[2] for line in LINES], float)
    line = rng.choice(len(LINES), count, p=weight / weight.sum())
    where = np.asarray([row[0] for row in LINES])[line]
    service = text(np.asarray([row[1] for row in LINES], dtype=object)[line])
    where = np.where((where == YOUNG_HOSPITAL) & (when < OPENED), "3574011", where)
    who = city.rows("penduduk", _patients(rng, city, line))
    born = who["tanggal_lahir"].to_numpy().astype("datetime64[D]")
    grown = born + (rng.random(count) * (city.today - born).astype(np.int64)).astype(np.int64)
    date = np.where(when < born, grown, when)
    places = city["fasilitas_kesehatan"]
    place = places.iloc[_places(rng, places, where)].reset_index(drop=True)
    illness = _illnesses(rng, service)
    year, month, _ = parts(when)
    serial = digits(first + 1 + np.arange(count), 7)
    return made(
        "kunjungan_kesehatan",
        {
            **person(who, "nik", "tanggal_lahir", "jenis_kelamin", "kode_kelurahan"),
            "nomor_kunjungan": ("KJ" + digits(year * 100 + month, 6) + serial).astype("str"),
            "kode_faskes": place["kode_faskes"],
            "nama_pasien": who["nama_lengkap"],
            "tanggal_kunjungan": days(date),
            "jenis_layanan_kesehatan": service,
            "poli": illness["poli"].astype("str"),
            "diagnosis": illness["diagnosis"].astype("str"),
            "cara_bayar": _payers(rng, city, who),
            "jenis_faskes": place["jenis_faskes"],
        },
        first,
    )


def _patients(rng: np.random.Generator, city: City, line: Array) -> Array:
    """Draw people by the ages of their service line: positions in `penduduk`."""
    who = np.zeros(len(line), np.int64)
    low, high = np.asarray([row[3] for row in LINES])[line], np.asarray([row[4] for row in LINES])[line]
    for ages in sorted({(row[3], row[4]) for row in LINES}):
        rows = np.flatnonzero((low == ages[0]) & (high == ages[1]))
        who[rows] = rng.choice(city.living(*ages), len(rows))
    return who


def _places(rng: np.random.Generator, places: pd.DataFrame, where: Array) -> Array:
    """Draw facilities of a kind or code: positions in `fasilitas_kesehatan`."""
    chosen = np.zeros(len(where), np.int64)
    for name in sorted(set(where.tolist())):
        able = np.flatnonzero((places["jenis_faskes"] == name) | (places["kode_faskes"] == name))
        rows = np.flatnonzero(where == name)
        chosen[rows] = rng.choice(able, len(rows))
    return chosen


def _illnesses(rng: np.random.Generator, service: pd.Series[Any]) -> pd.DataFrame:
    table = listed("diagnosis")
    weight = table["bobot"].astype(float).to_numpy()
    chosen = np.zeros(len(service), np.int64)
    for name in table["layanan"].unique():
        able, rows = np.flatnonzero(table["layanan"] == name), np.flatnonzero(service == name)
        chosen[rows] = rng.choice(able, len(rows), p=weight[able] / weight[able].sum())
    return table.iloc[chosen].reset_index(drop=True)


def _payers(rng: np.random.Generator, city: City, who: pd.DataFrame) -> pd.Series[Any]:
    """Return who pays: the state for most of the poor, else what the person always has, told by the NIK's end."""
    is_poor = who["no_kk"].isin(city["keluarga_miskin"]["no_kk"]).to_numpy()
    luck = (who["nik"].str[6:].astype(np.int64).to_numpy() * 7919) % 100
    own = np.select([luck < 22, luck < 76, luck < 95], ["BPJS_PBI", "BPJS_NONPBI", "UMUM"], "ASURANSI")
    payer = np.where(is_poor & (luck < 90), "BPJS_PBI", own)
    return text(np.where(rng.random(len(who)) < 0.03, "UMUM", payer))


def draw_health_staff(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `tenaga_kesehatan`: civil servants with a health job, and others at clinics and hospitals."""
    staff = city["pegawai"]
    servants = staff[staff["jabatan"].isin(list(JOBS)) & staff["kode_opd"].str.startswith("1.02")].reset_index(
        drop=True
    )
    learned = city["penduduk"]["pendidikan"].isin(["7", "8", "9"]).to_numpy()
    free = learned & ~city["penduduk"]["nik"].isin(staff["nik"]).to_numpy()
    hired = city.others(rng, max(50, city.size // 400), 23, 58, free)
    columns = ("nik", "nama_lengkap", "tanggal_lahir", "jenis_kelamin")
    who = pd.concat([servants[list(columns)], hired[list(columns)]], ignore_index=True)
    count, own = len(who), len(servants)
    job = pd.concat(
        [servants["jabatan"].map(JOBS), drawn(rng, {"PERAWAT": 42, "BIDAN": 26, "DOKTER": 10, "DOKTER_GIGI": 4,
         "APOTEKER": 7, "ANALIS": 4, "GIZI": 4, "SANITARIAN": 3}, len(hired))], ignore_index=True)  # fmt: skip
    desk = np.where(
        servants["kode_opd"] == "1.02.02",
        "3574011",
        np.where(servants["kode_opd"] == "1.02.03", YOUNG_HOSPITAL, "PUSKESMAS"),
    )
    other = pick(rng, ["KLINIK", "RS_SWASTA", "PUSKESMAS", "3574011", "APOTEK"], len(hired), [30, 26, 22, 14, 8])
    places = city["fasilitas_kesehatan"]
    place = places.iloc[_places(rng, places, np.r_[desk, other].astype(str))].reset_index(drop=True)
    status = np.where(place["kepemilikan_faskes"][own:] == "SWASTA", "GTY", "HONORER")
    kind = np.where(servants["status_pegawai"] == "PPPK", "PPPK", "PNS")
    return made(
        "tenaga_kesehatan",
        {
            **person(who, *columns),
            "nomor_str": scattered(np.arange(count), 16),
            "jenis_nakes": job.astype("str"),
            "kode_faskes": place["kode_faskes"],
            "status_ptk": text(np.r_[kind, status]),
            "berlaku_str_sampai": days(city.today + rng.integers(-120, 1800, count)),
        },
    )  # fmt: skip


def draw_results(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `capaian_kesehatan`: each indicator at puskesmas and city hospitals, 24 months."""
    return pd.concat(
        [result_rows(rng, city, month, 0) for month in months(city.today, REPORT_MONTHS)], ignore_index=True
    )


def result_rows(rng: np.random.Generator, city: City, month: Any, first: int) -> pd.DataFrame:
    """Return rows of `capaian_kesehatan` of one month; hospitals report tuberculosis and HIV alone."""
    places = city["fasilitas_kesehatan"]
    centres = places.loc[places["jenis_faskes"] == "PUSKESMAS", "kode_faskes"].tolist()
    hospitals = places.loc[places["jenis_faskes"] == "RSUD", "kode_faskes"].tolist()
    pairs = [(code, name) for code in centres + hospitals for name in INDICATORS
             if code in centres or name.startswith(("TBC", "HIV"))]  # fmt: skip
    rate = np.array([INDICATORS[name][1] for _, name in pairs])
    goal = np.maximum(1, np.round(rate * city.size / 6 * rng.normal(1, 0.08, len(pairs)))).astype(np.int64)
    share = np.where(np.array([name == "STUNTING" for _, name in pairs]), 0.16, 0.88)
    reached = np.minimum(rng.binomial(goal, np.clip(share + rng.normal(0, 0.05, len(pairs)), 0.02, 1)), goal)
    return made(
        "capaian_kesehatan",
        {
            "kode_faskes": text([code for code, _ in pairs]),
            "indikator_kesehatan": text([name for _, name in pairs]),
            "periode": str(month_of(month)),
            "sasaran": goal,
            "capaian": reached,
            "satuan": text([INDICATORS[name][0] for _, name in pairs]),
        },
        first,
    )
