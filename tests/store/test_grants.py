"""What a consumer's role sees in PostgreSQL itself."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from pipelines.workspace import JAKARTA
from schemas.catalogue import Catalogue
from schemas.consumer import Consumer, Grant
from schemas.contract import Contract, ContractField
from schemas.masking import IDENTIFIERS, mask_id, mask_text
from schemas.types.registry import TYPES
from store.database import Database, execute, identifiers
from store.grants import apply_grants
from store.tables import ensure_source, source_table

#: a grant ends with the city's day
TODAY = dt.datetime.now(JAKARTA).date()
NIK, NAME = "3574911402850001", "Siti Rahasia"
VALUES: dict[str, Any] = {
    "text": "Jalan Rahasia 7", "nik": NIK, "kk": "3574911402850002", "nip": "198502142013102001",
    "nop": "357404000600101230",
    "date": dt.date(1985, 2, 14), "kode_wilayah": "35.74.01.1001", "phone": "628123456789", "money": 5_000_000,
    "integer": 41, "decimal": 7.5, "boolean": True, "code": "1",
}  # fmt: skip
DENIED = sa.exc.ProgrammingError


def consumer(*grants: Grant, until: dt.date = TODAY, name: str = "") -> Consumer:
    """Make a consumer whose role no other test has: roles belong to the whole server."""
    return Consumer(
        id=name or f"uji_{secrets.token_hex(6)}",
        title="Uji",
        purpose="pemadanan data uji",
        until=until,
        grants=[*grants],
    )


@pytest.fixture
def contracts(catalogue: Catalogue) -> dict[str, Contract]:
    return {name: catalogue.contracts[name] for name in ("penduduk", "wilayah")}


@contextmanager
def acting_as(database: Database, role: str) -> Iterator[sa.Connection]:
    """Yield a connection with the rights of a role."""
    with database.transaction() as connection:
        execute(connection, "SET LOCAL ROLE {role}", role=role)
        yield connection


def fill(database: Database, contract: Contract) -> None:
    """Put one row into a dataset's table, every field with a value."""
    row = {item.name: NAME if item.name.startswith("nama") else VALUES[item.type.name] for item in contract.fields}
    names = ["_key", *row]
    with database.transaction() as connection:
        places = ", ".join(f"%({name})s" for name in names)
        execute(
            connection,
            f"INSERT INTO {{t}} ({{names}}) VALUES ({places})",
            {"_key": "k", **row},
            t=sql.Identifier("hub", contract.dataset),
            names=identifiers(names),
        )


def view(database: Database, role: str, dataset: str) -> list[dict[str, Any]]:
    with acting_as(database, role) as connection:
        found = execute(connection, "SELECT * FROM {v}", v=sql.Identifier("pub", dataset))
        return [dict(row) for row in found.mappings()]


def test_every_personal_field_of_every_contract_is_masked(database: Database, catalogue: Catalogue) -> None:
    reader = consumer(*(Grant(dataset=name) for name in catalogue.contracts))
    apply_grants(database, {reader.id: reader}, catalogue.contracts)
    masked = 0
    for contract in catalogue.contracts.values():
        fill(database, contract)
        (row,) = view(database, reader.role, contract.dataset)
        assert list(row) == [*(item.name for item in contract.fields), "peringatan"]
        for item in contract.fields:
            value = NAME if item.name.startswith("nama") else VALUES[item.type.name]
            if not item.personal:
                assert row[item.name] == value, item.name
            elif item.type.postgres == "text":
                assert row[item.name] == (mask_id if item.type.name in IDENTIFIERS else mask_text)(value), item.name
                masked += 1
            else:
                assert row[item.name] is None, item.name
                masked += 1
    assert masked > 30


def test_a_field_named_in_the_grant_is_clear_and_no_other(database: Database, contracts: dict[str, Contract]) -> None:
    reader = consumer(Grant(dataset="penduduk", unmasked=["nik", "tanggal_lahir"]))
    apply_grants(database, {reader.id: reader}, contracts)
    fill(database, contracts["penduduk"])
    (row,) = view(database, reader.role, "penduduk")
    assert (row["nik"], row["tanggal_lahir"]) == (NIK, dt.date(1985, 2, 14))
    assert (row["nama_lengkap"], row["no_kk"]) == ("S***", "3574************")


def test_a_grant_ends_after_its_day(database: Database, contracts: dict[str, Contract]) -> None:
    readers = [
        consumer(Grant(dataset="penduduk", unmasked=["nik"]), until=TODAY + dt.timedelta(days=days)) for days in (-1, 1)
    ]
    apply_grants(database, {reader.id: reader for reader in readers}, contracts)
    fill(database, contracts["penduduk"])
    assert [len(view(database, reader.role, "penduduk")) for reader in readers] == [0, 1]


def test_without_a_grant_for_it_a_dataset_cannot_be_read(database: Database, contracts: dict[str, Contract]) -> None:
    reader = consumer(Grant(dataset="wilayah"))
    apply_grants(database, {reader.id: reader}, contracts)
    with pytest.raises(DENIED, match="permission denied for view penduduk"):
        view(database, reader.role, "penduduk")


def entry(contract: Contract, **values: Any) -> dict[str, Any]:
    """Return the row that `fill` makes as an image of the change feed, and other values."""
    row = {item.name: NAME if item.name.startswith("nama") else VALUES[item.type.name] for item in contract.fields}
    return {**row, **values}


def change(database: Database, contract: Contract, **values: Any) -> None:
    """Add an update of that row to the change feed: one field gets another value, one is gone."""
    before, after = entry(contract), entry(contract, **values)
    row = {
        "key": "|".join(str(before[name]) for name in contract.key),
        "changed": sorted(values),
        "before": json.dumps(before, default=str),
        "after": json.dumps(after, default=str),
    }
    with database.transaction() as connection:
        execute(
            connection,
            "INSERT INTO {t} (release, operation, key, changed, before, after, into_key) "
            "VALUES (1, 'update', %(key)s, %(changed)s, %(before)s, %(after)s, %(key)s)",
            row,
            t=sql.Identifier("hub", f"{contract.dataset}_changes"),
        )


def test_the_change_feed_masks_every_personal_field_of_every_contract_as_the_dataset_does(
    database: Database, catalogue: Catalogue
) -> None:
    reader = consumer(*(Grant(dataset=name) for name in catalogue.contracts))
    apply_grants(database, {reader.id: reader}, catalogue.contracts)
    masked_keys = 0
    for contract in catalogue.contracts.values():
        fill(database, contract)
        change(database, contract)
        (row,) = view(database, reader.role, contract.dataset)
        (told,) = view(database, reader.role, f"{contract.dataset}_changes")
        assert list(told) == FEED
        shown = {name: json.loads(json.dumps(row[name], default=str)) for name in row if name != "peringatan"}
        assert told["before"] == told["after"] == shown
        key = [item for item in contract.fields if item.name in contract.key]
        if not any(item.personal for item in key):
            assert told["key"] == "|".join(str(entry(contract)[item]) for item in contract.key)
            continue
        masked_keys += 1
        (only, *more) = key
        expected = (mask_id if only.type.name in IDENTIFIERS else mask_text)(str(entry(contract)[only.name]))
        assert told["key"] == told["into_key"] == ("***" if more else expected)
    assert masked_keys > 5


FEED = ["change", "release", "at", "operation", "key", "changed", "before", "after", "into_key"]


def test_the_change_feed_shows_what_the_grant_names_and_no_other_change(
    database: Database, contracts: dict[str, Contract]
) -> None:
    reader = consumer(Grant(dataset="penduduk", unmasked=["nik", "alamat"]))
    apply_grants(database, {reader.id: reader}, contracts)
    change(database, contracts["penduduk"], alamat="Jalan Baru", agama="3", tanggal_lahir=None)
    (told,) = view(database, reader.role, "penduduk_changes")
    assert (told["key"], told["into_key"], told["changed"]) == (NIK, NIK, ["alamat"])
    assert (told["before"]["alamat"], told["after"]["alamat"]) == ("Jalan Rahasia 7", "Jalan Baru")
    assert (told["after"]["agama"], told["after"]["tanggal_lahir"], told["after"]["nama_lengkap"]) == (
        "***", None, "S***",
    )  # fmt: skip


def test_an_entry_that_inserts_or_deletes_keeps_its_empty_side(
    database: Database, contracts: dict[str, Contract]
) -> None:
    reader = consumer(Grant(dataset="penduduk"))
    apply_grants(database, {reader.id: reader}, contracts)
    change(database, contracts["penduduk"])
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE hub.penduduk_changes SET operation = 'insert', before = NULL, into_key = NULL"
        )
    (told,) = view(database, reader.role, "penduduk_changes")
    assert (told["before"], told["into_key"], told["after"]["nama_lengkap"]) == (None, None, "S***")


def test_a_field_that_the_contract_lost_is_nobodys_in_the_change_feed(
    database: Database, contracts: dict[str, Contract]
) -> None:
    reader = consumer(Grant(dataset="penduduk", unmasked=["telepon"]))
    whole = contracts["penduduk"]
    shorter = replace(whole, fields=tuple(item for item in whole.fields if item.name != "telepon"))
    apply_grants(database, {reader.id: reader}, {**contracts, "penduduk": whole})
    change(database, whole)
    assert view(database, reader.role, "penduduk_changes")[0]["after"]["telepon"] == VALUES["phone"]
    apply_grants(database, {reader.id: consumer(Grant(dataset="penduduk"), name=reader.id)}, {"penduduk": shorter})
    assert "telepon" not in view(database, reader.role, "penduduk_changes")[0]["after"]


def test_the_change_feed_ends_with_the_grant_and_cannot_be_read_without_one(
    database: Database, contracts: dict[str, Contract]
) -> None:
    past, other = (
        consumer(Grant(dataset=name), until=TODAY - dt.timedelta(days=days))
        for name, days in (("penduduk", 1), ("wilayah", 0))
    )
    apply_grants(database, {past.id: past, other.id: other}, contracts)
    change(database, contracts["penduduk"])
    assert view(database, past.role, "penduduk_changes") == []
    with pytest.raises(DENIED, match="permission denied for view penduduk_changes"):
        view(database, other.role, "penduduk_changes")
    apply_grants(database, {}, contracts)
    with pytest.raises(DENIED, match="permission denied"):
        view(database, past.role, "penduduk_changes")


def test_a_follower_finds_its_place_in_the_feed_by_the_index(
    database: Database, contracts: dict[str, Contract]
) -> None:
    reader = consumer(Grant(dataset="penduduk"))
    apply_grants(database, {reader.id: reader}, contracts)
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO hub.penduduk_changes (release, operation, key, changed) "
            "SELECT 1, 'delete', n::text, '{}' FROM generate_series(1, 5000) n"
        )
        connection.exec_driver_sql("ANALYZE hub.penduduk_changes")
    with acting_as(database, reader.role) as connection:
        statement = "EXPLAIN SELECT * FROM pub.penduduk_changes WHERE change > 4000 ORDER BY change LIMIT 100"
        plan = "\n".join(connection.exec_driver_sql(statement).scalars())
    assert "Index Cond: (change > 4000)" in plan


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM hub.penduduk",
        "SELECT * FROM hub.penduduk_as_of(1)",
        "SELECT * FROM hub.penduduk_versions",
        "SELECT * FROM control.compare('penduduk', 0, 1)",
        "SELECT * FROM control.family_events()",
        "SELECT * FROM control.redirect",
        "SELECT * FROM hub.penduduk_changes",
        "SELECT * FROM control.consumer_grant",
        "SELECT * FROM control.quarantine",
        "SELECT control.unmasked('opd_other', 'penduduk')",
        "SELECT * FROM source.o__a__f",
        "INSERT INTO pub.wilayah (kode) VALUES ('1')",
        "UPDATE pub.wilayah SET nama = 'x'",
        "DELETE FROM pub.wilayah",
        "UPDATE control.consumer_grant SET valid_until = '2999-01-01'",
        "CREATE TABLE pub.x (a int)",
        "CREATE TABLE public.x (a int)",
        "CREATE SCHEMA x",
    ],
)
def test_a_consumer_can_neither_go_behind_the_views_nor_write(
    database: Database, contracts: dict[str, Contract], statement: str
) -> None:
    reader = consumer(Grant(dataset="penduduk"), Grant(dataset="wilayah"))
    apply_grants(database, {reader.id: reader}, contracts)
    with database.transaction() as connection:
        ensure_source(connection, source_table("o.a.f"), contracts["penduduk"])
    with pytest.raises(DENIED, match="permission denied"), acting_as(database, reader.role) as connection:
        connection.exec_driver_sql(statement)


def test_a_condition_of_the_reader_learns_nothing_of_masked_values(
    database: Database, contracts: dict[str, Contract]
) -> None:
    reader = consumer(Grant(dataset="penduduk"))
    apply_grants(database, {reader.id: reader}, contracts)
    fill(database, contracts["penduduk"])
    with acting_as(database, reader.role) as connection:
        found = connection.exec_driver_sql(f"SELECT count(*) FROM pub.penduduk WHERE nik = '{NIK}'").scalar_one()
    assert found == 0


def test_a_consumer_removed_from_the_catalogue_sees_nothing_more(
    database: Database, contracts: dict[str, Contract]
) -> None:
    stays, goes = (consumer(Grant(dataset="penduduk")) for _ in range(2))
    apply_grants(database, {stays.id: stays, goes.id: goes}, contracts)
    fill(database, contracts["penduduk"])
    assert len(view(database, goes.role, "penduduk")) == 1
    apply_grants(database, {stays.id: stays}, contracts)
    assert len(view(database, stays.role, "penduduk")) == 1
    with pytest.raises(DENIED, match="permission denied"):
        view(database, goes.role, "penduduk")


def test_a_grant_that_shrinks_takes_the_rest_away(database: Database, contracts: dict[str, Contract]) -> None:
    before = consumer(Grant(dataset="penduduk", unmasked=["nik", "nama_lengkap"]), Grant(dataset="wilayah"))
    apply_grants(database, {before.id: before}, contracts)
    fill(database, contracts["penduduk"])
    after = consumer(Grant(dataset="penduduk", unmasked=["nik"]), name=before.id)
    apply_grants(database, {after.id: after}, contracts)
    assert view(database, after.role, "penduduk")[0]["nama_lengkap"] == "S***"
    with pytest.raises(DENIED, match="permission denied"):
        view(database, after.role, "wilayah")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_view_follows_a_contract_that_gains_a_field_anywhere(
    database: Database, contracts: dict[str, Contract], place: int
) -> None:
    reader = consumer(Grant(dataset="wilayah"))
    apply_grants(database, {reader.id: reader}, contracts)
    fields = contracts["wilayah"].fields
    added = ContractField("catatan", TYPES["text"], False, None, "personal", "")
    grown = replace(contracts["wilayah"], fields=(*fields[:place], added, *fields[place:]))
    apply_grants(database, {reader.id: reader}, {**contracts, "wilayah": grown})
    fill(database, grown)
    (row,) = view(database, reader.role, "wilayah")
    assert list(row) == [*(item.name for item in grown.fields), "peringatan"]
    assert row["catatan"] == "J***"


def test_a_view_follows_a_contract_that_loses_a_field(database: Database, contracts: dict[str, Contract]) -> None:
    reader = consumer(Grant(dataset="penduduk"))
    apply_grants(database, {reader.id: reader}, contracts)
    shorter = replace(contracts["penduduk"], fields=contracts["penduduk"].fields[:-1])
    apply_grants(database, {reader.id: reader}, {**contracts, "penduduk": shorter})
    fill(database, shorter)
    assert list(view(database, reader.role, "penduduk")[0]) == [
        *(item.name for item in shorter.fields),
        "peringatan",
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_postgresql_masks_as_the_reports_do(database: Database, texts: list[str]) -> None:
    texts_in_order = "unnest(%(texts)s::text[]) WITH ORDINALITY u(t, n) ORDER BY n"
    statement = f"SELECT control.mask_id(t), control.mask_text(t) FROM {texts_in_order}"
    with database.transaction() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(statement, {"texts": texts})]
    assert found == [(mask_id(text), mask_text(text)) for text in texts]


def test_a_reader_cannot_choose_the_day_on_which_its_grant_ends(
    database: Database, contracts: dict[str, Contract]
) -> None:
    reader = consumer(Grant(dataset="wilayah"))
    apply_grants(database, {reader.id: reader}, contracts)
    fill(database, contracts["wilayah"])
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE control.consumer_grant SET valid_until = current_date - 3")
        execute(connection, "SET LOCAL ROLE {role}", role=reader.role)
        connection.exec_driver_sql("SET LOCAL timezone TO '<X>+160'")
        assert connection.exec_driver_sql("SELECT count(*) FROM pub.wilayah").scalar_one() == 0
