"""Time pieces of work in processes of their own, so that each peak of memory is that work's alone."""

from __future__ import annotations

import multiprocessing
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.memory import PeakMemory


@dataclass(frozen=True)
class Figures:
    """Seconds on the wall, peak memory in MB with that of child processes, and what the work returned."""

    seconds: float
    peak_mb: float
    result: Any = None


def measured(work: Callable[..., Any], *arguments: Any) -> Figures:
    """Run `work` in a fresh process; raises RuntimeError when it failed."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(theirs, work, arguments))
    process.start()
    theirs.close()
    try:
        figures: Figures = mine.recv()
    except EOFError:
        raise RuntimeError(f"{work.__name__} failed; its error stands above") from None
    finally:
        process.join()
    return figures


def timed_shell(command: str) -> float:
    """Return the seconds that a shell command takes; raises CalledProcessError when it fails."""
    started = time.perf_counter()
    subprocess.run(["bash", "-o", "pipefail", "-c", command], check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607
    return time.perf_counter() - started


def _run(pipe: Any, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    with PeakMemory(seconds_between=0.05) as memory:
        started = time.perf_counter()
        result = work(*arguments)
        seconds = time.perf_counter() - started
    pipe.send(Figures(seconds, max(memory.peak_mb, _own_peak_mb()), result))


def _own_peak_mb() -> float:
    """Return this process's peak resident memory (VmHWM: ru_maxrss would keep the parent's across exec).

    It misses no peak between two samples, but neither does it see the process's children.
    """
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024
