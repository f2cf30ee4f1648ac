"""The truth about the sample city: one consistent population that every application shows a part of.

Everything is invented, and the same seed and size give the same bytes. A NIK starts with 3574 and the
kecamatan's code plus 90 (91 to 95), a range that the civil registry does not issue.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.draw import listed
from simulator.economy import draw_permits, draw_prices
from simulator.frames import TRUTH_COLUMNS
from simulator.institutions import draw_employees, draw_schools, draw_units
from simulator.people import draw_people

#: The fewest residents that make a city with its employees and permits.
FEWEST = 100


def build_truth(residents: int = 5000, seed: int = 1) -> dict[str, pd.DataFrame]:
    """Return the frames of TRUTH_COLUMNS for a city of that many residents (at least 100).

    Texts are pandas strings, dates datetime64[s], money whole rupiah. Raises ValueError on fewer residents.
    """
    if residents < FEWEST:
        raise ValueError(f"a city has at least {FEWEST} residents, not {residents}")
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
        "perizinan": draw_permits(streams[4], people),
        "harga_pangan": draw_prices(streams[5]),
        "wilayah": _regions(),
    }
    return {name: frames[name][columns] for name, columns in TRUTH_COLUMNS.items() if name in frames}


def _regions() -> pd.DataFrame:
    """Return the province, the city, its 5 kecamatan and 29 kelurahan."""
    villages = listed("kelurahan")
    districts = villages.assign(kode=villages["kode"].str[:8])[["kode", "kecamatan"]].drop_duplicates()
    parents = pd.DataFrame({"kode": ["35", "35.74"], "nama": ["Jawa Timur", "Kota Probolinggo"]})
    frame = pd.concat([parents, districts.rename(columns={"kecamatan": "nama"}), villages[["kode", "nama"]]])
    return frame.sort_values("kode", ignore_index=True).astype("str")
