"""The truth about the sample city: one consistent population that every application shows a part of.

Everything is invented, and the same seed, size and day give the same bytes. A NIK starts with 3574 and the
kecamatan's code plus 90 (91 to 95), a range that the civil registry does not issue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, islice

import numpy as np
import pandas as pd

from simulator import assets, environment, events, government, health, land, schooling, social, taxes
from simulator.business import company_rows, draw_small_firms
from simulator.city import City
from simulator.draw import TODAY, stream, today
from simulator.economy import draw_prices
from simulator.frames import TRUTH_COLUMNS
from simulator.history import FLOWS
from simulator.institutions import draw_employees, draw_schools, draw_units
from simulator.living import live_one_day
from simulator.people import draw_people
from simulator.planting import plant

__all__ = ["FEWEST", "TRUTH_COLUMNS", "build_truth", "planted", "today", "truth_by_day"]

#: The fewest residents that make a city with its employees and permits.
FEWEST = 100

#: frames made at once, in the order in which they need each other; the rest comes from FLOWS
MAKERS: dict[str, Callable[[np.random.Generator, City], pd.DataFrame]] = {
    "kelahiran": events.draw_births,
    "kematian": events.draw_deaths,
    "perpindahan": events.draw_moves,
    "perkawinan": events.draw_marriages,
    "keluarga_miskin": social.draw_poor_families,
    "perumahan": land.draw_houses,
    "objek_pajak": land.draw_parcels,
    "pelanggan_air": land.draw_customers,
    "disabilitas": social.draw_disabled,
    "penerima_bantuan": social.draw_aid,
    "lansia": social.draw_elderly,
    "veteran": social.draw_veterans,
    "fasilitas_kesehatan": health.draw_facilities,
    "tenaga_kesehatan": health.draw_health_staff,
    "capaian_kesehatan": health.draw_results,
    "siswa": schooling.draw_pupils,
    "tenaga_pendidik": schooling.draw_teachers,
    "aset_tanah": assets.draw_land,
    "jalan": assets.draw_roads,
    "persediaan": assets.draw_stocks,
    "anggaran_realisasi": government.draw_budgets,
    "capaian_kinerja": government.draw_indicators,
    "kinerja_pegawai": government.draw_ratings,
    "sampah": environment.draw_waste,
}
#: those that need a flow before them
LATER: dict[str, Callable[[np.random.Generator, City], pd.DataFrame]] = {
    "koperasi_umkm": draw_small_firms,
    "pembayaran_pajak": taxes.draw_payments,
}


def build_truth(residents: int = 5000, seed: int = 1, day: int = 0) -> dict[str, pd.DataFrame]:
    """Return the frames of TRUTH_COLUMNS for a city of that many residents, so many days after 2025-06-30.

    At least 100 residents. Texts are pandas strings, dates datetime64[s], money whole rupiah. A row keeps its index
    label while it exists, and no other row ever gets it. Raises ValueError on fewer residents or a day before 0.
    """
    if day < 0:
        raise ValueError(f"the city begins on day 0, not {day}")
    return next(islice(truth_by_day(residents, seed), day, None))


def truth_by_day(residents: int = 5000, seed: int = 1) -> Iterator[dict[str, pd.DataFrame]]:
    """Yield what `build_truth` returns for day 0, day 1 and so on without an end."""
    if residents < FEWEST:
        raise ValueError(f"a city has at least {FEWEST} residents, not {residents}")
    city = City(TODAY, _first_day(residents, seed)[0])
    for number in count(1):
        yield {name: city.frames[name] for name in TRUTH_COLUMNS}
        city = live_one_day(city, seed, number)


def planted(residents: int = 5000, seed: int = 1) -> pd.DataFrame:
    """Return the contradictions that were put into a city on its first day: columns rule, dataset, key.

    `simulator.contradictions.known` finds these and those that came by themselves.
    """
    return _first_day(residents, seed)[1]


def _first_day(residents: int, seed: int) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    # a stream of its own for each part: a change in one leaves the others' bytes alone
    streams = [np.random.default_rng([seed, part]) for part in range(6)]
    people, families = draw_people(streams[0], residents)
    units = draw_units(streams[1])
    frames = {
        "penduduk": people,
        "keluarga": families,
        "pegawai": draw_employees(streams[2], people, units),
        "opd": units,
        "sekolah": draw_schools(streams[3], residents),
        "harga_pangan": draw_prices(streams[5]),
        "wilayah": events.regions(),
    }
    city = City(TODAY, frames)
    for name, make in MAKERS.items():
        frames[name] = make(stream(seed, name), city)
    died = frames["kematian"].set_index("nik")["tanggal_kematian"]
    frames["penduduk"] = frames["penduduk"].assign(tanggal_kematian=people["nik"].map(died))
    for name, flow in FLOWS.items():
        frames[name] = flow.history(stream(seed, name), city)
        if name == "pelaku_usaha":
            frames["perusahaan"] = company_rows(stream(seed, "perusahaan"), frames[name], TODAY, 0)
    for name, make in LATER.items():
        frames[name] = make(stream(seed, name), city)
    cases = plant(stream(seed, "contradictions"), city)
    frames["sekolah"] = schooling.count_pupils(frames["sekolah"], frames["siswa"])
    return {name: frames[name][columns] for name, columns in TRUTH_COLUMNS.items()}, cases
