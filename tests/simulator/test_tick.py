"""The city lives on: what changes, what does not come, and when a tick is refused."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from schemas.errors import ConfigurationError
from simulator import MOST_DAYS
from simulator.build import MARKER, CityTarget, build_city
from simulator.description import DESCRIPTIONS
from simulator.state import read_truth
from simulator.tick import read_city, tick_city

FEW = ("dispendukcapil/siak", "dkupp/siskaperbapo", "dinkes_ppkb/spgdt", "bkpsdm/siasn")


@pytest.fixture
def target(tmp_path: Path) -> CityTarget:
    folder = tmp_path / "descriptions"
    for name in FEW:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(DESCRIPTIONS / f"{name}.yaml", folder / f"{name}.yaml")
    made = CityTarget(tmp_path / "city", descriptions=folder)
    build_city(made, residents=600, seed=9)
    return made


def table(target: CityTarget, app: str, name: str) -> pd.DataFrame:
    path = read_city(target.folder).connections[app].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        return pd.read_sql(f'SELECT * FROM "{name}"', connection, dtype=str)


def prices(target: CityTarget) -> bytes:
    return (target.folder / "drops/siskaperbapo/siskaperbapo_2025-06.xlsx").read_bytes()


def test_rows_that_did_not_change_are_the_same_to_the_letter(target: CityTarget) -> None:
    before = table(target, "siak", "biodata_wni").set_index("id_biodata")
    summary = tick_city(target, 5)
    after = table(target, "siak", "biodata_wni").set_index("id_biodata")
    both = before.index.intersection(after.index)
    same = (before.loc[both].fillna("") == after.loc[both].fillna("")).all(axis=1)
    assert summary.day == 5
    assert 0.9 < same.mean() < 1
    changed = after.loc[both][~same]
    # some were committed late: their time stamp lies before the day on which they show
    assert changed["tgl_ubah"].str[:10].between("2025-07-01", "2025-07-05").all()
    built = read_truth(target.folder, ["harga_pangan"])[0]["harga_pangan"]
    assert summary.rows["dkupp.siskaperbapo.siskaperbapo_2025-06"] >= len(built)  # five days of prices more
    assert built["tanggal"].max() == pd.Timestamp("2025-07-05")


def test_two_ticks_make_the_truth_that_one_makes(target: CityTarget) -> None:
    tick_city(target, 2)
    twice = tick_city(target, 3)
    truth, changed = read_truth(target.folder, ["penduduk"])
    build_city(target, residents=600, seed=9)
    once = tick_city(target, 5)
    other, days = read_truth(target.folder, ["penduduk"])
    pd.testing.assert_frame_equal(truth["penduduk"], other["penduduk"])
    assert twice.rows == once.rows
    assert set(changed["penduduk"].index) >= set(days["penduduk"].index)


def test_a_file_that_did_not_come_leaves_the_old_one(target: CityTarget) -> None:
    first = prices(target)
    assert tick_city(target, 3).behind == ["dkupp.siskaperbapo.siskaperbapo_2025-06"]
    assert prices(target) == first
    assert tick_city(target, 2).behind == []
    assert prices(target) != first


def test_a_renamed_column_has_its_new_name_from_its_day_on(target: CityTarget) -> None:
    tick_city(target, 9)
    assert "penjamin" in table(target, "spgdt", "tb_rujukan")
    assert tick_city(target, 1).behind == ["dinkes_ppkb.spgdt.tb_rujukan"]
    assert "penjamin_pasien" in table(target, "spgdt", "tb_rujukan")
    assert "penjamin" not in table(target, "spgdt", "tb_rujukan")


def test_a_city_of_another_version_is_left_alone(target: CityTarget) -> None:
    before = table(target, "siak", "biodata_wni")
    path = target.descriptions / "dispendukcapil/siak.yaml"
    path.write_text(path.read_text() + "# changed\n")
    with pytest.raises(ConfigurationError, match="another version") as caught:
        tick_city(target, 1)
    assert "opdhub city build --residents 600 --seed 9" in str(caught.value)
    pd.testing.assert_frame_equal(table(target, "siak", "biodata_wni"), before)


def test_where_there_is_no_city_nothing_ticks(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no city yet"):
        tick_city(CityTarget(tmp_path), 1)


def test_after_a_killed_tick_only_a_build_helps(target: CityTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("simulator.build.derive", killed)
        with pytest.raises(KeyboardInterrupt):
            tick_city(target, 1)
    assert (target.folder / MARKER).exists()
    with pytest.raises(ConfigurationError, match="was killed"):
        tick_city(target, 1)
    build_city(target, residents=100, seed=1)
    assert tick_city(target, 1).day == 1


@pytest.mark.parametrize("days", [0, -1, MOST_DAYS + 1])
def test_a_tick_has_a_sensible_length(target: CityTarget, days: int) -> None:
    with pytest.raises(ConfigurationError, match="1 to 366 days"):
        tick_city(target, days)
