"""What depends on a person's age, sex and place in the household; codes are those of SIAK F-1.01."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from simulator.draw import Array, pick

#: pekerjaan of adults of working age and their weights
MALE_JOBS = {"15": 26, "88": 22, "19": 12, "9": 6, "11": 6, "21": 4, "84": 6, "81": 4, "26": 3, "27": 2, "35": 3,
             "5": 3, "6": 1, "7": 1, "65": 2, "18": 2, "1": 5}  # fmt: skip
FEMALE_JOBS = {"2": 52, "15": 14, "88": 11, "84": 6, "65": 4, "30": 2, "74": 1.5, "73": 1, "5": 2.5, "46": 1, "1": 5}
BLOOD = {"1": 8, "2": 9, "3": 3, "4": 13, "5": 1, "7": 1, "11": 1, "13": 64}


def _drawn(rng: np.random.Generator, weights: Mapping[str, float], size: int) -> Array:
    return pick(rng, list(weights), size, list(weights.values()))


def _text(values: Array) -> pd.Series[Any]:
    return pd.Series(values, dtype="str")


def marital_status(
    rng: np.random.Generator, relation: Array, age: Array, is_male: Array, is_couple: Array
) -> pd.Series[Any]:
    """Return 1 belum kawin, 2 kawin, 3 cerai hidup, 4 cerai mati; `age` in years."""
    size = len(age)
    once = np.where(is_male, pick(rng, ["1", "3", "4"], size, [4, 3, 3]), pick(rng, ["1", "3", "4"], size, [2, 3, 5]))
    single_head = np.where(age < 28, "1", once)
    relative = np.where(age < 27, "1", once)
    parent = np.where(rng.random(size) < 0.85, "4", "3")
    married = np.isin(relation, ["1", "3"]) & is_couple
    return _text(
        np.select(
            [married, relation == "1", relation == "7", relation == "9"],
            [np.full(size, "2"), single_head, parent, relative],
            "1",
        )
    )


def education(rng: np.random.Generator, age: Array) -> pd.Series[Any]:
    """Return the education code that fits an age in years."""
    size = len(age)
    adult = _drawn(rng, {"1": 3, "2": 7, "3": 22, "4": 17, "5": 34, "6": 1, "7": 4, "8": 10, "9": 1.8, "10": 0.2}, size)
    older = _drawn(rng, {"1": 14, "2": 22, "3": 34, "4": 12, "5": 13, "7": 2, "8": 3}, size)
    steps = [age < 6.5, age < 12.5, age < 15.5, age < 18.5, age < 25, age < 60]
    young = _drawn(rng, {"4": 12, "5": 83, "3": 5}, size)
    return _text(np.select(steps, ["1", "2", "3", "4", young, adult], older))


def occupation(rng: np.random.Generator, age: Array, is_male: Array) -> pd.Series[Any]:
    """Return the occupation code that fits an age in years and a sex."""
    size = len(age)
    working = np.where(is_male, _drawn(rng, MALE_JOBS, size), _drawn(rng, FEMALE_JOBS, size))
    student = np.where(rng.random(size) < 0.45, "3", working)
    older = np.where(rng.random(size) < 0.3, "4", np.where(rng.random(size) < 0.4, "1", working))
    older = np.where(older == "5", "4", older)  # civil servants retire
    return _text(np.select([age < 6, age < 18, age < 23, age < 60], ["1", "3", student, working], older))


def blood_group(rng: np.random.Generator, size: int) -> pd.Series[Any]:
    """Return blood group codes; two thirds are unknown (13), as in the registry."""
    return _text(_drawn(rng, BLOOD, size))
