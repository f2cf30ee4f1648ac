"""Planted contradictions in the papers of pupils, employees, veterans and businesses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator import edits
from simulator.contradictions import NEEDS_NIB
from simulator.draw import YEAR, days, digits, parts, pick, scattered, text
from simulator.ground import Ground
from simulator.institutions import PPPK_RANKS
from simulator.schooling import LEVELS


def veteran_twice(ground: Ground) -> None:
    """A veteran is listed under two numbers."""
    veterans, people = ground.city["veteran"], ground.people
    alive = veterans.loc[veterans["masih_hidup"].astype(bool), "nik"]
    who = ground.choose(people[people["nik"].isin(alive)])
    like = veterans[veterans["nik"].isin(who["nik"])]
    seen = ground.city.today - ground.rng.integers(100, 2000, len(like))
    number = "13." + digits(80_001 + np.arange(len(like)) * 7, 6).to_numpy(object)
    rows = ground.add("veteran", like.assign(nomor_veteran=text(number).array, tanggal_pendataan=days(seen)))
    ground.note("veteran_ganda", "veteran", pd.concat([like, rows]))


def employee_twice(ground: Ground) -> None:
    """An employee was appointed again, as PPPK, and has two NIP."""
    city, people = ground.city, ground.people
    staff = city["pegawai"]
    able = staff[staff["tanggal_lahir"] < pd.Timestamp(city.today - int(28 * YEAR))]
    who = ground.choose(people[people["nik"].isin(able["nik"]) & (people["status_dasar"] == "1")])
    like = staff[staff["nik"].isin(who["nik"])]
    year, month, born = parts(like["tanggal_lahir"].to_numpy())
    sex = np.where(like["jenis_kelamin"] == "L", 1, 2)
    base = ((year * 10**4 + month * 100 + born) * 10**6 + 202121) * 10 + sex
    nip = digits(base * 1000 + 901 + np.arange(len(like)), 18)
    rows = like.assign(
        nip=text(nip).array, status_pegawai="PPPK", tmt_cpns=pd.Timestamp("2021-04-01").as_unit("s"),
        golongan=text(pick(ground.rng, PPPK_RANKS, len(like))).array,
    )  # fmt: skip
    ground.note("pegawai_dua_nip", "pegawai", pd.concat([like, ground.add("pegawai", rows)]))


def pupil_twice(ground: Ground) -> None:
    """A child is an active pupil of two schools, under two NISN."""
    city, people = ground.city, ground.people
    pupils, schools = city["siswa"], city["sekolah"]
    level = pd.Series(np.asarray(LEVELS)[np.searchsorted([1, 7, 10], pupils["tingkat"], side="right")], pupils.index)
    kind = schools["jenjang"].replace("SMK", "SMA")
    able = pupils[(pupils["status_siswa"] == "AKTIF") & level.map(kind.value_counts()).gt(1)]
    who = ground.choose(people[people["nik"].isin(able["nik"]) & (people["status_dasar"] == "1")])
    like = able[able["nik"].isin(who["nik"])]
    others = [schools["npsn"][(kind == level[at]) & (schools["npsn"] != like["npsn"][at])] for at in like.index]
    school = [str(ground.rng.choice(found.to_numpy(object))) for found in others]
    first = city.first_free("siswa")
    nisn = like["nisn"].str[:3] + scattered(first + np.arange(len(like)), 7).to_numpy(object)
    rows = ground.add("siswa", like.assign(nisn=nisn, npsn=text(school).array))
    ground.note("siswa_dua_sekolah", "siswa", pd.concat([like, rows]))


def pupil_of_another_age(ground: Ground) -> None:
    """A school has a birth date that is years from the registry's."""
    city, people = ground.city, ground.people
    pupils = city["siswa"]
    active = pupils.loc[(pupils["status_siswa"] == "AKTIF") & ~pupils["nik"].duplicated(keep=False), "nik"]
    who = ground.choose(people[people["nik"].isin(active) & (people["status_dasar"] == "1") & (people["age"] > 7)])
    rows = pupils[pupils["nik"].isin(who["nik"])]
    shift = pd.to_timedelta(ground.rng.integers(400, 800, len(rows)) * pick(ground.rng, [-1, 1], len(rows)), unit="D")
    edits.change(city, "siswa", rows.index, tanggal_lahir=(rows["tanggal_lahir"] + shift).astype("datetime64[s]"))
    ground.note("umur_siswa_berbeda", "siswa", rows)


def permit_without_nib(ground: Ground) -> None:
    """A permit that only a registered business gets has no NIB, or one that nobody has."""
    city, people = ground.city, ground.people
    permits = city["perizinan"]
    able = permits[permits["jenis_izin"].isin(NEEDS_NIB) & (permits["status_izin"] == "TERBIT")]
    who = ground.choose(people[people["nik"].isin(able["nik_pemohon"])])
    rows = able[able["nik_pemohon"].isin(who["nik"])].drop_duplicates("nik_pemohon")
    invented = text("9120" + scattered(10**6 + np.arange(len(rows)), 9))
    nib = invented.mask(np.arange(len(rows)) % 2 == 0)
    edits.change(city, "perizinan", rows.index, nib=nib)
    ground.note("izin_tanpa_nib", "perizinan", rows)


def seeker_at_work(ground: Ground) -> None:
    """An employee of the city has a job seeker's card."""
    city, people = ground.city, ground.people
    seekers = city["pencari_kerja"]
    staff = people[people["nik"].isin(city["pegawai"]["nik"]) & (people["status_dasar"] == "1")]
    who = ground.choose(staff[(staff["age"] < 45) & ~staff["nik"].isin(seekers["nik"])])
    open_ones = seekers[seekers["status_kerja"] == "MENCARI"]
    like = open_ones.tail(len(who))
    who = who.head(len(like))
    number = like["nomor_ak1"].str[:12] + digits(city.first_free("pencari_kerja") + 1 + np.arange(len(like)), 6).array
    own = {name: who[name].array for name in seekers.columns.intersection(who.columns)}
    rows = ground.add("pencari_kerja", like.assign(**own, nomor_ak1=number))
    ground.note("pencari_kerja_pegawai", "pencari_kerja", rows)
