"""Permits and food prices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.city import City, made
from simulator.draw import TODAY, Array, days, digits, drawn, listed, parts, pick, text

MARKETS = ["Pasar Baru", "Pasar Gotong Royong", "Pasar Wonoasih", "Pasar Ketapang"]
PRICE_DAYS = 60
#: kind of permit: KBLI 2020, short code in the number, years of validity (0: for good), levy in rupiah, weight
KINDS = {
    "Izin Usaha Perdagangan": ("47111", "IUP", 5, 0, 28),
    "Izin Usaha Rumah Makan": ("56101", "IRM", 5, 250_000, 16),
    "Izin Praktik Perawat": ("86903", "SIPP", 5, 0, 12),
    "Izin Apotek": ("47721", "SIA", 5, 500_000, 5),
    "Izin Usaha Industri Kecil": ("10794", "IUI", 0, 0, 11),
    "Izin Reklame": ("73100", "IR", 1, 1_350_000, 9),
    "Izin Penyelenggaraan Parkir": ("52215", "IPP", 1, 750_000, 4),
    "Persetujuan Bangunan Gedung": ("41011", "PBG", 0, 2_150_000, 11),
    "Surat Keterangan Terdaftar Ormas": ("94990", "SKT", 5, 0, 9),
}
#: permits of a person or an association, who have no NIB
WITHOUT_NIB = ["Izin Praktik Perawat", "Persetujuan Bangunan Gedung", "Surat Keterangan Terdaftar Ormas"]


def draw_permits(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `perizinan` of the days `when`, most of them of businesses registered before."""
    count = len(when)
    kind = drawn(rng, {name: facts[4] for name, facts in KINDS.items()}, count)
    # the first permits of a city are some of each kind
    label = first + np.arange(count)
    kind = kind.where(label >= 45 * len(KINDS), text(np.asarray(list(KINDS), dtype=object)[label % len(KINDS)]))
    table = pd.DataFrame.from_dict(KINDS, orient="index", columns=["kbli", "short", "years", "levy", "weight"])
    facts = table.loc[kind].reset_index(drop=True)
    firms = city["pelaku_usaha"]
    older = np.searchsorted(firms["tanggal_nib"].to_numpy().astype("datetime64[D]"), when, side="right")
    older = np.where(older > 0, older, len(firms))
    firm = city.rows("pelaku_usaha", (rng.random(count) * older).astype(np.int64))
    who = city.some(rng, count, 22, 75)
    personal = kind.isin(WITHOUT_NIB)
    years = facts["years"].to_numpy()
    ends = when + years * 365
    fate = drawn(rng, {"TERBIT": 88, "PROSES": 7, "DICABUT": 2, "DITOLAK": 3}, count)
    fate = fate.mask((fate == "PROSES") & (when < city.today - 60), "TERBIT")
    fate = fate.mask((years > 0) & (ends < city.today) & (fate == "TERBIT"), "KEDALUWARSA")
    year, _, _ = parts(when)
    number = "503/" + digits(label + 1, 5) + "/" + facts["short"] + "/425.112/" + digits(year, 4)
    words = text(pick(rng, listed("firm_words")["kata"].to_numpy(dtype=object), count))
    society = ("Perkumpulan " + words).where(kind == WITHOUT_NIB[2])
    return made(
        "perizinan",
        {
            "nomor_izin": number.astype("str"),
            "jenis_izin": kind,
            "nik_pemohon": who["nik"].where(personal, firm["nik_pemilik"]),
            "nama_pemohon": who["nama_lengkap"].where(personal, firm["nama_pemilik"]),
            "nib": firm["nib"].mask(personal),
            "nama_usaha": firm["nama_usaha"].mask(personal, society),
            "kbli": facts["kbli"].astype("str"),
            "kode_kelurahan": who["kode_kelurahan"].where(personal, firm["kode_kelurahan"]),
            "tanggal_terbit": days(when),
            "tanggal_berakhir": pd.Series(days(ends)).where(years > 0),
            "status_izin": fate,
            "retribusi": facts["levy"].to_numpy() * rng.integers(1, 4, count),
        },
        first,
    )


def draw_prices(rng: np.random.Generator) -> pd.DataFrame:
    """Return the frame `harga_pangan`: rupiah per unit, 60 days, every market and commodity."""
    goods = listed("komoditas")
    base = goods["harga"].astype(float).to_numpy()
    drift = np.exp(np.cumsum(rng.normal(0, 0.008, (PRICE_DAYS, len(base))), axis=0))
    local = np.exp(rng.normal(0, 0.02, (PRICE_DAYS, len(MARKETS), len(base))))
    price = np.round(base * drift[:, None, :] * local / 100) * 100
    dates = TODAY - np.arange(PRICE_DAYS)[::-1]
    index = pd.MultiIndex.from_product([days(dates), MARKETS, goods["nama"]], names=["tanggal", "pasar", "komoditas"])
    frame = pd.DataFrame({"harga": price.astype(np.int64).reshape(-1)}, index=index).reset_index()
    frame["tanggal"] = days(frame["tanggal"])
    frame[["pasar", "komoditas"]] = frame[["pasar", "komoditas"]].astype("str")
    units = dict(zip(goods["nama"], goods["satuan"], strict=True))
    frame["satuan"] = frame["komoditas"].map(units).astype("str")
    return frame[["tanggal", "komoditas", "pasar", "harga", "satuan"]]


def next_prices(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the rows of `harga_pangan` of today: the newest ones, changed by a percent or so."""
    prices = city["harga_pangan"]
    last = prices[prices["tanggal"] == prices["tanggal"].max()]
    moved = last["harga"].to_numpy() * np.exp(rng.normal(0, 0.012, len(last)))
    columns: dict[str, Any] = {name: last[name] for name in ("komoditas", "pasar", "satuan")}
    columns["harga"] = (np.maximum(np.round(moved / 100), 10) * 100).astype(np.int64)
    columns["tanggal"] = np.full(len(last), city.today)
    return made("harga_pangan", columns, city.first_free("harga_pangan"))
