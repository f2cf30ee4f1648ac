"""Waste by month, and incidents with their victims."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.city import City, made
from simulator.draw import Array, days, drawn, listed, month_of, months, phones, streets, text
from simulator.services import in_year, progress

WASTE = {"ORGANIK": 2600, "PLASTIK": 620, "KERTAS": 410, "LOGAM": 90, "KACA": 70, "RESIDU": 900}
WASTE_MONTHS = 6
#: kind of incident: weight in the emergency call centre, weight at the disaster agency
INCIDENTS = {"BANJIR": (8, 34), "KEBAKARAN": (20, 18), "ANGIN": (5, 20), "LONGSOR": (1, 5), "POHON_TUMBANG": (10, 23),
             "KECELAKAAN": (30, 0), "MEDIS": (26, 0)}  # fmt: skip


def draw_waste(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `sampah`: a waste bank in every kelurahan, six months, kilograms."""
    last = month_of(city.today) - 1
    return pd.concat([waste_rows(rng, month, 0) for month in months(last, WASTE_MONTHS)], ignore_index=True)


def waste_rows(rng: np.random.Generator, month: Any, first: int) -> pd.DataFrame:
    """Return rows of `sampah` of one month."""
    villages = listed("kelurahan")
    place = villages.loc[villages.index.repeat(len(WASTE))].reset_index(drop=True)
    count = len(place)
    kind = text(list(WASTE) * len(villages))
    mean = kind.map(WASTE).to_numpy(float) * place["bobot"].astype(float).to_numpy() / 36
    clients = np.repeat(rng.integers(20, 160, len(villages)), len(WASTE))
    return made(
        "sampah",
        {
            "kode_lokasi": "BS-" + place["kode_bps"].str[-6:],
            "periode": str(month_of(month)),
            "jenis_sampah": kind,
            "nama_lokasi": "Bank Sampah " + place["nama"],
            "kode_kelurahan": place["kode"].astype("str"),
            "berat": mean * rng.gamma(16, 1 / 16, count),
            "jumlah_nasabah": clients,
        },
        first,
    )


def draw_incidents(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `bencana` on the days `when`: of the call centre (C112) and the disaster agency (MASBRO)."""
    count = len(when)
    source = drawn(rng, {"C112": 64, "MASBRO": 36}, count)
    called, told = (drawn(rng, {name: rule[way] for name, rule in INCIDENTS.items()}, count) for way in (0, 1))
    kind = called.where(source == "C112", told)
    big = kind.isin(["BANJIR", "LONGSOR", "ANGIN", "KEBAKARAN"]).to_numpy()
    homes = np.where(big, rng.poisson(np.where(kind == "BANJIR", 6, 1.2), count), 0)
    who = city.some(rng, count, 17, 70)
    state, _ = progress(rng, when, city.today, ("LAPOR", "DITANGANI", "SELESAI", "SELESAI"), 12)
    hurt = np.where(kind.isin(["KECELAKAAN", "KEBAKARAN", "LONGSOR"]), 0.8, np.where(kind == "MEDIS", 0, 0.05))
    return made(
        "bencana",
        {
            "nomor_kejadian": in_year("KJD-", when, first, 5),
            "jenis_bencana": kind,
            "tanggal_kejadian": days(when),
            "kode_kelurahan": who["kode_kelurahan"],
            "lokasi": streets(rng, count),
            "korban_jiwa": rng.poisson(hurt * 0.04),
            "korban_luka": rng.poisson(hurt),
            "mengungsi": homes * rng.integers(0, 4, count),
            "rumah_rusak": homes,
            "nama_pelapor": who["nama_lengkap"],
            "telepon_pelapor": who["telepon"].fillna(phones(rng, count, 0.9)),
            "status_penanganan": state,
            "sumber": source,
        },
        first,
    )
