"""A process killed in any stage and run again ends with what an undisturbed run gives."""

from __future__ import annotations

import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pipelines.integrate import integrate
from pipelines.run import sync
from pipelines.workspace import Workspace
from schemas.catalogue import Catalogue
from store.database import Database
from store.landing import Landing
from tests import embedded
from tests.pipelines.kill_driver import POINTS
from tests.pipelines.residents import FEED, Residents, resident
from tests.workspaces import ROOT, MakeWorkspace, Row, hub_rows, query, source_rows

#: the state published before, and the one whose sync is killed: 3 parts with new, changed, gone and bad rows
EARLIER = [resident(n) for n in range(130)]
LATER = [resident(n) | ({"nik": "1"} if n % 40 == 7 else {"nama": "Baru"} if n % 9 == 0 else {}) for n in range(5, 150)]
LATER += [resident(20, nama="Lain"), resident(31)]

Copy = Callable[[str], Workspace]


@pytest.fixture
def copy(make_workspace: MakeWorkspace, postgres_server: str, catalogue: Catalogue) -> Iterator[Copy]:
    """Copies the workspace as it stands now: its database, its landing zone."""
    with ExitStack() as stack:

        def made(name: str) -> Workspace:
            folder = make_workspace.folder.with_name(f"{make_workspace.folder.name}_{name}")
            shutil.copytree(make_workspace.folder, folder)
            make_workspace.database.engine.dispose()
            template = str(make_workspace.database.url.database)
            url = stack.enter_context(embedded.new_database(postgres_server, f"test_{secrets.token_hex(6)}", template))
            database = Database(url)
            stack.callback(database.engine.dispose)
            return Residents(MakeWorkspace(database, catalogue, folder)).workspace

        yield made


def killed(point: str, workspace: Workspace, folder: Path, run_id: str) -> None:
    arguments = [point, str(folder), workspace.database.address, run_id]
    done = subprocess.run(
        [sys.executable, "-m", "tests.pipelines.kill_driver", *arguments], cwd=ROOT, capture_output=True, timeout=120
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]


def outcome(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """Return all that a sync leaves for others, but for times and run ids."""
    database = workspace.database
    where = f"WHERE run_id = '{run_id}'"

    def rows(table: str, columns: str, order: str) -> list[Row]:
        return query(database, f"SELECT {columns} FROM control.{table} {where} ORDER BY {order}")

    account = "state, stage, read, inserted, updated, unchanged, quarantined, deleted, error"
    return {
        "published": source_rows(database, FEED),
        "account": rows("feed_run", account, "1"),
        "quarantine": rows("quarantine", "row_number, source_key, reasons, original", "row_number"),
        "findings": rows("finding", "row_number, source_key, field, rule, severity, original", "row_number, rule"),
        "runs": query(database, "SELECT count(*) AS n FROM control.feed_run WHERE state = 'published'"),
    }


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("point", [point for point in POINTS if not point.startswith("integrate")])
def test_a_killed_sync_run_again_is_an_undisturbed_one(make_workspace: MakeWorkspace, copy: Copy, point: str) -> None:
    residents = Residents(make_workspace)
    residents.export(EARLIER)
    sync(residents.workspace, FEED, "earlier")
    published = source_rows(residents.workspace.database, FEED)
    residents.export(LATER)
    undisturbed = copy("undisturbed")
    account = sync(undisturbed, FEED, "later")
    assert (account.quarantined, account.deleted, account.inserted) == (7, 5, 20)

    killed(point, residents.workspace, make_workspace.folder, "later")
    if point != "publish, after COMMIT":
        assert source_rows(residents.workspace.database, FEED) == published
        anew = copy("anew")
        assert sync(anew, FEED, "anew") == account
        assert outcome(anew, "anew") == outcome(undisturbed, "later")
    assert sync(residents.workspace, FEED, "later") == account
    assert outcome(residents.workspace, "later") == outcome(undisturbed, "later")


@pytest.mark.parametrize("point", [point for point in POINTS if point.startswith("integrate")])
def test_a_killed_integration_run_again_is_an_undisturbed_one(
    make_workspace: MakeWorkspace, copy: Copy, point: str
) -> None:
    residents = Residents(make_workspace)
    residents.export(EARLIER)
    sync(residents.workspace, FEED, "earlier")
    integrate(residents.workspace, "penduduk", "earlier")
    residents.export(LATER)
    sync(residents.workspace, FEED, "later")
    undisturbed = copy("undisturbed")
    release = integrate(undisturbed, "penduduk", "later")

    killed(point, residents.workspace, make_workspace.folder, "later")
    assert integrate(residents.workspace, "penduduk", "later") == release
    for statement in (
        "SELECT change, release, operation, key, changed, before, after FROM hub.penduduk_changes ORDER BY change",
        "SELECT dataset, release, run_id, rows, inserted, updated, deleted FROM control.release ORDER BY release",
        "SELECT tablename FROM pg_tables WHERE schemaname = 'staging'",
    ):
        found, wanted = query(residents.workspace.database, statement), query(undisturbed.database, statement)
        for row in [*found, *wanted]:
            row.pop("change", None)  # an identity number of a transaction that was rolled back is not used again
        assert found == wanted
    assert hub_rows(residents.workspace.database, "penduduk") == hub_rows(undisturbed.database, "penduduk")


def test_a_killed_write_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    landing = Landing(str(tmp_path / "landing"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "another_file_system"))
    path = Path(landing.write("f", "r", "evidence.json", b"content"))
    assert path.read_bytes() == b"content"
    assert [file.name for file in path.parent.iterdir()] == ["evidence.json"]
