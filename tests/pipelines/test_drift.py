"""A source that has changed: told in words, let through as the feed allows, accepted by a steward."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from schemas.change import SchemaChange
from schemas.errors import DriftError
from store.drift import accept_drift, drift_of
from store.runs import quarantined
from tests.pipelines.registers import FEED, Register, person
from tests.workspaces import MakeWorkspace


def alter(register: Register, statement: str) -> None:
    with closing(sqlite3.connect(register.file)) as opened, opened:
        opened.execute(statement)


def fill(register: Register) -> Register:
    register.write(*(person(n, n) for n in range(5)))
    register.sync()
    return register


def open_changes(register: Register) -> list[SchemaChange]:
    return [row["change"] for row in drift_of(register.workspace.database, FEED, is_open=True)]


def accept(register: Register, change: SchemaChange) -> None:
    accept_drift(register.workspace.database, FEED, change, "ana", "sudah ditanyakan")


@pytest.fixture
def register(make_workspace: MakeWorkspace) -> Register:
    return fill(Register(make_workspace))


def test_frozen_a_new_column_stops_the_run_until_a_steward_accepts_it(register: Register) -> None:
    alter(register, "ALTER TABLE warga ADD COLUMN golongan varchar(5)")
    with pytest.raises(DriftError, match=r"unknown column 'golongan'.*opdhub drift accept dinas\.register\.warga"):
        register.sync(full=True)
    (change,) = open_changes(register)
    assert (change.kind, change.column) == ("added", "golongan")
    assert change.words.startswith("column 'golongan'")
    accept(register, change)
    assert register.sync(full=True).unchanged == 5
    assert open_changes(register) == []


def test_a_renamed_column_is_recognised_and_followed_once_accepted(register: Register) -> None:
    alter(register, "ALTER TABLE warga RENAME COLUMN telp TO no_telp")
    with pytest.raises(DriftError, match="seems to be called 'no_telp' now"):
        register.sync(full=True)
    renamed = SchemaChange("renamed", "telp", "telp", "no_telp")
    assert renamed in open_changes(register)
    accept(register, renamed)
    assert register.sync(full=True).unchanged == 5


def test_a_column_that_is_gone_is_read_as_empty_once_accepted(register: Register) -> None:
    alter(register, "ALTER TABLE warga DROP COLUMN agama")
    with pytest.raises(DriftError, match="has no column 'agama'"):
        register.sync(full=True)
    (change,) = open_changes(register)
    assert change.kind == "removed"
    accept(register, change)
    assert register.sync(full=True).updated == 5
    assert {row["agama"] for row in register.published.values()} == {None}


def test_evolving_a_new_column_is_landed_and_goes_no_further(make_workspace: MakeWorkspace) -> None:
    register = fill(Register(make_workspace, drift="evolve"))
    before = register.published
    alter(register, "ALTER TABLE warga ADD COLUMN golongan varchar(5) DEFAULT 'O'")
    assert register.sync(full=True).unchanged == 5
    landing = register.workspace.landing
    (part,) = landing.parts(landing.batch(FEED, f"r{register.runs}", "landing"))
    assert {json.dumps(json.loads(text)) for text in part.column("_rest").to_pylist()} == {'{"golongan": "O"}'}
    assert register.published == before
    assert [change.column for change in open_changes(register)] == ["golongan"]


def test_isolating_the_rows_that_fill_a_new_column_are_quarantined(make_workspace: MakeWorkspace) -> None:
    register = fill(Register(make_workspace, drift="quarantine"))
    alter(register, "ALTER TABLE warga ADD COLUMN golongan varchar(5)")
    alter(register, "UPDATE warga SET golongan = 'AB' WHERE id IN ('W00001', 'W00002')")
    account = register.sync(full=True)
    assert (account.read, account.quarantined, account.unchanged, account.deleted) == (5, 2, 3, 0)
    rows = quarantined(register.workspace.database, FEED)
    assert [row["source_key"] for row in rows] == ["W00001", "W00002"]
    assert {reason["rule"] for row in rows for reason in row["reasons"]} == {"row.unknown_column"}
    assert "AB" in json.dumps(rows[0]["original"])
    assert len(register.published) == 5, "what was published before stays"


def test_another_type_is_told_by_both_names_and_stops_only_a_frozen_feed(make_workspace: MakeWorkspace) -> None:
    register = Register(make_workspace)
    alter(register, "DROP TABLE warga")
    alter(register, "CREATE TABLE warga (id, nik, nama, lahir varchar(10), jk, agama, telp, diubah)")
    fill(register)
    alter(register, "ALTER TABLE warga RENAME TO lama")
    alter(register, "CREATE TABLE warga (id, nik, nama, lahir date, jk, agama, telp, diubah)")
    alter(register, "INSERT INTO warga SELECT * FROM lama")
    with pytest.raises(DriftError, match=r"(?i)column 'lahir' was varchar\(10\) and is date"):
        register.sync(full=True)
    assert register.sync(register.described(drift="evolve"), full=True).unchanged == 5
    assert [change.kind for change in open_changes(register)] == ["retyped"]


def test_a_code_never_seen_is_told_with_its_column(register: Register) -> None:
    register.write(person(3, 50, agama="Jedi"), person(4, 50, agama="3574911234560001"))
    register.sync()
    assert open_changes(register) == [SchemaChange("code", "agama", after="Jedi")]
    assert open_changes(register)[0].words == "column 'agama' has the code 'Jedi', never seen before"


def test_a_later_acceptance_of_a_column_ends_the_earlier_one(register: Register) -> None:
    for name in ("no_telp", "telepon_rumah"):
        before = "telp" if name == "no_telp" else "no_telp"
        alter(register, f"ALTER TABLE warga RENAME COLUMN {before} TO {name}")
        with pytest.raises(DriftError):
            register.sync(full=True)
        accept(register, SchemaChange("renamed", "telp", "telp", name))
        for change in open_changes(register):
            accept(register, change)
        assert register.sync(full=True).unchanged == 5, name
    accepted = drift_of(register.workspace.database, FEED, is_open=False)
    assert [row["after"] for row in accepted if row["kind"] == "renamed"] == ["telepon_rumah"]
