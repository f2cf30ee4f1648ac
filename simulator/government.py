"""Budgets, results and the performance of employees, by month."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.city import City, made
from simulator.draw import Array, listed, month_of, months, parts, rounded, text

#: source: years and the last month of each; a key (department, account, year, month) has one source
BUDGETS = {"SIMRAL": (2023, 12), "SIPD_LAK": (2024, 12), "SIPD_REN": (2025, 6), "EMONEV": (2025, 6)}
ALONE = {"SIASIK": "1.02.02", "ARKAS": "1.01.01"}
RATING_MONTHS = 3
WORKDAYS = 21
RATINGS = {"HARIAN": (88, 8), "PRESENSI": (95, 5), "SKP": (92, 9), "ANGKA_KREDIT": (75, 18)}


def draw_budgets(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `anggaran_realisasi`: rupiah of the year, spent by the end of each month."""
    table = listed("rekening")
    shared = table[~table["sumber"].isin(list(ALONE))]
    units = city["opd"]["kode_opd"]
    units = units[units != ALONE["SIASIK"]]
    wide = len(shared) if city.size > 50_000 else 3
    blocks = []
    for source, (year, last) in BUDGETS.items():
        own = (
            shared[shared["sumber"] == source]
            if source in set(table["sumber"])
            else shared.iloc[:: max(1, len(shared) // wide)]
        )
        blocks.append(_block(rng, units, own, source, year, last))
    for source, unit in ALONE.items():
        own = table[table["sumber"] == source]
        blocks += [_block(rng, pd.Series([unit]), own, source, year, last) for year, last in ((2024, 12), (2025, 6))]
    rows = pd.concat(blocks, ignore_index=True)
    return made("anggaran_realisasi", {str(name): rows[name] for name in rows})


def _block(
    rng: np.random.Generator, units: pd.Series[Any], accounts: pd.DataFrame, source: str, year: int, last: int
) -> pd.DataFrame:
    """Return the months of a year for each department and account; what is spent grows from month to month."""
    pairs = pd.DataFrame({"kode_opd": units}).merge(accounts.drop(columns="sumber"), how="cross")
    budget = rounded(pairs["anggaran"].astype(float) * rng.lognormal(0, 0.5, len(pairs)), 1000)
    path = np.cumsum(rng.gamma(4, 0.25, (len(pairs), 12)), axis=1)
    share = path / path[:, -1:] * rng.uniform(0.82, 1.0, (len(pairs), 1))
    rows = pairs.loc[pairs.index.repeat(last)].reset_index(drop=True)
    share = share[:, :last].reshape(-1)
    amount = np.repeat(budget, last)
    return rows.assign(
        tahun=year,
        bulan=np.tile(np.arange(1, last + 1), len(pairs)),
        anggaran=amount,
        realisasi=rounded(amount * share, 100),
        realisasi_fisik=np.minimum(share * 100 + rng.uniform(0, 6, len(rows)), 100),
        sumber=source,
    )


def next_budgets(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the rows of `anggaran_realisasi` of the month that ended yesterday: the newest ones go on."""
    rows = city["anggaran_realisasi"]
    year, month, _ = (int(part[0]) for part in parts(np.array([city.today - 1])))  # of yesterday
    last = rows[(rows["tahun"] == year) & (rows["bulan"] == month - 1)]
    spent = last["realisasi"].to_numpy() + last["anggaran"].to_numpy() * rng.gamma(4, 0.25, len(last)) / 12.5
    spent = np.minimum(rounded(spent, 100), last["anggaran"])
    done = np.minimum(last["realisasi_fisik"] + 100 * rng.gamma(4, 0.25, len(last)) / 12, 100)
    columns: dict[str, Any] = {str(name): last[name] for name in last} | {"bulan": np.full(len(last), month)}
    first = city.first_free("anggaran_realisasi")
    return made("anggaran_realisasi", columns | {"realisasi": spent, "realisasi_fisik": done}, first)


def draw_indicators(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `capaian_kinerja`: two years of every indicator in its rhythm."""
    return pd.concat([indicator_rows(rng, city, month, 0) for month in months(city.today, 24)], ignore_index=True)


def indicator_rows(rng: np.random.Generator, city: City, month: Any, first: int) -> pd.DataFrame:
    """Return rows of `capaian_kinerja` that are due at the end of a month."""
    table = listed("indikator")
    number = int(parts(np.array([month]))[1][0])
    due = table[number % table["bulan"].astype(int) == 0]
    units = city["opd"]["kode_opd"]
    pairs = due.merge(pd.DataFrame({"unit": units}), how="cross")
    fits = [unit.startswith(prefix) for unit, prefix in zip(pairs["unit"], pairs["kode_opd"], strict=True)]
    pairs = pairs[np.asarray(fits, bool)].reset_index(drop=True)
    goal = pairs["target"].astype(float).to_numpy()
    reached = np.round(goal * rng.normal(0.96, 0.09, len(pairs)).clip(0.4, 1.3), 2)
    is_share = pairs["satuan"].isin(["persen", "nilai"])
    whole = np.round(reached)
    reached = np.where(is_share, np.minimum(reached, 100), np.where(goal % 1 == 0, whole, reached))
    return made(
        "capaian_kinerja",
        {
            "kode_opd": pairs["unit"],
            "kode_indikator": pairs["kode"].astype("str"),
            "periode": str(month_of(month)),
            "nama_indikator": pairs["nama"].astype("str"),
            "satuan": pairs["satuan"].astype("str"),
            "target": goal,
            "realisasi": reached,
            "sumber": pairs["sumber"].astype("str"),
        },
        first,
    )


def draw_ratings(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `kinerja_pegawai`: four kinds of rating for each employee, three months."""
    return pd.concat(
        [rating_rows(rng, city, month, 0) for month in months(city.today, RATING_MONTHS)], ignore_index=True
    )


def rating_rows(rng: np.random.Generator, city: City, month: Any, first: int) -> pd.DataFrame:
    """Return rows of `kinerja_pegawai` of one month; values up to 150, days at work only where they are counted."""
    staff = city["pegawai"]["nip"]
    count = len(staff) * len(RATINGS)
    kind = np.tile(np.asarray(list(RATINGS), dtype=object), len(staff))
    mean, width = (np.tile(np.array([rule[place] for rule in RATINGS.values()], float), len(staff)) for place in (0, 1))
    value = rng.normal(mean, width).clip(20, 120)
    is_presence = kind == "PRESENSI"
    present = rng.binomial(WORKDAYS, 0.955, count)
    value = np.where(is_presence, present / WORKDAYS * 100, value)
    word = np.select([value >= 90, value >= 75, value >= 60], ["SANGAT_BAIK", "BAIK", "CUKUP"], "KURANG")
    return made(
        "kinerja_pegawai",
        {
            "nip": staff.loc[staff.index.repeat(len(RATINGS))],
            "periode": str(month_of(month)),
            "jenis_penilaian": text(kind),
            "nilai": value,
            "predikat_kinerja": text(word),
            "hari_hadir": _where(present, is_presence),
            "hari_kerja": _where(np.full(count, WORKDAYS), is_presence),
        },
        first,
    )


def _where(values: Array, is_known: Array) -> pd.Series[Any]:
    numbers: pd.Series[Any] = pd.Series(values, dtype="Int64").where(is_known)
    return numbers
