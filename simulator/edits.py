"""Rows added, changed and removed: labels stay with their rows, and nobody else's frame is written to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.city import City
from simulator.draw import Array

#: frames that repeat where a person lives, and those that repeat the telephone
ADDRESSES = ["lansia", "veteran", "disabilitas", "siswa", "pencari_kerja", "pegawai"]
PHONES = ["pencari_kerja", "pegawai", "pelanggan_air"]
PLACE = ["alamat", "rt", "rw", "kode_kelurahan"]


def add(city: City, name: str, rows: pd.DataFrame | None) -> None:
    """Append rows, labelled from the first free label of the frame; None adds nothing."""
    if rows is None or rows.empty:
        return
    city.frames[name] = pd.concat([city.frames[name], rows])
    city.free[name] = int(rows.index[-1]) + 1


def change(city: City, name: str, labels: Any, **values: Any) -> None:
    """Set columns of the rows with these labels; a value is one for all, or one a row in the labels' order."""
    if len(labels) == 0:
        return
    frame = city.frames[name]
    changed = {}
    for column, value in values.items():
        if isinstance(value, np.datetime64):
            value = pd.Timestamp(value).as_unit("s")
        new = frame[column].copy()
        new.loc[labels] = value.to_numpy() if isinstance(value, pd.Series) else value
        changed[column] = new
    city.frames[name] = frame.assign(**changed)


def drop(city: City, name: str, labels: Any) -> None:
    """Remove the rows with these labels; a frame keeps at least one."""
    if 0 < len(labels) < len(city.frames[name]):
        city.free[name] = city.first_free(name)
        city.frames[name] = city.frames[name].drop(labels)


def some(rng: np.random.Generator, frame: pd.DataFrame, a_year: float, among: Any = None) -> Array:
    """Draw labels of rows to which something happens today that happens to a row so often a year."""
    able = frame.index.to_numpy() if among is None else frame.index.to_numpy()[np.asarray(among, bool)]
    count = min(len(able), rng.poisson(len(able) * a_year / 365))
    return np.sort(rng.choice(able, count, replace=False))


def tell(city: City, people: pd.DataFrame, frames: list[str], columns: list[str]) -> None:
    """Write columns of these people into the frames that repeat them."""
    known = people.set_index("nik")
    for name in frames:
        frame = city[name]
        rows = frame[frame["nik"].isin(known.index)]
        own = [column for column in columns if column in frame.columns]
        change(city, name, rows.index, **{column: rows["nik"].map(known[column]) for column in own})
