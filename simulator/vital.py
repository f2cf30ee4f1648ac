"""Births, deaths, moves and marriages of one day."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator import edits
from simulator.city import City, made
from simulator.draw import Array, days, digits, names, never, streets, text
from simulator.events import birth_rows, death_rows, marriage_rows, move_rows
from simulator.land import house_rows
from simulator.people import draw_people, numbered
from simulator.social import elderly_rows, person

#: events a thousand residents and year
BIRTHS, DEATHS, LEAVERS, COMERS, MARRIAGES = 14, 7, 6, 6, 6


def _count(rng: np.random.Generator, city: City, rate: float) -> int:
    return int(rng.poisson(city.size * rate / 1000 / 365))


def _areas(people: pd.DataFrame) -> Array:
    """Return the kecamatan's number, 1 to 5."""
    areas: Array = people["kode_kelurahan"].str[6:8].astype(np.int64).to_numpy()
    return areas


def resize(city: City, cards: pd.Series[str], by: int) -> None:
    """Add `by` members to family cards, once for each time a card is named."""
    for name in ("keluarga", "keluarga_miskin"):
        frame = city[name]
        rows = frame[frame["no_kk"].isin(cards)]
        times = rows["no_kk"].map(cards.value_counts()).to_numpy(np.int64)
        edits.change(city, name, rows.index, jumlah_anggota=rows["jumlah_anggota"] + by * times)


def births(rng: np.random.Generator, city: City) -> None:
    """Children are born to women of 19 to 42 who live with a family, with today's NIK and act."""
    people = city["penduduk"]
    is_mother = (people["jenis_kelamin"] == "P") & people["shdk"].isin(["1", "3"]) & (people["status_kawin"] == "2")
    able = np.flatnonzero(is_mother.to_numpy() & city.is_living & (city.age >= 19) & (city.age < 42))
    count = min(len(able), _count(rng, city, BIRTHS))
    if count == 0:
        return
    mothers = city.rows("penduduk", rng.choice(able, count, replace=False))
    is_male = rng.random(count) < 0.51
    born = np.full(count, city.today)
    children = made(
        "penduduk",
        {
            **person(mothers, "no_kk", "agama", "alamat", "rt", "rw", "kode_kelurahan"),
            "nik": numbered(_areas(mothers), born, (~is_male).astype(np.int64), people["nik"]),
            "nama_lengkap": names(rng, is_male),
            "tempat_lahir": "PROBOLINGGO",
            "tanggal_lahir": born,
            "jenis_kelamin": text(np.where(is_male, "L", "P")),
            "status_kawin": "1",
            "pendidikan": "1",
            "pekerjaan": "1",
            "golongan_darah": "13",
            "shdk": "4",
            "status_dasar": "1",
            "tanggal_kematian": never(count),
            "telepon": text([None] * count),
            "nama_ibu": mothers["nama_lengkap"],
        },
        city.first_free("penduduk"),
    )
    edits.add(city, "penduduk", children)
    edits.add(city, "kelahiran", birth_rows(children, mothers["nik"], born, city.first_free("kelahiran")))
    resize(city, children["no_kk"], 1)


def deaths(rng: np.random.Generator, city: City) -> None:
    """People die, the old sooner; their spouses are widowed. City employees are spared: their papers need them."""
    people = city["penduduk"]
    spared = people["nik"].isin(city["pegawai"]["nik"]).to_numpy()
    weight = np.exp(city.age / 11) * city.is_living * ~spared
    count = _count(rng, city, DEATHS)
    if count == 0:
        return
    chosen = np.sort(rng.choice(len(people), count, replace=False, p=weight / weight.sum()))
    who = city.rows("penduduk", chosen)
    bury(city, people.index[chosen], np.full(count, city.today))
    leave_lists(city, who["nik"])
    veterans = city["veteran"]
    edits.change(city, "veteran", veterans.index[veterans["nik"].isin(who["nik"])], masih_hidup=False)


def bury(city: City, labels: Any, died: Array) -> None:
    """Register deaths of residents by label, on the days `died`; their spouses are widowed."""
    people = city["penduduk"]
    who = people.loc[labels].reset_index(drop=True)
    gone = pd.Series(days(died))
    edits.change(city, "penduduk", labels, status_dasar="2", tanggal_kematian=gone)
    couples = who.loc[who["shdk"].isin(["1", "3"]) & (who["status_kawin"] == "2"), "no_kk"]
    mates = people["no_kk"].isin(couples) & people["shdk"].isin(["1", "3"]) & ~people["nik"].isin(who["nik"])
    edits.change(city, "penduduk", people.index[mates], status_kawin="4")
    edits.add(city, "kematian", death_rows(who, died, city.first_free("kematian")))


def leave_lists(city: City, nik: pd.Series[str], but: str = "") -> None:
    """Take people off the lists of those who live and work here, all `but` one; as pupils they have left."""
    for name in ("lansia", "disabilitas", "pencari_kerja", "tenaga_pendidik", "tenaga_kesehatan"):
        if name != but:
            edits.drop(city, name, city[name].index[city[name]["nik"].isin(nik)])
    pupils = city["siswa"]
    gone = pupils["nik"].isin(nik) & pupils["status_siswa"].isin(["AKTIF", "DAFTAR"])
    edits.change(city, "siswa", pupils.index[gone], status_siswa="KELUAR")


def departures(rng: np.random.Generator, city: City) -> None:
    """Grown children and relatives move to another city."""
    people = city["penduduk"]
    free = people["shdk"].isin(["4", "9"]) & ~people["nik"].isin(city["pegawai"]["nik"])
    able = np.flatnonzero(free.to_numpy() & city.is_living & (city.age >= 18) & (city.age < 55))
    count = min(len(able), _count(rng, city, LEAVERS))
    if count == 0:
        return
    chosen = np.sort(rng.choice(able, count, replace=False))
    who = city.rows("penduduk", chosen)
    depart(rng, city, people.index[chosen])
    leave_lists(city, who["nik"])


def depart(rng: np.random.Generator, city: City, labels: Any) -> None:
    """Register that residents, by label, move to another city today."""
    who = city["penduduk"].loc[labels].reset_index(drop=True)
    edits.change(city, "penduduk", labels, status_dasar="3")
    gone = move_rows(rng, who, np.full(len(who), city.today), np.ones(len(who), bool), city.first_free("perpindahan"))
    edits.add(city, "perpindahan", gone)


def arrivals(rng: np.random.Generator, city: City) -> None:
    """New households come from elsewhere."""
    count = _count(rng, city, COMERS)
    if count == 0:
        return
    people, cards = draw_people(rng, count, city.today, (city["penduduk"], city["keluarga"]))
    people = people.assign(status_dasar="1", tanggal_kematian=never(len(people)))[list(city["penduduk"].columns)]
    came = move_rows(rng, people, np.full(count, city.today), np.zeros(count, bool), city.first_free("perpindahan"))
    for name, rows in (("penduduk", people), ("keluarga", cards), ("perpindahan", came)):
        first = city.first_free(name)
        edits.add(city, name, rows.set_axis(pd.RangeIndex(first, first + len(rows)), axis=0))
    _house(rng, city, len(cards))


def _house(rng: np.random.Generator, city: City, count: int) -> None:
    """Give the last families of the list a house."""
    if count == 0:
        return
    last = np.arange(len(city["keluarga"]) - count, len(city["keluarga"]))
    edits.add(city, "perumahan", house_rows(rng, city, last, city.first_free("perumahan")))


def weddings(rng: np.random.Generator, city: City) -> None:
    """Grown children of two families of one religion marry and get a card of their own."""
    before = len(city["keluarga"])
    for _ in range(_count(rng, city, MARRIAGES)):
        people = city["penduduk"]
        is_child = (people["shdk"] == "4") & (people["status_kawin"] == "1")
        single = is_child.to_numpy() & city.is_living & (city.age >= 21) & (city.age < 38)
        men = np.flatnonzero(single & (people["jenis_kelamin"] == "L").to_numpy())
        if len(men) == 0:
            break
        place = rng.choice(men)
        groom = people.iloc[place]
        fits = (people["jenis_kelamin"] == "P") & (people["agama"] == groom["agama"])
        fits &= people["no_kk"] != groom["no_kk"]
        women = np.flatnonzero(single & fits.to_numpy())
        if len(women):
            _marry(rng, city, city.rows("penduduk", [place]), city.rows("penduduk", [rng.choice(women)]))
    _house(rng, city, len(city["keluarga"]) - before)


def _marry(rng: np.random.Generator, city: City, groom: pd.DataFrame, bride: pd.DataFrame) -> None:
    """Move a couple, a row each, to a new card and write the act."""
    people, today = city["penduduk"], np.full(1, city.today)
    home = {
        "no_kk": str(numbered(_areas(groom), today, np.zeros(1, np.int64), city["keluarga"]["no_kk"])[0]),
        "alamat": str(streets(rng, 1)[0]),
        "rt": str(digits(rng.integers(1, 9, 1), 3)[0]),
        "rw": str(digits(rng.integers(1, 13, 1), 3)[0]),
        "kode_kelurahan": str(groom["kode_kelurahan"][0]),
    }
    card = {
        **{name: text([value]) for name, value in home.items()},
        "nik_kepala": groom["nik"],
        "nama_kepala": groom["nama_lengkap"],
        "jumlah_anggota": np.full(1, 2),
    }
    resize(city, pd.concat([groom["no_kk"], bride["no_kk"]]), -1)
    for who, relation in ((groom, "1"), (bride, "3")):
        label = people.index[people["nik"] == who["nik"][0]]
        edits.change(city, "penduduk", label, **home, shdk=relation, status_kawin="2")
        edits.tell(city, city["penduduk"].loc[label], edits.ADDRESSES, ["alamat", "kode_kelurahan"])
    edits.add(city, "keluarga", made("keluarga", card, city.first_free("keluarga")))
    edits.add(city, "perkawinan", marriage_rows(groom, bride, today, city.first_free("perkawinan")))


def birthdays(rng: np.random.Generator, city: City) -> None:
    """Who became 60, or came at that age, is listed among the elderly."""
    old = np.flatnonzero(city.is_living & (city.age >= 60))
    listed = city["penduduk"]["nik"].take(old).isin(city["lansia"]["nik"]).to_numpy()
    if not listed.all():
        edits.add(city, "lansia", elderly_rows(rng, city, old[~listed], city.first_free("lansia")))
