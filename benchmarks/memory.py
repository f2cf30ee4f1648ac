"""Peak memory of a stack or a piece of work: all its processes together, pages that they share counted once (PSS)."""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType

import psutil

SECONDS_BETWEEN = 3.0


class PeakMemory:
    """Context manager that samples this process, its descendants and given others, and keeps the highest sum."""

    def __init__(self, seconds_between: float = SECONDS_BETWEEN) -> None:
        """Begin with this process alone."""
        self.peak_mb, self._seconds = 0, seconds_between
        self._others: set[int] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def watch(self, pid: int) -> None:
        """Add a process, such as a server that detached itself, and its children."""
        self._others.add(pid)

    def _sample(self) -> None:
        while not self._stop.wait(self._seconds):
            self.peak_mb = max(self.peak_mb, self._now_mb())

    def _now_mb(self) -> int:
        family: set[psutil.Process] = set()
        for pid in (psutil.Process().pid, *self._others):
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                family |= {process, *process.children(recursive=True)}
        total = 0
        for process in family:
            with contextlib.suppress(psutil.Error):
                total += process.memory_full_info().pss
        return round(total / 1e6)
