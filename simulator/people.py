"""Residents and households.

Every person is invented. A NIK starts with 3574 and the kecamatan's code plus 90 (91 to 95); the civil
registry issues none from that range, so no NIK here can belong to anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simulator.draw import TODAY, YEAR, Array, days, digits, listed, names, parts, phones, pick, serials, streets
from simulator.traits import blood_group, education, marital_status, occupation

HEAD, WIFE, CHILD, GRANDCHILD, PARENT, RELATIVE = "1", "3", "4", "6", "7", "9"
SIZES, SIZE_WEIGHTS = [1, 2, 3, 4, 5, 6, 7], [9, 16, 24, 26, 15, 7, 3]
RELIGIONS, RELIGION_WEIGHTS = ["1", "2", "3", "4", "5", "6", "7"], [9560, 210, 120, 20, 60, 20, 10]
STATUSES, STATUS_WEIGHTS = ["1", "2", "3", "6", "9"], [9720, 140, 120, 15, 5]
BIRTHPLACES = ["PROBOLINGGO", "PASURUAN", "LUMAJANG", "JEMBER", "SITUBONDO", "SURABAYA", "MALANG", "BANYUWANGI"]
BIRTHPLACE_WEIGHTS = [78, 6, 5, 3, 3, 2, 2, 1]


@dataclass(frozen=True)
class Homes:
    """Households as arrays of one length; `children` and `has_extra` add up to the size."""

    size: Array
    is_couple: Array
    children: Array
    has_extra: Array
    wife_age: Array
    head_age: Array
    is_head_male: Array


def draw_homes(rng: np.random.Generator, residents: int) -> Homes:
    """Draw households whose sizes sum to `residents`; ages are in years."""
    size = pick(rng, SIZES, residents, SIZE_WEIGHTS)
    count = int(np.searchsorted(np.cumsum(size), residents)) + 1
    size = size[:count]
    size[-1] -= size.sum() - residents
    is_couple = (size >= 2) & (rng.random(count) < 0.86)
    room = size - 1 - is_couple
    has_extra = (room >= 2) & (rng.random(count) < 0.3)
    children = room - has_extra
    # a mother of n children is old enough to have had them at least 19 months apart
    youngest = np.where(children > 0, 21 + 2 * children, 21)
    centre = np.where(children > 0, 41, 53)
    wife_age = np.clip(rng.normal(centre, 11), youngest + rng.random(count) * 3, 84)
    # a father is grown when his first child is born
    gap = np.clip(rng.normal(3, 3, count), np.where(children > 0, -0.4, -5), 14)
    head_age = np.where(is_couple, np.clip(wife_age + gap, 21.5, 88), wife_age)
    is_head_male = is_couple | (rng.random(count) < 0.42)
    return Homes(size, is_couple, children, has_extra, wife_age, head_age, is_head_male)


def _members(rng: np.random.Generator, homes: Homes) -> pd.DataFrame:
    """Return a row per person: home, relation (SHDK), age in years, is_male."""
    home = np.repeat(np.arange(len(homes.size)), homes.size)
    place = np.arange(len(home)) - np.repeat(np.cumsum(homes.size) - homes.size, homes.size)
    is_couple, size = homes.is_couple[home], homes.size[home]
    head_age, wife_age, children = homes.head_age[home], homes.wife_age[home], homes.children[home]
    is_extra = homes.has_extra[home] & (place == size - 1)
    dice = rng.random(len(home))
    younger = np.where((head_age > 48) & (dice < 0.8), GRANDCHILD, RELATIVE)
    extra = np.where((head_age < 58) & (dice < 0.6), PARENT, younger)
    relation = np.where(is_extra, extra, CHILD)
    relation = np.where((place == 1) & is_couple, WIFE, np.where(place == 0, HEAD, relation))

    order = place - 1 - is_couple  # a child's place among the children, from 0
    fertile = np.minimum(wife_age, 44) - 19.5
    spread = (1.6 + 2.4 * rng.random(len(homes.size)))[home]
    gap = np.minimum(spread, fertile / np.maximum(children, 1))
    first = 19.5 + rng.random(len(homes.size))[home] * np.minimum(9, fertile - gap * (children - 1) - 0.1)
    free = rng.random(len(home))
    ages = {
        HEAD: head_age,
        WIFE: wife_age,
        CHILD: wife_age - first - gap * order,
        PARENT: head_age + 19 + 16 * free,
        GRANDCHILD: free * np.minimum(head_age - 42, 14),
        RELATIVE: 3 + 60 * free,
    }
    age = np.select([relation == code for code in ages], list(ages.values()))
    sex = rng.random(len(home))
    is_male = np.select(
        [relation == HEAD, relation == WIFE, relation == PARENT],
        [homes.is_head_male[home], np.zeros(len(home), bool), sex < 0.3],
        sex < 0.51,
    ).astype(bool)
    return pd.DataFrame({"home": home, "shdk": relation, "age": age, "is_male": is_male})


def numbered(area: Array, moments: Array, is_female: Array, taken: pd.Series[Any] | None = None) -> pd.Series[Any]:
    """Number people or cards: region with kecamatan + 90, day (+ 40 for women), serial from 0001.

    `area` is the kecamatan from 1 to 5; `taken` are the numbers given before, which are never given again.
    """
    year, month, day = parts(moments)
    base = 35_74_90 + area
    base = base * 10**6 + (day + 40 * is_female) * 10**4 + month * 100 + year % 100
    number: pd.Series[Any]
    if taken is None:
        number = digits(base * 10**4 + serials(base), 16).astype("str")
        return number
    prefix = digits(base, 12).astype("str")
    before = taken.str[:12]
    used = before[before.isin(prefix)].value_counts()
    number = digits(base * 10**4 + prefix.map(used).fillna(0).astype(np.int64).to_numpy() + serials(base), 16)
    return number.astype("str")


def draw_people(
    rng: np.random.Generator,
    residents: int,
    today: np.datetime64 = TODAY,
    before: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the frames `penduduk` and `keluarga` of a city with that many residents.

    With the frames `before`, the residents are newcomers of today, and their numbers follow those given before.
    """
    homes = draw_homes(rng, residents)
    people, count = _members(rng, homes), len(homes.size)
    villages = listed("kelurahan")
    village = rng.choice(len(villages), count, p=_shares(villages["bobot"]))
    codes = villages["kode"].to_numpy(dtype=object)[village]
    area = np.asarray([int(code[6:8]) for code in villages["kode"]])[village]
    registered = np.datetime64("2006-01-01", "D") + rng.integers(0, 365 * 19, count)
    if before is not None:
        registered = np.full(count, today)
    home = people["home"].to_numpy()
    cards = pd.DataFrame(
        {
            "no_kk": numbered(
                area, registered, np.zeros(count, np.int64), None if before is None else before[1]["no_kk"]
            ),
            "alamat": streets(rng, count),
            "rt": digits(rng.integers(1, 9, count), 3).astype("str"),
            "rw": digits(rng.integers(1, 13, count), 3).astype("str"),
            "kode_kelurahan": pd.Series(codes, dtype="str"),
        }
    )
    is_male, age, relation = people["is_male"].to_numpy(), people["age"].to_numpy(), people["shdk"].to_numpy()
    born = today - np.maximum(age * YEAR, 1).astype(np.int64).astype("timedelta64[D]")
    # one in twenty was numbered in another kecamatan: a NIK does not change when a person moves
    first_area = np.where(rng.random(len(home)) < 0.05, rng.integers(1, 6, len(home)), area[home])
    full_names = names(rng, is_male)
    frame = (
        cards.iloc[home]
        .reset_index(drop=True)
        .assign(
            nik=numbered(first_area, born, (~is_male).astype(np.int64), None if before is None else before[0]["nik"]),
            nama_lengkap=full_names,
            tempat_lahir=pd.Series(pick(rng, BIRTHPLACES, len(home), BIRTHPLACE_WEIGHTS), dtype="str"),
            tanggal_lahir=days(born),
            jenis_kelamin=pd.Series(np.where(is_male, "L", "P"), dtype="str"),
            agama=pd.Series(pick(rng, RELIGIONS, count, RELIGION_WEIGHTS)[home], dtype="str"),
            status_kawin=marital_status(rng, relation, age, is_male, homes.is_couple[home]),
            pendidikan=education(rng, age),
            pekerjaan=occupation(rng, age, is_male),
            golongan_darah=blood_group(rng, len(home)),
            shdk=pd.Series(relation, dtype="str"),
            status_dasar=pd.Series(pick(rng, STATUSES, len(home), STATUS_WEIGHTS), dtype="str"),
            telepon=phones(rng, len(home), 0.85).where(age > 13),
            nama_ibu=_mothers(rng, homes, home, relation, full_names),
        )
    )
    return frame, _families(frame, homes)


def _shares(weights: pd.Series[Any]) -> Array:
    numbers: Array = weights.astype(float).to_numpy()
    shares: Array = numbers / numbers.sum()
    return shares


def _mothers(
    rng: np.random.Generator, homes: Homes, home: Array, relation: Array, full_names: pd.Series[Any]
) -> pd.Series[Any]:
    """Name each child's mother after the woman of the household; other mothers live elsewhere."""
    starts = np.cumsum(homes.size) - homes.size
    mother = starts + homes.is_couple
    known = (relation == CHILD) & (homes.is_couple | ~homes.is_head_male)[home]
    elsewhere = names(rng, np.zeros(len(home), bool))
    return elsewhere.mask(known, full_names.iloc[mother[home]].reset_index(drop=True))


def _families(people: pd.DataFrame, homes: Homes) -> pd.DataFrame:
    heads = people.iloc[np.cumsum(homes.size) - homes.size].reset_index(drop=True)
    columns = ["no_kk", "nik", "nama_lengkap", "alamat", "rt", "rw", "kode_kelurahan"]
    frame = heads[columns].rename(columns={"nik": "nik_kepala", "nama_lengkap": "nama_kepala"})
    return frame.assign(jumlah_anggota=homes.size.astype(np.int64))
