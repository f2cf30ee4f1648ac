"""integrate: the register of residents at the city's full size, from nothing, and a day later."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import sqlalchemy as sa

from benchmarks.measure import measured
from benchmarks.memory import PeakMemory
from benchmarks.population import publish_city
from benchmarks.source import Setting
from connectors.connection import Connection
from pipelines.integrate import integrate
from pipelines.workspace import Workspace
from schemas.catalogue import Catalogue
from simulator.population import truth_by_day
from simulator.state import changes
from store.database import Database
from store.landing import Landing

RESIDENTS = int(os.environ.get("OPDHUB_BENCH_RESIDENTS", "243746"))
SEED = 7
#: of the issue of integrated datasets: seconds from nothing, megabytes, and the share of it after 1 % changed rows
LIMIT_SECONDS, LIMIT_MB, LIMIT_SHARE = 240, 2000, 0.15
DATABASE = "opdhub_bench_integrate"


def bench_integrate(setting: Setting) -> dict[str, Any]:
    """Return the seconds of a first integration of `penduduk`, of one a day later, and the peak of memory."""
    with _database(setting.database) as database, TemporaryDirectory() as folder:
        workspace = _workspace(setting.catalogue, database, Path(folder))
        setting.say(f"integrate: {RESIDENTS} residents and every row that names one")
        days = truth_by_day(RESIDENTS, SEED)
        truth = next(days)
        first = publish_city(workspace, truth, SEED, "bench-0")
        setting.say(f"integrate: {first['rows']} source rows, from nothing")
        whole, peak = _timed(workspace, "whole", setting.catalogue, folder)
        setting.say("integrate: a day later")
        later = next(days)
        changed = changes(truth, later, {}, 1)
        second = publish_city(workspace, later, SEED, "bench-1", changed)
        setting.say(f"integrate: {second['moved']} rows moved")
        part, part_peak = _timed(workspace, "part", setting.catalogue, folder)
    return {
        "residents": RESIDENTS,
        "source_rows": first["rows"],
        "seconds": round(whole, 1),
        "limit_seconds": LIMIT_SECONDS,
        "peak_mb": max(peak, part_peak),
        "limit_mb": LIMIT_MB,
        "moved_pct": round(100 * second["moved"] / first["rows"], 2),
        "later_seconds": round(part, 1),
        "later_share": round(part / whole, 3),
        "limit_share": LIMIT_SHARE,
    }


def _timed(workspace: Workspace, run_id: str, catalogue: Path, folder: str) -> tuple[float, int]:
    """Integrate in a process of its own: this one holds the whole city."""
    found: tuple[float, int] = measured(
        run_integrate, workspace.database.address, catalogue, Path(folder), run_id
    ).result
    return found


def run_integrate(address: str, catalogue: Path, folder: Path, run_id: str) -> tuple[float, int]:
    """Integrate; return the seconds, and the peak in MB of this process and the database server together."""
    workspace = _workspace(catalogue, Database(address), folder)
    import pipelines.validate  # noqa: F401 - 6 s that a worker has paid already

    with workspace.database.transaction() as connection:
        backend = psutil.Process(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())
    server = backend.parent()
    with PeakMemory(0.5) as memory:
        memory.watch(server.pid if server else backend.pid)
        started = time.perf_counter()
        integrate(workspace, "penduduk", run_id)
        seconds = time.perf_counter() - started
    return seconds, memory.peak_mb


def _workspace(catalogue: Path, database: Database, folder: Path) -> Workspace:
    return Workspace(Catalogue.load(catalogue), database, Landing(str(folder)), _no_connection)


def _no_connection(name: str) -> Connection:
    raise LookupError(name)


@contextmanager
def _database(hub: Database) -> Iterator[Database]:
    """Yield an empty hub on the same server, dropped afterwards."""
    admin = hub.engine.execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {DATABASE}")
    database = Database(hub.url.set(database=DATABASE).render_as_string(hide_password=False))
    try:
        database.upgrade()
        yield database
    finally:
        database.engine.dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
