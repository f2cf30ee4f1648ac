"""Looking back: as a release had it, what lies between two releases, the versions of a row, a family's events."""

from __future__ import annotations

import datetime as dt
import random
from contextlib import ExitStack
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from store import releases
from store.database import Database
from tests.pipelines.staged import Staged, key, people, staged
from tests.workspaces import Row, one, query


@pytest.fixture
def hub(database: Database, catalogue: Catalogue) -> Staged:
    return staged(database, catalogue)


def by_key(rows: Any) -> dict[str, Row]:
    return {row["_key"]: {k: v for k, v in row.items() if not k.startswith("_")} for row in rows}


def without(row: Row, name: str) -> Row:
    return {k: v for k, v in row.items() if k != name}


@pytest.mark.parametrize("seed", range(2))
def test_every_release_can_be_seen_again_and_compared_with_every_other(hub: Staged, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    was: list[dict[str, Row]] = [{}]
    rows: dict[str, Row] = people(*range(15))
    for _ in range(5):
        for number in chance.sample(range(25), 8):
            rows.pop(key(number), None)
            if chance.random() < 0.6:
                rows |= people(number, alamat=chance.choice("AB"))
        hub.publish(rows)
        was.append(hub.rows())
    for number, expected in enumerate(was):
        assert by_key(releases.as_of(hub.database, "penduduk", number)) == expected
    for a, before in enumerate(was):
        for b, after in enumerate(was):
            found = {row["key"]: row for row in releases.compare(hub.database, "penduduk", a, b)}
            assert set(found) == {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
            for name, row in found.items():
                kinds = {(True, True): "update", (True, False): "delete", (False, True): "insert"}
                assert row["operation"] == kinds[name in before, name in after]
                for image, kept in ((row["before"], before), (row["after"], after)):
                    assert image == (without(kept[name], "telepon") if name in kept else None)
                if row["operation"] == "update":
                    assert row["changed"] == sorted(k for k in before[name] if before[name][k] != after[name][k])


def test_a_comparison_tells_a_merge_forwards_and_an_insert_backwards(hub: Staged) -> None:
    hub.publish(people(1, 2))
    hub.merge(1, 2)
    hub.publish(people(2))
    (forwards,) = releases.compare(hub.database, "penduduk", 1, 2)
    (backwards,) = releases.compare(hub.database, "penduduk", 2, 1)
    assert (forwards["operation"], forwards["into_key"]) == ("merge", key(2))
    assert (backwards["operation"], backwards["into_key"], backwards["before"]) == ("insert", None, None)


def test_a_key_is_followed_to_where_it_is_known_now(hub: Staged) -> None:
    hub.publish(people(1, 2, 3))
    hub.merge(1, 2)
    hub.publish(people(2, 3))
    hub.merge(2, 3)
    hub.publish(people(3))
    assert [releases.current_key(hub.database, "penduduk", key(n)) for n in (1, 2, 3, 9)] == [
        key(3), key(3), key(3), key(9)
    ]  # fmt: skip


def test_a_circle_of_redirects_ends(hub: Staged) -> None:
    with hub.database.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO control.redirect VALUES ('d', 'a', 'b', 1), ('d', 'b', 'a', 1)")
    assert releases.current_key(hub.database, "d", "a") in ("a", "b")


def test_a_day_means_its_end_in_the_city_and_a_number_a_release(hub: Staged) -> None:
    for _ in range(3):
        hub.publish(people(1))
    times = ["2026-05-30T16:59:59+00", "2026-05-30T17:00:00+00", "2026-05-31T16:59:59+00"]
    with hub.database.transaction() as connection:
        for number, at in enumerate(times, 1):
            statement = sa.text("UPDATE control.release SET published_at = :at WHERE release = :number")
            connection.execute(statement, {"at": at, "number": number})
    asked = ["2026-05-30", "2026-05-31", "2026-05-31T00:00", "2026-05-30T16:59:59+00:00", "2", "0"]
    assert [releases.release_of(hub.database, "penduduk", when) for when in asked] == [1, 3, 2, 1, 2, 0]


@pytest.mark.parametrize(
    ("when", "problem"),
    [("2026-01-01", "had no release by"), ("7", "has no release 7"), ("kemarin", "neither a release nor a date")],
)
def test_a_release_that_is_not_there_is_an_error_with_a_fix(hub: Staged, when: str, problem: str) -> None:
    hub.publish(people(1))
    with pytest.raises(ConfigurationError, match=problem) as caught:
        releases.release_of(hub.database, "penduduk", when)
    assert caught.value.fix


def test_before_the_first_release_there_is_nothing_to_look_at(hub: Staged) -> None:
    assert releases.releases(hub.database, "penduduk") == []
    assert releases.family_events(hub.database, "1") == []
    with pytest.raises(ConfigurationError, match="has no release yet"):
        list(releases.changes(hub.database, "penduduk"))
    with pytest.raises(ConfigurationError, match="has no release yet"):
        releases.history(hub.database, "penduduk", key(1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("control.compare('penduduk; DROP TABLE hub.penduduk', 0, 1)", "there is no dataset"),
        ("control.compare('pend\"uduk', 0, 1)", "there is no dataset"),
        ("control.compare('penduduk', 0, 7)", "there is no release 7 of penduduk"),
        ("control.compare('penduduk', NULL, 1)", "there is no release"),
    ],
)
def test_a_function_of_what_is_not_there_says_so_and_harms_nothing(hub: Staged, call: str, message: str) -> None:
    hub.publish(people(1))
    with pytest.raises(sa.exc.DBAPIError, match=message), hub.database.transaction() as connection:
        connection.exec_driver_sql(f"SELECT * FROM {call}")
    assert len(hub.rows()) == 1


def test_held_releases_stand_between_the_published_ones(hub: Staged) -> None:
    hub.publish(people(1))
    with hub.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO control.held_release (dataset, run_id, reasons) VALUES ('penduduk', 'h', '[\"kecil\"]')"
        )
    hub.publish(people(1, 2))
    found = releases.releases(hub.database, "penduduk")
    assert [(row["release"], row["state"], row["inserted"]) for row in found] == [
        (1, "published", 1), (None, "held", None), (2, "published", 1)
    ]  # fmt: skip
    assert found[1]["reasons"] == ["kecil"]


def test_changes_are_read_from_a_number_on(hub: Staged) -> None:
    hub.publish(people(1, 2, 3))
    hub.publish(people(1, 2))
    assert [row["change"] for row in releases.changes(hub.database, "penduduk", 1, 2)] == [2, 3]
    (last,) = releases.changes(hub.database, "penduduk", 3)
    published = one(hub.database, "SELECT published_at FROM control.release WHERE release = 2")["published_at"]
    assert (last["operation"], last["release"], last["at"]) == ("delete", 2, published)


def test_a_family_is_told_what_happened_to_its_members(hub: Staged) -> None:
    home = {"no_kk": "KK1", "alamat": "A", "kode_kelurahan": "35.74.01.1001", "status_dasar": "1"}
    steps: list[dict[str, Row]] = [
        people(1, 2, 3, **home),
        people(1, 2, 3, 4, **home),
        people(1, 3, 4, **home) | people(2, **home | {"no_kk": "KK2", "alamat": "B"}),
        people(3, 4, **home) | people(1, **home | {"status_dasar": "2"}) | people(2, **home | {"no_kk": "KK2"}),
        people(3, **home | {"status_dasar": "3"}) | people(4, **home | {"agama": "1"}),
    ]
    for rows in steps:
        hub.publish(rows)
    told = [(row["release"], row["peristiwa"], row["nik"][-1]) for row in releases.family_events(hub.database, "KK1")]
    assert told == [
        (2, "lahir/datang", "4"), (3, "pindah KK", "2"), (4, "meninggal", "1"), (5, "dihapus", "1"),
        (5, "pindah keluar", "3"),
    ]  # fmt: skip
    other = releases.family_events(hub.database, "KK2")
    assert [(row["release"], row["peristiwa"], row["dari"], row["ke"]) for row in other] == [
        (3, "pindah KK", "KK1", "KK2"), (3, "pindah alamat", "A, 35.74.01.1001", "B, 35.74.01.1001"),
        (4, "pindah alamat", "B, 35.74.01.1001", "A, 35.74.01.1001"), (5, "dihapus", None, None),
    ]  # fmt: skip
    every = query(hub.database, "SELECT * FROM control.family_events()")
    assert len(every) == len(told) + len(other)
    assert isinstance(every[0]["at"], dt.datetime)


def test_a_moment_is_looked_up_by_its_key_without_reading_the_dataset(hub: Staged) -> None:
    for tick in range(3):
        hub.publish(people(*range(2000), alamat=str(tick)))
    with hub.database.transaction() as connection:
        connection.exec_driver_sql("ANALYZE hub.penduduk, hub.penduduk_history")
        statement = f"EXPLAIN SELECT * FROM hub.penduduk_as_of(2) WHERE _key = '{key(5)}'"
        plan = "\n".join(connection.exec_driver_sql(statement).scalars())
    assert "Seq Scan" not in plan
    assert plan.count("Index") >= 2


def test_the_past_of_an_older_hub_is_made_from_its_change_feed(postgres_server: str, catalogue: Catalogue) -> None:
    from alembic import command
    from alembic.config import Config

    from store.database import MIGRATIONS
    from tests import embedded

    with ExitStack() as stack:
        database = Database(stack.enter_context(embedded.new_database(postgres_server, "test_older", "template1")))
        stack.callback(database.engine.dispose)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with database.transaction() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0004")
            connection.exec_driver_sql(OLDER)
        database.upgrade()
        hub = staged(database, catalogue, "wilayah")
        hub.runs = 9
        hub.publish({"a": {"nama": "A2"}, "c": {"nama": "C"}})
        names = [
            {row["_key"]: row["nama"] for row in releases.as_of(database, "wilayah", number)} for number in range(5)
        ]
        assert names == [{}, {"a": "A", "b": "B"}, {"a": "A2", "b": "B"}, {"a": "A2"}, {"a": "A2", "c": "C"}]
        assert [row["_release"] for row in hub.versions("a")] == [1, 2]


#: three releases of a hub that kept no history; the third changed the provenance of `a`
OLDER = """
    CREATE TABLE hub.wilayah (_key text PRIMARY KEY, _hash text, _provenance jsonb, _warnings text, _release bigint,
        kode text, nama text);
    CREATE TABLE hub.wilayah_changes (change bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, release bigint NOT NULL,
        operation text NOT NULL CONSTRAINT wilayah_changes_operation_check CHECK (operation IN
        ('insert', 'update', 'delete', 'merge')), key text NOT NULL, changed text[] NOT NULL,
        before jsonb, after jsonb, into_key text);
    INSERT INTO hub.wilayah VALUES ('a', 'x', '{}', NULL, 3, 'a', 'A2');
    INSERT INTO hub.wilayah_changes (release, operation, key, changed, before, after) VALUES
        (1, 'insert', 'a', '{}', NULL, '{"kode": "a", "nama": "A"}'),
        (1, 'insert', 'b', '{}', NULL, '{"kode": "b", "nama": "B"}'),
        (2, 'update', 'a', '{nama}', '{"kode": "a", "nama": "A"}', '{"kode": "a", "nama": "A2"}'),
        (3, 'delete', 'b', '{}', '{"kode": "b", "nama": "B"}', NULL);
    INSERT INTO control.release (dataset, release, run_id, rows, inserted, updated, deleted, contract_version)
        SELECT 'wilayah', n, 'r' || n, 1, 0, 0, 0, '1' FROM generate_series(1, 3) n;
"""
