"""What the city owns: land, goods, vehicles, roads, stocks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.city import City, made, villages
from simulator.draw import Array, days, digits, drawn, listed, parts, pick, rounded, scattered, spread, streets, text

USES = ["Kantor", "Sekolah", "Puskesmas", "Taman", "Lapangan", "Makam", "Balai Warga", "Pasar"]
VEHICLES = {
    "MOBIL_PENUMPANG": (["Toyota", "Suzuki", "Daihatsu"], 28), "MOBIL_BUS": (["Isuzu", "Hino"], 8),
    "MOBIL_BARANG": (["Mitsubishi", "Isuzu", "Hino"], 34), "SEPEDA_MOTOR": (["Honda", "Yamaha"], 22),
    "KHUSUS": (["Mitsubishi", "Hino"], 8),
}  # fmt: skip
STOCK_BATCHES = 3


def draw_land(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `aset_tanah`: parcels of the departments; areas in m2, values in rupiah."""
    count = max(120, city.size // 250)
    unit, use = city.units(rng, count), text(pick(rng, USES, count))
    state = drawn(rng, {"BERSERTIFIKAT": 58, "PROSES": 16, "BELUM": 26}, count)
    area = rng.integers(120, 9000, count)
    serial = digits(np.arange(1, count + 1), 6)
    return made(
        "aset_tanah",
        {
            "kode_aset": ("1.3.1.01.01.04." + serial).astype("str"),
            "kode_opd": unit["kode_opd"],
            "nama_aset": "Tanah " + use,
            "alamat": streets(rng, count),
            "kode_kelurahan": villages(rng, count),
            "luas": area,
            "nomor_sertifikat": ("12.34." + serial + ".4.00001").astype("str").where(state == "BERSERTIFIKAT"),
            "status_sertifikat": state,
            "tanggal_perolehan": days(spread(rng, count, "1975-01-01", "2024-12-31")),
            "nilai_perolehan": rounded(area * rng.normal(650_000, 180_000, count).clip(100_000), 10_000),
            "penggunaan": use,
        },
    )


def draw_goods(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `barang_milik_daerah` acquired on the days `when`; prices in rupiah."""
    table, count = listed("barang"), len(when)
    # one in three goes through the list, so that every class is there; the rest is equipment
    in_turn = (first + np.arange(count)) % len(table)
    equipment = pick(rng, np.flatnonzero(table["kib"] == "B"), count)
    goods = table.iloc[np.where(rng.random(count) < 0.35, in_turn, equipment)].reset_index(drop=True)
    year, _, _ = parts(when)
    years = ((city.today - when).astype(np.int64) / 365).clip(0, 12)
    worn = rng.random(count) + years / 16
    unit = city.units(rng, count)
    return made(
        "barang_milik_daerah",
        {
            "kode_register": "12.35.74." + digits(year, 4) + "." + digits(first + 1 + np.arange(count), 7),
            "kode_barang": goods["kode_barang"].astype("str"),
            "nama_barang": goods["nama_barang"].astype("str"),
            "kode_opd": unit["kode_opd"],
            "kib": goods["kib"].astype("str"),
            "kondisi_barang": text(np.select([worn < 1.1, worn < 1.5], ["B", "RR"], "RB")),
            "tanggal_perolehan": days(when),
            "harga_perolehan": rounded(goods["harga"].astype(float) * rng.normal(1, 0.12, count).clip(0.6), 1000),
            "merk": goods["merk"].astype("str").replace("", None),
            "lokasi": "Ruang " + digits(rng.integers(1, 40, count), 2),
        },
        first,
    )  # fmt: skip


def draw_vehicles(rng: np.random.Generator, city: City, when: Array, first: int) -> pd.DataFrame:
    """Return rows of `kendaraan` first inspected on the days `when`."""
    count = len(when)
    kind = drawn(rng, {name: rule[1] for name, rule in VEHICLES.items()}, count)
    owner = drawn(rng, {"DINAS": 26, "UMUM": 22, "PERUSAHAAN": 24, "PRIBADI": 28}, count)
    make = np.select([kind == name for name in VEHICLES], [pick(rng, rule[0], count) for rule in VEHICLES.values()], "")
    who, unit = city.some(rng, count, 22, 75), city.units(rng, count)
    firms = city["perusahaan"]
    firm = city.rows("perusahaan", rng.integers(0, len(firms), count))["nama_perusahaan"]
    name = who["nama_lengkap"].where(owner == "PRIBADI", firm).mask(owner == "DINAS", "PEMERINTAH KOTA PROBOLINGGO")
    year, _, _ = parts(when)
    tested = (kind != "SEPEDA_MOTOR").to_numpy()
    serial = first + np.arange(count)
    result = drawn(rng, {"LULUS": 93, "TIDAK_LULUS": 7}, count)
    return made(
        "kendaraan",
        {
            "nomor_polisi": _plates(serial),
            "nomor_rangka": "MHK" + scattered(serial, 12),
            "jenis_kendaraan": kind,
            "merk": text(make),
            "tahun_pembuatan": year - rng.integers(0, 4, count),
            "nama_pemilik": name,
            "kepemilikan_kendaraan": owner,
            "kode_opd": unit["kode_opd"].where(owner == "DINAS"),
            "nomor_uji": ("PBL" + digits(serial + 1, 6)).astype("str").where(tested),
            "berlaku_uji_sampai": pd.Series(days(city.today + rng.integers(-60, 182, count))).where(tested),
            "hasil_uji": result.where(tested),
        },
        first,
    )


def _plates(serial: Array) -> pd.Series[str]:
    """Write number plates of the region: N, 1000 to 9999, two letters from Q on."""
    letters = np.asarray([a + b for a in "QRST" for b in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"], dtype=object)
    number = (serial + 1) * 387_420_489 % (9000 * len(letters))
    plates: pd.Series[str] = (
        "N " + digits(1000 + number // len(letters), 4) + " " + text(letters[number % len(letters)])
    )
    return plates


def draw_roads(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `jalan`: lengths and widths in metres."""
    count = max(90, city.size // 600)
    names = listed("streets")["nama"].to_numpy(dtype=object)
    order = np.arange(count)
    base = text(names[order % len(names)])
    suffix = text([""] * count).where(order < len(names), " " + digits(order // len(names), 1))
    owner = drawn(rng, {"KOTA": 62, "LINGKUNGAN": 30, "PROVINSI": 4, "NASIONAL": 4}, count)
    main = owner.isin(["PROVINSI", "NASIONAL"]).to_numpy()
    return made(
        "jalan",
        {
            "nomor_ruas": ("35.74." + digits(order + 1, 4)).astype("str"),
            "nama_ruas": "Jalan " + base + suffix,
            "kode_kelurahan": villages(rng, count),
            "panjang": rng.integers(90, 2400, count),
            "lebar": np.where(main, rng.uniform(7, 14, count), rng.uniform(2, 7, count)),
            "jenis_permukaan": drawn(rng, {"ASPAL": 55, "BETON": 8, "PAVING": 28, "KERIKIL": 5, "TANAH": 4}, count),
            "kondisi_jalan": drawn(rng, {"BAIK": 60, "SEDANG": 22, "RUSAK_RINGAN": 12, "RUSAK_BERAT": 6}, count),
            "status_jalan": owner,
            "tahun_data": pick(rng, [2024, 2025], count),
        },
    )


def draw_stocks(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `persediaan`: batches of goods at puskesmas, the hospital and the city hall."""
    table, places = listed("stok"), city["fasilitas_kesehatan"]
    rooms = {
        "SMILE": places.loc[places["jenis_faskes"] == "PUSKESMAS", "kode_faskes"].tolist(),
        "SIGARANG": ["RS-GUDANG", "RS-FARMASI", "RS-IGD", "RS-BEDAH"],
        "SETDA": ["SETDA-UMUM", "SETDA-HUKUM", "SETDA-KESRA", "SETDA-ORG"],
    }
    pairs = [(room, row) for row, source in enumerate(table["sumber"]) for room in rooms[source]]
    goods = table.iloc[[row for _, row in pairs for _ in range(STOCK_BATCHES)]].reset_index(drop=True)
    room = text([room for room, _ in pairs for _ in range(STOCK_BATCHES)])
    count = len(goods)
    amount = rng.integers(2, 800, count)
    spoils = goods["sumber"] != "SETDA"
    return made(
        "persediaan",
        {
            "kode_lokasi": room,
            "kode_barang": goods["kode_barang"].astype("str"),
            "nomor_batch": "B" + scattered(np.arange(count), 7),
            "nama_barang": goods["nama_barang"].astype("str"),
            "jumlah": amount,
            "satuan": goods["satuan"].astype("str"),
            "kedaluwarsa": pd.Series(days(city.today + rng.integers(-30, 900, count))).where(spoils),
            "nilai": amount * goods["harga"].astype(np.int64),
            "tanggal_opname": days(city.today - rng.integers(0, 90, count)),
            "sumber": goods["sumber"].astype("str"),
        },
    )
