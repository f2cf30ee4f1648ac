"""Contradictions put into the city on its first day: a few of each kind, never two in one household.

They come after every frame is drawn and have a stream of random numbers of their own. A person who is said to have
died leaves every list but the one that does not know it yet.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator import planting_deaths as deaths
from simulator import planting_lists as lists
from simulator import planting_papers as papers
from simulator.city import City
from simulator.contradictions import KEYS
from simulator.ground import Ground, Planter

FEWEST = 4
#: those with the smallest pools first
PLANTERS: tuple[Planter, ...] = (
    papers.veteran_twice,
    deaths.died_on_a_list("veteran_meninggal", "veteran"),
    deaths.died_on_a_list("disabilitas_meninggal", "disabilitas"),
    lists.not_a_resident("disabilitas"),
    deaths.owner_died,
    deaths.tax_on_the_dead,
    deaths.died_on_a_list("lansia_meninggal", "lansia"),
    lists.not_a_resident("lansia"),
    deaths.aid_after_death,
    deaths.visit_after_death,
    lists.aid_twice_in_a_household,
    deaths.employee_died,
    lists.employee_among_the_poor,
    lists.employee_gets_aid,
    papers.employee_twice,
    papers.seeker_at_work,
    papers.permit_without_nib,
    lists.too_young,
    papers.pupil_twice,
    papers.pupil_of_another_age,
    lists.head_elsewhere,
    lists.no_card,
    lists.not_a_resident("veteran"),
    lists.veteran_too_young,
)


def plant(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Put contradictions into the city's frames; return what was planted: columns rule, dataset, key.

    About one case of each kind a thousand residents, at least FEWEST; fewer where a small city has too few
    households. Rows are labelled anew from 0.
    """
    ground = Ground(rng, city, max(FEWEST, city.size // 1000))
    for planter in PLANTERS:
        planter(ground)
    for name in KEYS | dict.fromkeys(["tenaga_pendidik", "tenaga_kesehatan"]):
        city.frames[name] = city.frames[name].reset_index(drop=True)
    city.free.clear()
    return pd.concat(ground.cases, ignore_index=True).astype("str")
