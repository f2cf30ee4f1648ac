"""Planted deaths of which some list does not know yet."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.draw import Array
from simulator.ground import Ground, Planter, day


def died_on_a_list(rule: str, dataset: str, column: str = "nik") -> Planter:
    """Return the planter of people who died within the last year and stand on a list still."""

    def planter(ground: Ground) -> None:
        who = ground.among(dataset, column)
        who = who[who["age"] > 5]
        last = day(who["nik"].map(ground.alive_until()))
        who = ground.choose(who[last < ground.city.today])
        low = np.maximum(day(who["nik"].map(ground.alive_until())) + 1, ground.city.today - 365)
        ground.die(who, low, np.full(len(who), ground.city.today), dataset)
        ground.note_people(rule, dataset, who["nik"], column)

    return planter


def aid_after_death(ground: Ground) -> None:
    """Aid was paid to somebody who had died."""
    aid = ground.city["penerima_bantuan"]
    paid = aid.groupby("nik")["tanggal_salur"].max()
    who = ground.among("penerima_bantuan")
    who = who[who["age"] > 5]
    until, low = who["nik"].map(paid), day(who["nik"].map(ground.alive_until("penerima_bantuan"))) + 1
    able = (day(until) - low).astype(np.int64) > 1
    who = ground.choose(who[able])
    high = day(who["nik"].map(paid)) - 1
    low = np.maximum(day(who["nik"].map(ground.alive_until("penerima_bantuan"))) + 1, high - 60)
    ground.die(who, low, high)
    died = aid["nik"].map(ground.people.set_index("nik")["tanggal_kematian"])
    late = aid["tanggal_salur"] > died
    ground.note("meninggal_menerima_bantuan", "penerima_bantuan", aid[aid["nik"].isin(who["nik"]) & late])


def visit_after_death(ground: Ground) -> None:
    """Somebody was treated after the day on which they died."""
    visits = ground.city["kunjungan_kesehatan"]
    ordered = visits.sort_values("tanggal_kunjungan", kind="stable")
    last = ordered.groupby("nik").tail(1).set_index("nik")
    before = ordered.drop(ordered.groupby("nik").tail(1).index).groupby("nik")["tanggal_kunjungan"].max()
    who = ground.among("kunjungan_kesehatan")
    who = who[who["age"] > 5]

    def span(people: pd.DataFrame) -> tuple[Array, Array]:
        other = day(people["nik"].map(ground.alive_until("kunjungan_kesehatan")))
        high = day(people["nik"].map(last["tanggal_kunjungan"])) - 1
        return np.maximum(np.maximum(other, day(people["nik"].map(before))) + 1, high - 40), high

    low, high = span(who)
    who = ground.choose(who[low < high])
    ground.die(who, *span(who))
    ground.note("kunjungan_setelah_meninggal", "kunjungan_kesehatan", last.loc[who["nik"]].reset_index())


def tax_on_the_dead(ground: Ground) -> None:
    """The owner of a parcel died before the year of the tax."""
    who = ground.among("objek_pajak", "nik_wajib_pajak")
    year_began = np.datetime64("2025-01-01")
    last = day(who["nik"].map(ground.alive_until()))
    who = ground.choose(who[last < year_began - 2])
    low = np.maximum(day(who["nik"].map(ground.alive_until())) + 1, year_began - 500)
    ground.die(who, low, np.full(len(who), year_began - 1), "objek_pajak")
    ground.note_people("wajib_pajak_meninggal", "objek_pajak", who["nik"], "nik_wajib_pajak")


def employee_died(ground: Ground) -> None:
    """An employee died, and is paid still."""
    city, living = ground.city, ground.living
    busy = pd.concat([ground.heads, city["pelaku_usaha"]["nik_pemilik"]])
    staff = living[living["nik"].isin(city["pegawai"]["nik"]) & ~living["nik"].isin(busy)]
    who = ground.choose(staff[day(staff["nik"].map(ground.alive_until())) < city.today])
    low = np.maximum(day(who["nik"].map(ground.alive_until())) + 1, city.today - 200)
    ground.die(who, low, np.full(len(who), city.today), "pegawai")
    ground.note_people("pegawai_meninggal", "pegawai", who["nik"])


def owner_died(ground: Ground) -> None:
    """The owner of a business died; the business is on the books."""
    city, living = ground.city, ground.living
    busy = pd.concat([ground.heads, city["pegawai"]["nik"]])
    owners = living[living["nik"].isin(city["pelaku_usaha"]["nik_pemilik"]) & ~living["nik"].isin(busy)]
    who = ground.choose(owners[day(owners["nik"].map(ground.alive_until())) < city.today])
    low = np.maximum(day(who["nik"].map(ground.alive_until())) + 1, city.today - 365)
    ground.die(who, low, np.full(len(who), city.today))
    ground.note_people("pemilik_usaha_meninggal", "pelaku_usaha", who["nik"], "nik_pemilik")
