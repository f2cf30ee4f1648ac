"""Small vectorised helpers over numpy's Generator, and the lists in `simulator/data`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DATA = Path(__file__).parent / "data"
#: The day on which the sample city stands; ages are counted to it.
TODAY = np.datetime64("2025-06-30", "D")
YEAR = 365.25

Array = np.ndarray[Any, np.dtype[Any]]


@cache
def listed(name: str) -> pd.DataFrame:
    """Return `simulator/data/<name>.csv`, every column as text."""
    return pd.read_csv(DATA / f"{name}.csv", dtype=str, keep_default_na=False)


def pick(rng: np.random.Generator, values: Sequence[Any] | Array, size: int, weights: Any = None) -> Array:
    """Draw `size` of `values` with replacement; `weights` need not sum to 1."""
    pool = np.asarray(values)
    if weights is None:
        return pool[rng.integers(0, len(pool), size)]
    share = np.asarray(weights, dtype=float)
    return pool[rng.choice(len(pool), size, p=share / share.sum())]


def days(moments: Any) -> Any:
    """Return datetimes at a resolution of seconds, the hub's own."""
    return np.asarray(moments, dtype="datetime64[D]").astype("datetime64[s]")


def parts(moments: Any) -> tuple[Array, Array, Array]:
    """Return year, month and day of a datetime array as integers."""
    index = pd.DatetimeIndex(np.asarray(moments).astype("datetime64[s]"))
    return index.year.to_numpy(np.int64), index.month.to_numpy(np.int64), index.day.to_numpy(np.int64)


def serials(base: Array) -> Array:
    """Number the occurrences of each value from 1, in order of appearance."""
    numbers: Array = pd.Series(base).groupby(base).cumcount().to_numpy(np.int64) + 1
    return numbers


def digits(numbers: Any, width: int) -> Any:
    """Write whole numbers as text of at least `width` digits."""
    return pd.Series(np.asarray(numbers)).astype(str).str.zfill(width)


def names(rng: np.random.Generator, is_male: Array) -> pd.Series[Any]:
    """Draw invented full names of one to three words, fitting the sex."""
    given = listed("given_names")
    size = len(is_male)
    first, middle = np.empty(size, dtype=object), np.empty(size, dtype=object)
    for sex, rows in (("L", is_male), ("P", ~is_male)):
        pool = given.loc[given["jenis_kelamin"] == sex, "nama"].to_numpy(dtype=object)
        first[rows] = pick(rng, pool, int(rows.sum()))
        middle[rows] = pick(rng, pool, int(rows.sum()))
    last = pick(rng, listed("second_names")["nama"].to_numpy(dtype=object), size)
    words = pick(rng, [1, 2, 3], size, [0.08, 0.62, 0.30])
    middle = np.where((words == 3) & (middle != first), " " + middle, "")
    last = np.where(words >= 2, " " + last, "")
    return pd.Series(first + middle + last, dtype="str").str.upper()


def phones(rng: np.random.Generator, size: int, share: float) -> pd.Series[Any]:
    """Draw mobile numbers in the 0810 block, which no operator uses; a share of rows has one."""
    number = "0810" + digits(rng.integers(0, 10**8, size), 8)
    drawn: pd.Series[Any] = number.astype("str").where(rng.random(size) < share)
    return drawn


def streets(rng: np.random.Generator, size: int) -> pd.Series[Any]:
    """Draw street addresses."""
    street = pick(rng, listed("streets")["nama"].to_numpy(dtype=object), size)
    lane = pick(rng, ["", " GANG I", " GANG II", " GANG III", " GANG IV"], size, [60, 15, 12, 8, 5]).astype(object)
    number = rng.integers(1, 180, size).astype(str).astype(object)
    return pd.Series("JALAN " + street + lane + " NO. " + number, dtype="str").str.upper()
