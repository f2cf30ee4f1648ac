"""What databases show is what lands: dirty MariaDB, PostgreSQL types, and what other dialects compile."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.dialects import mssql, oracle

from connectors.connection import Connection
from connectors.registry import read
from connectors.sql_text import literal_sql, select_text
from schemas.feed import SqlFeed
from tests import services
from tests.connectors.helpers import application, rows_of
from tests.connectors.sources import Database

DIRTY = """
CREATE TABLE kotor (
  nik bigint unsigned PRIMARY KEY, tgl date, wkt datetime, lama time, jk enum('L','P'), hobi set('a','b','c'),
  thn year, bendera bit(8), aktif bit(1), uang decimal(20,4), nol int(6) zerofill, pecahan double, satuan float,
  nama varchar(50) CHARACTER SET latin1, alamat varchar(50) CHARACTER SET utf8mb3,
  emo varchar(20) CHARACTER SET utf8mb4,
  foto blob, biner varbinary(4), `order` text, `nama lengkap` char(10), titik point, dok json
) DEFAULT CHARSET=utf8mb4
"""
DIRTY_ROW = """
INSERT INTO kotor VALUES (18446744073709551615, '0000-00-00', '2024-00-31 10:00:00', '-838:59:59', '', 'a,c', 0,
  b'101', b'1', 1234567890123456.5000, 42, 0.1, 1.1, 'Café ÿ', 'Jalan é', '😀', x'00ff0a', x'6162', '', 'x  ',
  POINT(1,2), '{"a": 1.50}')
"""
SHOWN = {
    "nik": "18446744073709551615", "tgl": "0000-00-00", "wkt": "2024-00-31 10:00:00", "lama": "-838:59:59", "jk": "",
    "hobi": "a,c", "thn": "0000", "bendera": "5", "aktif": "1", "uang": "1234567890123456.5000", "nol": "000042",
    "pecahan": "0.1", "satuan": "1.1", "nama": "Café ÿ", "alamat": "Jalan é", "emo": "😀", "foto": "00FF0A",
    "biner": "6162", "order": "", "nama lengkap": "x", "titik": "POINT(1 2)", "dok": '{"a": 1.50}',
}  # fmt: skip


@pytest.mark.parametrize("reader", ["connectorx", "cursor"])
def test_dirty_mariadb_lands_as_shown_through_both_readers(mariadb: Database, reader: str) -> None:
    with services.engine(mariadb.address, mariadb.name).connect() as opened:
        opened.exec_driver_sql("SET sql_mode = ''")
        opened.exec_driver_sql(DIRTY)
        opened.exec_driver_sql(DIRTY_ROW)
        opened.exec_driver_sql("INSERT INTO kotor (nik) VALUES (1)")
    app = application("sql", {"table": "kotor", "map": [*SHOWN]})
    connection = mariadb.connection
    connection.extra["reader"] = reader
    reading = read(app, "warga", connection)
    rows = rows_of(reading)
    assert reading.details["reader"] == reader
    assert dict(zip(SHOWN, rows[1], strict=True)) == SHOWN
    assert rows[0] == ("1", *[None] * (len(SHOWN) - 1))


POSTGRES = {
    "nik": "9007199254740993", "uang": "1.50", "aktif": "true", "waktu": "2024-01-31 10:00:00.5", "lama": "30:00:00",
    "foto": "00FF", "daftar": "{a,NULL}", "dok": '{"a": 1.50}', "order": "x", "rasa": "manis", "tetap": "ab",
}  # fmt: skip


@pytest.mark.parametrize("reader", ["connectorx", "cursor"])
def test_postgresql_types_land_as_shown_through_both_readers(reader: str) -> None:
    server = Database(services.require("postgresql", services.postgres_url), reader)
    try:
        with services.engine(server.address, server.name).connect() as opened:
            opened.exec_driver_sql("CREATE TYPE rasa AS ENUM ('manis')")
            opened.exec_driver_sql(
                "CREATE MATERIALIZED VIEW dirty AS SELECT 9007199254740993::bigint nik, 1.50::numeric uang, true aktif,"
                " '2024-01-31 10:00:00.5'::timestamp waktu, '30 hours'::interval lama, '\\x00ff'::bytea foto,"
                " array['a', NULL] daftar, '{\"a\": 1.50}'::json dok, 'x'::text \"order\", 'manis'::rasa rasa,"
                " 'ab'::char(5) tetap"
            )
            opened.exec_driver_sql(f"GRANT SELECT ON dirty TO {server.login}")
        reading = read(application("sql", {"table": "dirty", "map": [*POSTGRES]}), "warga", server.connection)
        assert rows_of(reading) == [tuple(POSTGRES.values())]
        assert reading.details["reader"] == reader
    finally:
        server.close()


def test_sqlite_values_land_as_each_is_typed_and_old_encodings_are_read(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as opened:
        opened.execute("CREATE TABLE t (nik, nilai)")
        opened.execute("INSERT INTO t VALUES (3578010101900001, x'00ff'), (1.5, CAST(x'436166e9' AS TEXT)), (2, NULL)")
    opened.close()
    app = application("sql", {"table": "t", "map": ["nik", "nilai"]})
    rows = rows_of(read(app, "warga", Connection.from_uri("c", f"sqlite:///{tmp_path}/a.db")))
    assert rows == [("3578010101900001", "00FF"), ("1.5", "Café"), ("2", None)]


FEED = SqlFeed.model_validate(
    {
        "table": "Warga Kota", "schema": "dbo", "key": ["nik"], "dataset": "penduduk",
        "where": {"order": ["A'", "50%"]},
        "map": {"nik": "nik", "tgl": "tgl", "foto": "foto", "gaji": "gaji"},
    }
)  # fmt: skip
KINDS = {"nik": "number", "tgl": "date", "foto": "binary", "gaji": "money", "order": "other"}


def test_sql_server_compiles_casts_iso_dates_and_quoted_names() -> None:
    dialect = mssql.dialect()
    text = " ".join(literal_sql(select_text(FEED, KINDS, dialect), dialect).split())
    assert text == (
        "SELECT CAST(dbo.[Warga Kota].nik AS NVARCHAR(max)) AS nik,"
        " convert(NVARCHAR(MAX), dbo.[Warga Kota].tgl, 126) AS tgl,"
        " convert(VARCHAR(MAX), dbo.[Warga Kota].foto, 2) AS foto,"
        " convert(NVARCHAR(MAX), dbo.[Warga Kota].gaji, 2) AS gaji,"
        " CAST(dbo.[Warga Kota].[order] AS NVARCHAR(max)) AS [order] FROM dbo.[Warga Kota]"
        " WHERE (CAST(dbo.[Warga Kota].[order] AS NVARCHAR(max)) COLLATE Latin1_General_BIN2) IN (N'A''', N'50%')"
    )


def test_oracle_compiles_dates_and_numbers_with_fixed_formats() -> None:
    dialect = oracle.dialect()
    text = " ".join(literal_sql(select_text(FEED, KINDS, dialect), dialect).split())
    assert "to_char(dbo.\"Warga Kota\".nik, 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,''') AS nik" in text
    assert "to_char(dbo.\"Warga Kota\".tgl, 'YYYY-MM-DD HH24:MI:SS') AS tgl" in text
    assert 'rawtohex(dbo."Warga Kota".foto) AS foto' in text
    assert text.endswith("""WHERE dbo."Warga Kota"."order" IN ('A''', '50%')""")
