"""One day in the city's life, in the order in which things need each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator import changes, edits, monthly, progress, schooling, vital
from simulator.business import company_rows
from simulator.city import City
from simulator.draw import stream
from simulator.economy import next_prices
from simulator.history import FLOWS

Deed = Callable[[np.random.Generator, City], None]

DEEDS: dict[str, Deed] = {
    "births": vital.births,
    "deaths": vital.deaths,
    "departures": vital.departures,
    "arrivals": vital.arrivals,
    "weddings": vital.weddings,
    "removals": changes.removals,
    "numbers": changes.numbers,
    "jobs": changes.jobs,
    "careers": changes.careers,
    "birthdays": vital.birthdays,
    "poverty": changes.poverty,
    "repairs": changes.repairs,
    "stocks": changes.stocks,
    "closures": changes.closures,
    "visits": changes.visits,
    "tests": changes.tests,
    "finish": progress.finish,
    "step": progress.step,
    "sign": progress.sign,
    "admit": progress.admit,
    "payments": monthly.payments,
    "reports": monthly.reports,
}


def live_one_day(city: City, seed: int, day: int) -> City:
    """Return the city on its next day, the one numbered `day`; the given city stays as it was.

    Each deed has its own stream of random numbers for the day, so that a change in one leaves the others alone.
    """
    city = City(city.today + 1, dict(city.frames), dict(city.free))
    for name, deed in DEEDS.items():
        deed(stream(seed, name, day), city)
    for name, flow in FLOWS.items():
        rows = flow.of_today(stream(seed, name, day), city, name)
        edits.add(city, name, rows)
        if name == "pelaku_usaha" and rows is not None:
            first = city.first_free("perusahaan")
            edits.add(city, "perusahaan", company_rows(stream(seed, "perusahaan", day), rows, city.today, first))
    edits.add(city, "harga_pangan", next_prices(stream(seed, "harga_pangan", day), city))
    city.frames["sekolah"] = schooling.count_pupils(city["sekolah"], city["siswa"])
    return city
