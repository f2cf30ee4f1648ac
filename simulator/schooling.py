"""Pupils at schools near their home, and teachers."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from simulator.city import City, made
from simulator.draw import YEAR, Array, digits, drawn, parts, pick, scattered, text
from simulator.social import person

SCHOOL_YEAR, NEXT_YEAR = "2024/2025", "2025/2026"
STARTED = np.datetime64("2024-07-01")
LEVELS = ["TK", "SD", "SMP", "SMA"]
#: of those who left school early, by level
STAYS = {"TK": 0.55, "SD": 0.99, "SMP": 0.96, "SMA": 0.86}
SUBJECTS = {"Guru Kelas": 40, "Matematika": 8, "Bahasa Indonesia": 9, "Bahasa Inggris": 7, "IPA": 7, "IPS": 6,
            "Pendidikan Agama": 9, "PJOK": 8, "Seni Budaya": 4, "Informatika": 2}  # fmt: skip


def draw_pupils(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `siswa`: children at school, those who finished a school this year, and who applied to one."""
    at_start = city.age - float((city.today - STARTED).astype(int)) / YEAR
    grade = np.floor(at_start).astype(np.int64) - 6
    able = np.flatnonzero(city.is_living & (at_start >= 4) & (grade <= 12))
    grade = np.clip(grade[able], 0, 12)
    # those who were six then begin grade 1 this July: they have applied
    applies = (at_start[able] >= 6) & (at_start[able] < 7)
    step = np.where(applies, 1, grade)
    keep = rng.random(len(able)) < np.asarray([STAYS[name] for name in LEVELS])[_level(step)]
    able, grade, applies = able[keep], step[keep], applies[keep]
    last = np.isin(grade, [6, 9, 12])
    moves_on = last & (grade < 12) & (rng.random(len(able)) < 0.4)
    grade, applies = grade + moves_on, applies | moves_on
    fate = drawn(rng, {"AKTIF": 970, "PINDAH": 18, "KELUAR": 12}, len(able))
    fate = fate.mask(last & (rng.random(len(able)) < 0.9), "LULUS").mask(applies, "DAFTAR")
    return pupil_rows(rng, city, able, grade, fate, 0)


def _level(grade: Array) -> Array:
    """Return the place in LEVELS of a grade from 0 to 12."""
    return np.searchsorted([1, 7, 10], grade, side="right")


def pupil_rows(
    rng: np.random.Generator, city: City, positions: Array, grade: Array, fate: pd.Series[Any], first: int
) -> pd.DataFrame:
    """Return rows of `siswa` for positions in `penduduk`; applicants are of the coming school year."""
    who = city.rows("penduduk", positions)
    year, _, _ = parts(who["tanggal_lahir"].to_numpy())
    return made(
        "siswa",
        {
            **person(who, "nik", "nama_lengkap", "tanggal_lahir", "jenis_kelamin"),
            **person(who, "nama_ibu", "alamat", "kode_kelurahan"),
            "nisn": digits(year % 1000, 3).astype("str") + scattered(first + np.arange(len(who)), 7),
            "npsn": _near(rng, city, who["kode_kelurahan"], _level(grade)),
            "tingkat": grade,
            "tahun_ajaran": text(np.where(fate == "DAFTAR", NEXT_YEAR, SCHOOL_YEAR)),
            "status_siswa": fate,
        },
        first,
    )  # fmt: skip


def _near(rng: np.random.Generator, city: City, home: pd.Series[Any], level: Array) -> pd.Series[Any]:
    """Choose a school of the level: in the kelurahan, else in the kecamatan, else anywhere; SMA anywhere."""
    schools = city["sekolah"]
    kind = schools["jenjang"].replace("SMK", "SMA")
    chosen = np.zeros(len(home), np.int64)
    groups = pd.Series(np.arange(len(home))).groupby([home.to_numpy(dtype=object), level])
    for at, rows in groups:
        village, place = cast("tuple[str, int]", at)
        fits = (kind == LEVELS[place]).to_numpy()
        close = fits & (schools["kode_kelurahan"] == village).to_numpy()
        area = fits & schools["kode_kelurahan"].str.startswith(village[:8]).to_numpy()
        pool = next(np.flatnonzero(found) for found in (close & (place < 3), area & (place < 3), fits) if found.any())
        chosen[rows.to_numpy()] = rng.choice(pool, len(rows))
    return schools["npsn"].take(chosen).reset_index(drop=True)


def count_pupils(schools: pd.DataFrame, pupils: pd.DataFrame) -> pd.DataFrame:
    """Return `sekolah` with jumlah_siswa counted: pupils of this school year, those who just finished included."""
    here = pupils[pupils["status_siswa"].isin(["AKTIF", "LULUS"])]["npsn"].value_counts()
    return schools.assign(jumlah_siswa=schools["npsn"].map(here).fillna(0).astype(np.int64))


def draw_teachers(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `tenaga_pendidik`: civil servants who teach, with their NIP, and others without."""
    staff = city["pegawai"]
    servants = staff[staff["jabatan"].str.startswith("Guru")].reset_index(drop=True)
    learned = city["penduduk"]["pendidikan"].isin(["8", "9"]).to_numpy()
    taken = pd.concat([staff["nik"], city["tenaga_kesehatan"]["nik"]])
    free = learned & ~city["penduduk"]["nik"].isin(taken).to_numpy()
    hired = city.others(rng, max(70, city.size // 170), 23, 58, free)
    columns = ("nik", "nama_lengkap", "tanggal_lahir", "jenis_kelamin")
    who = pd.concat([servants[list(columns)], hired[list(columns)]], ignore_index=True)
    own, count = len(servants), len(who)
    schools = city["sekolah"]
    public = np.flatnonzero(schools["status_sekolah"] == "N")
    school = np.r_[rng.choice(public, own), rng.integers(0, len(schools), len(hired))].astype(np.int64)
    is_private = (schools["status_sekolah"] == "S").to_numpy()[school]
    contract = np.where(servants["status_pegawai"] == "PPPK", "PPPK", "PNS")
    job = drawn(rng, {"GURU": 88, "TENDIK": 12}, count)
    job = job.mask(np.arange(count) < own, "GURU").mask(~pd.Series(school).duplicated(), "KEPSEK")
    return made(
        "tenaga_pendidik",
        {
            **person(who, *columns),
            "nuptk": scattered(np.arange(count), 16),
            "nip": pd.concat([servants["nip"], text([None] * len(hired))]),
            "npsn": schools["npsn"].take(school),
            "jenis_ptk": job,
            "status_ptk": text(np.r_[contract, np.where(is_private[own:], "GTY", "HONORER")]),
            "mata_pelajaran": text(pick(rng, list(SUBJECTS), count, list(SUBJECTS.values()))).where(job != "TENDIK"),
            "sertifikasi": rng.random(count) < np.where(np.arange(count) < own, 0.7, 0.25),
        },
    )
