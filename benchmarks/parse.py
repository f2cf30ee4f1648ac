"""parse: Airflow's DAGs from a catalogue of 99 applications, beside reading the same files as plain YAML."""

from __future__ import annotations

import os
import runpy
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import measured
from benchmarks.source import Setting

APPLICATIONS, TURNS = 99, 5


def bench_parse(setting: Setting) -> dict[str, Any]:
    """Return the median seconds of one parse after the imports; the project's files stand in for all 99."""
    with tempfile.TemporaryDirectory() as folder:
        _copies(setting.catalogue, Path(folder))
        figures = measured(run_parse, setting.catalogue / "dags" / "applications.py", Path(folder))
    seconds, limits = figures.result
    return {
        "applications": APPLICATIONS,
        "seconds": round(statistics.median(seconds), 2),
        "limit_seconds": round(statistics.median(limits), 2),
        "ratio_to_limit": round(statistics.median(s / t for s, t in zip(seconds, limits, strict=True)), 2),
        "peak_mb": round(figures.peak_mb),
    }


def run_parse(dag_file: Path, catalogue: Path) -> tuple[list[float], list[float]]:
    """Run the DAG file as Airflow does, in turns with plain reads of its YAML; return the seconds of both."""
    os.environ["OPDHUB_CATALOGUE"] = str(catalogue)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    runpy.run_path(str(dag_file))  # the imports, and whatever Airflow does once
    seconds, limits = [], []
    for _ in range(TURNS):
        started = time.perf_counter()
        for path in catalogue.glob("applications/*/*.yaml"):
            yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - a safe loader
        limits.append(time.perf_counter() - started)
        started = time.perf_counter()
        found = runpy.run_path(str(dag_file))
        seconds.append(time.perf_counter() - started)
        dags = [name for name in found if name.count(".") == 1]
        if len(dags) != APPLICATIONS:
            raise RuntimeError(f"{len(dags)} DAGs instead of {APPLICATIONS}")
    return seconds, limits


def _copies(catalogue: Path, folder: Path) -> None:
    paths = sorted(catalogue.glob("applications/*/*.yaml"))
    for number in range(APPLICATIONS):
        target = folder / "applications" / f"opd{number}" / "app.yaml"
        target.parent.mkdir(parents=True)
        shutil.copy(paths[number % len(paths)], target)
