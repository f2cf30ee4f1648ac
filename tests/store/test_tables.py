"""Tables follow their contracts, and refuse what would lose data."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from schemas.catalogue import Catalogue
from schemas.contract import Contract, ContractField
from schemas.errors import GateError
from schemas.types.registry import TYPES
from store.database import Database, execute
from store.tables import (
    SOURCE_COLUMNS,
    TableName,
    create_staging,
    ensure_hub,
    ensure_source,
    source_table,
    staging_table,
)
from tests.workspaces import ROOT, query, table_rows

TABLE = source_table("o.a.f")


@pytest.fixture
def contract(catalogue: Catalogue) -> Contract:
    return catalogue.contracts["wilayah"]


def with_field(contract: Contract, name: str, kind: str, place: int = 1) -> Contract:
    field = ContractField(name, TYPES[kind], False, None, "public", "")
    return replace(contract, fields=(*contract.fields[:place], field, *contract.fields[place:]))


def ensure(database: Database, contract: Contract) -> None:
    with database.transaction() as connection:
        ensure_source(connection, TABLE, contract)
        ensure_hub(connection, contract)


def columns(database: Database, table: TableName) -> dict[str, str]:
    found = query(
        database,
        "SELECT column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = '{table.schema}' AND table_name = '{table.name}'",
    )
    return {row["column_name"]: row["data_type"] for row in found}


DATASETS = sorted(path.name.removesuffix(".odcs.yaml") for path in (ROOT / "schemas/contracts").glob("*.odcs.yaml"))


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_contract_makes_its_tables_with_its_types(database: Database, catalogue: Catalogue, dataset: str) -> None:
    contract = catalogue.contracts[dataset]
    ensure(database, contract)
    ensure(database, contract)
    fields = {item.name: item.type.postgres for item in contract.fields}
    for table in (TABLE, TableName("hub", dataset)):
        assert {name: kind for name, kind in columns(database, table).items() if name[0] != "_"} == fields


def test_a_field_that_the_contract_gained_is_added_and_the_rows_stay(database: Database, contract: Contract) -> None:
    ensure(database, contract)
    with database.transaction() as connection:
        execute(connection, "INSERT INTO {t} (_key, kode, nama) VALUES ('k', '35', 'Jawa Timur')", t=TABLE.identifier)
    ensure(database, with_field(contract, "luas", "decimal"))
    (row,) = table_rows(database, TABLE)
    assert (row["kode"], row["nama"], row["luas"]) == ("35", "Jawa Timur", None)
    assert columns(database, TableName("hub", "wilayah"))["luas"] == "double precision"


def test_a_field_that_the_contract_lost_stays_in_the_table(database: Database, contract: Contract) -> None:
    ensure(database, with_field(contract, "luas", "decimal"))
    ensure(database, contract)
    assert "luas" in columns(database, TABLE)


def test_a_changed_type_is_refused_with_the_reason(database: Database, contract: Contract) -> None:
    ensure(database, with_field(contract, "luas", "decimal"))
    with pytest.raises(GateError) as caught:
        ensure(database, with_field(contract, "luas", "integer"))
    assert caught.value.where == "source.o__a__f"
    assert caught.value.problem == "column luas is double precision, the contract says bigint"
    assert caught.value.fix == "a changed type needs a new field, or a migration of the table"
    assert columns(database, TABLE)["luas"] == "double precision"


def test_a_key_stands_once_in_a_table(database: Database, contract: Contract) -> None:
    ensure(database, contract)
    insert = "INSERT INTO {t} (_key) VALUES ('k'), ('k')"
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as connection:
        execute(connection, insert, t=TABLE.identifier)


def test_a_staging_table_is_made_anew(database: Database, contract: Contract) -> None:
    table = staging_table("o.a.f", "r")
    for _ in range(2):
        with database.transaction() as connection:
            create_staging(connection, table, contract, SOURCE_COLUMNS)
            assert execute(connection, "SELECT count(*) FROM {t}", t=table.identifier).scalar_one() == 0
            execute(connection, "INSERT INTO {t} (_key) VALUES ('k'), ('k')", t=table.identifier)


def test_staging_tables_of_other_runs_and_feeds_have_other_names() -> None:
    long = "opd.aplikasi_dengan_nama_yang_sangat_panjang_sekali.feed_yang_panjang"
    names = {staging_table(feed, run).name for feed in (long, f"{long}_2", "o.a.F") for run in ("r1", "r2", "R1")}
    assert len(names) == 9
    assert all(len(name.encode()) <= 63 and name == name.lower() for name in names)


def test_tables_of_long_feed_names_are_told_apart(database: Database, contract: Contract) -> None:
    long = "dinas_pekerjaan_umum.sistem_informasi_penataan_ruang_dan_bangunan.pemohon_izin"
    tables = [source_table(f"{long}_{n}") for n in range(2)]
    for table in tables * 2:
        with database.transaction() as connection:
            ensure_source(connection, table, contract)
    assert len(query(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'source'")) == 2
