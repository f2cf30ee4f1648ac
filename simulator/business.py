"""Businesses with their companies, cooperatives, vacancies, and people who look for work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.city import City, made
from simulator.draw import Array, days, digits, drawn, listed, parts, phones, pick, rounded, scattered, streets, text
from simulator.social import person

SCALES = {"MIKRO": 70, "KECIL": 20, "MENENGAH": 7, "BESAR": 3}
FORMS = {"PT": 26, "CV": 40, "UD": 26, "KOPERASI": 4, "YAYASAN": 4}
STAFF = {"MIKRO": 4, "KECIL": 15, "MENENGAH": 55, "BESAR": 220}


def draw_businesses(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `pelaku_usaha` registered on the days `when`, in the order of their NIB."""
    count = len(when)
    who = city.some(rng, count, 21, 70)
    table = listed("kbli")
    line = table.iloc[_lines(rng, first, count)].reset_index(drop=True)
    scale = drawn(rng, SCALES, count)
    scale = scale.mask((line["jenis"] == "Hotel") & (scale == "MIKRO"), "KECIL")
    form = drawn(rng, FORMS, count)
    is_company = (scale != "MIKRO").to_numpy() | (rng.random(count) < 0.12)
    words = text(pick(rng, listed("firm_words")["kata"].to_numpy(dtype=object), count))
    name = form.where(is_company, line["jenis"].astype("str")) + " " + words
    return made(
        "pelaku_usaha",
        {
            "nib": ("9120" + scattered(first + np.arange(count), 9)).astype("str"),
            "nik_pemilik": who["nik"],
            "nama_pemilik": who["nama_lengkap"],
            "nama_usaha": name,
            "skala_usaha": scale,
            "kbli": line["kbli"].astype("str"),
            "tingkat_risiko": line["risiko"].astype("str"),
            "alamat": who["alamat"].where(~is_company, streets(rng, count)),
            "kode_kelurahan": who["kode_kelurahan"],
            "tanggal_nib": days(when),
            "telepon": who["telepon"].fillna(phones(rng, count, 0.9)),
        },
        first,
    )


def _lines(rng: np.random.Generator, first: int, count: int) -> Array:
    """Return lines of business by place in the list; the first ones of the city are one of each."""
    weight = listed("kbli")["bobot"].astype(float).to_numpy()
    lines = rng.choice(len(weight), count, p=weight / weight.sum())
    label = first + np.arange(count)
    return np.where(label < len(weight) * 4, label % len(weight), lines)


def company_rows(rng: np.random.Generator, firms: pd.DataFrame, today: np.datetime64, first: int) -> pd.DataFrame:
    """Return rows of `perusahaan`: those of `pelaku_usaha` whose name begins with a legal form."""
    form = firms["nama_usaha"].str.extract(r"^(\S+)", expand=False)
    firms = firms[form.isin(list(FORMS))].reset_index(drop=True)
    form, count = form[form.isin(list(FORMS))], len(firms)
    mean = firms["skala_usaha"].map(STAFF).to_numpy(float)
    since = firms["tanggal_nib"].to_numpy().astype("datetime64[D]")
    told = np.maximum(since, today - rng.integers(0, 365, count))
    return made(
        "perusahaan",
        {
            **person(firms, "nib", "kbli", "alamat", "kode_kelurahan", "telepon"),
            "nama_perusahaan": firms["nama_usaha"],
            "bentuk_usaha": form,
            "jumlah_tenaga_kerja": np.maximum(1, rng.poisson(mean)),
            "status_perusahaan": drawn(rng, {"AKTIF": 92, "TUTUP": 5, "PINDAH": 3}, count),
            "tanggal_lapor": days(told),
        },
        first,
    )


def draw_small_firms(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `koperasi_umkm`: cooperatives, registered micro and small firms, and some without a NIB."""
    firms = city["pelaku_usaha"]
    small = firms[firms["skala_usaha"].isin(["MIKRO", "KECIL"])].reset_index(drop=True)
    small = small.iloc[np.flatnonzero(rng.random(len(small)) < 0.8)]
    free, groups = max(40, len(small) // 3), max(40, city.size // 1200)
    who = city.some(rng, free + groups, 24, 70)
    words = text(pick(rng, listed("firm_words")["kata"].to_numpy(dtype=object), free + groups))
    table = listed("kbli")
    branch = text(pick(rng, table["bidang"].to_numpy(dtype=object), free + groups))
    is_group = np.r_[np.zeros(len(small) + free, bool), np.ones(groups, bool)]
    kind = text(np.where(is_group, "KOPERASI", "UMKM"))
    trade = branch.map(table.drop_duplicates("bidang").set_index("bidang")["jenis"])
    name = text(np.where(is_group[len(small) :], "Koperasi", trade)) + " " + words
    bidang = small["kbli"].map(table.set_index("kbli")["bidang"])
    founded = np.r_[
        small["tanggal_nib"].to_numpy().astype("datetime64[D]"), city.today - rng.integers(30, 5000, len(who))
    ]
    count = len(kind)
    return made(
        "koperasi_umkm",
        {
            "nomor_induk": ("3574" + scattered(np.arange(count), 9)).astype("str"),
            "jenis_kumkm": kind,
            "nama": pd.concat([small["nama_usaha"], name]),
            "nik_pengurus": pd.concat([small["nik_pemilik"], who["nik"]]),
            "nama_pengurus": pd.concat([small["nama_pemilik"], who["nama_lengkap"]]),
            "nib": pd.concat([small["nib"], text([None] * len(who))]),
            "bidang_usaha": pd.concat([bidang, branch]).astype("str"),
            "kode_kelurahan": pd.concat([small["kode_kelurahan"], who["kode_kelurahan"]]),
            "jumlah_anggota": np.where(is_group, rng.integers(20, 400, count), rng.integers(1, 6, count)),
            "omzet_tahunan": rounded(rng.lognormal(18, 0.9, count), 100_000),
            "tanggal_berdiri": days(founded),
            "status_usaha": drawn(rng, {"AKTIF": 88, "TIDAK_AKTIF": 12}, count),
        },
    )  # fmt: skip


def draw_vacancies(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `lowongan_kerja` opened on the days `when` by companies at work; wages in rupiah a month."""
    firms, count = city["perusahaan"], len(when)
    able = np.flatnonzero(firms["status_perusahaan"] == "AKTIF")
    firm = city.rows("perusahaan", rng.choice(able if len(able) else np.arange(len(firms)), count))
    closes = when + rng.integers(10, 45, count)
    ended = text(np.where(rng.random(count) < 0.6, "TERISI", "TUTUP"))
    year, _, _ = parts(when)
    return made(
        "lowongan_kerja",
        {
            "nomor_lowongan": ("LK-" + digits(year, 4) + "-" + digits(first + 1 + np.arange(count), 5)).astype("str"),
            "nib": firm["nib"],
            "nama_perusahaan": firm["nama_perusahaan"],
            "jabatan": sentences(rng, "JABATAN", count),
            "jumlah": rng.integers(1, 12, count),
            "pendidikan_minimal": drawn(rng, {"4": 12, "5": 60, "7": 12, "8": 16}, count),
            "gaji": rounded(rng.normal(2_900_000, 500_000, count).clip(1_500_000), 50_000),
            "tanggal_buka": days(when),
            "tanggal_tutup": days(closes),
            "status_lowongan": ended.where(pd.Series(closes < city.today), "BUKA"),
        },
        first,
    )


def draw_seekers(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `pencari_kerja` registered on the days `when`; a card is valid for two years."""
    count = len(when)
    idle = city["penduduk"]["pekerjaan"].isin(["1", "3"]).to_numpy()
    who = city.some(rng, count, 18, 45, idle)
    schooling = who["pendidikan"]
    major = text(pick(rng, ["Akuntansi", "Teknik Mesin", "IPA", "IPS", "Tata Boga", "Manajemen", "Informatika"], count))
    year, month, _ = parts(when)
    number = "3574-" + digits(year * 100 + month, 6) + "-" + digits(first + 1 + np.arange(count), 6)
    state = drawn(rng, {"MENCARI": 62, "BEKERJA": 28, "PELATIHAN": 10}, count)
    columns = (
        "nik",
        "nama_lengkap",
        "tanggal_lahir",
        "jenis_kelamin",
        "pendidikan",
        "alamat",
        "kode_kelurahan",
        "telepon",
    )
    return made(
        "pencari_kerja",
        {
            **person(who, *columns),
            "nomor_ak1": number.astype("str"),
            "jurusan": major.where(schooling.isin(["5", "6", "7", "8", "9", "10"])),
            "jabatan_diinginkan": sentences(rng, "JABATAN", count),
            "tanggal_daftar": days(when),
            "berlaku_sampai": days(when + 730),
            "status_kerja": state.mask(when > city.today - 14, "MENCARI"),
        },
        first,
    )  # fmt: skip


def sentences(rng: np.random.Generator, kind: str, size: int) -> pd.Series[Any]:
    """Draw texts of a kind from `judul.csv`."""
    table = listed("judul")
    return text(pick(rng, table.loc[table["jenis"] == kind, "kalimat"].to_numpy(dtype=object), size))
