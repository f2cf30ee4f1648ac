"""Sources that go wrong: the release is held back with the reason, the last good one stays, the steward is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.evidence import altered
from schemas.errors import GateError
from store.drift import approve_deletions
from store.runs import sealed_runs
from tests.pipelines.test_identity import CLINIC, PERSON, REGISTER, City, nik, person
from tests.workspaces import MakeWorkspace, Row, hub_rows, query

PLANS: list[Row] = [
    {"dataset": "penduduk", "sources": [REGISTER, CLINIC], "register": [REGISTER], "person": PERSON,
     "time": "tanggal_lahir"},
]  # fmt: skip
PEOPLE = [person(n) | {"nama": f"{person(n)['nama']} {'abcdefghij'[n % 10] * 3}"} for n in range(40)]


@pytest.fixture
def city(make_workspace: MakeWorkspace) -> City:
    made = City(make_workspace, PLANS)
    made.sync(REGISTER, PEOPLE)
    made.sync(CLINIC, [row | {"id": f"P{row['id']}"} for row in PEOPLE[:30]])
    made.integrate()
    return made


def half(city: City) -> None:
    city.sync(REGISTER, PEOPLE[:20])


def every_nik_empty(city: City) -> None:
    city.sync(CLINIC, [row | {"id": f"P{row['id']}", "nik": ""} for row in PEOPLE[:30]])


def one_nik_for_everybody(city: City) -> None:
    city.sync(CLINIC, [row | {"id": f"P{row['id']}", "nik": nik(3)} for row in PEOPLE[:30]])


def one_nik_for_the_whole_register(city: City) -> None:
    city.sync(REGISTER, [row | {"nik": nik(3)} for row in PEOPLE])


def a_clock_in_the_future(city: City) -> None:
    # what no rule of the contract has stopped before
    with city.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE source.dinkes__klinik__orang SET tanggal_lahir = '2099-01-01', _hash = 'x' || _hash "
            "WHERE _key < 'PW00010'"
        )
        connection.exec_driver_sql("DELETE FROM control.linked")


def an_authority_of_two_minds(city: City) -> None:
    twice = [row | {"id": f"X{row['id']}", "nama": "Nama Lain Sekali"} for row in PEOPLE[:10]]
    city.sync(REGISTER, [*PEOPLE, *twice])


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (half, "max_shrink_pct is 50, the limit 5; if it is right: opdhub drift deletions dataset.penduduk"),
        (every_nik_empty, f"{CLINIC}: max_unidentified_pct is 100, the limit 20"),
        (one_nik_for_everybody, f"{CLINIC}: max_unidentified_pct is"),
        (one_nik_for_the_whole_register, f"{REGISTER}: max_shared_pct is 97.5, the limit 10"),
        (a_clock_in_the_future, f"{CLINIC}: max_future_pct is"),
        (an_authority_of_two_minds, f"{REGISTER}: max_contradiction_pct is 25, the limit 5"),
    ],
)
def test_a_source_that_goes_wrong_holds_the_release_back(
    city: City, wrong: Callable[[City], None], reason: str
) -> None:
    before = hub_rows(city.database, "penduduk")
    changes = query(city.database, "SELECT max(change) AS n FROM hub.penduduk_changes")
    wrong(city)
    with pytest.raises(GateError, match="release held back") as told:
        city.integrate()
    assert reason in str(told.value)
    assert hub_rows(city.database, "penduduk") == before
    assert query(city.database, "SELECT max(change) AS n FROM hub.penduduk_changes") == changes
    (held,) = query(city.database, "SELECT * FROM control.held_release")
    assert any(reason in text for text in held["reasons"])
    folder = Path(city.workspace.landing.path("dataset.penduduk", held["run_id"]))
    assert json.loads((folder / "evidence.json").read_text())["published"] is False
    page = (folder / "report.html").read_text()
    assert "Rilis ditahan" in page
    (sealed,) = [run for run in sealed_runs(city.database, target="penduduk") if run["state"] == "held"]
    assert altered(city.workspace.landing, "dataset.penduduk", held["run_id"], sealed) == []
    assert query(city.database, "SELECT tablename FROM pg_tables WHERE schemaname = 'staging'") == []


def test_a_smaller_release_that_is_right_is_let_through_once(city: City) -> None:
    half(city)
    city.sync(CLINIC, [row | {"id": f"P{row['id']}"} for row in PEOPLE[:8]])
    with pytest.raises(GateError, match="max_shrink_pct"):
        city.integrate()
    approve_deletions(city.database, "dataset.penduduk", 20, "ani", "pemekaran")
    assert city.integrate().rows == 20
    city.sync(REGISTER, PEOPLE[:9])
    with pytest.raises(GateError, match="max_shrink_pct"):
        city.integrate()


def test_a_row_that_breaks_a_rule_only_when_put_together_stays_as_it_was(city: City) -> None:
    with city.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE source.capil__siak__orang SET nama_lengkap = NULL, _hash = 'x' || _hash WHERE _key = 'W00007'"
        )
        connection.exec_driver_sql(
            "UPDATE source.dinkes__klinik__orang SET nama_lengkap = NULL, _hash = 'x' || _hash WHERE _key = 'PW00007'"
        )
        connection.exec_driver_sql("DELETE FROM control.linked")
    before = hub_rows(city.database, "penduduk")[nik(7)]
    assert city.integrate().updated == 0
    assert hub_rows(city.database, "penduduk")[nik(7)]["nama_lengkap"] == before["nama_lengkap"]
    folder = Path(city.workspace.landing.path("dataset.penduduk", f"i{city.runs}"))
    checks = json.loads((folder / "evidence.json").read_text())["results"]
    assert [item["expectation_config"]["meta"]["field"] for item in checks if not item["success"]] == ["nama_lengkap"]
