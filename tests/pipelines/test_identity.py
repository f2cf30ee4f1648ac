"""Who is who: exact by a NIK that the register confirms, else by likeness; stewards have the last word."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.identity import decisions
from pipelines.integrate import Release, integrate
from pipelines.run import sync
from pipelines.workspace import Workspace
from schemas.errors import ConfigurationError, GateError
from tests.pipelines.residents import COLUMNS, ORANG, resident
from tests.workspaces import MakeWorkspace, Row, application, hub_rows, query, write_csv

REGISTER, CLINIC, ELDERLY = "capil.siak.orang", "dinkes.klinik.orang", "dinsos.amanah.lansia"
PERSON = {"nik": "nik", "name": "nama_lengkap", "birth_date": "tanggal_lahir", "sex": "jenis_kelamin"}
LOOSE = {"max_shrink_pct": 100, "max_unidentified_pct": 100, "max_shared_pct": 100, "max_contradiction_pct": 100}
EXPECT = {"min_rows": 0, "max_quarantined_pct": 100, "max_deleted_pct": 100, "max_shared_pct": 100}
PLANS: list[Row] = [
    {"dataset": "penduduk", "sources": [REGISTER, CLINIC], "register": [REGISTER], "person": PERSON, "gates": LOOSE,
     "fields": {"telepon": [CLINIC, REGISTER]}},
    {"dataset": "lansia", "sources": [ELDERLY], "person": PERSON, "gates": LOOSE},
]  # fmt: skip
LANSIA = ORANG | {
    "dataset": "lansia",
    "map": {name: ORANG["map"][name] for name in ("nik", "nama_lengkap", "tanggal_lahir", "jenis_kelamin")},
    "ignore": ["agama", "telp", "ket"],
}
NAMES = [
    "Siti Rahmawati", "Budi Santoso", "Muhammad Yusuf", "Dewi Lestari", "Slamet Riyadi", "Endang Purwanti",
    "Agus Hariyanto", "Sri Wahyuni", "Joko Prasetyo", "Nurul Hidayah", "Bambang Sutrisno", "Ratna Kusuma",
    "Hendra Gunawan", "Fitri Handayani", "Eko Susilo", "Yuni Astutik", "Rudi Hartono", "Lilik Maryani",
    "Imam Syafii", "Wulan Sari",
]  # fmt: skip


def person(number: int, **changes: Any) -> Row:
    """Return a resident with a name of their own."""
    return resident(number, nama=NAMES[number % len(NAMES)], **changes)


class City:
    """A register, a clinic and a list of elderly."""

    def __init__(self, make: MakeWorkspace, plans: list[Row] = PLANS) -> None:
        feeds = {REGISTER: ORANG | {"expect": EXPECT}}
        feeds[CLINIC] = ORANG | {"expect": EXPECT | {"unidentified": "match"}}
        feeds[ELDERLY] = LANSIA | {"expect": EXPECT | {"unidentified": "match"}}
        self.folder = make.folder / "drop"
        self.workspace: Workspace = make(
            {
                feed.rpartition(".")[0]: application(feed.split(".")[1], "files", **{feed.split(".")[2]: content})
                for feed, content in feeds.items()
            },
            {feed.split(".")[1]: f"fs://{self.folder / feed.split('.')[1]}" for feed in feeds},
            plans,
        )
        self.database = self.workspace.database
        self.runs = 0

    def sync(self, feed: str, rows: list[Row]) -> None:
        self.runs += 1
        write_csv(self.folder / feed.split(".")[1] / "orang_1.csv", rows, COLUMNS)
        sync(self.workspace, feed, f"s{self.runs}")

    def integrate(self, dataset: str = "penduduk") -> Release:
        self.runs += 1
        return integrate(self.workspace, dataset, f"i{self.runs}")

    def members(self, feed: str, dataset: str = "penduduk") -> dict[str, Row]:
        rows = query(self.database, f"SELECT * FROM hub.{dataset}_members WHERE feed = '{feed}'")
        return {row["row_key"]: row for row in rows}

    def touched(self) -> int:
        return len(query(self.database, "SELECT * FROM hub.penduduk_touched"))


@pytest.fixture
def city(make_workspace: MakeWorkspace) -> City:
    made = City(make_workspace)
    made.sync(REGISTER, [person(n) for n in range(20)])
    return made


def nik(number: int) -> str:
    return str(person(number)["nik"])


def test_a_row_without_a_nik_finds_its_resident_and_adds_what_it_knows(city: City) -> None:
    city.sync(CLINIC, [person(3, id="P1", nik="", telp="081999999999")])
    city.integrate()
    row = city.members(CLINIC)["P1"]
    assert (row["key"], row["how"], row["decided_by"]) == (nik(3), "probabilistic", "splink"), row["reason"]
    assert row["score"] > 0.99
    assert "name" in row["reason"] and "birth" in row["reason"]
    published = hub_rows(city.database, "penduduk")
    assert len(published) == 20
    assert published[nik(3)]["telepon"] == "6281999999999"
    assert published[nik(3)]["_provenance"]["telepon"] == [CLINIC, "P1"]


@pytest.mark.parametrize("broken", [nik(4)[:-1], nik(4)[:-4] + "0000", nik(4)[:-1] + "9"])
def test_a_broken_nik_does_not_make_a_second_resident(city: City, broken: str) -> None:
    city.sync(CLINIC, [person(4, id="P1", nik=broken)])
    city.integrate()
    assert city.members(CLINIC)["P1"]["key"] == nik(4)
    assert len(hub_rows(city.database, "penduduk")) == 20


def test_the_nik_of_somebody_else_is_not_believed(city: City) -> None:
    city.sync(CLINIC, [person(5, id="P1", nik=nik(6), telp="081999999999")])
    city.integrate()
    row = city.members(CLINIC)["P1"]
    assert (row["key"], row["how"]) == (nik(5), "probabilistic")
    assert hub_rows(city.database, "penduduk")[nik(6)]["telepon"] != "6281999999999"


def test_a_misspelt_name_beside_the_right_nik_is_believed(city: City) -> None:
    city.sync(CLINIC, [person(1, id="P1") | {"nama": "Budy Santosso"}, person(2, id="P2") | {"nama": "Moch. Yusup"}])
    city.integrate()
    assert {row["how"] for row in city.members(CLINIC).values()} == {"exact"}


def test_a_stranger_is_nobody_and_is_not_lost(city: City) -> None:
    city.sync(CLINIC, [person(50, id="P1") | {"nama": "Orang Jauh Sekali"}])
    city.integrate()
    row = city.members(CLINIC)["P1"]
    assert (row["key"], row["how"]) == (None, "none")
    assert "register" in row["reason"]
    assert len(hub_rows(city.database, "penduduk")) == 20


def test_who_was_nobody_is_found_when_the_register_learns_of_them(city: City) -> None:
    city.sync(CLINIC, [person(50, id="P1", nik="") | {"nama": "Bayi Laila Zahra"}])
    city.integrate()
    assert city.members(CLINIC)["P1"]["key"] is None
    city.sync(REGISTER, [*(person(n) for n in range(20)), person(50) | {"nama": "Laila Zahra"}])
    city.integrate()
    assert city.members(CLINIC)["P1"]["key"] == nik(50)


def test_who_is_gone_from_the_register_takes_the_others_rows_along(city: City) -> None:
    city.sync(CLINIC, [person(3, id="P1")])
    city.integrate()
    city.sync(REGISTER, [person(n) for n in range(20) if n != 3])
    assert city.integrate().deleted == 1
    assert city.members(CLINIC)["P1"]["key"] is None
    assert nik(3) not in hub_rows(city.database, "penduduk")


def test_the_list_of_elderly_takes_the_nik_of_the_resident_whom_it_names(city: City) -> None:
    city.sync(ELDERLY, [person(7, id="L1", nik=""), person(8, id="L2", nik=nik(8)[:-2]), person(9, id="L3")])
    city.integrate("lansia")
    rows = hub_rows(city.database, "lansia")
    assert sorted(rows) == sorted([nik(7), nik(8), nik(9)])
    assert rows[nik(7)]["nik"] == nik(7)
    assert city.members(ELDERLY, "lansia")["L1"]["person"] == nik(7)
    assert city.members(ELDERLY)["L1"]["how"] == "probabilistic"


def test_only_touched_residents_are_made_anew(city: City) -> None:
    city.sync(CLINIC, [person(n, id=f"P{n}", telp=f"0819999990{n:02}") for n in range(10)])
    city.integrate()
    city.sync(CLINIC, [person(n, id=f"P{n}", telp=f"0819999990{n + (n == 4) * 50:02}") for n in range(10)])
    assert city.integrate() == Release("penduduk", 2, 20, 0, 1, 0)
    changes = query(city.database, "SELECT key, changed FROM hub.penduduk_changes WHERE release = 2")
    assert changes == [{"key": nik(4), "changed": ["telepon"]}]
    assert city.touched() == 0


def test_who_is_unknown_tells_nothing_before_the_register_s_first_feed_has_come(make_workspace: MakeWorkspace) -> None:
    gates = LOOSE | {"max_unidentified_pct": 10}
    plans = [PLANS[0] | {"register": [REGISTER, CLINIC]}, PLANS[1] | {"gates": gates}]
    city = City(make_workspace, plans)
    city.sync(CLINIC, [person(0, id="P0")])
    city.sync(ELDERLY, [person(n, id=f"L{n}") for n in range(20)])
    assert city.integrate("lansia").rows == 20
    city.sync(REGISTER, [person(0)])
    with pytest.raises(GateError, match=r"dinsos\.amanah\.lansia: max_unidentified_pct is 95, the limit 10"):
        city.integrate("lansia")
    city.sync(REGISTER, [person(n) for n in range(20)])
    assert city.integrate("lansia").rows == 20


def test_a_release_held_back_forgets_no_change(city: City) -> None:
    city.integrate()
    strict = [PLANS[0] | {"gates": LOOSE | {"max_unidentified_pct": 10}}, PLANS[1]]
    workspace = city.workspace
    city.sync(CLINIC, [person(n, id=f"P{n}", nik="", telp="081999999999") for n in range(8)])
    from dataclasses import replace

    from schemas.integration_plan import IntegrationPlan

    plans = {plan["dataset"]: IntegrationPlan.model_validate(plan) for plan in strict}
    city.workspace = replace(workspace, catalogue=replace(workspace.catalogue, plans=plans))
    with pytest.raises(GateError, match=r"dinkes\.klinik\.orang: max_unidentified_pct is 100, the limit 10"):
        city.integrate()
    (held,) = query(city.database, "SELECT * FROM control.held_release")
    assert "max_unidentified_pct" in held["reasons"][0]
    assert held["report"] is not None
    assert hub_rows(city.database, "penduduk")[nik(3)]["telepon"] != "6281999999999"
    city.workspace = workspace
    assert city.integrate().updated == 8
    assert hub_rows(city.database, "penduduk")[nik(3)]["telepon"] == "6281999999999"


def test_a_steward_confirms_a_row_and_a_later_run_keeps_it(city: City) -> None:
    city.sync(CLINIC, [person(50, id="P1", nik="", telp="081999999999") | {"nama": "Mbah Jenggot"}])
    city.integrate()
    number = decisions.confirm(city.database, "penduduk", CLINIC, "P1", nik(4), "ani", "dikenal di kelurahan")
    assert city.integrate().updated == 1
    city.sync(CLINIC, [person(50, id="P1", nik="", telp="081888888888") | {"nama": "Mbah Jenggot"}])
    city.integrate()
    row = city.members(CLINIC)["P1"]
    assert (row["key"], row["how"], row["decided_by"]) == (nik(4), "steward", "ani")
    assert hub_rows(city.database, "penduduk")[nik(4)]["telepon"] == "6281888888888"
    decisions.undo(city.database, number, "ani")
    city.integrate()
    assert city.members(CLINIC)["P1"]["key"] is None
    assert hub_rows(city.database, "penduduk")[nik(4)]["telepon"] != "6281888888888"


def test_a_steward_splits_what_was_linked_and_a_later_run_keeps_it(city: City) -> None:
    city.sync(CLINIC, [person(5, id="P1", telp="081999999999")])
    city.integrate()
    decisions.split(city.database, "penduduk", CLINIC, "P1", "ani", "orang lain")
    city.integrate()
    city.sync(CLINIC, [person(5, id="P1", telp="081888888888")])
    city.integrate()
    row = city.members(CLINIC)["P1"]
    assert (row["key"], row["how"], row["candidate"]) == (None, "none", nik(5))
    assert hub_rows(city.database, "penduduk")[nik(5)]["telepon"] == "62" + str(person(5)["telp"])[1:]


def test_merged_residents_are_one_row_and_the_old_id_redirects(city: City) -> None:
    city.sync(CLINIC, [person(2, id="P2", telp="081999999999")])
    city.integrate()
    number = decisions.merge(city.database, "penduduk", nik(2), nik(1), "ani", "perekaman ganda")
    release = city.integrate()
    assert (release.rows, release.deleted) == (19, 0)
    published = hub_rows(city.database, "penduduk")
    assert nik(2) not in published
    assert published[nik(1)]["nik"] == nik(1)
    assert published[nik(1)]["telepon"] == "6281999999999"
    (change,) = query(city.database, "SELECT * FROM hub.penduduk_changes WHERE release = 2 AND operation = 'merge'")
    assert (change["key"], change["into_key"]) == (nik(2), nik(1))
    assert query(city.database, "SELECT key, into_key FROM control.redirect") == [{"key": nik(2), "into_key": nik(1)}]
    city.sync(REGISTER, [person(n) for n in range(21)])
    assert nik(2) not in hub_rows(city.database, "penduduk") and city.integrate().rows == 20
    decisions.undo(city.database, number, "ani")
    assert city.integrate().rows == 21
    assert query(city.database, "SELECT key FROM control.redirect") == []


def test_merges_that_contradict_each_other_are_told(city: City) -> None:
    city.integrate()
    decisions.merge(city.database, "penduduk", nik(2), nik(1), "ani", "ganda")
    for key, into in ((nik(2), nik(3)), (nik(1), nik(2)), (nik(3), nik(2))):
        with pytest.raises(ConfigurationError, match=r"decision \d+ of ani .* merges"):
            decisions.merge(city.database, "penduduk", key, into, "budi", "ganda")
    with pytest.raises(ConfigurationError, match="no entity"):
        decisions.merge(city.database, "penduduk", nik(60), nik(5), "budi", "ganda")


def test_a_merge_against_a_stewards_word_is_told(city: City) -> None:
    city.sync(CLINIC, [person(3, id="P3"), person(4, id="P4")])
    city.integrate()
    decisions.split(city.database, "penduduk", CLINIC, "P3", "ani", "orang lain")
    number = decisions.confirm(city.database, "penduduk", CLINIC, "P3", nik(4), "ani", "tetangganya")
    for key, into in ((nik(3), nik(4)), (nik(4), nik(3))):
        with pytest.raises(ConfigurationError, match=r"decision \d+ of ani .* is not 3574"):
            decisions.merge(city.database, "penduduk", key, into, "budi", "ganda")
    decisions.undo(city.database, number, "ani")
    city.integrate()
    assert city.members(CLINIC)["P3"]["key"] is None
    decisions.merge(city.database, "penduduk", nik(3), nik(4), "budi", "ganda")


def test_a_row_that_is_split_from_a_merged_resident_stays_apart(city: City) -> None:
    city.sync(CLINIC, [person(3, id="P3")])
    city.integrate()
    decisions.merge(city.database, "penduduk", nik(3), nik(4), "ani", "ganda")
    city.integrate()
    assert city.members(CLINIC)["P3"]["key"] == nik(4)
    decisions.split(city.database, "penduduk", CLINIC, "P3", "budi", "bukan dia")
    city.sync(CLINIC, [person(3, id="P3", telp="081999999999")])
    city.integrate()
    assert city.members(CLINIC)["P3"]["key"] is None


def test_undecided_rows_are_shown_to_the_steward(city: City) -> None:
    twin = person(4) | {"nik": nik(4)[:-1] + ("1" if nik(4)[-1] != "1" else "2")}
    city.sync(REGISTER, [*(person(n) for n in range(20)), twin | {"id": "T"}])
    city.sync(CLINIC, [person(4, id="P1", nik="")])
    city.integrate()
    (row,) = decisions.undecided(city.database, "penduduk", None, 10)
    assert (row["feed"], row["row_key"]) == (CLINIC, "P1")
    assert row["candidate"] in (nik(4), twin["nik"])
    assert "as likely" in row["reason"]
