"""The landing zone: nothing counts before its manifest, nothing altered is read."""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path

import pyarrow as pa
import pytest

from schemas.errors import GateError
from store.landing import Landing

TABLE = pa.table({"a": ["x", None, "1"], "b": pa.array([1, 2, 3])})


@pytest.fixture(params=["folder", "memory://"])
def landing(request: pytest.FixtureRequest, tmp_path: Path) -> Landing:
    if request.param == "folder":
        return Landing(str(tmp_path / "landing"))
    return Landing(f"memory://landing-{secrets.token_hex(4)}")


def test_what_was_written_is_read_back_part_by_part(landing: Landing) -> None:
    writer = landing.writer("o.a.f", "r", "landing")
    for table in (TABLE, TABLE.slice(1)):
        writer.write(table)
    made = writer.commit({"query": "SELECT"})
    batch = landing.batch("o.a.f", "r", "landing")
    assert batch == made
    assert (batch.rows, batch.details) == (5, {"query": "SELECT"})
    assert list(landing.parts(batch)) == [TABLE, TABLE.slice(1)]
    assert next(landing.parts(batch, ["b"])).column_names == ["b"]


def test_the_manifest_holds_rows_bytes_and_sha256_of_each_part(landing: Landing) -> None:
    writer = landing.writer("o.a.f", "r", "landing")
    writer.write(TABLE)
    writer.commit({})
    (part,) = json.loads(landing.read("o.a.f", "r", "landing/manifest.json"))["parts"]
    content = landing.read("o.a.f", "r", "landing/part-00000.parquet")
    digest = hashlib.sha256(content).hexdigest()
    assert part == {"name": "part-00000.parquet", "rows": 3, "sha256": digest, "bytes": len(content)}


def test_a_stage_without_its_manifest_has_not_finished(landing: Landing) -> None:
    with pytest.raises(GateError, match="stage landing of run r has not finished"):
        landing.batch("o.a.f", "r", "landing")
    landing.writer("o.a.f", "r", "landing").write(TABLE)
    with pytest.raises(GateError, match="stage landing of run r has not finished"):
        landing.batch("o.a.f", "r", "landing")


def test_a_stage_that_runs_again_clears_what_was_left(landing: Landing) -> None:
    first = landing.writer("o.a.f", "r", "landing")
    for _ in range(3):
        first.write(TABLE)
    first.commit({})
    again = landing.writer("o.a.f", "r", "landing")
    with pytest.raises(GateError, match="has not finished"):
        landing.batch("o.a.f", "r", "landing")
    again.write(TABLE.slice(2))
    again.commit({})
    assert landing.batch("o.a.f", "r", "landing").rows == 1
    with pytest.raises(FileNotFoundError):
        landing.read("o.a.f", "r", "landing/part-00001.parquet")


def test_a_stage_that_is_discarded_has_not_finished(landing: Landing) -> None:
    landing.writer("o.a.f", "r", "verdict").commit({})
    landing.discard("o.a.f", "r", "verdict")
    landing.discard("o.a.f", "r", "verdict")
    with pytest.raises(GateError, match="has not finished"):
        landing.batch("o.a.f", "r", "verdict")


@pytest.mark.parametrize("place", [0, 40, -1])
def test_one_altered_byte_is_noticed(landing: Landing, place: int) -> None:
    writer = landing.writer("o.a.f", "r", "landing")
    writer.write(TABLE)
    batch = writer.commit({})
    content = bytearray(landing.read("o.a.f", "r", "landing/part-00000.parquet"))
    content[place] ^= 1
    landing.write("o.a.f", "r", "landing/part-00000.parquet", bytes(content))
    with pytest.raises(GateError, match="was altered"):
        list(landing.parts(batch))


def test_runs_and_stages_do_not_touch_each_other(landing: Landing) -> None:
    for run in ("r1", "r2"):
        for stage in ("landing", "standard"):
            writer = landing.writer("o.a.f", run, stage)
            writer.write(TABLE)
            writer.commit({"of": f"{run} {stage}"})
    landing.writer("o.a.f", "r2", "landing")
    assert landing.batch("o.a.f", "r1", "landing").details == {"of": "r1 landing"}
    assert landing.batch("o.a.f", "r2", "standard").details == {"of": "r2 standard"}


def test_a_file_is_replaced_whole(landing: Landing) -> None:
    landing.write("dataset.x", "r", "evidence.json", b"a longer first content")
    landing.write("dataset.x", "r", "evidence.json", b"second")
    assert landing.read("dataset.x", "r", "evidence.json") == b"second"
