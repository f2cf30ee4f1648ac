"""A feed whose rows cannot be right stops before anything of it is published, and leaves nothing behind."""

from __future__ import annotations

import pytest

from pipelines.run import sync
from pipelines.workspace import Workspace
from schemas.errors import GateError
from tests.pipelines.residents import COLUMNS, ORANG, resident
from tests.workspaces import MakeWorkspace, Row, application, query, write_csv

FEED = "capil.siak.orang"
PEOPLE = [resident(n) for n in range(40)]


class Source:
    """One application of residents that a test sends well or badly."""

    def __init__(self, make: MakeWorkspace, **feed: object) -> None:
        self.folder = make.folder / "drop"
        content = ORANG | {"expect": {"max_quarantined_pct": 50, "max_deleted_pct": 100}} | feed
        app = {"capil.siak": application("siak", "files", orang=content)}
        self.workspace: Workspace = make(app, {"siak": f"fs://{self.folder}"}, [])
        self.runs = 0

    def sync(self, rows: list[Row]) -> None:
        self.runs += 1
        write_csv(self.folder / "orang_1.csv", rows, COLUMNS)
        sync(self.workspace, FEED, f"r{self.runs}")

    def published(self) -> dict[str, str]:
        rows = query(self.workspace.database, "SELECT _key, nik FROM source.capil__siak__orang")
        return {row["_key"]: row["nik"] for row in rows}


def test_one_nik_for_everybody_stops_the_feed_and_leaves_no_trace_after_the_repair(
    make_workspace: MakeWorkspace,
) -> None:
    """A row that goes into quarantine keeps what was published before: that must not be what was never right."""
    source = Source(make_workspace)
    broken = [row | ({"nik": row["nik"][:-2]} if n < 4 else {}) for n, row in enumerate(PEOPLE)]
    source.sync(broken)
    before = source.published()
    assert len(before) == 36
    with pytest.raises(GateError, match="max_shared_pct is 100, the limit 20"):
        source.sync([row | {"nik": PEOPLE[3]["nik"]} for row in PEOPLE])
    assert source.published() == before
    source.sync(broken)
    assert source.published() == before


def test_a_few_rows_that_share_a_nik_are_told_and_published(make_workspace: MakeWorkspace) -> None:
    source = Source(make_workspace)
    source.sync([*PEOPLE, *(row | {"id": f"X{row['id']}"} for row in PEOPLE[:3])])
    assert len(source.published()) == 43


def test_of_a_dozen_rows_some_that_share_a_nik_are_no_broken_source(make_workspace: MakeWorkspace) -> None:
    source = Source(make_workspace)
    source.sync([row | ({"nik": PEOPLE[0]["nik"]} if n < 10 else {}) for n, row in enumerate(PEOPLE[:12])])
    assert len(source.published()) == 12


@pytest.mark.parametrize(("ahead", "stops"), [(40, True), (1, False)])
def test_a_clock_in_the_future_stops_the_feed(make_workspace: MakeWorkspace, ahead: int, stops: bool) -> None:
    source = Source(make_workspace, cursor={"column": "ket"}, ignore=[])
    source.sync([row | {"ket": "2025-06-30 10:00:00"} for row in PEOPLE])
    before = source.published()
    later = [
        row | {"ket": "2099-01-01 00:00:00" if n < ahead else "2025-06-30 11:00:00", "telp": "081999999999"}
        for n, row in enumerate(PEOPLE)
    ]
    if stops:
        with pytest.raises(GateError, match="max_future_pct is 100, the limit 5"):
            source.sync(later)
        assert source.published() == before
    else:
        source.sync(later)
    (newest,) = query(
        source.workspace.database,
        "SELECT watermark FROM control.feed_run WHERE state = 'published' ORDER BY extracted_at DESC LIMIT 1",
    )
    assert newest["watermark"] == ("2025-06-30 10:00:00" if stops else "2025-06-30 11:00:00")
