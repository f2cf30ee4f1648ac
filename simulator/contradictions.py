"""The contradictions that a city's truth holds on a day: what no source shows alone.

Each rule is evaluated here on the truth's frames, apart from the hub's own rules: what the hub finds is held against
it. Some are planted on the first day (`simulator.planting`), some come by themselves: the head of a family dies.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

Truth = dict[str, pd.DataFrame]
Pairs = pd.DataFrame

COLUMNS = ["rule", "dataset", "key", "other_dataset", "other_key"]
#: the contract keys of the datasets that rules speak of
KEYS = {
    "penduduk": ["nik"], "keluarga": ["no_kk"], "keluarga_miskin": ["no_kk"], "lansia": ["nik"],
    "disabilitas": ["nik"], "veteran": ["nomor_veteran"], "pegawai": ["nip"], "siswa": ["nisn"],
    "penerima_bantuan": ["nik", "program_bantuan", "periode"], "pencari_kerja": ["nomor_ak1"],
    "pelaku_usaha": ["nib"], "perizinan": ["nomor_izin"], "objek_pajak": ["nop"],
    "kunjungan_kesehatan": ["nomor_kunjungan"],
}  # fmt: skip
DIED, MOVED, LIVING = "2", "3", "1"
#: employees at work; of status_pegawai
AT_WORK = ("PNS", "CPNS", "PPPK", "PPPK_PW")
#: programmes of which a household gets one
ONE_A_HOUSEHOLD = ("PKH", "BPNT", "BLT", "RTLH")
#: programmes of the poor, which an employee of the city cannot get
FOR_THE_POOR = ("PKH", "BPNT", "BLT")
#: permits that only a business with a NIB gets; their names as the truth writes them
NEEDS_NIB = (
    "Izin Usaha Perdagangan", "Izin Usaha Rumah Makan", "Izin Apotek", "Izin Usaha Industri Kecil", "Izin Reklame",
    "Izin Penyelenggaraan Parkir",
)  # fmt: skip
OLD_AGE = 60  # years
#: last day of the operations of which the law knows veterans (UU 15/2012, pasal 1); peacekeepers serve to this day
SERVICE_ENDED = {"PEJUANG": "1949-12-27", "TRIKORA": "1963-05-01", "DWIKORA": "1966-08-11", "SEROJA": "1976-07-17"}
#: years that the youngest had then; and that peacekeepers have at least
SOLDIERS_AGE, GROWN_UP = 15, 18
MOST_DAYS_APART = 366


def key_of(dataset: str, rows: pd.DataFrame) -> pd.Series[str]:
    """Return the contract key of each row as text, several columns joined by '|'."""
    first, *rest = (rows[name].astype("str") for name in KEYS[dataset])
    key: pd.Series[str] = first.str.cat(pd.concat(rest, axis=1), sep="|") if rest else first
    return key


def known(truth: Truth, today: np.datetime64) -> pd.DataFrame:
    """Return the contradictions of a truth: columns rule, dataset, key, other_dataset, other_key.

    `today` is the city's day. Where a record is missing, other_dataset and other_key are empty.
    """
    found = []
    for rule, (dataset, other, find) in RULES.items():
        pairs = find(truth, today)
        missing = pairs["other_key"].eq("")
        pairs = pairs.assign(rule=rule, dataset=dataset, other_dataset=pd.Series(other, pairs.index).mask(missing, ""))
        found.append(pairs[COLUMNS].astype("str"))
    return pd.concat(found).drop_duplicates(ignore_index=True)


def _pairs(key: pd.Series[str], other: pd.Series[str] | str) -> Pairs:
    return pd.DataFrame({"key": key, "other_key": other}).astype("str")


def _with_register(truth: Truth, dataset: str, nik: str = "nik") -> pd.DataFrame:
    """Return rows of a dataset beside the resident of their NIK: columns p_*, missing where there is none."""
    people = truth["penduduk"][["nik", "no_kk", "status_dasar", "tanggal_kematian", "tanggal_lahir"]]
    rows = truth[dataset].assign(_key=key_of(dataset, truth[dataset]))
    return rows.merge(people.add_prefix("p_"), how="left", left_on=nik, right_on="p_nik")


def _dead(dataset: str, nik: str = "nik") -> Callable[[Truth, np.datetime64], Pairs]:
    """Return the rule that a record's person must not have died."""

    def find(truth: Truth, today: np.datetime64) -> Pairs:
        rows = _with_register(truth, dataset, nik)
        rows = rows[rows["p_status_dasar"] == DIED]
        return _pairs(rows["_key"], rows["p_nik"])

    return find


def _no_resident(dataset: str) -> Callable[[Truth, np.datetime64], Pairs]:
    """Return the rule that a record's person must be registered here, and not have moved away."""

    def find(truth: Truth, today: np.datetime64) -> Pairs:
        rows = _with_register(truth, dataset)
        rows = rows[rows["nik"].notna() & (rows["p_nik"].isna() | (rows["p_status_dasar"] == MOVED))]
        return _pairs(rows["_key"], rows["p_nik"].fillna(""))

    return find


def _twice(truth: Truth, dataset: str, same: list[str], differ: list[str]) -> Pairs:
    """Return pairs of rows that agree in some columns and differ in others, the smaller key first."""
    rows = truth[dataset].assign(_key=key_of(dataset, truth[dataset])).dropna(subset=same)
    rows = rows[rows.duplicated(same, keep=False)][["_key", *same, *differ]]
    pairs = rows.merge(rows, on=same, suffixes=("", "_other"))
    keep = pairs["_key"] < pairs["_key_other"]
    for name in differ:
        keep &= pairs[name] != pairs[f"{name}_other"]
    return _pairs(pairs.loc[keep, "_key"], pairs.loc[keep, "_key_other"])


def _at_work(truth: Truth) -> pd.DataFrame:
    staff = truth["pegawai"]
    return staff[staff["status_pegawai"].isin(AT_WORK)]


def _aid_after_death(truth: Truth, today: np.datetime64) -> Pairs:
    rows = _with_register(truth, "penerima_bantuan")
    late = (rows["tanggal_salur"] > rows["p_tanggal_kematian"]) | (rows["status_salur"] == "PROSES")
    rows = rows[(rows["p_status_dasar"] == DIED) & late]
    return _pairs(rows["_key"], rows["p_nik"])


def _employee_among_the_poor(truth: Truth, today: np.datetime64) -> Pairs:
    poor = truth["keluarga_miskin"]
    staff = _at_work(truth)[["nip", "nik"]].merge(truth["penduduk"][["nik", "no_kk"]], on="nik")
    both = poor.loc[poor["desil"] <= 4, ["no_kk"]].merge(staff, on="no_kk")
    return _pairs(both["no_kk"], both["nip"])


def _too_young(truth: Truth, today: np.datetime64) -> Pairs:
    rows = _with_register(truth, "lansia")
    rows = rows[rows["p_tanggal_lahir"] > pd.Timestamp(today) - pd.DateOffset(years=OLD_AGE)]
    return _pairs(rows["_key"], rows["p_nik"])


def _veteran_died(truth: Truth, today: np.datetime64) -> Pairs:
    rows = _with_register(truth, "veteran")
    rows = rows[rows["masih_hidup"].fillna(False).astype(bool) & (rows["p_status_dasar"] == DIED)]
    return _pairs(rows["_key"], rows["p_nik"])


def _veteran_too_young(truth: Truth, today: np.datetime64) -> Pairs:
    rows = _with_register(truth, "veteran")
    ended = pd.to_datetime(rows["golongan_veteran"].map(SERVICE_ENDED))
    youngest = (ended - pd.DateOffset(years=SOLDIERS_AGE)).fillna(pd.Timestamp(today) - pd.DateOffset(years=GROWN_UP))
    rows = rows[rows["p_tanggal_lahir"] > youngest]
    return _pairs(rows["_key"], rows["p_nik"])


def _aid_twice_in_a_household(truth: Truth, today: np.datetime64) -> Pairs:
    rows = _with_register(truth, "penerima_bantuan")
    rows = rows[rows["program_bantuan"].isin(ONE_A_HOUSEHOLD)].drop(columns="_key")
    return _twice({"penerima_bantuan": rows}, "penerima_bantuan", ["p_no_kk", "program_bantuan", "periode"], ["nik"])


def _pupil_twice(truth: Truth, today: np.datetime64) -> Pairs:
    pupils = truth["siswa"]
    return _twice({"siswa": pupils[pupils["status_siswa"] == "AKTIF"]}, "siswa", ["nik"], ["npsn"])


def _tax_on_the_dead(truth: Truth, today: np.datetime64) -> Pairs:
    rows = _with_register(truth, "objek_pajak", "nik_wajib_pajak")
    began = pd.to_datetime(rows["tahun_pajak"].astype("str") + "-01-01")
    rows = rows[(rows["p_status_dasar"] == DIED) & (rows["p_tanggal_kematian"] < began)]
    return _pairs(rows["_key"], rows["p_nik"])


def _permit_without_nib(truth: Truth, today: np.datetime64) -> Pairs:
    permits = truth["perizinan"]
    wanted = permits["jenis_izin"].isin(NEEDS_NIB) & (permits["status_izin"] == "TERBIT")
    rows = permits[wanted & ~permits["nib"].isin(truth["pelaku_usaha"]["nib"])]
    return _pairs(key_of("perizinan", rows), "")


def _employee_twice(truth: Truth, today: np.datetime64) -> Pairs:
    return _twice({"pegawai": _at_work(truth)}, "pegawai", ["nik"], [])


def _employee_died(truth: Truth, today: np.datetime64) -> Pairs:
    return _dead("pegawai")({**truth, "pegawai": _at_work(truth)}, today)


def _employee_gets_aid(truth: Truth, today: np.datetime64) -> Pairs:
    aid = truth["penerima_bantuan"]
    aid = aid[aid["program_bantuan"].isin(FOR_THE_POOR)]
    year = aid["periode"].str[:4]
    aid = aid.assign(_key=key_of("penerima_bantuan", aid))[year == year.max()]
    both = _at_work(truth)[["nip", "nik"]].merge(aid[["nik", "_key"]], on="nik")
    return _pairs(both["nip"], both["_key"])


def _visit_after_death(truth: Truth, today: np.datetime64) -> Pairs:
    rows = _with_register(truth, "kunjungan_kesehatan")
    rows = rows[(rows["p_status_dasar"] == DIED) & (rows["tanggal_kunjungan"] > rows["p_tanggal_kematian"])]
    return _pairs(rows["_key"], rows["p_nik"])


def _head_elsewhere(truth: Truth, today: np.datetime64) -> Pairs:
    rows = _with_register(truth, "keluarga", "nik_kepala")
    away = rows["p_nik"].notna() & (rows["p_no_kk"] != rows["no_kk"])
    rows = rows[away | (rows["p_status_dasar"] == DIED)]
    return _pairs(rows["_key"], rows["p_nik"])


def _pupil_of_another_age(truth: Truth, today: np.datetime64) -> Pairs:
    rows = _with_register(truth, "siswa")
    rows = rows[(rows["tanggal_lahir"] - rows["p_tanggal_lahir"]).dt.days.abs() > MOST_DAYS_APART]
    return _pairs(rows["_key"], rows["p_nik"])


def _seeker_at_work(truth: Truth, today: np.datetime64) -> Pairs:
    seekers = truth["pencari_kerja"]
    both = seekers[seekers["status_kerja"] == "MENCARI"].merge(_at_work(truth)[["nik", "nip"]], on="nik")
    return _pairs(both["nomor_ak1"], both["nip"])


def _no_card(truth: Truth, today: np.datetime64) -> Pairs:
    people = truth["penduduk"]
    here = (people["status_dasar"] == LIVING) & people["no_kk"].notna()
    return _pairs(people.loc[here & ~people["no_kk"].isin(truth["keluarga"]["no_kk"]), "nik"], "")


def _veteran_twice(truth: Truth, today: np.datetime64) -> Pairs:
    return _twice(truth, "veteran", ["nik"], [])


#: rule -> dataset of the first record, of the second, and what finds the pairs
RULES: dict[str, tuple[str, str, Callable[[Truth, np.datetime64], Pairs]]] = {
    "meninggal_menerima_bantuan": ("penerima_bantuan", "penduduk", _aid_after_death),
    "asn_dalam_keluarga_miskin": ("keluarga_miskin", "pegawai", _employee_among_the_poor),
    "bukan_lansia": ("lansia", "penduduk", _too_young),
    "lansia_meninggal": ("lansia", "penduduk", _dead("lansia")),
    "lansia_bukan_penduduk": ("lansia", "penduduk", _no_resident("lansia")),
    "veteran_meninggal": ("veteran", "penduduk", _veteran_died),
    "veteran_bukan_penduduk": ("veteran", "penduduk", _no_resident("veteran")),
    "veteran_terlalu_muda": ("veteran", "penduduk", _veteran_too_young),
    "veteran_ganda": ("veteran", "veteran", _veteran_twice),
    "disabilitas_meninggal": ("disabilitas", "penduduk", _dead("disabilitas")),
    "disabilitas_bukan_penduduk": ("disabilitas", "penduduk", _no_resident("disabilitas")),
    "bantuan_ganda_satu_kk": ("penerima_bantuan", "penerima_bantuan", _aid_twice_in_a_household),
    "siswa_dua_sekolah": ("siswa", "siswa", _pupil_twice),
    "wajib_pajak_meninggal": ("objek_pajak", "penduduk", _tax_on_the_dead),
    "izin_tanpa_nib": ("perizinan", "", _permit_without_nib),
    "pegawai_dua_nip": ("pegawai", "pegawai", _employee_twice),
    "pegawai_meninggal": ("pegawai", "penduduk", _employee_died),
    "asn_menerima_bantuan": ("pegawai", "penerima_bantuan", _employee_gets_aid),
    "pemilik_usaha_meninggal": ("pelaku_usaha", "penduduk", _dead("pelaku_usaha", "nik_pemilik")),
    "kunjungan_setelah_meninggal": ("kunjungan_kesehatan", "penduduk", _visit_after_death),
    "kepala_keluarga_tidak_di_kk": ("keluarga", "penduduk", _head_elsewhere),
    "umur_siswa_berbeda": ("siswa", "penduduk", _pupil_of_another_age),
    "pencari_kerja_pegawai": ("pencari_kerja", "pegawai", _seeker_at_work),
    "kk_tidak_terdaftar": ("penduduk", "", _no_card),
}
