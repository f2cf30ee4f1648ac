"""The city lives on: day after day, with labels that stay with their rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from simulator.city import City
from simulator.draw import TODAY, YEAR
from simulator.frames import TRUTH_COLUMNS
from simulator.living import live_one_day
from simulator.population import build_truth, today
from tests.simulator.exempt import planted_keys, without
from tests.simulator.test_truth import KEYS, NOT_THERE, PLANTED, REFERENCES

FIRST = build_truth(residents=1500, seed=5)
DAYS = 45
#: what has no row of its own at any day: nothing is added to it or taken from it
STILL = ["opd", "wilayah", "fasilitas_kesehatan", "sekolah"]


def lived(days: int) -> list[dict[str, pd.DataFrame]]:
    city, run = City(TODAY, dict(FIRST)), [FIRST]
    for day in range(1, days + 1):
        city = live_one_day(city, 5, day)
        run.append(city.frames)
    return run


RUN = lived(DAYS)
LAST = RUN[-1]


def test_the_clock_begins_at_the_end_of_june() -> None:
    assert today() == np.datetime64("2025-06-30")
    assert today(2) == np.datetime64("2025-07-02")


def test_a_day_before_the_first_is_refused() -> None:
    with pytest.raises(ValueError, match="begins on day 0"):
        build_truth(residents=100, day=-1)


def test_a_day_goes_on_from_the_day_before() -> None:
    for name, frame in build_truth(residents=1500, seed=5, day=3).items():
        pd.testing.assert_frame_equal(frame, RUN[3][name])


def test_a_day_leaves_the_day_before_as_it_was() -> None:
    for name, frame in build_truth(residents=1500, seed=5).items():
        pd.testing.assert_frame_equal(frame, RUN[0][name])


@pytest.mark.parametrize("name", list(TRUTH_COLUMNS))
def test_a_later_day_has_the_same_columns_types_and_unique_keys(name: str) -> None:
    assert LAST[name].dtypes.equals(FIRST[name].dtypes)
    assert not LAST[name].duplicated(KEYS[name]).any()
    assert LAST[name][KEYS[name]].notna().all(axis=None)


@pytest.mark.parametrize("name", list(TRUTH_COLUMNS))
def test_labels_are_never_used_again(name: str) -> None:
    gone: set[int] = set()
    for before, after in pairwise(RUN):
        old, new = set(before[name].index), set(after[name].index)
        assert after[name].index.is_unique
        assert not (new - old) & gone
        assert not new - old or min(new - old) > max(old)
        gone |= old - new
    assert name not in STILL or FIRST[name].index.equals(LAST[name].index)


def test_a_row_that_stays_keeps_its_key() -> None:
    for name, frame in LAST.items():
        both = frame.index.intersection(FIRST[name].index)
        now, then = frame.loc[both, KEYS[name]], FIRST[name].loc[both, KEYS[name]]
        pd.testing.assert_frame_equal(now, then)


@pytest.mark.parametrize("name", list(TRUTH_COLUMNS))
def test_what_a_later_day_refers_to_exists(name: str) -> None:
    frame = without(PLANTED, name, LAST[name], *NOT_THERE)
    for column in frame:
        for start, (other, key) in REFERENCES.items():
            is_code = column == start or (start in ("nik", "nip") and column.startswith(f"{start}_"))
            if is_code and name != "perpindahan":
                assert frame[column].dropna().isin(LAST[other][key]).all(), column


def test_most_frames_change_within_six_weeks() -> None:
    changed = [name for name in TRUTH_COLUMNS if not LAST[name].equals(FIRST[name])]
    seldom = {"tenaga_pendidik", "tenaga_kesehatan", "veteran", "disabilitas"}
    by_chance = {"kelahiran", "kematian", "perpindahan", "perkawinan"}  # a few a month in so small a city
    assert set(TRUTH_COLUMNS) - set(changed) <= {*STILL, *seldom, *by_chance}
    assert len(by_chance & set(changed)) >= 1
    fewer = [name for name in TRUTH_COLUMNS if not FIRST[name].index.isin(LAST[name].index).all()]
    assert len(fewer) >= 2
    assert "persediaan" in fewer


def test_families_count_their_members_and_have_one_head() -> None:
    people, cards = LAST["penduduk"], LAST["keluarga"].set_index("no_kk")
    assert people.groupby("no_kk").size().reindex(cards.index).eq(cards["jumlah_anggota"]).all()
    heads = people[people["shdk"] == "1"].set_index("no_kk")["nik"]
    assert heads.index.is_unique
    named = heads.reindex(cards.index).eq(cards["nik_kepala"])
    assert set(cards.index[~named]) == planted_keys(PLANTED, "kepala_keluarga_tidak_di_kk")
    assert people.groupby("no_kk")[["alamat", "rt", "rw", "kode_kelurahan", "agama"]].nunique().eq(1).all(axis=None)


def test_the_registry_follows_the_people() -> None:
    people = LAST["penduduk"].set_index("nik")
    age = (pd.Timestamp(today(DAYS)) - people["tanggal_lahir"]).dt.days / YEAR
    assert people.loc[LAST["kematian"]["nik"], "status_dasar"].eq("2").all()
    assert (people["status_dasar"] == "2").sum() == len(LAST["kematian"])
    died = people["tanggal_kematian"].dropna()
    assert died.to_dict() == LAST["kematian"].set_index("nik")["tanggal_kematian"].to_dict()
    elderly = without(PLANTED, "lansia", LAST["lansia"])
    assert set(elderly["nik"]) == set(people.index[(age >= 60) & (people["status_dasar"] == "1")])
    gone = people.index[people["status_dasar"] != "1"]
    for name in ("lansia", "disabilitas", "tenaga_pendidik", "tenaga_kesehatan"):
        assert not without(PLANTED, name, LAST[name])["nik"].isin(gone).any()
    assert not LAST["siswa"].loc[LAST["siswa"]["nik"].isin(gone), "status_siswa"].isin(["AKTIF", "DAFTAR"]).any()
    newborn = people[people["tanggal_lahir"] > pd.Timestamp(TODAY)]
    assert set(newborn.index) == set(LAST["kelahiran"]["nik"]) - set(FIRST["kelahiran"]["nik"])


def test_papers_move_on_and_get_their_date() -> None:
    for name in ("aduan", "layanan_publik"):
        state = next(column for column in FIRST[name] if column.startswith("status_"))
        open_then = FIRST[name].index[FIRST[name]["tanggal_selesai"].isna()]
        now = LAST[name].loc[open_then]
        done = now[state].isin(["SELESAI", "DITOLAK"])
        assert done.any()
        assert now["tanggal_selesai"].notna().eq(done).all()
        ended = LAST[name].dropna(subset="tanggal_selesai")
        assert (ended["tanggal_selesai"] >= ended["tanggal_masuk"]).all()


def test_every_day_has_its_prices() -> None:
    prices = LAST["harga_pangan"]
    assert prices["tanggal"].max() == pd.Timestamp(today(DAYS))
    assert prices.groupby("tanggal").size().eq(80).all()


def test_a_month_brings_its_reports() -> None:
    assert RUN[31]["capaian_kesehatan"]["periode"].max() == "2025-06"
    assert RUN[32]["capaian_kesehatan"]["periode"].max() == "2025-07"
    assert LAST["anggaran_realisasi"].query("tahun == 2025")["bulan"].max() == 7
    assert set(LAST["pelanggan_air"]["periode"]) == {"2025-07"}
    spent = LAST["anggaran_realisasi"]
    assert (spent["realisasi"] <= 1.2 * spent["anggaran"]).all()


def test_dates_are_never_in_the_future() -> None:
    for name in ("aduan", "layanan_publik", "kunjungan_kesehatan", "surat", "pembayaran_pajak", "pengadaan"):
        for column in LAST[name].select_dtypes("datetime"):
            assert LAST[name][column].max() <= pd.Timestamp(today(DAYS))
