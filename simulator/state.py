"""What a city remembers from day to day: its version, its truth, what changed when, and what sources hide."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simulator.derive import Changed
from simulator.description import AnyDescription, FilesDescription

CHANGED = "changed.parquet"


def city_version(descriptions: Path) -> str:
    """Return a digest of all that decides how a city comes out: the simulator's code and data, the descriptions."""
    here = Path(__file__).parent
    digest = sha256()
    for path in sorted([*here.glob("*.py"), *here.glob("data/*.csv"), *descriptions.glob("*/*.yaml")]):
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def write_truth(folder: Path, truth: dict[str, pd.DataFrame], changed: Changed) -> None:
    """Write each frame of the truth with its row labels, and the days on which rows changed."""
    (folder / "truth").mkdir(exist_ok=True)
    for name, frame in truth.items():
        frame.to_parquet(folder / "truth" / f"{name}.parquet", index=True)
    parts = [days.rename("day").rename_axis("row").reset_index().assign(frame=name) for name, days in changed.items()]
    empty = pd.DataFrame({"row": [], "day": [], "frame": []}).astype({"row": "int64", "day": "int64", "frame": "str"})
    pd.concat([empty, *parts], ignore_index=True).to_parquet(folder / CHANGED)


def read_truth(folder: Path, names: list[str]) -> tuple[dict[str, pd.DataFrame], dict[str, pd.Series[Any]]]:
    """Return frames of the truth and the days on which their rows changed, as `write_truth` wrote them."""
    truth = {name: pd.read_parquet(folder / "truth" / f"{name}.parquet") for name in names}
    days = pd.read_parquet(folder / CHANGED)
    return truth, {str(name): part.set_index("row")["day"] for name, part in days.groupby("frame")}


def changes(before: dict[str, pd.DataFrame], after: dict[str, pd.DataFrame], earlier: Changed, day: int) -> Changed:
    """Return for each frame on which day its rows changed last: `day` for rows that are new or differ now."""
    found = {}
    for name, frame in after.items():
        old = before[name].reindex(frame.index)
        same = (frame == old) | (frame.isna() & old.isna())
        different = frame.index[~same.all(axis=1).to_numpy() | ~frame.index.isin(before[name].index)]
        known = earlier.get(name, pd.Series(dtype="int64"))
        days = pd.concat([known[~known.index.isin(different)], pd.Series(day, index=different)])
        found[name] = days.astype(np.int64)
    return found


def as_of_day(
    description: AnyDescription, frames: dict[str, pd.DataFrame], day: int
) -> tuple[AnyDescription, list[str]]:
    """Hide in `frames` what does not show on a day; return the description as it stands, and the tables concerned.

    A file that nobody brought is taken out; a column that was renamed has its new name.
    """
    tables, behind = dict(description.tables), []
    for name, table in description.tables.items():
        renamed = table.renamed
        if renamed is not None and renamed.day <= day:
            names = {renamed.column: renamed.to}
            frames[name] = frames[name].rename(columns=names)
            columns = {names.get(key, key): column for key, column in table.columns.items()}
            keys = [names.get(key, key) for key in getattr(table, "primary_key", [])]
            tables[name] = table.model_copy(update={"columns": columns} | ({"primary_key": keys} if keys else {}))
            behind.append(f"{description.id}.{name}")
        if isinstance(description, FilesDescription) and day in description.tables[name].absent:
            del frames[name]
            behind.append(f"{description.id}.{name}")
    return description.model_copy(update={"tables": tables}), behind
