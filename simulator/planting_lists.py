"""Planted contradictions between the registry and the lists of those who get help, or who are poor or old."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator import edits, vital
from simulator.contradictions import FOR_THE_POOR
from simulator.draw import days, digits, names, pick, streets, text
from simulator.ground import UNUSED, Ground, Planter
from simulator.social import aid_rows, elderly_rows, poor_rows, veteran_numbers, veteran_rows

#: where the numbers of strangers begin, so that no two lists invent the same person
SERIALS = {"disabilitas": 0, "lansia": 100, "veteran": 200}


def not_a_resident(dataset: str) -> Planter:
    """Return the planter of people on a list who moved away, or whom the registry does not know."""

    def planter(ground: Ground) -> None:
        rule, half = f"{dataset}_bukan_penduduk", ground.count // 2
        moved = ground.choose(ground.among(dataset), half)
        if len(moved):
            vital.depart(ground.rng, ground.city, moved.index)
            vital.leave_lists(ground.city, moved["nik"], dataset)
        frame = ground.city[dataset]
        like = frame.loc[np.sort(ground.rng.choice(frame.index, ground.count - half, replace=False))]
        is_male = (like["jenis_kelamin"] == "L").to_numpy()
        serial = digits(UNUSED + np.arange(len(like)) + SERIALS[dataset], 4).to_numpy(object)
        strangers = like.assign(
            nik=like["nik"].str[:12] + serial,
            nama_lengkap=names(ground.rng, is_male).to_numpy(object),
            alamat=streets(ground.rng, len(like)).to_numpy(object),
        )
        if dataset == "lansia":
            strangers = strangers.assign(no_kk=None, menerima_bantuan=False)
        elif dataset == "veteran":
            strangers = strangers.assign(nomor_veteran=veteran_numbers(90_001, len(like)).array, masih_hidup=True)
        added = ground.add(dataset, strangers.astype(frame.dtypes))
        ground.note_people(rule, dataset, pd.concat([moved["nik"], added["nik"]]))

    return planter


def too_young(ground: Ground) -> None:
    """Somebody in their forties or fifties stands on the list of the elderly; far enough from 60 for years to come."""
    quiet, city = ground.quiet, ground.city
    who = ground.choose(quiet[(quiet["age"] > 42) & (quiet["age"] < 56)])
    if who.empty:
        return
    rows = elderly_rows(ground.rng, city, who.index.to_numpy(), 0)
    seen = city.today - ground.rng.integers(30, 600, len(rows))
    rows = ground.add("lansia", rows.assign(tanggal_pendataan=days(seen)))
    ground.note("bukan_lansia", "lansia", rows)


def veteran_too_young(ground: Ground) -> None:
    """Somebody born long after Operation Seroja stands on the list of its veterans."""
    quiet, city = ground.quiet, ground.city
    free = quiet[(quiet["age"] > 40) & (quiet["age"] < 56) & ~quiet["nik"].isin(city["veteran"]["nik"])]
    who = ground.choose(free).reset_index(drop=True)
    war, number = text(["SEROJA"] * len(who)), veteran_numbers(95_001, len(who))
    rows = ground.add("veteran", veteran_rows(ground.rng, who, war, number, city.today))
    ground.note("veteran_terlalu_muda", "veteran", rows)


def employee_among_the_poor(ground: Ground) -> None:
    """A family with an employee of the city stands on the list of the poor."""
    city, people = ground.city, ground.people
    houses = city["perumahan"].dropna(subset="no_kk").drop_duplicates("no_kk").set_index("no_kk")["status_rumah"]
    staff = people[people["nik"].isin(city["pegawai"]["nik"]) & (people["status_dasar"] == "1")]
    staff = staff[~staff["no_kk"].duplicated(keep=False) & ~staff["no_kk"].isin(city["keluarga_miskin"]["no_kk"])]
    who = ground.choose(staff[~staff["no_kk"].map(houses).eq("DINAS")])
    cards = city["keluarga"].set_index("no_kk", drop=False).loc[who["no_kk"]].reset_index(drop=True)
    rows = poor_rows(ground.rng, cards, city.today, 0) if len(cards) else city["keluarga_miskin"].head(0)
    is_piped = rows["nik_kepala"].isin(city["pelanggan_air"]["nik"])
    tenure = rows["no_kk"].map(houses)
    rows = rows.assign(
        status_rumah=tenure.fillna(rows["status_rumah"]).astype("str"),
        sumber_air=rows["sumber_air"].replace("PDAM", "SUMUR").mask(is_piped, "PDAM"),
    )
    ground.note("asn_dalam_keluarga_miskin", "keluarga_miskin", ground.add("keluarga_miskin", rows))


def employee_gets_aid(ground: Ground) -> None:
    """An employee of the city, whose family is not poor, gets the aid of the poor."""
    city, people = ground.city, ground.people
    poor = city["keluarga_miskin"]["no_kk"]
    staff = people[people["nik"].isin(city["pegawai"]["nik"]) & (people["status_dasar"] == "1")]
    who = ground.choose(staff[~staff["no_kk"].isin(poor) & ~staff["nik"].isin(city["lansia"]["nik"])])
    who = who.reset_index(drop=True)
    if who.empty:
        return
    what = text(pick(ground.rng, FOR_THE_POOR, len(who)))
    when = what.map({"PKH": "2025-04", "BPNT": "2025-05", "BLT": "2025-06"})
    ground.add("penerima_bantuan", aid_rows(ground.rng, who, what, when, city.today, 0))
    ground.note_people("asn_menerima_bantuan", "pegawai", who["nik"])


def aid_twice_in_a_household(ground: Ground) -> None:
    """Beside the head another member of the household gets the same programme in the same month."""
    city, people = ground.city, ground.people
    aid = city["penerima_bantuan"]
    of_heads = aid[aid["program_bantuan"].isin(FOR_THE_POOR) & aid["nik"].isin(city["keluarga"]["nik_kepala"])]
    newest = of_heads.sort_values("periode", kind="stable").drop_duplicates("no_kk", keep="last").set_index("no_kk")
    lists = pd.concat([city[name]["nik"] for name in ("lansia", "penerima_bantuan", "pegawai")])
    grown = people[(people["status_dasar"] == "1") & (people["age"] >= 21) & ~people["nik"].isin(lists)]
    who = ground.choose(grown[grown["no_kk"].isin(newest.index)]).reset_index(drop=True)
    like = newest.loc[who["no_kk"]]
    what, when = text(like["program_bantuan"]), text(like["periode"])
    rows = ground.add("penerima_bantuan", aid_rows(ground.rng, who, what, when, city.today, 0)) if len(who) else who
    if len(rows):
        ground.note("bantuan_ganda_satu_kk", "penerima_bantuan", pd.concat([like.reset_index(), rows]))


def head_elsewhere(ground: Ground) -> None:
    """A family card names as its head somebody who is on another card."""
    city, living = ground.city, ground.living
    heads = ground.choose(living[living["nik"].isin(ground.heads)])
    quiet = ground.quiet
    others = ground.choose(quiet[quiet["age"] > 25], len(heads))
    heads = heads.head(len(others))
    cards = city["keluarga"]
    rows = cards[cards["no_kk"].isin(heads["no_kk"])]
    new = others[["nik", "nama_lengkap"]].set_axis(rows.index, axis=0)
    edits.change(city, "keluarga", rows.index, nik_kepala=new["nik"], nama_kepala=new["nama_lengkap"])
    ground.note("kepala_keluarga_tidak_di_kk", "keluarga", rows)


def no_card(ground: Ground) -> None:
    """A resident's family card is not in the register of cards."""
    city, quiet = ground.city, ground.quiet
    lists = pd.concat([city[name]["nik"] for name in ("lansia", "penerima_bantuan", "siswa", "pencari_kerja")])
    who = ground.choose(quiet[quiet["shdk"].isin(["4", "6", "9"]) & ~quiet["nik"].isin(lists)])
    number = who["no_kk"].str[:12] + digits(UNUSED + np.arange(len(who)), 4).to_numpy(object)
    vital.resize(city, who["no_kk"], -1)
    edits.change(city, "penduduk", who.index, no_kk=number)
    ground.note("kk_tidak_terdaftar", "penduduk", who)
