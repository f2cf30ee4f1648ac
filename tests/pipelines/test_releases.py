"""A staged dataset becomes a release: change feed, history, merges, and readers who never see a mix."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from pipelines.release import Release, earlier_release
from schemas.catalogue import Catalogue
from schemas.contract import ContractField
from schemas.types.registry import TYPES
from store.database import Database
from tests.pipelines.staged import Staged, key, people, staged
from tests.workspaces import one, query


@pytest.fixture
def hub(database: Database, catalogue: Catalogue) -> Staged:
    return staged(database, catalogue)


def told(hub: Staged, release: int = 0) -> list[tuple[int, str, str]]:
    return [(row["change"], row["operation"], row["key"]) for row in hub.changes(release)]


def test_the_first_release_is_told_row_by_row_in_the_order_of_the_keys(hub: Staged) -> None:
    assert hub.publish(people(3, 1, 2)) == Release("penduduk", 1, 3, 3, 0, 0)
    assert told(hub) == [(1, "insert", key(1)), (2, "insert", key(2)), (3, "insert", key(3))]
    first = hub.changes()[0]
    assert (first["before"], first["changed"], first["into_key"]) == (None, [], None)
    assert set(first["after"]) == {field.name for field in hub.contract.fields} - {"telepon"}


def test_an_update_names_its_fields_and_ends_a_version(hub: Staged) -> None:
    hub.publish(people(1, 2))
    release = hub.publish(people(1) | people(2, nama_lengkap="Siti", agama="1"))
    assert (release.inserted, release.updated, release.deleted) == (0, 1, 0)
    (change,) = hub.changes(2)
    assert (change["change"], change["changed"]) == (3, ["agama", "nama_lengkap"])
    assert (change["before"]["nama_lengkap"], change["after"]["nama_lengkap"]) == ("Warga 2", "Siti")
    old, new = hub.versions(key(2))
    assert (old["_release"], old["_until"], old["nama_lengkap"]) == (1, 2, "Warga 2")
    assert (new["_release"], new["_until"], new["nama_lengkap"]) == (2, None, "Siti")
    assert old["valid_from"] < old["valid_until"] == new["valid_from"]
    assert new["valid_until"] is None


def test_a_deleted_row_is_told_and_its_last_version_kept(hub: Staged) -> None:
    hub.publish(people(1, 2))
    assert hub.publish(people(1)).deleted == 1
    (change,) = hub.changes(2)
    assert (change["operation"], change["key"], change["after"]) == ("delete", key(2), None)
    assert change["before"]["nama_lengkap"] == "Warga 2"
    (ended,) = hub.versions(key(2))
    assert (ended["_release"], ended["_until"]) == (1, 2)
    hub.publish(people(1, 2))
    assert [(row["_release"], row["_until"]) for row in hub.versions(key(2))] == [(1, 2), (3, None)]


@pytest.mark.parametrize("what", ["volatile", "provenance", "warnings"])
def test_what_is_no_news_is_published_without_version_or_change(hub: Staged, what: str) -> None:
    hub.publish(people(1, telepon="628111"))
    if what == "provenance":
        hub.provenance = "o.b.f"
    if what == "warnings":
        hub.warnings[key(1)] = "o.a.f:nik:x"
    release = hub.publish(people(1, telepon="628222" if what == "volatile" else "628111"))
    assert not release.changed
    assert told(hub, 2) == []
    row = one(hub.database, "SELECT * FROM hub.penduduk")
    assert row["_release"] == 1
    assert row["telepon"] == ("628222" if what == "volatile" else "628111")
    assert row["_provenance"] == {"nik": ["o.b.f" if what == "provenance" else "o.a.f", key(1)]}
    assert row["_warnings"] == ("o.a.f:nik:x" if what == "warnings" else None)
    assert len(hub.versions(key(1))) == 1


def test_a_volatile_field_stands_in_no_image_of_a_change(hub: Staged) -> None:
    hub.publish(people(1, telepon="628111"))
    hub.publish(people(1, telepon="628222", alamat="Jalan Melati 2"))
    (change,) = hub.changes(2)
    assert change["changed"] == ["alamat"]
    assert "telepon" not in change["before"] | change["after"]


def test_a_field_that_the_contract_gains_is_news_only_where_it_has_a_value(hub: Staged) -> None:
    hub.publish(people(1, 2))
    gained = ContractField("catatan", TYPES["text"], False, None, "personal", "")
    hub.contract = replace(hub.contract, fields=(*hub.contract.fields, gained))
    release = hub.publish(people(1) | people(2, catatan="x"))
    assert release.updated == 1
    assert hub.changes(2)[0]["changed"] == ["catatan"]
    assert [row["catatan"] for row in hub.versions(key(2))] == [None, "x"]
    assert hub.rows("hub.penduduk_as_of(2)") == hub.rows()


def test_of_touched_entities_those_not_staged_are_deleted_and_the_others_stay(hub: Staged) -> None:
    hub.publish(people(1, 2, 3))
    release = hub.publish(people(1, alamat="Jalan Melati 2") | people(4), touched=[key(1), key(2), key(4)])
    assert release == Release("penduduk", 2, 3, 1, 1, 1)
    assert told(hub, 2) == [(4, "update", key(1)), (5, "delete", key(2)), (6, "insert", key(4))]
    assert set(hub.rows()) == {key(1), key(3), key(4)}


def test_nothing_touched_is_a_release_without_changes(hub: Staged) -> None:
    hub.publish(people(1, 2))
    assert hub.publish({}, touched=[]) == Release("penduduk", 2, 2, 0, 0, 0)


def test_a_rolled_back_release_leaves_no_gap(hub: Staged) -> None:
    hub.publish(people(1))
    with pytest.raises(ZeroDivisionError), hub.database.transaction() as connection:
        hub.within(connection, people(1, 2, 3))
        raise ZeroDivisionError
    hub.publish(people(1, 5))
    assert told(hub) == [(1, "insert", key(1)), (2, "insert", key(5))]
    assert [row["release"] for row in hub.changes()] == [1, 2]


def test_a_run_is_told_the_release_that_it_made(hub: Staged) -> None:
    hub.publish(people(1, 2))
    hub.merge(1, 2)
    made = hub.publish(people(2))
    with hub.database.transaction() as connection:
        assert earlier_release(connection, "penduduk", "r2") == made
        assert earlier_release(connection, "penduduk", "r9") is None
    assert query(hub.database, "SELECT tablename FROM pg_tables WHERE schemaname = 'staging'") == []


def redirects(hub: Staged) -> dict[str, str]:
    return {row["key"]: row["into_key"] for row in query(hub.database, "SELECT * FROM control.redirect")}


def test_a_merge_is_told_as_one_and_its_key_leads_on(hub: Staged) -> None:
    hub.publish(people(1, 2, 3, 4))
    hub.merge(1, 2)
    hub.merge(2, 3)
    release = hub.publish(people(3))
    assert (release.merged, release.deleted) == (2, 1)
    found = [(row["operation"], row["key"], row["into_key"], row["after"]) for row in hub.changes(2)]
    assert found == [
        ("merge", key(1), key(3), None), ("merge", key(2), key(3), None), ("delete", key(4), None, None)
    ]  # fmt: skip
    assert redirects(hub) == {key(1): key(3), key(2): key(3)}


def test_a_merge_undone_brings_the_entity_back_and_ends_the_redirect(hub: Staged) -> None:
    hub.publish(people(1, 2))
    hub.merge(1, 2)
    hub.publish(people(2), touched=[key(1), key(2)])
    hub.undo(1)
    release = hub.publish(people(1), touched=[key(1)])
    assert (release.inserted, redirects(hub)) == (1, {})


def test_undoing_the_end_of_a_chain_turns_the_redirects_back(hub: Staged) -> None:
    hub.publish(people(1, 2, 3))
    hub.merge(1, 2)
    hub.merge(2, 3)
    hub.publish(people(3))
    hub.undo(2)
    hub.publish(people(2, 3))
    assert redirects(hub) == {key(1): key(2)}


def test_a_merge_that_is_decided_and_not_yet_linked_changes_nothing(hub: Staged) -> None:
    hub.publish(people(1, 2))
    hub.merge(1, 2)
    assert not hub.publish(people(1, 2)).changed
    assert redirects(hub) == {}


def test_a_merge_in_a_circle_or_into_nobody_is_a_delete(hub: Staged) -> None:
    hub.publish(people(1, 2, 3))
    hub.merge(1, 2)
    hub.merge(2, 1)
    hub.merge(3, 9)
    release = hub.publish({})
    assert (release.merged, release.deleted, redirects(hub)) == (0, 3, {})


def test_a_reader_sees_one_release_and_never_a_mix(hub: Staged) -> None:
    numbers = range(300)
    hub.publish(people(*numbers, alamat="0"))
    seen: list[tuple[int, int, int]] = []
    ended = threading.Event()
    together = """
        SELECT count(DISTINCT alamat) AS kinds, min(alamat)::bigint + 1 AS shown,
               (SELECT max(release) FROM control.release) AS release,
               (SELECT max(release) FROM hub.penduduk_changes) AS told FROM hub.penduduk"""

    def read() -> None:
        while not ended.is_set():
            row = one(hub.database, together)  # READ COMMITTED: one statement, one snapshot
            seen.append((row["kinds"], row["release"] - row["shown"], row["release"] - row["told"]))
            with hub.database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
                first = connection.exec_driver_sql("SELECT max(release) FROM control.release").scalar_one()
                rows = connection.exec_driver_sql("SELECT DISTINCT alamat FROM hub.penduduk").scalars().all()
                last = connection.exec_driver_sql("SELECT max(release) FROM hub.penduduk_changes").scalar_one()
                seen.append((len(rows), first - int(rows[0]) - 1, first - last))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for tick in range(1, 8):
        hub.publish(people(*numbers, alamat=str(tick)))
    ended.set()
    for reader in readers:
        reader.join()
    assert set(seen) == {(1, 0, 0)}
    assert len(seen) > 10


def test_a_change_by_hand_cannot_choose_its_number(hub: Staged) -> None:
    hub.publish(people(1))
    insert = (
        "INSERT INTO hub.penduduk_changes (change, release, operation, key, changed) VALUES (9, 1, 'delete', 'k', '{}')"
    )
    with pytest.raises(sa.exc.ProgrammingError, match="GENERATED ALWAYS"), hub.database.transaction() as connection:
        connection.exec_driver_sql(insert)
