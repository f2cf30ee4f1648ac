"""A cell of 200 MB: its row is isolated or the file refused by name, and memory stays bounded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MB = 1024 * 1024
LETTERS = b"x" * MB
CELL_MB = 200
#: more than an empty reading takes; a reader that holds the cell once would take 200
MEMORY_MB = 150

READ = """
import json, resource, sys
from connectors.connection import Connection
from connectors.reading import Demand
from connectors.registry import read
from schemas.errors import DriftError
from tests.connectors.helpers import application

def rows(folder, feed):
    made = application("files", {"map": ["nik", "nama", "alamat"], **feed})
    reading = read(made, "warga", Connection.from_uri("app", f"fs://{folder}"), Demand())
    return [row for batch in reading.batches for row in batch.to_pylist()]

folder, feed = sys.argv[1], json.loads(sys.argv[2])
rows(folder, feed | {"file": "small.*"})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    told = rows(folder, feed | {"file": "large.*"})
except DriftError as error:
    told = str(error)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"told": told, "mb": (after - before) / 1024}))
"""


def outcome(
    folder: Path, feed: dict[str, Any], begin: bytes, end: bytes, quote: bytes = b"", size_mb: int = CELL_MB
) -> Any:
    """Read a file with a cell of 200 MB in another process; its memory must stay bounded."""
    for name, size in (("small", 0), ("large", size_mb)):
        with (folder / f"{name}.{feed['format']}").open("wb") as target:
            target.write(begin)
            target.write(quote if size else b"")
            for _ in range(size):
                target.write(LETTERS)
            target.write(end)
    command = [sys.executable, "-c", READ, str(folder), json.dumps(feed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    (folder / f"large.{feed['format']}").unlink()
    answer = json.loads(done.stdout)
    assert answer["mb"] < MEMORY_MB
    return answer["told"]


def isolated(rows: list[dict[str, Any]], place: int) -> dict[str, Any]:
    """The other rows came whole; return the one that was isolated."""
    whole = [row for row in rows if not row["_problem"]]
    assert [(row["nik"], row["nama"], row["alamat"]) for row in whole] == [
        (nik, "a", "b") for nik in "12345" if int(nik) != place
    ]
    (wrong,) = [row for row in rows if row["_problem"]]
    assert wrong["_problem"] == "row.large"
    return wrong | {"_rest": json.loads(wrong["_rest"])}


HEAD, TAIL = b"nik,nama,alamat\n1,a,b\n2,a,b\n", b"4,a,b\n5,a,b\n"


@pytest.mark.parametrize(
    ("begin", "end", "lengths"),
    [
        (b"3,", b",b\n", {"nama": CELL_MB * MB}),
        (b'3,"\n', b'\n""z""",b\n', {"nama": CELL_MB * MB + 5}),
    ],
)
def test_csv(tmp_path: Path, begin: bytes, end: bytes, lengths: dict[str, int]) -> None:
    row = isolated(outcome(tmp_path, {"format": "csv"}, HEAD + begin, end + TAIL), 3)
    assert row["nik"] == "3"
    assert row["_rest"] == {"line": 4, "lengths": lengths}
    assert (row["nama"], row["alamat"]) == (None, "b")


def test_csv_with_many_lines_in_the_cell(tmp_path: Path) -> None:
    lines = (b"x" * 99 + b"\n") * 200_000
    row = isolated(outcome(tmp_path, {"format": "csv"}, HEAD + b'3,"' + lines, b'",b\n' + TAIL), 3)
    assert row["_rest"]["lengths"]["nama"] == CELL_MB * MB + len(lines)


def test_csv_with_a_quote_that_never_closes(tmp_path: Path) -> None:
    told = outcome(tmp_path, {"format": "csv"}, HEAD + TAIL, b"6,a,b\n", b'6,"', size_mb=40)
    assert "line 6, has broken quotes (a quote is never closed)" in told


def test_jsonl(tmp_path: Path) -> None:
    lines = [json.dumps({"nik": nik, "nama": "a", "alamat": "b"}).encode() + b"\n" for nik in "1245"]
    begin = b"".join(lines[:2]) + b'{"nik": "3", "alamat": "b", "nama": "'
    row = isolated(outcome(tmp_path, {"format": "jsonl"}, begin, b'"}\n' + b"".join(lines[2:])), 3)
    assert row["nik"] is None
    assert row["_rest"]["record"] == 3
    assert row["_rest"]["lengths"]["line"] > CELL_MB * MB


def test_json(tmp_path: Path) -> None:
    told = outcome(tmp_path, {"format": "json"}, b'[{"nik":"1","nama":"a","alamat":"', b'"}]', size_mb=40)
    assert "record 1, has more than 10,000,000 characters" in told


def test_xml(tmp_path: Path) -> None:
    def record(nik: str) -> bytes:
        return f"<orang><nik>{nik}</nik><nama>a</nama><alamat>b</alamat></orang>".encode()

    begin = b"<a>" + record("1") + record("2") + b"<orang><nik>3</nik><alamat>b</alamat><nama>"
    end = b"</nama></orang>" + record("4") + record("5") + b"</a>"
    row = isolated(outcome(tmp_path, {"format": "xml", "record": "orang"}, begin, end), 3)
    assert (row["nik"], row["nama"]) == ("3", None)
    assert row["_rest"] == {"record": 3, "lengths": {"nama": CELL_MB * MB}}


def test_xml_with_a_large_attribute(tmp_path: Path) -> None:
    begin = b'<a><orang><nik>1</nik><nama>a</nama><alamat jalan="'
    feed = {"format": "xml", "record": "orang", "ignore": ["alamat.@jalan", "nama"], "map": ["nik", "alamat"]}
    told = outcome(tmp_path, feed, begin, b'"/></orang></a>', size_mb=40)
    assert "a tag of more than 10,000,000 bytes" in told
