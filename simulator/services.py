"""What residents ask of the city: applications for services and complaints; and what the police unit finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.city import City, made
from simulator.draw import Array, days, digits, drawn, listed, parts, phones, pick, text

CHANNELS = {"VIEW": 38, "LAPOR": 24, "WBS": 10, "POKIR": 15, "PPA": 13}
#: what a special channel is about: category, department, sentence
SPECIAL = {
    "WBS": ("LAINNYA", "6.01.01", "Dugaan penyalahgunaan wewenang di {tempat}"),
    "PPA": ("KEAMANAN", "1.06.01", "Permintaan pendampingan dari warga {tempat}"),
}
#: offence: regulation, weight
OFFENCES = {
    "PKL": ("Perda No. 2 Tahun 2016", 30), "REKLAME": ("Perda No. 4 Tahun 2010", 18),
    "MIRAS": ("Perda No. 9 Tahun 2015", 12), "BANGUNAN": ("Perda No. 1 Tahun 2019", 10),
    "KEBERSIHAN": ("Perda No. 5 Tahun 2018", 20), "TIPIRING": ("Perda No. 9 Tahun 2015", 10),
}  # fmt: skip


def in_year(prefix: str, when: Array, first: int, width: int = 6) -> pd.Series[Any]:
    """Number papers: prefix, year, serial, joined by hyphens."""
    year, _, _ = parts(when)
    written: pd.Series[Any] = prefix + digits(year, 4) + "-" + digits(first + 1 + np.arange(len(year)), width)
    return written.astype("str")


def progress(
    rng: np.random.Generator, when: Array, today: np.datetime64, steps: tuple[str, str, str, str], mean: float
) -> tuple[pd.Series[Any], Any]:
    """Return the state of what came in on the days `when`, and the day it was done (missing while open).

    `steps` are the words for new, in work, done, refused; `mean` is the usual time to the end in days.
    """
    new, work, done, refused = steps
    ends = when + np.ceil(rng.gamma(2, mean / 2, len(when))).astype(np.int64)
    state = text(np.where(rng.random(len(when)) < 0.94, done, refused))
    is_open = ends > today
    state = state.mask(is_open, text(np.where((today - when).astype(np.int64) < mean / 4, new, work)))
    return state, pd.Series(days(ends)).mask(is_open)


def draw_complaints(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `aduan` of the days `when`; who blows a whistle or asks for shelter is not named."""
    count = len(when)
    table = listed("aduan")
    line = table.iloc[rng.integers(0, len(table), count)].reset_index(drop=True)
    channel = drawn(rng, CHANNELS, count)
    special = [channel == name for name in SPECIAL]
    category, unit, said = (
        text(np.select(special, [rule[place] for rule in SPECIAL.values()], line[name].to_numpy(dtype=object)))
        for place, name in enumerate(("kategori", "kode_opd", "isi"))
    )
    who = city.some(rng, count, 17, 75)
    place = who["kode_kelurahan"].map(listed("kelurahan").set_index("kode")["nama"])
    head, tail = (said.str.partition("{tempat}")[end] for end in (0, 2))
    state, ended = progress(rng, when, city.today, ("BARU", "PROSES", "SELESAI", "DITOLAK"), 30)
    hidden = channel.isin(["PPA"]) | ((channel == "WBS") & (rng.random(count) < 0.7))
    return made(
        "aduan",
        {
            "nomor_aduan": in_year("ADU-", when, first),
            "kanal_aduan": channel,
            "kategori_aduan": category,
            "kode_opd": unit,
            "isi": head + place + tail,
            "tanggal_masuk": days(when),
            "tanggal_selesai": ended,
            "status_aduan": state,
            "kode_kelurahan": who["kode_kelurahan"],
            "nama_pelapor": who["nama_lengkap"].mask(hidden),
            "telepon_pelapor": who["telepon"].mask(hidden),
        },
        first,
    )


def draw_requests(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `layanan_publik` of the days `when`."""
    count = len(when)
    table = listed("layanan")
    weight = table["bobot"].astype(float).to_numpy()
    line = table.iloc[rng.choice(len(table), count, p=weight / weight.sum())].reset_index(drop=True)
    who = city.some(rng, count, 17, 75)
    state, ended = progress(rng, when, city.today, ("DITERIMA", "PROSES", "SELESAI", "DITOLAK"), 14)
    return made(
        "layanan_publik",
        {
            "nomor_permohonan": in_year("PMH-", when, first, 7),
            "kanal_layanan": line["kanal"].astype("str"),
            "jenis_layanan": line["jenis_layanan"].astype("str"),
            "kode_opd": line["kode_opd"].astype("str"),
            "nik_pemohon": who["nik"],
            "nama_pemohon": who["nama_lengkap"],
            "tanggal_masuk": days(when),
            "tanggal_selesai": ended,
            "status_layanan": state,
            "telepon": who["telepon"].fillna(phones(rng, count, 0.9)),
        },
        first,
    )


def draw_offences(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `pelanggaran_ketertiban` of the days `when`; fines in rupiah."""
    count = len(when)
    who = city.some(rng, count, 18, 70)
    kind = drawn(rng, {name: rule[1] for name, rule in OFFENCES.items()}, count)
    action = drawn(rng, {"TEGURAN": 56, "SITA": 14, "DENDA": 18, "SIDANG": 12}, count)
    fine = pick(rng, [100_000, 150_000, 250_000, 500_000, 1_000_000], count)
    return made(
        "pelanggaran_ketertiban",
        {
            "nomor_perkara": in_year("GAKDA-", when, first, 5),
            "jenis_pelanggaran": kind,
            "dasar_hukum": kind.map({name: rule[0] for name, rule in OFFENCES.items()}).astype("str"),
            "nik_pelanggar": who["nik"],
            "nama_pelanggar": who["nama_lengkap"],
            "kode_kelurahan": who["kode_kelurahan"],
            "tanggal_kejadian": days(when),
            "tindakan": action,
            "denda": np.where(action.isin(["DENDA", "SIDANG"]), fine, 0),
        },
        first,
    )
