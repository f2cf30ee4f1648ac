"""What people and offices change in a day: addresses, telephones, work, surveys, stocks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from simulator import edits
from simulator.city import City, villages
from simulator.draw import days, digits, drawn, phones, rounded, streets, text
from simulator.institutions import PPPK_RANKS, RANKS
from simulator.land import is_fit
from simulator.social import has_employee, poor_rows
from simulator.traits import occupation

#: changes a year for each that can change
REMOVALS, NUMBERS, JOBS, PROMOTIONS, TRANSFERS, POVERTY, HOUSES, STOCK = 0.01, 0.1, 0.03, 0.25, 0.05, 0.3, 0.1, 26
CLOSURES, SURVEYS = 0.2, 0.3


def removals(rng: np.random.Generator, city: City) -> None:
    """Families move within the city; their houses stand empty."""
    cards = city["keluarga"]
    labels = edits.some(rng, cards, REMOVALS)
    if len(labels) == 0:
        return
    count = len(labels)
    home = pd.DataFrame(
        {
            "no_kk": cards.loc[labels, "no_kk"].array,
            "alamat": streets(rng, count),
            "rt": digits(rng.integers(1, 9, count), 3).astype("str"),
            "rw": digits(rng.integers(1, 13, count), 3).astype("str"),
            "kode_kelurahan": villages(rng, count),
        }
    ).set_index("no_kk")
    people = city["penduduk"]
    for name in ("keluarga", "penduduk", "keluarga_miskin"):
        frame = city[name]
        rows = frame[frame["no_kk"].isin(home.index)]
        own = [column for column in edits.PLACE if column in frame]
        edits.change(city, name, rows.index, **{column: rows["no_kk"].map(home[column]) for column in own})
    moved = city["penduduk"][people["no_kk"].isin(home.index)]
    edits.tell(city, moved, edits.ADDRESSES, ["alamat", "kode_kelurahan"])
    houses = city["perumahan"]
    edits.change(city, "perumahan", houses.index[houses["no_kk"].isin(home.index)], no_kk=None)


def numbers(rng: np.random.Generator, city: City) -> None:
    """People get another telephone number; who has none sometimes gets one."""
    labels = edits.some(rng, city["penduduk"], NUMBERS, city.is_living & (city.age > 17))
    if len(labels):
        edits.change(city, "penduduk", labels, telepon=phones(rng, len(labels), 1.0))
        edits.tell(city, city["penduduk"].loc[labels], edits.PHONES, ["telepon"])


def jobs(rng: np.random.Generator, city: City) -> None:
    """Residents of working age who are no employees of the city take up other work."""
    people = city["penduduk"]
    free = city.is_living & (city.age >= 22) & (city.age < 58) & ~people["nik"].isin(city["pegawai"]["nik"]).to_numpy()
    labels = edits.some(rng, people, JOBS, free)
    if len(labels):
        who = people.loc[labels]
        work = occupation(rng, city.ages(who), (who["jenis_kelamin"] == "L").to_numpy())
        edits.change(city, "penduduk", labels, pekerjaan=work)


def careers(rng: np.random.Generator, city: City) -> None:
    """Employees rise by a step, and clerks go to another department."""
    staff = city["pegawai"]
    steps = {rank: after for ladder in (RANKS, PPPK_RANKS) for rank, after in pairwise(ladder)}
    labels = edits.some(rng, staff, PROMOTIONS, staff["golongan"].isin(list(steps)))
    edits.change(city, "pegawai", labels, golongan=staff.loc[labels, "golongan"].map(steps))
    clerks = ~staff["kode_opd"].str.startswith("1.0")
    labels = edits.some(rng, staff, TRANSFERS, clerks)
    if len(labels):
        unit = city.rows("opd", rng.integers(7, len(city["opd"]), len(labels)))
        edits.change(city, "pegawai", labels, kode_opd=unit["kode_opd"], unit_kerja=unit["nama"])


def poverty(rng: np.random.Generator, city: City) -> None:
    """Poor families are surveyed again: some rise out of the list, others come onto it."""
    poor = city["keluarga_miskin"]
    labels = edits.some(rng, poor, POVERTY)
    if len(labels) == 0:
        return
    level = np.clip(poor.loc[labels, "desil"].to_numpy() + rng.integers(-1, 2, len(labels)), 1, 5)
    income = rounded(450_000 * level + rng.integers(0, 500_000, len(labels)), 50_000)
    edits.change(city, "keluarga_miskin", labels, desil=level, pendapatan_bulanan=income, tanggal_survei=city.today)
    out = labels[level == 5]
    edits.drop(city, "keluarga_miskin", out)
    families = city["keluarga"]
    others = np.flatnonzero(~families["no_kk"].isin(poor["no_kk"]) & ~has_employee(city, families))
    if len(out) and len(others):
        cards = city.rows("keluarga", rng.choice(others, min(len(out), len(others)), replace=False))
        edits.add(city, "keluarga_miskin", poor_rows(rng, cards, city.today, city.first_free("keluarga_miskin")))


def repairs(rng: np.random.Generator, city: City) -> None:
    """Houses are surveyed again; some have been mended."""
    houses = city["perumahan"]
    labels = edits.some(rng, houses, HOUSES)
    if len(labels) == 0:
        return
    rows = houses.loc[labels]
    mended = rng.random(len(labels)) < 0.3
    floor = rows["jenis_lantai"].mask(mended, "KERAMIK")
    toilet = rows["sanitasi"].mask(mended, "SENDIRI")
    fit = is_fit(rows["jenis_dinding"], floor, toilet)
    edits.change(
        city, "perumahan", labels,
        jenis_lantai=floor, sanitasi=toilet, layak_huni=fit.astype("boolean"), tanggal_survei=city.today,
    )  # fmt: skip


def stocks(rng: np.random.Generator, city: City) -> None:
    """Batches are used and counted; an empty one is taken off the list, and a new one comes."""
    stock = city["persediaan"]
    labels = edits.some(rng, stock, STOCK)
    if len(labels) == 0:
        return
    rows = stock.loc[labels]
    left = np.maximum(rows["jumlah"].to_numpy() - rng.integers(1, 120, len(labels)), 0)
    price = rows["nilai"].to_numpy() // np.maximum(rows["jumlah"].to_numpy(), 1)
    edits.change(city, "persediaan", labels, jumlah=left, nilai=left * price, tanggal_opname=city.today)
    gone = rows[left == 0]
    edits.drop(city, "persediaan", gone.index)
    if len(gone):
        first, amount = city.first_free("persediaan"), rng.integers(200, 800, len(gone))
        batch = "B" + digits(10**7 + first + np.arange(len(gone)), 8)
        spoils = pd.Series(days(city.today + rng.integers(200, 900, len(gone))))
        fresh = gone.assign(
            nomor_batch=text(batch).array, jumlah=amount, nilai=amount * price[left == 0],
            kedaluwarsa=spoils.where(gone["kedaluwarsa"].notna().to_numpy()).array,
        )  # fmt: skip
        edits.add(city, "persediaan", fresh.set_axis(pd.RangeIndex(first, first + len(gone)), axis=0))


def closures(rng: np.random.Generator, city: City) -> None:
    """Small firms close and vanish from the registers: those that no permit, company or vacancy names."""
    firms, small = city["pelaku_usaha"], city["koperasi_umkm"]
    named = pd.concat([city[name]["nib"] for name in ("perusahaan", "perizinan", "lowongan_kerja")])
    labels = edits.some(rng, firms, CLOSURES, ~firms["nib"].isin(named))
    closed = small["nib"].isin(firms.loc[labels, "nib"])
    edits.drop(city, "koperasi_umkm", small.index[closed])
    edits.drop(city, "pelaku_usaha", labels)


def visits(rng: np.random.Generator, city: City) -> None:
    """Social workers see the elderly, people with disabilities and veterans again."""
    old = city["lansia"]
    labels = edits.some(rng, old, SURVEYS)
    state = drawn(rng, {"MANDIRI": 50, "RINGAN": 35, "BERAT": 15}, len(labels))
    edits.change(city, "lansia", labels, kemandirian=state, tanggal_pendataan=city.today)
    labels = edits.some(rng, city["disabilitas"], SURVEYS)
    degree = drawn(rng, {"RINGAN": 45, "SEDANG": 35, "BERAT": 20}, len(labels))
    edits.change(city, "disabilitas", labels, derajat_disabilitas=degree, tanggal_verifikasi=city.today)
    edits.change(city, "veteran", edits.some(rng, city["veteran"], SURVEYS), tanggal_pendataan=city.today)


def tests(rng: np.random.Generator, city: City) -> None:
    """Vehicles whose inspection has run out are inspected again, and old ones are scrapped."""
    cars = city["kendaraan"]
    due = cars["berlaku_uji_sampai"] < pd.Timestamp(city.today)
    labels = edits.some(rng, cars, 20, due)
    result = drawn(rng, {"LULUS": 93, "TIDAK_LULUS": 7}, len(labels))
    edits.change(city, "kendaraan", labels, berlaku_uji_sampai=city.today + 182, hasil_uji=result)
    old = (cars["tahun_pembuatan"] < 2018) & ~cars.index.isin(labels)
    edits.drop(city, "kendaraan", edits.some(rng, cars, 0.05, old))
