"""Payments of city taxes and levies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.city import City, made
from simulator.draw import (
    Array,
    days,
    digits,
    drawn,
    month_of,
    months,
    parts,
    pick,
    rounded,
    spread,
    text,
    written_months,
)

#: tax of a business by its KBLI, and the mean of a month in rupiah
MONTHLY = {
    "55111": ("HOTEL", 6_500_000),
    "56101": ("RESTORAN", 2_100_000),
    "93292": ("HIBURAN", 1_700_000),
    "73100": ("REKLAME", 1_350_000),
    "52215": ("PARKIR", 900_000),
    "47249": ("RETRIBUSI_PASAR", 150_000),
}
CHANNELS = {"TELLER": 32, "ATM": 14, "MOBILE": 26, "QRIS": 16, "KANTOR": 12}
TAX_MONTHS = 12
PARKING_SPOTS = 6
#: taxpayers come on the first twenty days of a month, a part of them each day
TURNS = 20


def payment_rows(rng: np.random.Generator, due: pd.DataFrame, first: int) -> pd.DataFrame:
    """Return rows of `pembayaran_pajak` for what was due.

    `due` has jenis_pajak, nop, nama_wajib_pajak, nik_wajib_pajak, masa_pajak, paid (days), pokok (rupiah) and late
    (months); the fine is two per cent a month.
    """
    due, count = due.reset_index(drop=True), len(due)
    year, _, _ = parts(due["paid"].to_numpy())
    number = "SSPD-" + digits(year, 4) + "-" + digits(first + 1 + np.arange(count), 7)
    return made(
        "pembayaran_pajak",
        {
            **{name: due[name] for name in ("jenis_pajak", "nop", "nama_wajib_pajak", "nik_wajib_pajak", "masa_pajak")},
            "nomor_pembayaran": number.astype("str"),
            "tanggal_bayar": days(due["paid"]),
            "pokok": due["pokok"],
            "denda": rounded(due["pokok"].to_numpy() * 0.02 * due["late"].to_numpy(), 100),
            "kanal_bayar": drawn(rng, CHANNELS, count),
            "status_bayar": drawn(rng, {"LUNAS": 95, "KURANG": 4, "BATAL": 1}, count),
        },
        first,
    )


def draw_payments(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `pembayaran_pajak`: two years of land tax, twelve months of the other taxes, by day."""
    last = month_of(city.today) - 1
    parts_due = [
        _land(rng, city, 2024, 0.72, spread_until="2024-12-20"),
        _land(rng, city, 2025, 0.45, spread_until=str(city.today)),
        transfers(rng, city, spread(rng, max(60, len(city["objek_pajak"]) // 40), city.today - 700, city.today)),
        *[monthly(rng, city, month) for month in months(last, TAX_MONTHS)],
    ]
    due = pd.concat(parts_due, ignore_index=True).sort_values("paid", kind="stable")
    return payment_rows(rng, due, 0)


def _land(rng: np.random.Generator, city: City, year: int, share: float, spread_until: str) -> pd.DataFrame:
    parcels = city["objek_pajak"]
    chosen = np.flatnonzero(rng.random(len(parcels)) < share)
    paid = rng.permutation(spread(rng, len(chosen), f"{year}-02-01", spread_until))
    return land_due(city, chosen, paid)


def land_due(city: City, chosen: Array, paid: Array) -> pd.DataFrame:
    """Return what is due of parcels, by position in `objek_pajak`, paid on those days; due on 30 September."""
    parcels = city.rows("objek_pajak", chosen)
    year, month, _ = parts(paid)
    return pd.DataFrame(
        {
            "jenis_pajak": text(["PBB"] * len(chosen)),
            "nop": parcels["nop"],
            "nama_wajib_pajak": parcels["nama_wajib_pajak"],
            "nik_wajib_pajak": parcels["nik_wajib_pajak"],
            "masa_pajak": (digits(year, 4) + "-01").astype("str"),
            "paid": paid.astype("datetime64[s]"),
            "pokok": parcels["ketetapan"],
            "late": np.maximum(month - 9, 0),
        }
    )


def transfers(rng: np.random.Generator, city: City, when: Array) -> pd.DataFrame:
    """Return what buyers of parcels owe (BPHTB) on the days `when`: five per cent above the free amount."""
    parcels, count = city["objek_pajak"], len(when)
    parcel = city.rows("objek_pajak", rng.integers(0, len(parcels), count))
    buyer = city.some(rng, count, 24, 70)
    return pd.DataFrame(
        {
            "jenis_pajak": text(["BPHTB"] * count),
            "nop": parcel["nop"],
            "nama_wajib_pajak": buyer["nama_lengkap"],
            "nik_wajib_pajak": buyer["nik"],
            "masa_pajak": written_months(when),
            "paid": when.astype("datetime64[s]"),
            "pokok": rounded(np.maximum(parcel["njop"].to_numpy() * 1.2 - 80e6, 2e6) * 0.05, 1000),
            "late": 0,
        }
    )


def monthly(rng: np.random.Generator, city: City, month: np.datetime64, turn: int | None = None) -> pd.DataFrame:
    """Return what businesses and parking attendants paid in the month after `month`.

    With a `turn` from 0 to 19 it is what the twentieth part of them pays today.
    """
    firms = city["pelaku_usaha"]
    began = firms["tanggal_nib"].to_numpy().astype("datetime64[M]")
    firms = firms[firms["kbli"].isin(list(MONTHLY)) & (began <= month)]
    kind = firms["kbli"].map({code: rule[0] for code, rule in MONTHLY.items()})
    mean = firms["kbli"].map({code: rule[1] for code, rule in MONTHLY.items()}).to_numpy(float)
    keepers = city.some(rng, max(PARKING_SPOTS, city.size // 3000), 25, 60)
    count = len(firms) + len(keepers)
    late = (rng.random(count) < 0.08).astype(np.int64)
    paid = (month + 1).astype("datetime64[D]") + np.where(late, rng.integers(15, 28, count), rng.integers(0, 15, count))
    size = np.r_[mean * rng.gamma(4, 0.25, len(firms)), rng.integers(200_000, 900_000, len(keepers))]
    columns: dict[str, Any] = {
        "jenis_pajak": pd.concat([kind, text(["RETRIBUSI_PARKIR"] * len(keepers))]).astype("str").array,
        "nop": text([None] * count),
        "nama_wajib_pajak": pd.concat([firms["nama_usaha"], keepers["nama_lengkap"]]).array,
        "nik_wajib_pajak": pd.concat([firms["nik_pemilik"], keepers["nik"]]).array,
        "masa_pajak": str(month),
        "paid": np.minimum(paid, city.today).astype("datetime64[s]"),
        "pokok": rounded(np.maximum(size, 20_000), 1000),
        "late": late,
    }
    due = pd.DataFrame(columns)
    if turn is None:
        return due
    mine: pd.DataFrame = due[np.arange(count) % TURNS == turn].assign(paid=city.today.astype("datetime64[s]"), late=0)
    return mine


def some_land(rng: np.random.Generator, city: City, count: int) -> Array:
    """Draw positions of parcels whose tax of this year has not been paid yet."""
    paid = city["pembayaran_pajak"]
    year = str(city.today)[:4]
    done = paid.loc[(paid["jenis_pajak"] == "PBB") & (paid["masa_pajak"] == f"{year}-01"), "nop"]
    open_ones = np.flatnonzero(~city["objek_pajak"]["nop"].isin(done))
    chosen: Array = pick(rng, open_ones, count) if len(open_ones) else open_ones
    return np.unique(chosen)
