"""extract: MariaDB → landed Parquet, beside the mysql client writing the same rows to /dev/null."""

from __future__ import annotations

import shlex
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import Figures, measured, timed_shell
from benchmarks.source import COLUMNS, TABLE, Setting, Source, mariadb_source
from benchmarks.workspace import FEED, bench_workspace

TURNS = 3


def bench_extract(setting: Setting) -> dict[str, Any]:
    """Return the median seconds, the ratio to the client's, taken in turns, and the highest peak memory."""
    source = mariadb_source(setting)
    limit = shlex.join([*source.mysql(), "--quick", "-e", f"SELECT {', '.join(COLUMNS)} FROM {TABLE}"])  # noqa: S608
    timed_shell(limit)  # once unmeasured: the table comes into the server's memory
    runs: list[Figures] = []
    limits: list[float] = []
    for turn in range(TURNS):
        setting.say(f"extract: turn {turn + 1} of {TURNS}")
        limits.append(timed_shell(limit))
        runs.append(measured(run_extract, source, setting.database.address, setting.catalogue))
    seconds = [float(run.result) for run in runs]
    return {
        "rows": setting.rows,
        "seconds": round(statistics.median(seconds), 2),
        "limit_seconds": round(statistics.median(limits), 2),
        "ratio_to_limit": round(statistics.median(s / t for s, t in zip(seconds, limits, strict=True)), 2),
        "peak_mb": round(max(run.peak_mb for run in runs)),
    }


def run_extract(source: Source, address: str, catalogue: Path) -> float:
    """Land the table; return the seconds without the imports of a fresh process."""
    import connectors.sql
    import connectors.sql_fast  # noqa: F401
    from pipelines.extract import extract

    with tempfile.TemporaryDirectory() as folder:
        workspace = bench_workspace(source, address, catalogue, Path(folder))
        started = time.perf_counter()
        extract(workspace, FEED, "bench")
        return time.perf_counter() - started
