"""Departments, their employees, and the schools."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.draw import TODAY, Array, days, digits, listed, parts, phones, pick, serials, streets

RANKS = ["II/a", "II/b", "II/c", "II/d", "III/a", "III/b", "III/c", "III/d", "IV/a", "IV/b", "IV/c"]
PPPK_RANKS = ["V", "VII", "IX", "X"]
POSITIONS = ["Pengadministrasi Umum", "Pranata Komputer Ahli Pertama", "Analis Kebijakan Ahli Muda", "Bendahara",
             "Pengelola Kepegawaian", "Kepala Seksi", "Kepala Bidang", "Sekretaris", "Arsiparis Terampil",
             "Penyusun Program Anggaran dan Pelaporan"]  # fmt: skip
HEALTH = ["Perawat Terampil", "Perawat Ahli Pertama", "Bidan Terampil", "Dokter Ahli Muda", "Apoteker Ahli Pertama",
          "Pranata Laboratorium Kesehatan", "Perekam Medis", "Nutrisionis"]  # fmt: skip
TEACHING = ["Guru Ahli Pertama", "Guru Ahli Muda", "Guru Ahli Madya", "Pengawas Sekolah"]
#: about a third teaches and a quarter heals
UNIT_WEIGHTS = {"1.01.01": 130, "1.02.01": 60, "1.02.02": 55, "1.02.03": 15}
TITLES = ["", "S.E.", "S.Sos.", "S.Kom.", "S.T.", "S.H.", "S.Pd.", "M.M.", "A.Md."]
LEVELS = {"TK": 30, "SD": 45, "SMP": 14, "SMA": 6, "SMK": 5}


def draw_units(rng: np.random.Generator) -> pd.DataFrame:
    """Return the frame `opd`: the 39 departments."""
    units = listed("opd")
    phone = "0335" + digits(rng.integers(900_000, 1_000_000, len(units)), 6)
    return units.assign(alamat=streets(rng, len(units)), telepon=phone.astype("str"))


def draw_employees(rng: np.random.Generator, people: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Return the frame `pegawai`: about one in forty residents, at least 300, all of them residents."""
    age = (TODAY - people["tanggal_lahir"].to_numpy().astype("datetime64[D]")).astype(np.int64) / 365.25
    learned = people["pendidikan"].isin(["5", "6", "7", "8", "9", "10"])
    able = np.flatnonzero((age >= 24) & (age < 58) & learned & (people["status_dasar"] == "1"))
    count = min(len(able), max(300, len(people) // 40))
    chosen = np.sort(rng.choice(able, count, replace=False))
    who = people.iloc[chosen].reset_index(drop=True)
    joined_at_age = 22.5 + rng.random(count) * np.minimum(age[chosen] - 23, 11)
    joined = who["tanggal_lahir"].to_numpy().astype("datetime64[D]") + (joined_at_age * 365.25).astype(int)
    joined = joined.astype("datetime64[M]").astype("datetime64[D]")  # appointed on the first of a month
    is_pppk = (joined >= np.datetime64("2019-01-01")) & (rng.random(count) < 0.6)
    kind = np.where(is_pppk, "PPPK", np.where(joined >= np.datetime64("2024-06-01"), "CPNS", "PNS"))
    weights = [UNIT_WEIGHTS.get(code, 6) for code in units["kode_opd"]]
    unit = units.iloc[rng.choice(len(units), count, p=np.array(weights) / sum(weights))].reset_index(drop=True)
    code = unit["kode_opd"]
    job = np.where(code == "1.01.01", pick(rng, TEACHING, count), pick(rng, POSITIONS, count))
    job = np.where(code.str.startswith("1.02"), pick(rng, HEALTH, count), job)
    return pd.DataFrame(
        {
            "nip": _nip(who, joined, is_pppk),
            "nik": who["nik"],
            "nama_lengkap": who["nama_lengkap"],
            "gelar_belakang": pd.Series(pick(rng, TITLES, count), dtype="str"),
            "tempat_lahir": who["tempat_lahir"],
            "tanggal_lahir": who["tanggal_lahir"],
            "jenis_kelamin": who["jenis_kelamin"],
            "agama": who["agama"],
            "golongan": pd.Series(np.where(is_pppk, pick(rng, PPPK_RANKS, count), _rank(rng, joined)), dtype="str"),
            "jabatan": pd.Series(job, dtype="str"),
            "kode_opd": code,
            "unit_kerja": unit["nama"],
            "status_pegawai": pd.Series(kind, dtype="str"),
            "tmt_cpns": days(joined),
            "alamat": who["alamat"],
            "telepon": who["telepon"].fillna(phones(rng, count, 1.0)),
        }
    )


def _nip(who: pd.DataFrame, joined: Array, is_pppk: Array) -> pd.Series[Any]:
    """Return birth date, appointment (PNS: YYYYMM, PPPK: YYYY21), sex 1/2 and a serial of 3 digits."""
    year, month, day = parts(who["tanggal_lahir"].to_numpy())
    start, start_month, _ = parts(joined)
    base = (year * 10**4 + month * 100 + day) * 10**6 + start * 100 + np.where(is_pppk, 21, start_month)
    base = base * 10 + np.where(who["jenis_kelamin"] == "L", 1, 2)
    number: pd.Series[Any] = digits(base * 1000 + serials(base), 18).astype("str")
    return number


def _rank(rng: np.random.Generator, joined: Array) -> Array:
    """Return the golongan: a step every four years or so from where the career began."""
    years = (TODAY - joined.astype("datetime64[D]")).astype(np.int64) / 365.25
    start = pick(rng, [0, 2, 4], len(joined), [2, 3, 6])
    step = np.clip(start + (years / 4).astype(int), 0, len(RANKS) - 1)
    ranks: Array = np.asarray(RANKS)[step]
    return ranks


def draw_schools(rng: np.random.Generator, residents: int) -> pd.DataFrame:
    """Return the frame `sekolah`: one school to about a thousand residents, at least 60."""
    count = max(60, residents // 1000)
    villages = listed("kelurahan")
    place = villages.iloc[rng.integers(0, len(villages), count)].reset_index(drop=True)
    level = pd.Series(pick(rng, list(LEVELS), count, list(LEVELS.values())), dtype="str")
    status = pd.Series(np.where(rng.random(count) < np.where(level == "TK", 0.1, 0.75), "N", "S"), dtype="str")
    base = level + np.where(status == "N", " NEGERI ", " SWASTA ") + place["nama"].str.upper() + " "
    pupils = level.map({"TK": 45, "SD": 190, "SMP": 380, "SMA": 520, "SMK": 610}).to_numpy(float)
    return pd.DataFrame(
        {
            "npsn": digits(20_990_000 + np.arange(1, count + 1), 8).astype("str"),
            "nama": base + digits(serials(base.to_numpy(dtype=object)), 1).astype("str"),
            "jenjang": level,
            "status_sekolah": status,
            "alamat": streets(rng, count),
            "kode_kelurahan": place["kode"].astype("str"),
            "telepon": ("0335" + digits(rng.integers(900_000, 1_000_000, count), 6)).astype("str"),
            "jumlah_siswa": np.maximum(rng.normal(pupils, pupils / 4), 12).astype(np.int64),
        }
    )
