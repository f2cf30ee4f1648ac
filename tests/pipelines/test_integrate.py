"""Integrated datasets: who has the last word, provenance, releases and the change feed."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines import integrate as module
from pipelines.integrate import Release, integrate
from pipelines.run import sync
from pipelines.workspace import Workspace
from schemas.errors import ConfigurationError, GateError
from store.database import Database
from tests.pipelines.residents import COLUMNS, ORANG, resident
from tests.workspaces import MakeWorkspace, Row, application, hub_rows, one, query, write_csv

FEEDS = ["opd.satu.orang", "opd.dua.orang", "opd.tiga.orang"]
PLAN = {
    "dataset": "penduduk",
    "sources": FEEDS,
    "fields": {"telepon": [FEEDS[2], FEEDS[0]], "agama": [FEEDS[1], FEEDS[2], FEEDS[0]]},
    # of so few rows, two that share a NIK are many
    "gates": {"max_shrink_pct": 50, "max_shared_pct": 100, "max_contradiction_pct": 100},
}
#: contract field -> source column, of the fields that no code list changes
FIELDS = {"nik": "nik", "nama_lengkap": "nama", "tanggal_lahir": "lahir", "telepon": "telp", "agama": "agama"}


class City:
    """Three applications that know residents, each its own way."""

    def __init__(self, make: MakeWorkspace, plan: Row = PLAN) -> None:
        names = [feed.split(".")[1] for feed in FEEDS]
        feed = ORANG | {"expect": {"max_deleted_pct": 100, "min_rows": 0, "max_shared_pct": 100}}
        self.folder = make.folder / "drop"
        self.workspace: Workspace = make(
            {f"opd.{name}": application(name, "files", orang=feed) for name in names},
            {name: f"fs://{self.folder / name}" for name in names},
            [plan],
        )
        self.database: Database = self.workspace.database
        self.runs = 0

    def sync(self, feed: str, rows: list[Row]) -> None:
        self.runs += 1
        write_csv(self.folder / feed.split(".")[1] / "orang_1.csv", rows, COLUMNS)
        sync(self.workspace, feed, f"s{self.runs}")

    def integrate(self, run: str = "") -> Release:
        self.runs += 1
        return integrate(self.workspace, "penduduk", run or f"i{self.runs}")

    def rows(self) -> dict[str, Row]:
        return hub_rows(self.database, "penduduk")

    def changes(self, release: int = 0) -> list[Row]:
        where = f"WHERE release = {release}" if release else ""
        return query(self.database, f"SELECT * FROM hub.penduduk_changes {where} ORDER BY change")


@pytest.fixture
def city(make_workspace: MakeWorkspace) -> City:
    return City(make_workspace)


NIK = str(resident(1)["nik"])


def test_the_first_source_with_a_value_wins_and_is_named(city: City) -> None:
    city.sync(FEEDS[0], [resident(1, id="A", nama="Nama Satu", lahir="-", telp="081211111111", agama="1")])
    city.sync(FEEDS[1], [resident(1, id="B", nama="Nama Dua", telp="081222222222", agama="2")])
    city.sync(FEEDS[2], [resident(1, id="C", nama="Nama Tiga", lahir="01-02-1990", telp="-", agama="3")])
    assert city.integrate() == Release("penduduk", 1, 1, 1, 0, 0)
    row = city.rows()[NIK]
    assert row["nama_lengkap"] == "Nama Satu"
    assert f"{row['tanggal_lahir']}" == "1960-02-07"  # satu has none, dua goes before tiga
    assert row["telepon"] == "6281211111111"  # tiga has none, dua may not supply it
    assert row["agama"] == "2"  # an order of its own: dua first
    assert row["no_kk"] is None
    assert row["_provenance"] == {
        "nik": [FEEDS[0], "A"],
        "nama_lengkap": [FEEDS[0], "A"],
        "tanggal_lahir": [FEEDS[1], "B"],
        "jenis_kelamin": [FEEDS[0], "A"],
        "telepon": [FEEDS[0], "A"],
        "agama": [FEEDS[1], "B"],
    }


def test_a_source_left_out_of_a_field_never_supplies_it(city: City) -> None:
    city.sync(FEEDS[1], [resident(1, telp="081222222222")])
    city.integrate()
    assert city.rows()[NIK]["telepon"] is None
    assert "telepon" not in city.rows()[NIK]["_provenance"]


def test_a_value_from_another_source_is_no_change_and_its_provenance_follows(city: City) -> None:
    city.sync(FEEDS[1], [resident(1, id="B")])
    city.integrate()
    city.sync(FEEDS[0], [resident(1, id="A", telp="-")])
    release = city.integrate()
    assert not release.changed
    assert city.changes(release.number) == []
    assert city.rows()[NIK]["_provenance"]["nama_lengkap"] == [FEEDS[0], "A"]


def test_without_a_change_there_are_no_change_rows(city: City) -> None:
    city.sync(FEEDS[0], [resident(n) for n in range(20)])
    city.integrate()
    before = city.changes()
    assert city.integrate() == Release("penduduk", 2, 20, 0, 0, 0)
    assert city.changes() == before


def test_a_change_tells_what_was_and_what_is(city: City) -> None:
    city.sync(FEEDS[0], [resident(1), resident(2)])
    city.integrate()
    city.sync(FEEDS[0], [resident(1, nama="Nama Baru", telp="-")])
    assert city.integrate() == Release("penduduk", 2, 1, 0, 1, 1)
    update, delete = sorted(city.changes(2), key=lambda change: str(change["operation"]), reverse=True)
    assert (update["operation"], update["key"], update["changed"]) == ("update", NIK, ["nama_lengkap", "telepon"])
    assert (update["before"]["nama_lengkap"], update["after"]["nama_lengkap"]) == (resident(1)["nama"], "Nama Baru")
    assert (delete["operation"], delete["key"], delete["after"]) == ("delete", resident(2)["nik"], None)


def test_a_repeated_run_returns_the_release_it_made_and_touches_nothing(city: City) -> None:
    city.sync(FEEDS[0], [resident(1)])
    first = city.integrate("run")
    folder = Path(city.workspace.landing.path("dataset.penduduk", "run"))
    record, evidence = one(city.database, "SELECT * FROM control.release"), (folder / "evidence.json").read_bytes()
    city.sync(FEEDS[0], [resident(1, nama="Nama Baru"), resident(2)])
    assert city.integrate("run") == first
    assert one(city.database, "SELECT * FROM control.release") == record
    assert (folder / "evidence.json").read_bytes() == evidence
    assert len(city.rows()) == 1
    assert query(city.database, "SELECT tablename FROM pg_tables WHERE schemaname = 'staging'") == []


def test_an_empty_release_is_held_back_and_the_old_one_stays(city: City) -> None:
    city.sync(FEEDS[0], [resident(1)])
    city.integrate()
    before = city.rows()
    city.sync(FEEDS[0], [])
    with pytest.raises(GateError, match="release held back"):
        city.integrate()
    assert city.rows() == before
    assert one(city.database, "SELECT max(release) AS n FROM control.release") == {"n": 1}
    assert query(city.database, "SELECT tablename FROM pg_tables WHERE schemaname = 'staging'") == []


def test_a_dataset_without_a_published_source_is_held_back(city: City) -> None:
    with pytest.raises(GateError, match="no source that makes rows of penduduk has published yet"):
        city.integrate()


def test_an_unknown_dataset_names_the_nearest(city: City) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'penduduk'"):
        integrate(city.workspace, "pendudk", "r")


def test_a_source_that_lacks_a_new_field_of_the_contract_is_integrated_all_the_same(city: City) -> None:
    city.sync(FEEDS[0], [resident(1)])
    with city.database.transaction() as connection:  # as it was before the contract gained the field
        connection.exec_driver_sql("ALTER TABLE source.opd__satu__orang DROP COLUMN shdk")
    assert city.integrate().rows == 1
    assert city.rows()[NIK]["shdk"] is None


def test_a_key_of_several_fields_keeps_different_rows_apart(make_workspace: MakeWorkspace) -> None:
    feed = {
        "file": "h.csv", "format": "csv", "key": ["TANGGAL", "KOMODITAS", "PASAR"], "dataset": "harga_pangan",
        "map": {
            "tanggal": "TANGGAL", "komoditas": {"column": "KOMODITAS", "lookup": "komoditas"},
            "pasar": "PASAR", "harga": "HARGA",
        },
    }  # fmt: skip
    folder = make_workspace.folder / "drop"
    pasar = ["Baru", "Baru|x", "Baru\\|x", "Baru\\"]
    write_csv(
        folder / "h.csv",
        [{"TANGGAL": "2025-05-02", "KOMODITAS": "Beras Premium", "PASAR": p, "HARGA": "15500"} for p in pasar],
    )
    workspace = make_workspace(
        {"opd.harga": application("harga", "files", h=feed)},
        {"harga": f"fs://{folder}"},
        [{"dataset": "harga_pangan", "sources": ["opd.harga.h"]}],
    )
    assert sync(workspace, "opd.harga.h", "r").inserted == 4
    assert integrate(workspace, "harga_pangan", "r").rows == 4
    rows = hub_rows(workspace.database, "harga_pangan")
    assert sorted(row["pasar"] for row in rows.values()) == sorted(pasar)
    for key, row in rows.items():
        assert row["_provenance"]["harga"] == ["opd.harga.h", key.replace("BRS_PRE", "Beras Premium")]


def test_a_contract_with_another_key_links_every_row_anew_though_none_has_moved(city: City) -> None:
    city.sync(FEEDS[0], [resident(n) for n in range(5)])
    city.integrate()
    contract = city.workspace.catalogue.contracts["penduduk"]
    fields = [replace(f, key_position=2) if f.name == "nama_lengkap" else f for f in contract.fields]
    contracts = {"penduduk": replace(contract, fields=tuple(fields), sha256="another")}
    city.workspace = replace(city.workspace, catalogue=replace(city.workspace.catalogue, contracts=contracts))
    assert city.integrate().inserted == 5
    assert all("|" in key for key in city.rows())


def test_an_integration_that_began_earlier_cannot_replace_a_newer_release(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.sync(FEEDS[0], [resident(1, nama="Nama Lama")])
    staged, go_on = threading.Event(), threading.Event()
    validate = module.validate_release

    def slowly(*arguments: Any) -> list[dict[str, Any]]:
        if not staged.is_set():
            staged.set()
            go_on.wait(20)
        return validate(*arguments)

    monkeypatch.setattr(module, "validate_release", slowly)
    early = threading.Thread(target=city.integrate, args=["early"])
    early.start()
    staged.wait(20)
    city.sync(FEEDS[0], [resident(1, nama="Nama Baru")])
    late = threading.Thread(target=city.integrate, args=["late"])
    late.start()
    late.join(0.7)  # time enough to overtake, if it may
    go_on.set()
    early.join(30)
    late.join(30)
    assert city.rows()[NIK]["nama_lengkap"] == "Nama Baru"


def expected(sources: dict[str, dict[str, Row]]) -> dict[str, dict[str, tuple[str, str, str] | None]]:
    """Return (text, feed, row key) by NIK and field, by the plan alone; of a feed the first row of a NIK speaks."""
    merged: dict[str, dict[str, tuple[str, str, str] | None]] = {}
    for nik in {row["nik"] for rows in sources.values() for row in rows.values()}:
        for field, column in FIELDS.items():
            order = PLAN["fields"].get(field, FEEDS)  # type: ignore[attr-defined]
            speaking = [
                (
                    feed,
                    *min(
                        ((key, row) for key, row in sources[feed].items() if row["nik"] == nik),
                        key=lambda item: item[0],
                    ),
                )
                for feed in order
                if any(row["nik"] == nik for row in sources[feed].values())
            ]
            candidates = [(row[column], feed, key) for feed, key, row in speaking if row[column]]
            merged.setdefault(nik, {})[field] = candidates[0] if candidates else None
    return merged


@pytest.mark.parametrize("seed", range(3))
def test_the_change_feed_replayed_is_the_dataset(city: City, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    sources: dict[str, dict[str, Row]] = {feed: {} for feed in FEEDS}
    replayed: dict[str, Row] = {}
    seen = 0
    for _ in range(4):
        for feed in dice.sample(FEEDS, 2):
            rows = sources[feed]
            for key in dice.sample(sorted(rows), len(rows) // 3):
                del rows[key]
            for number in dice.sample(range(12), 6):  # two rows of a feed may be one person
                key = f"{feed[4]}{number}{dice.choice('ab')}"
                changes = {"nama": dice.choice(["Ani", "Budi"]), "telp": dice.choice(["", "081212121212"])}
                rows[key] = resident(number, id=key, **changes, lahir=dice.choice(["", resident(number)["lahir"]]))
            city.sync(feed, list(rows.values()))
        release = city.integrate()
        assert release.rows == len(city.rows())
        for change in city.changes()[seen:]:
            seen += 1
            before = replayed.pop(change["key"], None)
            assert before == change["before"]
            assert change["operation"] == ("insert" if before is None else "update" if change["after"] else "delete")
            if change["after"] is not None:
                replayed[change["key"]] = change["after"]
            if change["operation"] == "update":
                assert change["changed"] == sorted(k for k in before or {} if before[k] != change["after"][k])  # type: ignore[index]
        rows_now = query(
            city.database,
            "SELECT _key, to_jsonb(t) - '{_key,_hash,_provenance,_warnings,_release}'::text[] AS row"
            " FROM hub.penduduk t",
        )
        assert replayed == {row["_key"]: row["row"] for row in rows_now}
    model = expected(sources)
    found = city.rows()
    assert found.keys() == model.keys()
    for nik, fields in model.items():
        for field, wanted in fields.items():
            assert (found[nik][field] is None) == (wanted is None), (nik, field)
            assert found[nik]["_provenance"].get(field) == (list(wanted[1:]) if wanted else None), (nik, field)
        assert found[nik]["nama_lengkap"] == fields["nama_lengkap"][0]  # type: ignore[index]


def test_two_people_under_one_number_are_told_and_never_blended(city: City) -> None:
    first, other = resident(1, id="a", telp=""), resident(1, id="b", nama="Budi Lain", agama="Hindu")
    city.sync(FEEDS[0], [first, other, resident(2)])
    city.integrate()
    (row,) = [row for row in city.rows().values() if row["nik"] == first["nik"]]
    assert (row["nama_lengkap"], row["telepon"]) == (first["nama"], None)
    assert "contract_key.shared" in row["_warnings"]
    told = query(city.database, "SELECT source_key FROM control.finding WHERE rule = 'contract_key.shared' ORDER BY 1")
    assert [item["source_key"] for item in told] == ["a", "b"]
