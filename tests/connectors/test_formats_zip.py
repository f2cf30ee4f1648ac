"""A ZIP in the folder: its one file is read, and nothing that such an archive can hide."""

from __future__ import annotations

import hashlib
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import dbf
import pytest

from connectors.connection import Connection
from connectors.reading import Demand, Reading
from connectors.registry import read
from schemas.errors import DriftError
from tests.connectors.helpers import application, rows_of
from tests.connectors.sources import write_file

TABLE = "nik,nama\n1,a\n"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of its own, to see that nothing stays in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def pack(folder: Path, members: dict[str, str | bytes], name: str = "warga.zip") -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return folder / name


def open_(folder: Path, limit_mb: int = 2048, demand: Demand | None = None, **feed: Any) -> Reading:
    made: dict[str, Any] = {"file": "warga.zip", "format": "csv", "map": ["nik", "nama"], **feed}
    connection = Connection.from_uri("app", f"fs://{folder}")
    return read(application("files", made, max_file_mb=limit_mb), "warga", connection, demand)


@pytest.mark.parametrize("format", ["csv", "xlsx", "xls", "ods", "xml", "json", "jsonl", "geojson"])
def test_every_format_is_read_from_a_zip(tmp_path: Path, temporary: Path, format: str) -> None:
    write_file(tmp_path / f"isi.{format}", format, ["nik", "nama"], [("1", "a")])
    file = pack(tmp_path, {f"ekspor/isi.{format}": (tmp_path / f"isi.{format}").read_bytes()})
    feed: dict[str, Any] = {"record": "orang", "records": "data.warga" if format == "json" else None}
    reading = open_(tmp_path, format=format, **feed)
    assert rows_of(reading) == [("1", "a")]
    assert reading.details["member"] == f"ekspor/isi.{format}"
    assert reading.details["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert list(temporary.iterdir()) == []


def test_a_dbf_comes_with_its_memo_file(tmp_path: Path) -> None:
    table = dbf.Table(str(tmp_path / "ISI.dbf"), "NIK C(16); NAMA M", dbf_type="db3", codepage="cp1252")
    table.open(mode=dbf.READ_WRITE).append(("1", "é, panjang"))
    table.close()
    pack(tmp_path, {f"a/{name.upper()}": (tmp_path / name).read_bytes() for name in ("ISI.dbf", "ISI.dbt")})
    reading = open_(tmp_path, format="dbf", key=["NIK"], map=["NIK", "NAMA"])
    assert rows_of(reading) == [("1", "é, panjang")]
    assert reading.details["columns_found"] == {"NIK": "C(16)", "NAMA": "M"}


def test_the_member_is_named_by_a_pattern_and_litter_is_passed_by(tmp_path: Path) -> None:
    litter = {"__MACOSX/._warga.csv": "x", ".hidden": "x", "Thumbs.db": "x", "kosong/": ""}
    pack(tmp_path, {**litter, "2026/Warga.CSV": TABLE})
    assert rows_of(open_(tmp_path)) == [("1", "a")]
    pack(tmp_path, {"2026/warga.csv": TABLE, "2026/kk.csv": "x", "2025/warga.csv": "x"})
    assert rows_of(open_(tmp_path, member="2026/w*.csv")) == [("1", "a")]
    with pytest.raises(DriftError, match=r"holds 2 files that fit 'warga.csv'.*2026/warga.csv, 2025/warga.csv"):
        open_(tmp_path, member="warga.csv")
    with pytest.raises(DriftError, match=r"holds 3 files that fit '\*'"):
        open_(tmp_path)
    with pytest.raises(DriftError, match=r"holds no file that fit 'x\*'.*2026/warga.csv"):
        open_(tmp_path, member="x*")


@pytest.mark.parametrize(
    "name", ["../warga.csv", "a/../../warga.csv", "/etc/warga.csv", "C:\\warga.csv", "..\\warga.csv"]
)
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, temporary: Path, name: str) -> None:
    pack(tmp_path, {"x.csv": TABLE, name: TABLE})
    with pytest.raises(DriftError, match="which leads out of it"):
        open_(tmp_path, member="x.csv")
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("lies", [False, True])
def test_a_bomb_is_refused_by_the_stated_limit(tmp_path: Path, temporary: Path, lies: bool) -> None:
    """50 MB of one letter in 50 KB; a lying directory is found out while unpacking."""
    file = pack(tmp_path, {"warga.csv": "x" * (50 << 20)})
    assert file.stat().st_size < 100_000
    if lies:
        file.write_bytes(file.read_bytes().replace(struct.pack("<I", 50 << 20), struct.pack("<I", 100)))
    with pytest.raises(DriftError, match=r"holds more than 10 MB when unpacked, the limit of source.max_file_mb"):
        open_(tmp_path, limit_mb=10)
    assert list(temporary.iterdir()) == []


def test_a_zip_in_the_zip_is_refused(tmp_path: Path, temporary: Path) -> None:
    inner = pack(tmp_path, {"warga.csv": TABLE}, "inner.zip")
    pack(tmp_path, {"warga.csv": inner.read_bytes()})
    with pytest.raises(DriftError, match="which is a ZIP again"):
        open_(tmp_path)
    assert list(temporary.iterdir()) == []


def test_an_archive_with_a_password_is_refused(tmp_path: Path) -> None:
    file = pack(tmp_path, {"warga.csv": TABLE})
    content = bytearray(file.read_bytes())
    content[6] |= 1
    content[content.find(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(content)
    with pytest.raises(DriftError, match=r"under a password.*without a password"):
        open_(tmp_path)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_an_archive_that_was_cut_is_refused(tmp_path: Path, share: float) -> None:
    file = pack(tmp_path, {"warga.csv": TABLE * 1000})
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with pytest.raises(DriftError, match="is a damaged ZIP"):
        open_(tmp_path)


def test_a_flipped_byte_is_found_by_the_checksum(tmp_path: Path, temporary: Path) -> None:
    with zipfile.ZipFile(tmp_path / "warga.zip", "w") as archive:
        archive.writestr("warga.csv", TABLE)
    content = (tmp_path / "warga.zip").read_bytes()
    (tmp_path / "warga.zip").write_bytes(content.replace(b"1,a", b"1,b"))
    with pytest.raises(DriftError, match=r"is a damaged ZIP .*CRC"):
        open_(tmp_path)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("members", [{}, {"a/": ""}])
def test_an_archive_without_files_is_refused(tmp_path: Path, members: dict[str, str | bytes]) -> None:
    pack(tmp_path, members)
    with pytest.raises(DriftError, match="holds no file that fit"):
        open_(tmp_path)


def test_an_empty_member_is_refused(tmp_path: Path, temporary: Path) -> None:
    pack(tmp_path, {"warga.csv": ""})
    with pytest.raises(DriftError, match=r"file 'warga.csv' is empty"):
        open_(tmp_path)
    assert list(temporary.iterdir()) == []


def test_a_reading_that_is_left_or_fails_leaves_nothing_behind(tmp_path: Path, temporary: Path) -> None:
    pack(tmp_path, {"warga.csv": TABLE + '2,"b\n'})
    with pytest.raises(DriftError, match="broken quotes"):
        rows_of(open_(tmp_path))
    assert list(temporary.iterdir()) == []
    pack(tmp_path, {"warga.csv": TABLE})
    assert len(rows_of(open_(tmp_path, demand=Demand(limit=0)))) == 0
    assert list(temporary.iterdir()) == []
