"""Start processes and stop exactly those: each is known by its pid and the moment it was made."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from hub.services import Service
from schemas.errors import RetryLaterError

READY_SECONDS = 180


class ProcessTable:
    """The processes that a stack started, kept in a file so that `down` finds them after a crash."""

    def __init__(self, path: Path) -> None:
        """Use the file at `path`; it need not exist."""
        self._path = path

    def alive(self) -> dict[str, psutil.Process]:
        """Return the processes of the table that still run, by name."""
        found = {}
        for name, (pid, created) in self._read().items():
            try:
                process = psutil.Process(pid)
                if process.create_time() == created and process.status() != psutil.STATUS_ZOMBIE:
                    found[name] = process
            except psutil.NoSuchProcess:
                continue
        return found

    def add(self, name: str, process: psutil.Process) -> None:
        """Remember a process."""
        self._write({**self._read(), name: (process.pid, process.create_time())})

    def stop(self, seconds: float = 20) -> list[str]:
        """Stop what runs, newest first, with all children; return the names of what was stopped."""
        alive = self.alive()
        family: list[psutil.Process] = []
        for process in reversed(alive.values()):
            try:
                family += [*process.children(recursive=True), process]
                process.terminate()
            except psutil.NoSuchProcess:
                continue
        _, stubborn = psutil.wait_procs(family, timeout=seconds)
        for process in stubborn:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(stubborn, timeout=5)
        self._path.unlink(missing_ok=True)
        return list(alive)

    def _read(self) -> dict[str, tuple[int, float]]:
        try:
            return {name: (pid, created) for name, (pid, created) in json.loads(self._path.read_text()).items()}
        except FileNotFoundError:
            return {}

    def _write(self, content: dict[str, tuple[int, float]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps(content))
        temporary.replace(self._path)


def launch(service: Service, table: ProcessTable, logs: Path) -> psutil.Process:
    """Start a service in a session of its own (Ctrl-C reaches only the stack), its output into a log file."""
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / f"{service.name}.log").open("ab") as log:
        process = psutil.Popen(
            service.command,
            env=service.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    table.add(service.name, process)
    return process


def wait_ready(service: Service, process: psutil.Process, logs: Path) -> None:
    """Wait until a service answers over HTTP; raises RetryLaterError naming its log."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            break
        if answers(service):
            return
        time.sleep(0.5)
    raise RetryLaterError(f"{service.name} did not start", fix=f"read {logs / service.name}.log")


def answers(service: Service) -> bool:
    """Whether a service's health address answers."""
    try:
        with urlopen(f"http://127.0.0.1:{service.port}{service.health_path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
