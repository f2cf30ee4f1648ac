"""Real input: the ministry's 91 thousand regions, from MariaDB to the integrated dataset."""

from __future__ import annotations

import csv
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.integrate import Release, integrate
from pipelines.run import sync
from pipelines.workspace import Workspace
from schemas.catalogue import Catalogue
from simulator.databases import PREFIX, drop_mariadb
from simulator.real import load_dump
from store.runs import Account
from tests.services import mariadb_url, require
from tests.workspaces import ROOT, MakeWorkspace, query

DUMP = ROOT.parent / "shared" / "real" / "wilayah.sql"
REFERENCE = ROOT.parent / "shared" / "reference" / "kode_wilayah_3574.csv"
FEED = "kemendagri.wilayah.wilayah"


@pytest.fixture
def workspace(make_workspace: MakeWorkspace, catalogue: Catalogue) -> Iterator[Workspace]:
    if not DUMP.exists():
        pytest.skip("shared/real/wilayah.sql is not beside the repository")
    url, database = require("MariaDB", mariadb_url), f"{PREFIX}wilayah_{secrets.token_hex(4)}"
    try:
        yield make_workspace.over(catalogue, {"wilayah": load_dump(url, DUMP, database)})
    finally:
        drop_mariadb(url, database)


def listed(file: Path, code: str, name: str) -> dict[str, str]:
    with file.open(encoding="utf-8", newline="") as lines:
        return {row[code]: row[name] for row in csv.DictReader(lines)}


def plain(name: str) -> str:
    """Return a name without the kind of region before it."""
    return name.removeprefix("Kecamatan ").casefold()


def test_the_ministrys_regions_are_published_whole_and_hold_the_citys_own(workspace: Workspace) -> None:
    dumped = len(re.findall(r"^\('[0-9]", DUMP.read_text(encoding="utf-8"), re.MULTILINE))
    assert dumped > 91_000
    assert sync(workspace, FEED, "r1") == Account(dumped, dumped, 0, 0, 0)
    assert sync(workspace, FEED, "r2") == Account(dumped, 0, 0, dumped, 0)
    assert integrate(workspace, "wilayah", "r3") == Release("wilayah", 1, dumped, dumped, 0, 0)

    found = query(workspace.database, "SELECT kode, nama FROM hub.wilayah WHERE starts_with(kode, '35.74.')")
    published = {row["kode"]: plain(row["nama"]) for row in found}
    assert [len(code) for code in published].count(len("35.74.01")) == 5
    assert [len(code) for code in published].count(len("35.74.01.1001")) == 29
    lists = [listed(ROOT / "schemas/codelists/kode_wilayah_kota.csv", "code", "name")]
    if REFERENCE.exists():
        lists.append(listed(REFERENCE, "kode_kemendagri", "nama"))
    for known in lists:
        assert published == {code: plain(name) for code, name in known.items() if code != "35.74"}
