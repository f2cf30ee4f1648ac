"""Poor families, who gets aid, the elderly, veterans, and people with disabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator.city import City, made
from simulator.draw import Array, days, digits, drawn, rounded, text

#: programme: periods, rupiah, share of the candidates, fewest people
PROGRAMMES = {
    "PKH": (["2024-10", "2025-01", "2025-04"], 750_000, 0.45, 40),
    "BPNT": (["2025-01", "2025-03", "2025-05"], 400_000, 0.7, 40),
    "BLT": (["2024-12", "2025-06"], 600_000, 0.25, 40),
    "PBI_JK": (["2025-06"], 42_000, 0.5, 60),
    "ASLUT": (["2025-04", "2025-05", "2025-06"], 300_000, 0.4, 30),
    "ASPD": (["2025-03", "2025-06"], 600_000, 0.7, 30),
    "HIBAH": (["2025-05"], 5_000_000, 0.0002, 45),
    "INSENTIF": (["2024-12", "2025-06"], 1_200_000, 0.004, 45),
    "PUPUK": (["2024-11", "2025-04"], 450_000, 0.5, 40),
    "RTLH": (["2024-09", "2025-05"], 20_000_000, 0.12, 30),
}


def person(who: pd.DataFrame, *columns: str) -> dict[str, Any]:
    """Return columns of people by name, ready for a frame of another dataset."""
    return {name: who[name] for name in columns}


def draw_poor_families(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `keluarga_miskin`: about a quarter of the families, the larger ones sooner.

    Families of city employees come last: only where a small city has no others.
    """
    families = city["keluarga"]
    size = families["jumlah_anggota"].to_numpy()
    count = len(families) // 4
    weight = (1.0 + size) * np.where(has_employee(city, families), 1e-9, 1)
    chosen = np.sort(rng.choice(len(families), count, replace=False, p=weight / weight.sum()))
    return poor_rows(rng, city.rows("keluarga", chosen), city.today, 0)


def has_employee(city: City, families: pd.DataFrame) -> Array:
    """Tell which families have a member who is an employee of the city: they are not poor."""
    people = city["penduduk"]
    cards = people.loc[people["nik"].isin(city["pegawai"]["nik"]), "no_kk"]
    found: Array = families["no_kk"].isin(cards).to_numpy()
    return found


def poor_rows(rng: np.random.Generator, cards: pd.DataFrame, today: np.datetime64, first: int) -> pd.DataFrame:
    """Return rows of `keluarga_miskin` for family cards, surveyed in the two years up to today."""
    count = len(cards)
    decile = rng.choice([1, 2, 3, 4], count, p=[0.2, 0.25, 0.27, 0.28])
    return made(
        "keluarga_miskin",
        {
            **person(cards, "no_kk", "nik_kepala", "nama_kepala", "alamat", "kode_kelurahan", "jumlah_anggota"),
            "desil": decile,
            "pendapatan_bulanan": rounded(450_000 * decile + rng.integers(0, 500_000, count), 50_000),
            "status_rumah": drawn(rng, {"MILIK": 55, "SEWA": 18, "MENUMPANG": 27}, count),
            "sumber_air": drawn(rng, {"PDAM": 35, "SUMUR": 50, "KEMASAN": 8, "LAINNYA": 7}, count),
            "tanggal_survei": days(today - rng.integers(0, 730, count)),
        },
        first,
    )


def draw_disabled(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `disabilitas`: one in a hundred residents, at least 60."""
    who = city.others(rng, max(60, city.size // 100), 2, 110)
    kind = drawn(rng, {"FISIK": 34, "INTELEKTUAL": 14, "MENTAL": 14, "NETRA": 13, "RUNGU": 10, "WICARA": 7,
                       "GANDA": 8}, len(who))  # fmt: skip
    tools = kind.map({"FISIK": "Kursi Roda", "NETRA": "Tongkat Putih", "RUNGU": "Alat Bantu Dengar"})
    columns = person(who, "nik", "nama_lengkap", "tanggal_lahir", "jenis_kelamin", "alamat", "kode_kelurahan")
    seen = city.today - (rng.random(len(who)) * np.minimum(city.ages(who), 4) * 365).astype(np.int64)
    return made(
        "disabilitas",
        {
            **columns,
            "ragam_disabilitas": kind,
            "derajat_disabilitas": drawn(rng, {"RINGAN": 45, "SEDANG": 35, "BERAT": 20}, len(who)),
            "alat_bantu": tools.astype("str").where(rng.random(len(who)) < 0.6),
            "tanggal_verifikasi": days(seen),
        },
    )


def _candidates(city: City) -> dict[str, Array]:
    """Return the positions in `penduduk` of those who can get a programme."""
    people, poor = city["penduduk"], city["keluarga_miskin"]
    level = people["no_kk"].map(poor.set_index("no_kk")["desil"]).fillna(9).to_numpy()
    is_head = (people["shdk"] == "1").to_numpy()
    huts = city["perumahan"]
    unfit = huts.loc[~huts["layak_huni"].astype(bool) & (huts["status_rumah"] == "MILIK"), "nik_pemilik"]
    able = {
        "PKH": is_head & (level <= 2),
        "BPNT": is_head & (level <= 4),
        "BLT": is_head & (level <= 4),
        "PBI_JK": level <= 4,
        "ASLUT": (city.age >= 60) & (level <= 4),
        "ASPD": people["nik"].isin(city["disabilitas"]["nik"]).to_numpy(),
        "HIBAH": city.age >= 25,
        "INSENTIF": (city.age >= 25) & (level > 4),
        "PUPUK": (city.age >= 21) & people["pekerjaan"].isin(["9", "20"]).to_numpy(),
        "RTLH": people["nik"].isin(unfit).to_numpy(),
    }
    adults = city.living(21, 110)
    found = {name: np.flatnonzero(rows & city.is_living) for name, rows in able.items()}
    return {name: rows if len(rows) else adults[:1] for name, rows in found.items()}


def draw_aid(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `penerima_bantuan`: the same people in every period of their programme."""
    whom, what, when = [], [], []
    for programme, rows in _candidates(city).items():
        periods, _, share, fewest = PROGRAMMES[programme]
        count = min(len(rows), max(fewest, round(len(rows) * share)))
        chosen = np.sort(rng.choice(rows, count, replace=False))
        whom.append(np.tile(chosen, len(periods)))
        what += [programme] * count * len(periods)
        when += [period for period in periods for _ in range(count)]
    who = city.rows("penduduk", np.concatenate(whom))
    return aid_rows(rng, who, text(what), text(when), city.today, 0)


def aid_rows(
    rng: np.random.Generator, who: pd.DataFrame, what: pd.Series[Any], when: pd.Series[Any], today: Any, first: int
) -> pd.DataFrame:
    """Return rows of `penerima_bantuan`; money goes out within forty days after the period began."""
    amount = what.map({name: rule[1] for name, rule in PROGRAMMES.items()}).to_numpy(np.int64)
    paid = when.to_numpy(dtype="datetime64[M]").astype("datetime64[D]") + rng.integers(3, 40, len(who))
    fate = text(np.where(rng.random(len(who)) < 0.97, "DISALURKAN", "GAGAL"))
    fate = fate.mask(paid > today, "PROSES")
    return made(
        "penerima_bantuan",
        {
            **person(who, "nik", "nama_lengkap", "no_kk", "kode_kelurahan"),
            "program_bantuan": what,
            "periode": when,
            "nominal": amount,
            "tanggal_salur": pd.Series(days(paid)).where(fate == "DISALURKAN"),
            "status_salur": fate,
        },
        first,
    )


def draw_elderly(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `lansia`: every living resident of 60 years or more."""
    return elderly_rows(rng, city, np.flatnonzero(city.is_living & (city.age >= 60)), 0)


def elderly_rows(rng: np.random.Generator, city: City, positions: Array, first: int) -> pd.DataFrame:
    """Return rows of `lansia` for positions in `penduduk`."""
    who, age = city.rows("penduduk", positions), city.age[positions]
    size = city.lookup("keluarga", "no_kk", who["no_kk"], "jumlah_anggota").to_numpy()
    living = np.select([size == 1, (size == 2) & (who["status_kawin"] == "2")], ["SENDIRI", "PASANGAN"], "KELUARGA")
    living = np.where((size == 1) & (rng.random(len(who)) < 0.06), "PANTI", living)
    frail = rng.random(len(who)) + (age - 60) / 60
    seen = city.today - (rng.random(len(who)) * np.minimum((age - 60) * 365, 900)).astype(np.int64)
    return made(
        "lansia",
        {
            **person(who, "nik", "no_kk", "nama_lengkap", "tanggal_lahir", "jenis_kelamin", "alamat", "kode_kelurahan"),
            "status_tinggal": text(living),
            "kemandirian": text(np.select([frail < 0.85, frail < 1.2], ["MANDIRI", "RINGAN"], "BERAT")),
            "menerima_bantuan": who["nik"].isin(city["penerima_bantuan"]["nik"]),
            "tanggal_pendataan": days(seen),
        },
        first,
    )


def draw_veterans(rng: np.random.Generator, city: City) -> pd.DataFrame:
    """Return the frame `veteran`: among the oldest, at least 12; some have died."""
    oldest = np.argsort(-city.age, kind="stable")
    able = oldest[np.isin(city["penduduk"]["status_dasar"].to_numpy(), ["1", "2"])[oldest]]
    count = max(12, min(max(42, city.size // 2500), int((city.age >= 62).sum())))
    chosen = np.sort(able[: count * 2][rng.permutation(min(count * 2, len(able)))[:count]])
    if city.age[chosen].min() < 45:
        chosen = np.sort(able[:count])
    who = city.rows("penduduk", chosen)
    born = who["tanggal_lahir"].dt.year
    war = np.select(
        [born <= 1931, born <= 1944, born <= 1958],
        ["PEJUANG", np.where(rng.random(count) < 0.5, "TRIKORA", "DWIKORA"), "SEROJA"],
        "PERDAMAIAN",
    )
    return veteran_rows(rng, who, text(war), veteran_numbers(20_001, count), city.today)


def veteran_rows(
    rng: np.random.Generator,
    who: pd.DataFrame,
    war: pd.Series[str],
    number: pd.Series[str],
    today: np.datetime64,
) -> pd.DataFrame:
    """Return rows of the frame `veteran` for residents: who served in which operation, under which number."""
    return made(
        "veteran",
        {
            **person(who, "nik", "nama_lengkap", "tanggal_lahir", "jenis_kelamin", "alamat", "kode_kelurahan"),
            "nomor_veteran": number,
            "golongan_veteran": war,
            "masih_hidup": who["status_dasar"] == "1",
            "tanggal_pendataan": days(today - rng.integers(100, 2000, len(who))),
        },
    )


def veteran_numbers(first: int, count: int) -> pd.Series[str]:
    """Return numbers of veterans, as their organisation writes them: 13.020001."""
    return text("13." + digits(first + np.arange(count) * 7, 6))
