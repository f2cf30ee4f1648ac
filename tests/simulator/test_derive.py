"""What applications show of the truth, and what is wrong with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simulator.derive import FAULT_COLUMNS, derive
from simulator.description import read_descriptions
from simulator.dirt import DIRT, eligible
from simulator.population import build_truth

TRUTH = build_truth(residents=1500, seed=2)
DESCRIPTIONS = {description.id: description for description in read_descriptions()}
DERIVED = {name: derive(description, TRUTH, seed=2) for name, description in DESCRIPTIONS.items()}
FAULTS = pd.concat([faults for _, faults in DERIVED.values()], ignore_index=True)
RULES = [
    (app, table, number)
    for app, description in DESCRIPTIONS.items()
    for table, content in description.tables.items()
    for number in range(len(content.dirt))
]


@pytest.mark.parametrize("app", DESCRIPTIONS)
def test_every_description_derives_its_columns(app: str) -> None:
    frames, faults = DERIVED[app]
    for name, table in DESCRIPTIONS[app].tables.items():
        assert list(frames[name].columns) == list(table.all_columns)
        assert len(frames[name]) > 0
        assert set(frames[name].dtypes.astype(str)) == {"str"}
    assert list(faults.columns) == FAULT_COLUMNS


def test_a_row_keeps_its_faults_when_its_neighbours_go() -> None:
    description = DESCRIPTIONS["dispendukcapil.siak"]
    frames, _ = DERIVED["dispendukcapil.siak"]
    fewer, _ = derive(description, {**TRUTH, "penduduk": TRUTH["penduduk"].drop(index=range(0, 1500, 2))}, seed=2)
    kept = fewer["biodata_wni"].set_index("id_biodata")
    before = frames["biodata_wni"].set_index("id_biodata").loc[kept.index]
    pd.testing.assert_frame_equal(kept, before)
    assert 740 < len(kept) < 770


@pytest.mark.parametrize("app", DESCRIPTIONS)
def test_the_same_seed_gives_the_same_tables(app: str) -> None:
    frames, faults = derive(DESCRIPTIONS[app], TRUTH, seed=2)
    pd.testing.assert_frame_equal(faults, DERIVED[app][1])
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, DERIVED[app][0][name])


@pytest.mark.parametrize(("app", "table", "number"), RULES)
def test_faults_are_near_the_declared_rate(app: str, table: str, number: int) -> None:
    rule = DESCRIPTIONS[app].tables[table].dirt[number]
    frame = DERIVED[app][0][table]
    field = ",".join(rule.column)
    found = ((FAULTS["application"] == app) & (FAULTS["feed"] == table) & (FAULTS["kind"] == rule.kind)
             & (FAULTS["field"] == field)).sum()  # fmt: skip
    wanted = len(frame) * rule.rate
    spread = 5 * wanted**0.5 + 3  # five standard deviations of so many throws
    assert found <= wanted + spread
    # other rules take rows first, an empty cell cannot get dirty, and a variant needs a text that has one
    if not rule.variants and rule.kind != "stale_code":
        filled = frame[rule.column or DESCRIPTIONS[app].tables[table].key].notna().all(axis=1).mean()
        assert found >= wanted * filled * 0.7 - spread


def test_every_kind_of_dirt_is_used() -> None:
    assert set(FAULTS["kind"]) == set(DIRT)


@pytest.mark.parametrize("app", DESCRIPTIONS)
def test_every_fault_names_a_row_of_the_table(app: str) -> None:
    frames, faults = DERIVED[app]
    for name, table in DESCRIPTIONS[app].tables.items():
        keys = set(frames[name][table.key].fillna("").agg("|".join, axis=1))
        assert set(faults.loc[faults["feed"] == name, "key"]) <= keys


def test_rows_without_a_fault_agree_with_the_truth() -> None:
    frame = DERIVED["dispendukcapil.siak"][0]["biodata_wni"]
    wrong = FAULTS[(FAULTS["feed"] == "biodata_wni") & FAULTS["field"].isin(["nik", "nik,no_kk", "id_biodata"])]
    clean = frame[~frame["id_biodata"].isin(wrong["key"])]
    assert clean["nik"].isin(TRUTH["penduduk"]["nik"]).all()
    assert clean["nik"].is_unique


def test_a_fault_in_a_key_is_recorded_under_the_key_as_it_stands() -> None:
    short = FAULTS[(FAULTS["feed"] == "data_keluarga") & (FAULTS["kind"] == "nik_short")]
    assert (short["key"].str.len() == 15).all()


def test_a_rule_spoils_only_rows_that_it_can_change() -> None:
    rule = DESCRIPTIONS["dispendukcapil.siak"].tables["biodata_wni"].dirt[8]
    frame = pd.DataFrame({rule.column[0]: pd.Series(["1", "X", None], dtype="str")})
    assert eligible(frame, rule, rule.kind).tolist() == [True, False, False]


def test_duplicates_come_under_a_second_key_or_under_the_same() -> None:
    again = FAULTS[FAULTS["kind"] == "duplicate_row"]
    same = 0
    for row in again.itertuples():
        frame, table = DERIVED[row.application][0][row.feed], DESCRIPTIONS[row.application].tables[row.feed]
        keys = frame[table.key].fillna("").agg("|".join, axis=1)
        assert (keys == row.key).sum() == (1 if row.field else 2)
        same += not row.field
    assert 0 < same < len(again)


def test_one_row_gets_one_fault_in_a_field() -> None:
    kinds = FAULTS[~FAULTS["kind"].isin(["duplicate_row"])].groupby(["application", "feed", "key", "field"])
    once = kinds.size()
    assert np.mean(once == 1) > 0.999  # a short NIK can coincide with another
