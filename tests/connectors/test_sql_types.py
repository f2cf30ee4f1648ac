"""Every type that a real database has lands as the source's own client shows it, through both readers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa

from connectors.connection import Connection
from connectors.registry import read
from tests import services
from tests.connectors.conftest import database
from tests.connectors.helpers import Rows, application, rows_of
from tests.connectors.sources import Database

MARIADB = {
    "nik": ("decimal(16) NOT NULL", ["3574900101900001", "3574900101900002", "3574900101900003"]),
    "tiny": ("tinyint", ["-128", "127", None]),
    "utiny": ("tinyint unsigned", ["255", "0", None]),
    "small": ("smallint", ["-32768", "1", None]),
    "medium": ("mediumint", ["-8388608", "1", None]),
    "biasa": ("int", ["-2147483648", "1", None]),
    "ubesar": ("bigint unsigned", ["18446744073709551615", "9007199254740993", None]),
    "nol": ("int(6) zerofill", ["42", "0", None]),
    "uang": ("decimal(20,4)", ["1234567890123456.5", "-0.0001", None]),
    "pecahan": ("double", ["0.1", "1.7976931348623157e308", "-2.5e-300"]),
    "satuan": ("float", ["1.1", "16777217", None]),
    "bit1": ("bit(1)", ["b'1'", "b'0'", None]),
    "bit64": ("bit(64)", ["b'1111111111111111111111111111111111111111111111111111111111111111'", "b'101'", None]),
    "tgl": ("date", ["'0000-00-00'", "'9999-12-31'", "'2024-02-00'"]),
    "waktu": ("datetime", ["'0000-00-00 00:00:00'", "'2024-00-31 10:00:00'", None]),
    "mikro": ("datetime(6)", ["'2024-01-31 10:00:00.000001'", "'2024-01-31'", None]),
    "stempel": ("timestamp NULL", ["'0000-00-00 00:00:00'", "'2038-01-19 03:14:07'", None]),
    "lama": ("time", ["'-838:59:59'", "'838:59:59'", None]),
    "lama3": ("time(3)", ["'100:00:00.125'", "'-00:00:01'", None]),
    "tahun": ("year", ["0", "2155", None]),
    "jk": ("enum('L','P','''')", ["''", "'P'", "''''"]),
    "hobi": ("set('a','b','c d')", ["'a,c d'", "''", None]),
    "tetap": ("char(10)", ["'x  '", "''", None]),
    "tetap3": ("char(3)", ["'abc'", "' a'", None]),
    "latin": ("varchar(50) CHARACTER SET latin1 COLLATE latin1_swedish_ci", ["'Café ÿ'", "'€'", None]),
    "utf3": ("varchar(50) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin", ["'Jalan é'", "'日本'", None]),
    "emo": ("varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", ["'😀'", "'a\\\\b'", None]),
    "swe": ("text CHARACTER SET swe7", ["'Hello'", "''", None]),
    "panjang": ("longtext", ["repeat('ç', 70000)", "''", None]),
    "dok": ("json", ['\'{"a": 1.50, "b": [null, "é"]}\'', "'[]'", None]),
    "ip": ("inet6", ["'2001:db8::ff00:42:8329'", "'::'", None]),
    "id unik": ("uuid", ["'123e4567-e89b-12d3-a456-426655440000'", None, None]),
    "foto": ("blob", ["x'00ff0a0d2722'", "''", None]),
    "foto besar": ("longblob", ["repeat(x'00ff', 40000)", "''", None]),
    "biner": ("varbinary(4)", ["x'6162'", "''", None]),
    "biner4": ("binary(4)", ["x'6162'", "''", None]),
    "titik": ("point", ["POINT(1,2)", "POINT(-0.5,1e10)", None]),
    "order": ("varchar(9)", ["'select'", "'NULL'", None]),
    "nama lengkap": ("varchar(9)", ["'a'", "'100%'", None]),
    "50% `x` \"y\" 'z'": ("varchar(9)", ["'%s'", "'%%'", None]),
    ":ikat": ("varchar(9)", ["':a'", "'?'", None]),
    "rs1": ("varchar(9)", ["'rs'", "'1'", None]),
    "rs55": ("varchar(9)", ["'rs'", "'55'", None]),
    "kolom_dengan_nama_yang_lebih_panjang_dari_tiga_puluh_huruf": ("varchar(9)", ["'x'", "'y'", None]),
}
#: what the client cannot show as text, and the expression by which it can
SHOWN = {"bit1": "{} + 0", "bit64": "{} + 0", "titik": "ST_AsText({})"}
SHOWN |= dict.fromkeys(("foto", "foto besar", "biner", "biner4"), "HEX({})")


@pytest.fixture(params=["connectorx", "cursor"])
def reader(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def backticked(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def client_rows(server: Database, query: str) -> Rows:
    """Return what the mysql client prints, XML because it alone tells NULL from 'NULL' and escapes everything."""
    url = sa.make_url(server.address)
    command = ["mysql", "-h", str(url.host), "-P", str(url.port or 3306), "-u", str(url.username), "--xml"]
    if url.password:
        command.append(f"-p{unquote(str(url.password))}")
    shown = subprocess.run(
        [*command, "--default-character-set=utf8mb4", server.name, "-e", query], check=True, capture_output=True
    )

    def text(field: ElementTree.Element) -> str | None:
        is_null = field.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
        return None if is_null else field.text or ""

    return [tuple(text(field) for field in row) for row in ElementTree.fromstring(shown.stdout)]  # noqa: S314 - the test's own


def test_every_mariadb_type_lands_as_the_client_shows_it(mariadb: Database, reader: str) -> None:
    columns = ", ".join(f"{backticked(name)} {type_}" for name, (type_, _) in MARIADB.items())
    with services.engine(mariadb.address, mariadb.name).connect() as opened:
        opened = opened.execution_options(no_parameters=True)
        opened.exec_driver_sql("SET sql_mode = 'ALLOW_INVALID_DATES'")
        opened.exec_driver_sql(f'CREATE TABLE `tabel "kotor" 100%` ({columns}, PRIMARY KEY (nik)) CHARSET utf8mb4')
        for number in range(3):
            row = ", ".join("NULL" if cells[number] is None else cells[number] for _, cells in MARIADB.values())
            opened.exec_driver_sql(f'INSERT INTO `tabel "kotor" 100%` VALUES ({row})')
    mariadb.connection.extra["reader"] = reader
    app = application("sql", {"table": 'tabel "kotor" 100%', "map": {f"f{n}": name for n, name in enumerate(MARIADB)}})
    reading = read(app, "warga", mariadb.connection)
    rows = rows_of(reading)
    asked = ", ".join(SHOWN.get(name, "{}").format(backticked(name)) for name in MARIADB)
    shown = client_rows(mariadb, f'SELECT {asked} FROM `tabel "kotor" 100%`')
    for name, ours, theirs in zip(MARIADB, zip(*rows, strict=True), zip(*shown, strict=True), strict=True):
        assert ours == theirs, name
    assert reading.details["reader"] == reader
    assert reading.details["columns_found"]["jk"] == "enum('L','P','''')"


POSTGRES = {
    "nik": ("numeric(16)", "3574900101900001"), "kecil": ("smallint", "-32768"),
    "besar": ("bigint", "9007199254740993"),
    "uang": ("numeric", "NaN"), "desimal": ("numeric(20,4)", "1.5"), "nyata": ("real", "1.1"),
    "ganda": ("double precision", "-Infinity"), "duit": ("money", "12.34"), "ya": ("boolean", "t"),
    "tgl": ("date", "infinity"), "sm": ("date", "0044-03-15 BC"), "waktu": ("timestamp", "-infinity"),
    "zona": ("timestamptz", "2024-01-31 10:00:00.5+07"), "jam": ("timetz", "24:00:00+07"),
    "lama": ("interval", "1 year 2 mons -3 days 04:05:06.7"), "foto": ("bytea", "\\x00ff"), "kosong": ("text", ""),
    "bait": ("bit(4)", "0101"), "vbit": ("bit varying", "1"), "daftar": ("text[]", '{a,NULL,"b,c","\\"",""}'),
    "dua": ("int[][]", "{{1,2},{3,4}}"), "dok": ("json", '{"b": 1.50, "a": 1}'),
    "dokb": ("jsonb", '{"b": 1.50, "a": 1}'),
    "unik": ("uuid", "123e4567-e89b-12d3-a456-426655440000"), "ip": ("inet", "10.0.0.1/8"),
    "jaring": ("cidr", "10.0.0.0/8"),
    "mac": ("macaddr", "08:00:2b:01:02:03"), "rasa": ("rasa", "manis"), "tetap": ("char(5)", "ab"),
    "titik": ("point", "(1,2)"), "rentang": ("int4range", "[1,5)"), "teks": ("tsvector", "a b"),
    "x m l": ("xml", "<a/>"),
    "gabung": ("gabung", '(1,"a b")'), "ranah": ("ranah", "3574"), "order": ("text", "a\tb\n\\N"), "%s": ("text", "%"),
}  # fmt: skip


def test_every_postgresql_type_lands_as_its_text(reader: str) -> None:
    for server in database("postgresql", reader):
        names = ['"' + name.replace('"', '""') + '"' for name in POSTGRES]
        with services.engine(server.address, server.name).connect() as opened:
            opened = opened.execution_options(no_parameters=True)
            opened.exec_driver_sql("CREATE TYPE rasa AS ENUM ('manis'); CREATE TYPE gabung AS (a int, b text)")
            opened.exec_driver_sql("CREATE DOMAIN ranah AS varchar(4)")
            columns = ", ".join(f"{name} {type_}" for name, (type_, _) in zip(names, POSTGRES.values(), strict=True))
            opened.exec_driver_sql(f'CREATE TABLE "Tabel 100%" ({columns}, PRIMARY KEY (nik))')
            values = ", ".join("'" + value.replace("'", "''") + "'" for _, value in POSTGRES.values())
            opened.exec_driver_sql(f'INSERT INTO "Tabel 100%" VALUES ({values})')
            opened.exec_driver_sql('INSERT INTO "Tabel 100%" (nik) VALUES (2)')
            opened.exec_driver_sql(f'GRANT SELECT ON "Tabel 100%" TO {server.login}')
            shown = ", ".join(
                f"upper(encode({name}, 'hex'))" if name == '"foto"' else f"CAST({name} AS text)" for name in names
            )
            expected = opened.exec_driver_sql(f'SELECT {shown} FROM "Tabel 100%" ORDER BY nik DESC').all()
        app = application("sql", {"table": "Tabel 100%", "map": {f"f{n}": name for n, name in enumerate(POSTGRES)}})
        reading = read(app, "warga", server.connection)
        rows = sorted(rows_of(reading), key=lambda row: -int(row[0] or 0))
        for name, ours, theirs in zip(POSTGRES, zip(*rows, strict=True), zip(*expected, strict=True), strict=True):
            assert ours == theirs, name
        assert rows[0][[*POSTGRES].index("kosong")] == "" and rows[1][[*POSTGRES].index("kosong")] is None
        assert reading.details["reader"] == reader
        assert reading.details["columns_found"]["desimal"] == "numeric(20,4)"


def test_table_of_200_columns_a_view_and_one_without_a_key(mariadb: Database, reader: str) -> None:
    names = ["nik", *(f"rs{number}" for number in range(1, 200))]
    with services.engine(mariadb.address, mariadb.name).connect() as opened:
        opened.exec_driver_sql("CREATE TABLE lebar (" + ", ".join(f"{name} varchar(9)" for name in names) + ")")
        opened.exec_driver_sql("INSERT INTO lebar VALUES (" + ", ".join(f"'{name}'" for name in names) + ")")
        opened.exec_driver_sql("CREATE VIEW pandangan AS SELECT * FROM lebar UNION ALL SELECT * FROM lebar")
        opened.exec_driver_sql("CREATE TABLE ganda (a double, b int, nik int, PRIMARY KEY (a, b))")
        opened.exec_driver_sql("INSERT INTO ganda VALUES (0.1, 1, 1), (0.1, 2, 2), (-1e-300, 1, 3)")
    mariadb.connection.extra["reader"] = reader
    for table, times in (("lebar", 1), ("pandangan", 2)):
        app = application("sql", {"table": table, "map": names})
        assert rows_of(read(app, "warga", mariadb.connection)) == [tuple(names)] * times
    app = application("sql", {"table": "ganda", "map": ["nik"], "key": ["a", "b"]})
    rows = rows_of(read(app, "warga", mariadb.connection))
    assert sorted(rows) == [("-1e-300", "1", "3"), ("0.1", "1", "1"), ("0.1", "2", "2")]


def test_value_that_fits_no_packet_is_told_and_not_lost(mariadb: Database, reader: str) -> None:
    with services.engine(mariadb.address, mariadb.name).connect() as opened:
        opened.exec_driver_sql("CREATE TABLE besar (nik int, foto longblob)")
        opened.exec_driver_sql("INSERT INTO besar SELECT 1, repeat('x', @@max_allowed_packet * 3 DIV 4)")
        opened.exec_driver_sql("INSERT INTO besar VALUES (2, 'x'), (3, NULL)")
    mariadb.connection.extra["reader"] = reader
    rows = rows_of(read(application("sql", {"table": "besar", "map": ["nik", "foto"]}), "warga", mariadb.connection))
    assert rows == [("1", None, "row.large"), ("2", "78", None), ("3", None, None)]


def test_sqlite_types(tmp_path_factory: pytest.TempPathFactory) -> None:
    import sqlite3

    file = tmp_path_factory.mktemp("db") / "a.db"
    with sqlite3.connect(file) as opened:
        opened.execute('CREATE TABLE "t 100%" (nik INTEGER PRIMARY KEY, "a""b" TEXT, c REAL, d BLOB, e, f DATE)')
        values = "(1, 'x', 0.1, x'00ff', 9223372036854775807, '0000-00-00'), (2, NULL, 1e300, 'teks', 'a', 20240131)"
        opened.execute(f'INSERT INTO "t 100%" VALUES {values}')
    opened.close()
    app = application(
        "sql", {"table": "t 100%", "map": {"nik": "nik", "b": 'a"b', "c": "c", "d": "d", "e": "e", "f": "f"}}
    )
    rows = rows_of(read(app, "warga", Connection.from_uri("c", f"sqlite:///{file}")))
    assert rows == [
        ("1", "x", "0.1", "00FF", "9223372036854775807", "0000-00-00"),
        ("2", None, "1.0e+300", "teks", "a", "20240131"),
    ]
