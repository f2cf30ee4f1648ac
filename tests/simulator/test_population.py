"""The truth: the same for a seed, and coherent in itself."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from simulator.draw import TODAY
from simulator.population import TRUTH_COLUMNS, build_truth, planted
from tests.simulator.exempt import planted_keys

TRUTH = build_truth(residents=3000, seed=7)
PEOPLE = TRUTH["penduduk"]
PLANTED = planted(residents=3000, seed=7)
AGE = (TODAY - PEOPLE["tanggal_lahir"].to_numpy().astype("datetime64[D]")).astype(int) / 365.25


def test_the_same_seed_gives_the_same_frames() -> None:
    again = build_truth(residents=3000, seed=7)
    for name, frame in TRUTH.items():
        pd.testing.assert_frame_equal(frame, again[name])


def test_another_seed_gives_other_people() -> None:
    assert not PEOPLE["nik"].equals(build_truth(residents=3000, seed=8)["penduduk"]["nik"])


def test_every_frame_has_the_declared_columns() -> None:
    assert {name: list(frame.columns) for name, frame in TRUTH.items()} == TRUTH_COLUMNS


@pytest.mark.parametrize("residents", [100, 101, 999, 3000])
def test_the_city_has_exactly_the_residents_asked_for(residents: int) -> None:
    truth = build_truth(residents, seed=3)
    assert len(truth["penduduk"]) == residents
    on_no_card = planted_keys(planted(residents, seed=3), "kk_tidak_terdaftar")
    assert truth["keluarga"]["jumlah_anggota"].sum() == residents - len(on_no_card)


def test_too_small_a_city_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 100"):
        build_truth(residents=99)


def test_nik_encodes_birth_date_and_sex() -> None:
    day = PEOPLE["tanggal_lahir"].dt.day + np.where(PEOPLE["jenis_kelamin"] == "P", 40, 0)
    expected = day.astype(str).str.zfill(2) + PEOPLE["tanggal_lahir"].dt.strftime("%m%y")
    assert (PEOPLE["nik"].str[6:12] == expected).all()


def test_nik_comes_from_a_range_that_is_not_issued() -> None:
    assert PEOPLE["nik"].str.fullmatch(r"35749[1-5]\d{10}").all()
    assert not PEOPLE["nik"].str.endswith("0000").any()


@pytest.mark.parametrize(
    ("frame", "key"), [("penduduk", "nik"), ("keluarga", "no_kk"), ("pegawai", "nip"), ("sekolah", "npsn"),
                       ("perizinan", "nomor_izin"), ("opd", "kode_opd"), ("wilayah", "kode")]
)  # fmt: skip
def test_keys_are_unique(frame: str, key: str) -> None:
    assert TRUTH[frame][key].is_unique


def test_every_household_has_one_head_and_its_card_names_them() -> None:
    heads = PEOPLE[PEOPLE["shdk"] == "1"].set_index("no_kk")
    cards = TRUTH["keluarga"].set_index("no_kk")
    assert heads.index.is_unique
    named = cards["nik_kepala"].eq(heads["nik"].reindex(cards.index))
    assert set(cards.index[~named]) == planted_keys(PLANTED, "kepala_keluarga_tidak_di_kk")
    assert PEOPLE.groupby("no_kk").size().reindex(cards.index).eq(cards["jumlah_anggota"]).all()


def test_members_of_a_household_share_address_and_religion() -> None:
    assert PEOPLE.groupby("no_kk")[["alamat", "rt", "rw", "kode_kelurahan", "agama"]].nunique().eq(1).all(axis=None)


def test_ages_fit_the_relations() -> None:
    age = pd.Series(AGE, PEOPLE.index)
    people = PEOPLE[~PEOPLE["nik"].isin(planted_keys(PLANTED, "kk_tidak_terdaftar"))]
    head = PEOPLE["no_kk"].map(age[PEOPLE["shdk"] == "1"].set_axis(PEOPLE.loc[PEOPLE["shdk"] == "1", "no_kk"]))
    mother = PEOPLE["no_kk"].map(age[PEOPLE["shdk"] == "3"].set_axis(PEOPLE.loc[PEOPLE["shdk"] == "3", "no_kk"]))
    older = (mother - age)[(PEOPLE["shdk"] == "4") & mother.notna()]
    assert (age > 0).all()
    assert age.max() < 110
    assert older.between(19, 45).all()
    assert (age - head)[people.index[people["shdk"] == "7"]].ge(18.9).all()
    assert (head - age)[people.index[people["shdk"] == "6"]].ge(40).all()
    assert age[PEOPLE["shdk"].isin(["1", "3"])].ge(20).all()


def test_children_are_unmarried_and_small_ones_unschooled() -> None:
    assert (PEOPLE.loc[AGE < 15, "status_kawin"] == "1").all()
    assert (PEOPLE.loc[AGE < 6, "pendidikan"] == "1").all()
    assert (PEOPLE.loc[AGE < 6, "pekerjaan"] == "1").all()


def test_employees_are_residents_whose_nip_tells_birth_date_and_sex() -> None:
    staff = TRUTH["pegawai"].merge(PEOPLE, on="nik", suffixes=("", "_resident"))
    assert len(staff) == len(TRUTH["pegawai"])
    assert (staff["nama_lengkap"] == staff["nama_lengkap_resident"]).all()
    assert (staff["nip"].str[:8] == staff["tanggal_lahir"].dt.strftime("%Y%m%d")).all()
    assert (staff["nip"].str[14] == np.where(staff["jenis_kelamin"] == "L", "1", "2")).all()
    assert (staff["tmt_cpns"] > staff["tanggal_lahir"] + pd.Timedelta(days=20 * 365)).all()
    assert staff["unit_kerja"].isin(TRUTH["opd"]["nama"]).all()


def test_applicants_are_adult_residents() -> None:
    applicants = TRUTH["perizinan"].merge(PEOPLE, left_on="nik_pemohon", right_on="nik")
    assert len(applicants) == len(TRUTH["perizinan"])
    assert applicants["tanggal_lahir"].max() < pd.Timestamp(2025, 6, 30) - pd.Timedelta(days=20 * 365)


def test_regions_and_prices_are_complete() -> None:
    regions = TRUTH["wilayah"]["kode"]
    assert regions.str.len().value_counts().to_dict() == {13: 29, 8: 5, 5: 1, 2: 1}
    prices = TRUTH["harga_pangan"]
    assert len(prices) == 60 * 4 * 20
    assert prices["tanggal"].max().date() == dt.date(2025, 6, 30)
    assert not prices.duplicated(["tanggal", "komoditas", "pasar"]).any()


def test_every_kelurahan_has_residents_and_none_most_of_them() -> None:
    share = PEOPLE["kode_kelurahan"].value_counts(normalize=True)
    assert len(share) == 29
    assert share.max() < 0.12
