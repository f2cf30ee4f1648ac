"""The city holds contradictions that no source shows alone, and knows every one of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from simulator.city import City
from simulator.contradictions import COLUMNS, RULES, known
from simulator.draw import TODAY
from simulator.living import live_one_day
from simulator.population import build_truth, planted, today
from tests.simulator.test_truth import KEYS

TRUTH = build_truth(residents=2500, seed=11)
PLANTED = planted(residents=2500, seed=11)
KNOWN = known(TRUTH, today())
#: rules that a clean city breaks by itself now and then
NATURAL = {"kepala_keluarga_tidak_di_kk", "wajib_pajak_meninggal", "pencari_kerja_pegawai"}


def found(rule: str, truth: dict[str, pd.DataFrame] = TRUTH) -> set[tuple[str, str]]:
    cases = known(truth, today())
    cases = cases[cases["rule"] == rule]
    return set(zip(cases["key"], cases["other_key"], strict=True))


def test_every_kind_is_planted_four_times_or_more() -> None:
    assert set(PLANTED["rule"]) == set(RULES)
    people = PLANTED.assign(pair=PLANTED["rule"].str.contains("ganda|dua_"))
    assert people[~people["pair"]].groupby("rule").size().ge(4).all()
    assert people[people["pair"]].groupby("rule").size().ge(8).all()


@pytest.mark.parametrize("rule", list(RULES))
def test_what_was_planted_is_known(rule: str) -> None:
    mine = KNOWN[KNOWN["rule"] == rule]
    wanted = set(PLANTED.loc[PLANTED["rule"] == rule, "key"])
    both = set(mine["key"]) | (set(mine["other_key"]) if RULES[rule][0] == RULES[rule][1] else set())
    assert wanted <= both
    if rule not in NATURAL:
        assert both == wanted


def test_contradictions_are_the_same_for_a_seed() -> None:
    pd.testing.assert_frame_equal(planted(residents=2500, seed=11), PLANTED)


def test_no_record_is_planted_twice() -> None:
    assert not PLANTED.duplicated(["dataset", "key"]).any()


def test_known_names_records_that_exist() -> None:
    assert list(KNOWN.columns) == COLUMNS
    assert not KNOWN.duplicated().any()
    for dataset, key in (("dataset", "key"), ("other_dataset", "other_key")):
        for name, rows in KNOWN[KNOWN[dataset] != ""].groupby(dataset):
            frame = TRUTH[str(name)][KEYS[str(name)]].astype("str").agg("|".join, axis=1)
            assert rows[key].isin(frame).all(), name
    missing = KNOWN[KNOWN["other_dataset"] == ""]
    assert missing["other_key"].eq("").all()
    assert set(missing["rule"]) == {
        "izin_tanpa_nib", "kk_tidak_terdaftar", "lansia_bukan_penduduk", "disabilitas_bukan_penduduk",
        "veteran_bukan_penduduk",
    }  # fmt: skip


def test_a_city_of_a_hundred_has_what_it_can_hold() -> None:
    truth = build_truth(residents=100, seed=3)
    cases = planted(residents=100, seed=3)
    assert len(cases) >= 15
    assert len(known(truth, today())) >= len(cases) // 2


def changed(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> dict[str, pd.DataFrame]:
    return {**TRUTH, name: change(TRUTH[name])}


def test_a_death_makes_contradictions_of_what_comes_later() -> None:
    visits = TRUTH["kunjungan_kesehatan"]
    people = TRUTH["penduduk"].set_index("nik", drop=False)
    row = next(v for v in visits.itertuples() if people["status_dasar"][v.nik] == "1")
    for shift, later in ((-1, True), (0, False)):
        died = row.tanggal_kunjungan + pd.Timedelta(days=shift)
        mine = people["nik"] == row.nik
        truth = {
            **TRUTH,
            "penduduk": people.assign(
                status_dasar=people["status_dasar"].mask(mine, "2"),
                tanggal_kematian=people["tanggal_kematian"].mask(mine, died),
            ).reset_index(drop=True),
        }
        assert ((row.nomor_kunjungan, row.nik) in found("kunjungan_setelah_meninggal", truth)) == later


def test_the_sixtieth_birthday_is_the_limit() -> None:
    nik = TRUTH["lansia"]["nik"].iloc[0]
    for born, young in (("1965-06-30", False), ("1965-07-01", True)):
        truth = changed(
            "penduduk",
            lambda p, born=born: p.assign(tanggal_lahir=p["tanggal_lahir"].mask(p["nik"] == nik, pd.Timestamp(born))),  # type: ignore[misc]
        )
        assert ((nik, nik) in found("bukan_lansia", truth)) == young


def test_only_permits_in_force_of_kinds_that_need_a_nib_count() -> None:
    permits = TRUTH["perizinan"]
    cases = {key for key, _ in found("izin_tanpa_nib")}
    nothing = changed("pelaku_usaha", lambda p: p.head(0))
    all_of_them = {key for key, _ in found("izin_tanpa_nib", nothing)}
    assert cases < all_of_them
    kinds = permits.set_index("nomor_izin").loc[list(all_of_them)]
    assert kinds["status_izin"].eq("TERBIT").all()
    assert not kinds["jenis_izin"].isin(["Persetujuan Bangunan Gedung", "Izin Praktik Perawat"]).any()


def test_pairs_are_named_once_the_smaller_key_first() -> None:
    for rule, (dataset, other, _) in RULES.items():
        if dataset == other:
            pairs = found(rule)
            assert pairs
            assert all(key < second for key, second in pairs), rule


def test_the_city_lives_on_with_its_contradictions() -> None:
    city = City(TODAY, dict(TRUTH))
    for number in range(1, 8):
        city = live_one_day(city, 11, number)
    later = known(city.frames, today(7))
    lasting = PLANTED[~PLANTED["rule"].isin(["kk_tidak_terdaftar", "asn_dalam_keluarga_miskin"])]
    keys = set(later["rule"] + later["key"]) | set(later["rule"] + later["other_key"])
    assert np.mean([(case.rule + case.key) in keys for case in lasting.itertuples()]) > 0.9
