"""dBase tables: every value as the file shows it, and no table that is not whole."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import dbf
import pytest

from connectors.connection import Connection
from connectors.reading import Reading
from connectors.registry import read
from schemas.errors import DriftError
from tests.connectors.helpers import application, rows_of

FEED: dict[str, Any] = {"file": "GAJI*.DBF", "format": "dbf", "key": ["NIP"], "map": ["NIP", "NAMA"]}
SPEC = "NIP N(18,0); NAMA C(20); GAJI N(12,2); LAHIR D; AKTIF L; CATATAN M"
ROWS = [
    (3574910101800015, "SITI", 4500000.5, dt.date(1965, 1, 1), True, "é, dua\r\nbaris"),
    (2, "DIHAPUS", 1, None, False, ""),
    (None, "CAFÉ", None, None, None, ""),
]


def open_(folder: Path, **feed: Any) -> Reading:
    return read(application("files", FEED | feed), "warga", Connection.from_uri("app", f"fs://{folder}"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table with a memo file and one deleted record, written by another library than the one that reads."""
    path = tmp_path / "GAJI01.DBF"
    made = dbf.Table(str(path), SPEC, dbf_type="db3", codepage="cp1252").open(mode=dbf.READ_WRITE)
    for row in ROWS:
        made.append(row)
    dbf.delete(made[1])
    made.close()
    return path


def test_values_come_as_the_file_shows_them_and_deleted_records_stay_out(table: Path) -> None:
    columns = ["NIP", "NAMA", "GAJI", "LAHIR", "AKTIF", "CATATAN"]
    reading = open_(table.parent, map=columns)
    assert rows_of(reading) == [
        ("3574910101800015", "SITI", "4500000.50", "19650101", "T", "é, dua\r\nbaris"),
        (None, "CAFÉ", None, None, None, None),
    ]
    assert (reading.details["deleted"], reading.details["encoding"]) == (1, "cp1252")


def test_an_unknown_and_a_missing_column_are_drift(table: Path) -> None:
    with pytest.raises(DriftError, match=r"GAJI01.DBF' has the unknown column 'GAJI', 'LAHIR'.*map: or ignore:"):
        open_(table.parent)
    ignore = ["NIP", "GAJI", "LAHIR", "AKTIF", "CATATAN"]
    with pytest.raises(DriftError, match=r"GAJI01.DBF' has no column 'NAMA_LENGK'"):
        open_(table.parent, key=["NAMA"], map=["NAMA_LENGK"], ignore=ignore)


@pytest.mark.parametrize("bytes_less", [2, 70, 250, 400])
def test_a_table_that_was_cut_is_refused(table: Path, bytes_less: int) -> None:
    table.write_bytes(table.read_bytes()[:-bytes_less])
    with pytest.raises(DriftError, match=r"GAJI01.DBF' (has \d records, its header tells 3|is no DBF table)"):
        open_(table.parent, ignore=["GAJI", "LAHIR", "AKTIF", "CATATAN"])


def test_an_end_mark_between_the_records_is_refused(table: Path) -> None:
    content = bytearray(table.read_bytes())
    start, length = int.from_bytes(content[8:10], "little"), int.from_bytes(content[10:12], "little")
    content[start + length] = 0x1A
    table.write_bytes(content)
    with pytest.raises(DriftError, match="record 2, is neither live nor deleted"):
        open_(table.parent, ignore=["GAJI", "LAHIR", "AKTIF", "CATATAN"])


@pytest.mark.parametrize("content", [b"NIP,NAMA\n1,SITI\n", b"\x03" * 40, b"PK\x03\x04" + b"\0" * 90])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "GAJI.DBF").write_bytes(content)
    with pytest.raises(DriftError, match=r"is no DBF table|is a damaged ZIP"):
        open_(tmp_path)


def test_a_table_without_records_has_no_rows(tmp_path: Path) -> None:
    dbf.Table(str(tmp_path / "GAJI.dbf"), "NIP C(18); NAMA C(20)", dbf_type="db3").open(mode=dbf.READ_WRITE).close()
    assert rows_of(open_(tmp_path, file="GAJI.dbf")) == []


def test_a_wrong_encoding_is_drift_with_the_byte(table: Path) -> None:
    with pytest.raises(DriftError, match=r"in none of its encodings: utf-8 at byte \d+"):
        open_(table.parent, encoding=["utf-8"], ignore=["GAJI", "LAHIR", "AKTIF", "CATATAN"])


def test_a_missing_memo_file_stops_only_who_wants_it(table: Path) -> None:
    for file in table.parent.glob("*.DBT"):
        file.unlink()
    others = ["GAJI", "LAHIR", "AKTIF"]
    assert len(rows_of(open_(table.parent, ignore=[*others, "CATATAN"]))) == 2
    with pytest.raises(DriftError, match=r"no memo file beside it, 'CATATAN' is in that"):
        rows_of(open_(table.parent, map=["NIP", "NAMA", "CATATAN"], ignore=others))


def test_binary_numbers_of_foxpro_are_read(tmp_path: Path) -> None:
    path = tmp_path / "GAJI.dbf"
    made = dbf.Table(str(path), "NIP I; NAMA Y; LAHIR T", dbf_type="vfp").open(mode=dbf.READ_WRITE)
    made.append((7, 12.5, dt.datetime(2024, 5, 6, 7, 8, 9)))
    made.close()
    reading = open_(tmp_path, file="GAJI.dbf", map=["NIP", "NAMA", "LAHIR"])
    assert rows_of(reading) == [("7", "12.5", "2024-05-06 07:08:09")]
