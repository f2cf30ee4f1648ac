"""Small vectorised helpers over numpy's Generator, and the lists in `simulator/data`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

DATA = Path(__file__).parent / "data"
#: The day on which the sample city stands; ages are counted to it.
TODAY = np.datetime64("2025-06-30", "D")
YEAR = 365.25

Array = np.ndarray[Any, np.dtype[Any]]


def today(day: int = 0) -> np.datetime64:
    """Return the date of the city's day: 2025-06-30 plus that many days."""
    return TODAY + np.timedelta64(day, "D")


def stream(seed: int, part: str, day: int = 0) -> np.random.Generator:
    """Return the stream of random numbers of a part; on a day after the first it is another one."""
    return np.random.default_rng([seed, crc32(part.encode())] if day == 0 else [seed, 1000 + day, crc32(part.encode())])


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


def drawn(rng: np.random.Generator, weights: Mapping[str, float], size: int) -> pd.Series[Any]:
    """Draw `size` texts by weight; the weights need not sum to 1."""
    pool = pd.Series(list(weights), dtype="str")
    share = np.fromiter(weights.values(), float)
    taken: pd.Series[Any] = pool.take(rng.choice(len(pool), size, p=share / share.sum())).reset_index(drop=True)
    return taken


def text(values: Any) -> pd.Series[Any]:
    """Return values as a column of texts, numbered from 0."""
    return pd.Series(np.asarray(values, dtype=object), dtype="str")


def rounded(values: Any, step: int) -> Array:
    """Return whole multiples of `step`, as of amounts of money."""
    whole: Array = (np.round(np.asarray(values, dtype=float) / step) * step).astype(np.int64)
    return whole


def scattered(serial: Any, width: int) -> pd.Series[Any]:
    """Write serial numbers as texts of `width` digits that look drawn by lot and are all different."""
    # multipliers without a factor in common with 10 give every remainder once
    order = np.asarray(serial, dtype=np.int64) + 1
    head = max(0, min(width - 4, 8)) if width > 9 else 0
    written: pd.Series[Any] = digits(order * 387_420_489 % 10 ** (width - head), width - head).astype("str")
    return digits((order * 61_803_399 + 27_182_818) % 10**head, head).astype("str") + written if head else written


def spread(rng: np.random.Generator, size: int, since: Any, until: Any) -> Array:
    """Draw `size` days from `since` to `until`, both included, in order."""
    first, last = np.asarray([since, until], dtype="datetime64[D]")
    length = int((last - first) / np.timedelta64(1, "D"))
    drawn_days: Array = np.sort(first + rng.integers(0, length + 1, size))
    return drawn_days


def months(until: Any, count: int) -> Array:
    """Return the last `count` months up to that of `until`, oldest first, as datetime64[M]."""
    run: Array = np.asarray(month_of(until)) - np.arange(count)[::-1]
    return run


def month_of(moment: Any) -> np.datetime64:
    """Return the month that a day lies in."""
    return np.datetime64(moment, "M")


def written_months(moments: Any) -> pd.Series[Any]:
    """Write months as YYYY-MM."""
    return text(np.datetime_as_string(np.asarray(moments).astype("datetime64[M]")))


def days(moments: Any) -> Any:
    """Return datetimes at a resolution of seconds, the hub's own."""
    return np.asarray(moments, dtype="datetime64[D]").astype("datetime64[s]")


def never(size: int) -> Any:
    """Return `size` missing days."""
    return np.full(size, np.datetime64("NaT"), "datetime64[s]")


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
