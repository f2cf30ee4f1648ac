"""What comes once a month: reports of the month that ended, meters, aid; and taxes on the first twenty days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator import edits
from simulator.city import City
from simulator.draw import TODAY, month_of, parts, text
from simulator.environment import waste_rows
from simulator.government import indicator_rows, next_budgets, rating_rows
from simulator.health import result_rows
from simulator.social import aid_rows
from simulator.taxes import TURNS, land_due, monthly, payment_rows, some_land, transfers

#: programmes that pay every month; the others have their seasons
EVERY_MONTH = ["PBI_JK", "ASLUT"]
EVERY_QUARTER = ["PKH", "BPNT", "ASPD"]


def payments(rng: np.random.Generator, city: City) -> None:
    """Land tax, transfers of land, and the other taxes of today; a bought parcel is in its buyer's name."""
    parcels = city["objek_pajak"]
    land = some_land(rng, city, rng.poisson(len(parcels) * 0.6 / 365))
    sold = transfers(rng, city, np.full(rng.poisson(len(parcels) / 80 / 365), city.today))
    due = [land_due(city, land, np.full(len(land), city.today)), sold]
    day = int(parts(np.array([city.today]))[2][0])
    if day <= TURNS:
        due.append(monthly(rng, city, month_of(city.today) - 1, day - 1))
    owed = pd.concat([part for part in due if len(part)] or due[:1], ignore_index=True)
    if len(owed):
        edits.add(city, "pembayaran_pajak", payment_rows(rng, owed, city.first_free("pembayaran_pajak")))
    buyers = sold.drop_duplicates("nop", keep="last").set_index("nop")
    bought = parcels[parcels["nop"].isin(buyers.index)]
    new = {name: bought["nop"].map(buyers[name]) for name in ("nama_wajib_pajak", "nik_wajib_pajak")}
    edits.change(city, "objek_pajak", bought.index, **new)


def reports(rng: np.random.Generator, city: City) -> None:
    """On the first of a month, the rows of the month before come into the monthly frames."""
    if int(parts(np.array([city.today]))[2][0]) != 1:
        return
    month = month_of(city.today) - 1
    edits.add(city, "sampah", waste_rows(rng, month, city.first_free("sampah")))
    _aid(rng, city)
    if month > month_of(TODAY):
        edits.add(city, "capaian_kesehatan", result_rows(rng, city, month, city.first_free("capaian_kesehatan")))
        edits.add(city, "kinerja_pegawai", rating_rows(rng, city, month, city.first_free("kinerja_pegawai")))
        edits.add(city, "capaian_kinerja", indicator_rows(rng, city, month, city.first_free("capaian_kinerja")))
        edits.add(city, "anggaran_realisasi", next_budgets(rng, city))
        _meters(rng, city, month)


def _aid(rng: np.random.Generator, city: City) -> None:
    """Pay aid again to the living who got it last time."""
    aid, month = city["penerima_bantuan"], str(month_of(city.today))
    quarter = int(month[5:]) % 3 == 1
    kinds = EVERY_MONTH + (EVERY_QUARTER if quarter else [])
    last = aid["program_bantuan"].map(aid.groupby("program_bantuan")["periode"].max())
    again = aid[aid["program_bantuan"].isin(kinds) & (aid["periode"] == last) & (aid["periode"] < month)]
    alive = city["penduduk"].loc[city.is_living, "nik"]
    again = again[again["nik"].isin(alive)].reset_index(drop=True)
    if len(again):
        what, when = again["program_bantuan"], text([month] * len(again))
        edits.add(
            city, "penerima_bantuan",
            aid_rows(rng, again, what, when, city.today, city.first_free("penerima_bantuan")),
        )  # fmt: skip


def _meters(rng: np.random.Generator, city: City, month: np.datetime64) -> None:
    """Read every water meter; use in m3, arrears in rupiah."""
    rows = city["pelanggan_air"]
    active = (rows["status_sambungan"] == "AKTIF").to_numpy()
    use = np.where(active, np.round(rng.gamma(4, 4.5, len(rows))), 0).astype(np.int64)
    luck = rng.random(len(rows))
    bill = (use * 4200 + 15_000) // 100 * 100
    debt = rows["tunggakan"].to_numpy()
    debt = np.where(active & (luck < 0.05), 0, np.where(active & (luck > 0.97), debt + bill, debt))
    edits.change(city, "pelanggan_air", rows.index, periode=str(month), pemakaian=use, tunggakan=debt)
