"""Houses, parcels with their tax, and the water company's customers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.city import City, made
from simulator.draw import Array, days, digits, drawn, listed, month_of, rounded, scattered
from simulator.social import person

#: walls, roofs, floors and toilets of the others and of the poor, by weight
WALLS = ({"TEMBOK": 95, "KAYU": 4, "LAINNYA": 1}, {"TEMBOK": 68, "KAYU": 16, "BAMBU": 13, "LAINNYA": 3})
ROOFS = ({"GENTENG": 84, "ASBES": 8, "BETON": 8}, {"GENTENG": 72, "ASBES": 16, "SENG": 12})
FLOORS = ({"KERAMIK": 82, "SEMEN": 17, "KAYU": 1}, {"KERAMIK": 25, "SEMEN": 52, "TANAH": 20, "KAYU": 3})
TOILETS = ({"SENDIRI": 96, "BERSAMA": 4}, {"SENDIRI": 60, "BERSAMA": 26, "TIDAK_ADA": 14})
TENURES = {"MILIK": 76, "SEWA": 13, "MENUMPANG": 8, "DINAS": 3}
CITY_HALL = "PEMERINTAH KOTA PROBOLINGGO"
TARIFFS = {"R1": 20, "R2": 66, "N1": 9, "S1": 4, "I1": 1}


def draw_houses(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `perumahan`: a house for nine families in ten, tenants' houses owned by other residents."""
    families = city["keluarga"]
    return house_rows(rng, city, np.flatnonzero(rng.random(len(families)) < 0.9), 0)


def _built(rng: np.random.Generator, is_poor: Array, weights: tuple[dict[str, int], dict[str, int]]) -> pd.Series[Any]:
    rich, poor = weights
    return drawn(rng, poor, len(is_poor)).where(is_poor, drawn(rng, rich, len(is_poor)))


def house_rows(rng: np.random.Generator, city: City, families: Array, first: int) -> pd.DataFrame:
    """Return rows of `perumahan` for positions in `keluarga`; floors in square metres."""
    cards, count = city.rows("keluarga", families), len(families)
    known = city.lookup("keluarga_miskin", "no_kk", cards["no_kk"], "status_rumah")
    is_poor = known.notna().to_numpy()
    status = drawn(rng, TENURES, count).mask(is_poor, known)
    landlord = city.some(rng, count, 30, 85)
    is_own, is_official = (status == "MILIK").to_numpy(), (status == "DINAS").to_numpy()
    wall, floor, toilet = (_built(rng, is_poor, weights) for weights in (WALLS, FLOORS, TOILETS))
    return made(
        "perumahan",
        {
            **person(cards, "no_kk", "alamat", "kode_kelurahan"),
            "id_rumah": "RMH-3574-" + digits(first + 1 + np.arange(count), 6),
            "nik_pemilik": cards["nik_kepala"].where(is_own, landlord["nik"]).where(~is_official),
            "nama_pemilik": cards["nama_kepala"].where(is_own, landlord["nama_lengkap"]).mask(is_official, CITY_HALL),
            "luas_lantai": np.where(is_poor, rng.integers(21, 70, count), rng.integers(36, 200, count)),
            "jenis_dinding": wall,
            "jenis_atap": _built(rng, is_poor, ROOFS),
            "jenis_lantai": floor,
            "sanitasi": toilet,
            "status_rumah": status,
            "layak_huni": is_fit(wall, floor, toilet),
            "tanggal_survei": days(city.today - rng.integers(0, 900, count)),
        },
        first,
    )


def is_fit(wall: pd.Series[Any], floor: pd.Series[Any], toilet: pd.Series[Any]) -> pd.Series[bool]:
    """Tell which houses are fit to live in: no earthen floor, firm walls, a toilet."""
    return ~(floor.eq("TANAH") | wall.isin(["BAMBU", "LAINNYA"]) | toilet.eq("TIDAK_ADA"))


def draw_parcels(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `objek_pajak`: a parcel for most private houses, in the owner's name."""
    houses = city["perumahan"]
    private = np.flatnonzero((houses["status_rumah"] != "DINAS") & (rng.random(len(houses)) < 0.92))
    return parcel_rows(rng, city, private, 0)


def parcel_rows(rng: np.random.Generator, city: City, houses: Array, first: int) -> pd.DataFrame:
    """Return rows of `objek_pajak` for positions in `perumahan`; areas in m2, value and tax in rupiah."""
    home, count = city.rows("perumahan", houses), len(houses)
    villages = listed("kelurahan").set_index("kode")["kode_bps"]
    serial = first + np.arange(count)
    built = home["luas_lantai"].to_numpy()
    ground = built + rng.integers(10, 220, count)
    value = ground * rounded(rng.lognormal(13.2, 0.5, count), 1000) + built * rounded(
        rng.normal(1.6e6, 3e5, count), 1000
    )
    value = np.maximum(value, 10_000_000)
    nop = home["kode_kelurahan"].map(villages).astype("str") + digits((serial // 900 + 1) * 10**4 + serial % 900 + 1, 7)
    return made(
        "objek_pajak",
        {
            "nop": nop + "0",
            "nama_wajib_pajak": home["nama_pemilik"],
            "nik_wajib_pajak": home["nik_pemilik"],
            "alamat_objek": home["alamat"],
            "kode_kelurahan": home["kode_kelurahan"],
            "luas_tanah": ground,
            "luas_bangunan": built,
            "njop": value,
            "tahun_pajak": 2025,
            "ketetapan": np.maximum(rounded(value * 0.001, 100), 10_000),
        },
        first,
    )


def draw_customers(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `pelanggan_air`: poor families that say PDAM, and six in ten of the others."""
    families, poor = city["keluarga"], city["keluarga_miskin"].set_index("no_kk")["sumber_air"]
    source = families["no_kk"].map(poor)
    has_pipe = np.where(source.notna(), source == "PDAM", rng.random(len(families)) < 0.62)
    return customer_rows(rng, city, np.flatnonzero(has_pipe), 0)


def customer_rows(rng: np.random.Generator, city: City, families: Array, first: int) -> pd.DataFrame:
    """Return rows of `pelanggan_air` for positions in `keluarga`; use in m3, arrears in rupiah."""
    cards, count = city.rows("keluarga", families), len(families)
    phone = city.lookup("penduduk", "nik", cards["nik_kepala"], "telepon")
    is_poor = cards["no_kk"].isin(city["keluarga_miskin"]["no_kk"]).to_numpy()
    use = np.round(rng.gamma(4, 4.5, count)).astype(np.int64)
    state = drawn(rng, {"AKTIF": 93, "TUTUP": 4, "SEGEL": 3}, count)
    late = np.where((rng.random(count) < 0.12) | (state == "SEGEL"), rng.integers(1, 7, count), 0)
    return made(
        "pelanggan_air",
        {
            "nomor_sambungan": ("01" + scattered(first + np.arange(count), 8)).astype("str"),
            "nik": cards["nik_kepala"],
            "nama_pelanggan": cards["nama_kepala"],
            "alamat": cards["alamat"],
            "kode_kelurahan": cards["kode_kelurahan"],
            "golongan_tarif": drawn(rng, TARIFFS, count).mask(is_poor, "R1"),
            "status_sambungan": state,
            "periode": str(month_of(city.today)),
            "pemakaian": np.where(state == "AKTIF", use, 0),
            "tunggakan": rounded(late * (use * 4200 + 15_000), 100),
            "telepon": phone.astype("str"),
        },
        first,
    )  # fmt: skip
