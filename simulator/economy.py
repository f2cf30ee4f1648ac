"""Permits and food prices."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.draw import TODAY, days, digits, listed, parts, pick

MARKETS = ["Pasar Baru", "Pasar Gotong Royong", "Pasar Wonoasih", "Pasar Ketapang"]
PRICE_DAYS = 60
#: kind of permit: KBLI 2020, short code in the number, years of validity (0: for good), levy in rupiah
KINDS = {
    "Izin Usaha Perdagangan": ("47111", "IUP", 5, 0),
    "Izin Usaha Rumah Makan": ("56101", "IRM", 5, 250_000),
    "Izin Praktik Perawat": ("86903", "SIPP", 5, 0),
    "Izin Apotek": ("47721", "SIA", 5, 500_000),
    "Izin Usaha Industri Kecil": ("10794", "IUI", 0, 0),
    "Izin Reklame": ("73100", "IR", 1, 1_350_000),
    "Izin Penyelenggaraan Parkir": ("52215", "IPP", 1, 750_000),
    "Persetujuan Bangunan Gedung": ("41011", "PBG", 0, 2_150_000),
}
TRADES = ["Toko", "Warung", "Depot", "UD", "CV", "Bengkel", "Apotek", "Percetakan", "Kedai", "Konter"]
WORDS = ["Barokah", "Sumber Rejeki", "Maju Jaya", "Sinar Bromo", "Berkah Abadi", "Mitra Tani", "Cahaya Laut",
         "Lancar Jaya", "Anugerah", "Sejahtera", "Mandiri", "Bayu Segara"]  # fmt: skip


def draw_permits(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Return the frame `perizinan`: three to a hundred residents, at least 300; applicants are adults."""
    grown = people["tanggal_lahir"].to_numpy().astype("datetime64[D]") < TODAY - np.timedelta64(22 * 365, "D")
    able = np.flatnonzero(grown & (people["status_dasar"] == "1").to_numpy())
    count = max(300, len(people) * 3 // 100)
    who = people.iloc[np.sort(rng.choice(able, count))].reset_index(drop=True)
    kind = pd.Series(pick(rng, list(KINDS), count, [30, 18, 14, 4, 12, 10, 3, 9]), dtype="str")
    table = pd.DataFrame.from_dict(KINDS, orient="index", columns=["kbli", "short", "years", "levy"])
    facts = table.loc[kind].reset_index(drop=True)
    issued = TODAY - rng.integers(1, 6 * 365, count)
    ends = issued.astype("datetime64[D]") + facts["years"].to_numpy() * 365
    lasts = facts["years"].to_numpy() > 0
    fate = pick(rng, ["TERBIT", "PROSES", "DICABUT", "DITOLAK"], count, [88, 7, 2, 3])
    fate = np.where(lasts & (ends < TODAY) & (fate == "TERBIT"), "KEDALUWARSA", fate)
    year, _, _ = parts(issued)
    number = "503/" + digits(np.arange(1, count + 1), 5) + "/" + facts["short"] + "/425.112/" + digits(year, 4)
    firm = pick(rng, TRADES, count).astype(object) + " " + pick(rng, WORDS, count).astype(object)
    return pd.DataFrame(
        {
            "nomor_izin": number.astype("str"),
            "jenis_izin": kind,
            "nik_pemohon": who["nik"],
            "nama_pemohon": who["nama_lengkap"],
            "nib": ("9120" + digits(rng.integers(0, 10**9, count), 9)).astype("str"),
            "nama_usaha": pd.Series(firm, dtype="str"),
            "kbli": facts["kbli"].astype("str"),
            "kode_kelurahan": who["kode_kelurahan"],
            "tanggal_terbit": days(issued),
            "tanggal_berakhir": pd.Series(days(ends)).where(lasts),
            "status_izin": pd.Series(fate, dtype="str"),
            "retribusi": (facts["levy"].to_numpy() * rng.integers(1, 4, count)).astype(np.int64),
        }
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
