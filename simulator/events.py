"""What happened to the residents: births, deaths, moves and marriages, as the civil registry wrote them down."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.city import City, made
from simulator.draw import YEAR, Array, days, digits, listed, parts, pick, text

#: regencies and cities that people come from and go to, Kemendagri codes
ELSEWHERE = ["35.13", "35.14", "35.08", "35.09", "35.12", "35.73", "35.78", "35.15", "51.71", "31.74"]
HERE = "35.74"


def act_numbers(kind: str, moments: Any, first: int) -> pd.Series[Any]:
    """Number civil acts: 3574, kind (LU, KM or KW), day of registration, serial in the register."""
    year, month, day = parts(moments)
    serial = digits(first + 1 + np.arange(len(year)), 6)
    written: pd.Series[Any] = f"3574-{kind}-" + digits(day * 10**6 + month * 10**4 + year, 8) + "-" + serial
    return written.astype("str")


def _with_mother(people: pd.DataFrame) -> pd.DataFrame:
    """Return each child (SHDK 4) beside the woman of the household: columns child, mother (positions)."""
    place = pd.DataFrame({"no_kk": people["no_kk"], "shdk": people["shdk"], "place": np.arange(len(people))})
    is_woman = (people["jenis_kelamin"] == "P").to_numpy()
    women = place[is_woman & place["shdk"].isin(["1", "3"]).to_numpy()].drop_duplicates("no_kk", keep="last")
    children = place[place["shdk"] == "4"]
    pairs = children.merge(women[["no_kk", "place"]], on="no_kk", suffixes=("_child", "_mother"))
    return pairs[["place_child", "place_mother"]].set_axis(["child", "mother"], axis=1)


def draw_births(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `kelahiran`: children under ten years beside their mother, by date of birth."""
    people = city["penduduk"]
    pairs = _with_mother(people)
    pairs = pairs[city.age[pairs["child"]] < 10]
    born = people["tanggal_lahir"].to_numpy()[pairs["child"]]
    pairs = pairs.iloc[np.argsort(born, kind="stable")]
    children, mothers = city.rows("penduduk", pairs["child"]), city.rows("penduduk", pairs["mother"])
    told = children["tanggal_lahir"].to_numpy().astype("datetime64[D]") + rng.integers(2, 60, len(pairs))
    return birth_rows(children, mothers["nik"], np.minimum(told, city.today), 0)


def birth_rows(children: pd.DataFrame, mothers: pd.Series[Any], told: Any, first: int) -> pd.DataFrame:
    """Return rows of `kelahiran`; `told` is the day of registration."""
    columns = {name: children[name] for name in ("nik", "nama_lengkap", "tanggal_lahir", "no_kk")}
    return made("kelahiran", {**columns, "nik_ibu": mothers, "nomor_akta": act_numbers("LU", told, first)}, first)


def draw_deaths(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `kematian`: who has status_dasar 2, in four years and after their children's birth."""
    people = city["penduduk"]
    gone = np.flatnonzero(people["status_dasar"] == "2")
    youngest = pd.Series(city.age).where(people["shdk"].isin(["4", "6"]).to_numpy()).groupby(people["no_kk"]).min()
    span = np.minimum(city.age[gone], 4.0)
    is_parent = people["shdk"].iloc[gone].isin(["1", "3"]).to_numpy()
    limit = people["no_kk"].iloc[gone].map(youngest).to_numpy(dtype=float)
    span = np.where(is_parent & ~np.isnan(limit), np.fmin(span, limit), span)
    ago = (rng.random(len(gone)) * span * YEAR).astype(np.int64)
    order = np.argsort(-ago, kind="stable")
    return death_rows(city.rows("penduduk", gone[order]), city.today - ago[order], 0)


def death_rows(who: pd.DataFrame, died: Any, first: int) -> pd.DataFrame:
    """Return rows of `kematian`."""
    columns = {"nik": who["nik"], "nama_lengkap": who["nama_lengkap"], "tanggal_kematian": days(died)}
    return made("kematian", {**columns, "nomor_akta": act_numbers("KM", died, first)}, first)


def draw_moves(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `perpindahan`: who left (status_dasar 3), and at least as many that came, in three years."""
    left = np.flatnonzero(city["penduduk"]["status_dasar"] == "3")
    pool = city.living(3, 100)
    came = rng.choice(pool, min(len(pool), max(60, len(left))), replace=False)
    who = np.concatenate([left, came])
    is_out = np.arange(len(who)) < len(left)
    ago = (rng.random(len(who)) * np.minimum(city.age[who], 3) * YEAR).astype(np.int64)
    order = np.argsort(-ago, kind="stable")
    return move_rows(rng, city.rows("penduduk", who[order]), city.today - ago[order], is_out[order], 0)


def move_rows(rng: np.random.Generator, who: pd.DataFrame, moved: Any, is_out: Array, first: int) -> pd.DataFrame:
    """Return rows of `perpindahan`; the regions are codes of cities and regencies."""
    other = pick(rng, ELSEWHERE, len(who), [40, 10, 10, 6, 4, 5, 12, 6, 4, 3])
    return made(
        "perpindahan",
        {
            "nik": who["nik"],
            "nama_lengkap": who["nama_lengkap"],
            "tanggal_pindah": days(moved),
            "arah": text(np.where(is_out, "KELUAR", "MASUK")),
            "kode_wilayah_asal": text(np.where(is_out, HERE, other)),
            "kode_wilayah_tujuan": text(np.where(is_out, other, HERE)),
        },
        first,
    )


def draw_marriages(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `perkawinan`: head and wife of each card, married before their eldest child was born."""
    people = city["penduduk"]
    place = pd.DataFrame({"no_kk": people["no_kk"], "place": np.arange(len(people))})
    wives = place[(people["shdk"] == "3").to_numpy()].set_index("no_kk")["place"]
    heads = place[(people["shdk"] == "1").to_numpy()].set_index("no_kk")["place"].reindex(wives.index)
    eldest = pd.Series(city.age).where((people["shdk"] == "4").to_numpy()).groupby(people["no_kk"]).max()
    child = eldest.reindex(wives.index).to_numpy(dtype=float)
    youth = np.minimum(city.age[wives], city.age[heads]) - 17.5  # years since both were of age
    since = np.where(np.isnan(child), 0.1, child + 0.55)
    reach = np.maximum(youth - since, 0)
    ago = since + np.where(np.isnan(child), np.maximum(reach - 12 * rng.random(len(reach)), 0), 0)
    ago = np.where(np.isnan(child), ago, since + rng.random(len(reach)) * np.minimum(reach, 6))
    married = city.today - np.ceil(ago * YEAR).astype(np.int64)
    order = np.argsort(married, kind="stable")
    husbands, brides = city.rows("penduduk", heads.iloc[order]), city.rows("penduduk", wives.iloc[order])
    return marriage_rows(husbands, brides, married[order], 0)


def marriage_rows(husbands: pd.DataFrame, brides: pd.DataFrame, married: Any, first: int) -> pd.DataFrame:
    """Return rows of `perkawinan`."""
    columns = {"nik_suami": husbands["nik"], "nik_istri": brides["nik"], "tanggal_kawin": days(married)}
    return made("perkawinan", {**columns, "nomor_akta": act_numbers("KW", married, first)}, first)


def regions() -> pd.DataFrame:
    """Return the frame `wilayah`: the province, the city, its 5 kecamatan and 29 kelurahan."""
    villages = listed("kelurahan")
    districts = villages.assign(kode=villages["kode"].str[:8])[["kode", "kecamatan"]].drop_duplicates()
    parents = pd.DataFrame({"kode": ["35", "35.74"], "nama": ["Jawa Timur", "Kota Probolinggo"]})
    frame = pd.concat([parents, districts.rename(columns={"kecamatan": "nama"}), villages[["kode", "nama"]]])
    return frame.sort_values("kode", ignore_index=True).astype("str")
