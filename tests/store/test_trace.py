"""The way back from a published value: who supplied it, who lost, who names the entity, and who decided."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from schemas.mapping import FieldMap
from store.database import Database, execute, identifiers
from store.tables import TableName, ensure_hub, ensure_source, hub_table, members_table, source_table
from store.trace import Said, Trace, keep_mapping, trace
from tests.workspaces import Row, query

SIAK, DWH, AID = "dukcapil.siak.biodata", "dukcapil.dwh.verifikasi", "dinsos.siks.bantuan"
LONG = "dinas_pekerjaan_umum.sistem_informasi_penataan_ruang_dan_bangunan.pemohon_izin"
NIK, OTHER = "3574911402850001", "3574911402850002"
READ = dt.datetime(2026, 11, 1, 2, 0, tzinfo=dt.UTC)
MAPPING = {
    "nik": FieldMap(column="nik"),
    "nama_lengkap": FieldMap(column="nama"),
    "tanggal_lahir": FieldMap(column="lahir"),
    "telepon": FieldMap(coalesce=["hp", "telp"]),
    "kode_kelurahan": FieldMap(columns=["kec", "kel"], template="35.74.{0}.{1}"),
    "status_dasar": FieldMap(literal="1"),
}


class Register:
    """Residents in two feeds and a hub table, written as the pipelines leave them."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self.database = database
        self.contracts = {SIAK: catalogue.contracts["penduduk"], AID: catalogue.contracts["penerima_bantuan"]}
        self.contracts[DWH] = self.contracts[LONG] = self.contracts[SIAK]
        with database.transaction() as connection:
            ensure_hub(connection, self.contracts[SIAK])

    def insert(self, table: TableName, row: Row) -> None:
        values = [f"%({name})s" for name in row]
        with self.database.transaction() as connection:
            statement = f"INSERT INTO {{table}} ({{names}}) VALUES ({', '.join(values)})"
            execute(connection, statement, row, table=table.identifier, names=identifiers(list(row)))

    def source(self, feed: str, key: str, original: Row | None = None, run: str = "r1", **fields: Any) -> None:
        """Publish a source row."""
        with self.database.transaction() as connection:
            ensure_source(connection, source_table(feed), self.contracts[feed])
            connection.execute(
                sa.text("""INSERT INTO control.feed_run (run_id, feed, state, stage, extracted_at)
                           VALUES (:run, :feed, 'running', 'publish', :at) ON CONFLICT DO NOTHING"""),
                {"run": run, "feed": feed, "at": READ},
            )
        text = None if original is None else json.dumps(original, ensure_ascii=False)
        self.insert(source_table(feed), {"_key": key, "_hash": "h", "_original": text, "_run": run, **fields})

    def mapping(self, feed: str, fields: dict[str, FieldMap] | None = None, since: dt.datetime = READ) -> None:
        with self.database.transaction() as connection:
            keep_mapping(connection, feed, self.contracts[feed].dataset, fields or MAPPING, since)

    def member(self, feed: str, row_key: str, key: str | None = NIK, how: str = "exact", **more: Any) -> None:
        row = {"feed": feed, "row_key": row_key, "row_hash": "h", "key": key, "how": how, "decided_by": "rule"}
        self.insert(members_table("penduduk"), row | more)

    def publish(self, provenance: dict[str, Sequence[str]], key: str = NIK, **fields: Any) -> None:
        row = {"_key": key, "_hash": "h", "_provenance": json.dumps(provenance), "_release": 1, "nik": key}
        self.insert(hub_table("penduduk"), row | fields)

    def trace(self, key: str = NIK) -> Trace:
        found = trace(self.database, "penduduk", key)
        assert found is not None
        return found

    def said(self, field: str, feed: str, key: str = NIK) -> Said:
        (said,) = [said for said in self.trace(key).values if (said.field, said.feed) == (field, feed)]
        return said


@pytest.fixture
def register(database: Database, catalogue: Catalogue) -> Register:
    """One resident in two feeds: the name is the first's, the birth date, which that lacks, the second's."""
    made = Register(database, catalogue)
    made.source(SIAK, "1", {"nama": " Siti ", "hp": "0812-1"}, nik=NIK, nama_lengkap="Siti", telepon="628121")
    made.source(DWH, "x9", {"nama": "SITTI"}, nik=NIK, nama_lengkap="Sitti", tanggal_lahir=dt.date(1985, 2, 14))
    for feed, row in ((SIAK, "1"), (DWH, "x9")):
        made.mapping(feed)
        made.member(feed, row, reason="NIK")
    first, second = (SIAK, "1"), (DWH, "x9")
    made.publish(
        {"nik": first, "nama_lengkap": first, "telepon": first, "tanggal_lahir": second},
        nama_lengkap="Siti",
        tanggal_lahir=dt.date(1985, 2, 14),
        telepon="628121",
    )
    return made


def test_a_published_value_leads_to_application_run_source_row_and_original(register: Register) -> None:
    said = register.said("nama_lengkap", SIAK)
    assert said.won
    assert (said.value, said.source_value, said.original) == ("Siti", "Siti", {"nama": " Siti "})
    assert (said.application, said.feed, said.run_id, said.source_key) == ("dukcapil.siak", SIAK, "r1", "1")
    assert said.extracted_at == READ
    assert (said.how, said.score, said.reason, said.decided_by) == ("exact", None, "NIK", "rule")


def test_what_lost_is_told_too(register: Register) -> None:
    said = register.said("nama_lengkap", DWH)
    assert (said.won, said.value, said.source_value, said.original) == (False, "Siti", "Sitti", {"nama": "SITTI"})
    assert register.said("tanggal_lahir", DWH).won
    assert not register.said("tanggal_lahir", SIAK).won


def test_fields_stand_in_the_order_of_the_dataset_the_winner_first(register: Register) -> None:
    told = register.trace().values
    fields = list(dict.fromkeys(said.field for said in told))
    assert fields == [field.name for field in register.contracts[SIAK].fields]
    assert [said.feed for said in told if said.field == "tanggal_lahir"] == [DWH, SIAK]


def test_a_column_that_was_not_kept_is_shown_by_the_field_made_of_it(register: Register) -> None:
    assert register.said("nik", SIAK).original == {"nik": NIK}
    assert register.said("tanggal_lahir", DWH).original == {"lahir": "1985-02-14"}
    assert register.said("tanggal_lahir", SIAK).original == {"lahir": None}  # it sent nothing


def test_a_field_of_several_columns_shows_them_in_their_order(register: Register) -> None:
    assert register.said("telepon", SIAK).original == {"hp": "0812-1", "telp": None}
    register.source(SIAK, "2", {"kel": "1001", "kec": "91"}, nik=OTHER, kode_kelurahan="35.74.91.1001")
    register.publish({"kode_kelurahan": (SIAK, "2")}, OTHER, kode_kelurahan="35.74.91.1001")
    original = register.said("kode_kelurahan", SIAK, OTHER).original or {}
    assert list(original.items()) == [("kec", "91"), ("kel", "1001")]


def test_a_literal_has_no_column_and_a_field_that_is_not_mapped_no_original(register: Register) -> None:
    assert register.said("status_dasar", SIAK).original == {}
    assert register.said("alamat", SIAK).original is None


@pytest.mark.parametrize("text", ["\0", "\\u0000", "\\\\\0\0x", '"\\', "\n\t\x01", "é😀", "\\\0\\u0000"])
def test_any_text_of_a_source_comes_back(register: Register, text: str) -> None:
    register.source(SIAK, "2", {"nama": text, "hp": "1"}, nik=OTHER)
    register.publish({"nama_lengkap": (SIAK, "2")}, OTHER)
    assert register.said("nama_lengkap", SIAK, OTHER).original == {"nama": text}
    assert register.said("telepon", SIAK, OTHER).original == {"hp": "1", "telp": None}


def test_a_row_that_was_read_before_originals_were_kept_says_nothing_of_them(register: Register) -> None:
    register.source(DWH, "x8", None, "old", nik=OTHER, nama_lengkap="Lama")
    with register.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE control.feed_run SET extracted_at = '2020-01-01' WHERE run_id = 'old'")
    register.publish({"nama_lengkap": (DWH, "x8")}, OTHER, nama_lengkap="Lama")
    said = register.said("nama_lengkap", DWH, OTHER)
    assert (said.original, said.source_value, said.won) == (None, "Lama", True)


def test_a_row_is_read_by_the_mapping_of_its_own_time(register: Register) -> None:
    register.mapping(SIAK, MAPPING | {"nama_lengkap": FieldMap(column="nm")}, READ + dt.timedelta(days=1))
    assert register.said("nama_lengkap", SIAK).original == {"nama": " Siti "}


def test_a_mapping_is_noted_when_it_changes_and_only_then(register: Register) -> None:
    later = [READ + dt.timedelta(days=day) for day in (1, 2, 3)]
    register.mapping(SIAK, since=later[0])
    register.mapping(SIAK, {"nik": FieldMap(column="no_ktp")}, later[1])
    register.mapping(SIAK, since=later[2])
    found = query(register.database, f"SELECT since FROM control.mapping WHERE feed = '{SIAK}' ORDER BY since")
    assert [row["since"] for row in found] == [READ, later[1], later[2]]


def test_a_source_row_that_is_gone_is_still_named(register: Register) -> None:
    with register.database.transaction() as connection:
        execute(connection, "DELETE FROM {table}", table=source_table(DWH).identifier)
        execute(connection, "DELETE FROM {table} WHERE row_key = 'x9'", table=members_table("penduduk").identifier)
    said = register.said("tanggal_lahir", DWH)
    assert (said.won, said.value, said.source_key) == (True, "1985-02-14", "x9")
    assert (said.run_id, said.source_value, said.original, said.how) == (None, None, None, None)


def test_a_feed_with_a_long_name_is_found_by_its_digest(register: Register) -> None:
    register.source(LONG, "7", {"nama": "L"}, nik=OTHER, nama_lengkap="l")
    register.mapping(LONG)
    register.publish({"nama_lengkap": (LONG, "7")}, OTHER, nama_lengkap="l")
    assert register.said("nama_lengkap", LONG, OTHER).source_value == "l"


def test_rows_of_other_datasets_are_mentions_and_no_sources(register: Register) -> None:
    register.source(AID, "b1", {"nik": "1"}, nik=NIK)
    register.mapping(AID)
    register.member(AID, "b1", how="probabilistic", score=0.97, reason="name 0.97", decided_by="splink")
    register.member(AID, "b2", key=OTHER)
    found = register.trace()
    assert {said.feed for said in found.values} == {SIAK, DWH}
    (mention,) = found.mentions
    assert (mention.of_dataset, mention.feed, mention.row_key) == ("penerima_bantuan", AID, "b1")
    assert (mention.how, mention.score, mention.decided_by) == ("probabilistic", pytest.approx(0.97), "splink")


def test_a_key_that_was_merged_leads_to_the_one_it_is_now(register: Register) -> None:
    with register.database.transaction() as connection:
        connection.execute(
            sa.text("""
                INSERT INTO control.redirect VALUES ('penduduk', :other, 'between', 1), ('penduduk', 'between', :nik, 2)
            """),
            {"other": OTHER, "nik": NIK},
        )
        connection.execute(
            sa.text("""INSERT INTO control.identity_decision (dataset, kind, key, into_key, why, decided_by)
                       VALUES ('penduduk', 'merge', :other, :nik, 'satu orang', 'ana')"""),
            {"other": OTHER, "nik": NIK},
        )
    found = register.trace(OTHER)
    assert (found.asked, found.key) == (OTHER, NIK)
    assert found.values == register.trace().values
    ((kind, why, who),) = [(item.kind, item.why, item.decided_by) for item in found.decisions]
    assert (kind, why, who) == ("merge", "satu orang", "ana")
    told = query(register.database, f"SELECT count(*) AS n FROM control.trace('penduduk', '{OTHER}')")
    assert told == [{"n": len(found.values)}]


def test_an_unknown_key_is_none(register: Register) -> None:
    assert trace(register.database, "penduduk", OTHER) is None


def test_a_dataset_that_was_never_integrated_is_told(register: Register) -> None:
    with pytest.raises(ConfigurationError, match=r"keluarga: has no release .* opdhub integrate keluarga"):
        trace(register.database, "keluarga", NIK)


@pytest.mark.parametrize("name", ["x'; DROP TABLE hub.penduduk; --", 'penduduk"', "penduduk h, hub.penduduk", ""])
def test_a_name_or_key_is_no_statement(register: Register, name: str) -> None:
    with register.database.transaction() as connection:
        for function in ("trace", "mentions"):
            for dataset, key in ((name, NIK), ("penduduk", name)):
                asked = {"dataset": dataset, "key": key}
                found = connection.execute(sa.text(f"SELECT * FROM control.{function}(:dataset, :key)"), asked)
                assert found.all() == []
    assert register.trace().values


def test_a_reader_without_rights_on_the_tables_learns_nothing(register: Register) -> None:
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), register.database.transaction() as reader:
        reader.exec_driver_sql("CREATE ROLE trace_reader")
        reader.exec_driver_sql("GRANT USAGE ON SCHEMA control, hub TO trace_reader")
        reader.exec_driver_sql("SET LOCAL ROLE trace_reader")
        reader.exec_driver_sql(f"SELECT * FROM control.trace('penduduk', '{NIK}')")
