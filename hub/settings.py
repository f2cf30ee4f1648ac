"""Settings from the environment, each with a default that works on a fresh machine."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import ConfigurationError
from store.database import Database
from store.landing import Landing

ROOT = Path(__file__).resolve().parents[1]
#: The embedded PostgreSQL cannot run as root, and its user cannot enter root's home.
SYSTEM_HOME = Path("/var/lib/opdhub")
WRITABLE = "name a folder that this user may write, such as ~/opdhub"


@dataclass(frozen=True)
class Settings:
    """Where the hub keeps its state and which ports it uses; `from_environment` reads them."""

    home: Path
    catalogue: Path
    landing_url: str
    #: None: the embedded PostgreSQL
    database_url: str | None
    mariadb_url: str | None
    connections: Path
    postgres_port: int
    airflow_port: int
    city_port: int
    sftp_port: int

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the `OPDHUB_…` variables; raises ConfigurationError for a port that is none, a home below a file."""
        home = Path(environ.get("OPDHUB_HOME") or _default_home(environ)).expanduser().absolute()
        if not _nearest(home).is_dir():
            raise ConfigurationError(f"{_nearest(home)} is no folder", where="OPDHUB_HOME", fix=WRITABLE)
        return cls(
            home=home,
            catalogue=Path(environ.get("OPDHUB_CATALOGUE") or ROOT).absolute(),
            landing_url=environ.get("OPDHUB_LANDING_URL") or str(home / "landing"),
            database_url=environ.get("OPDHUB_DATABASE_URL") or None,
            mariadb_url=environ.get("OPDHUB_MARIADB_URL") or None,
            connections=Path(environ.get("OPDHUB_CONNECTIONS") or home / "connections.yaml"),
            postgres_port=_port(environ, "OPDHUB_POSTGRES_PORT", 15432),
            airflow_port=_port(environ, "OPDHUB_AIRFLOW_PORT", 8080),
            city_port=_port(environ, "OPDHUB_CITY_PORT", 8420),
            sftp_port=_port(environ, "OPDHUB_SFTP_PORT", 8422),
        )

    def secret(self, name: str) -> str:
        """Return a secret of this installation, made at the first call and kept readable to its owner only."""
        path = self.home / "secrets" / name
        if not path.exists():
            _require_writable(self.home, "OPDHUB_HOME")
            make_home(self.home)
            path.parent.mkdir(exist_ok=True)
            path.parent.chmod(0o700)
            temporary = path.with_suffix(f".{os.getpid()}")
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32))
            with contextlib.suppress(FileExistsError):  # of two who make it at once, the first wins
                os.link(temporary, path)
            temporary.unlink()
        return path.read_text()

    def embedded_url(self, database: str) -> str:
        """Return the address of a database in the embedded PostgreSQL."""
        return f"postgresql://opdhub:{self.secret('postgres')}@127.0.0.1:{self.postgres_port}/{database}"

    def hub_url(self) -> str:
        """Return the hub database's address, embedded or a server's."""
        return self.database_url or self.embedded_url("opdhub")

    def airflow_url(self) -> str:
        """Return the address of Airflow's own database, `airflow` beside the hub's on the same server."""
        if self.database_url is None:
            return self.embedded_url("airflow")
        return Database(self.database_url).url.set(database="airflow").render_as_string(hide_password=False)

    def database(self) -> Database:
        """Return the hub database; it must run."""
        return Database(self.hub_url())

    def landing(self) -> Landing:
        """Return the landing zone; raises ConfigurationError when it is a folder that cannot be written."""
        try:
            landing = Landing(self.landing_url)
        except (ValueError, ImportError) as error:  # fsspec: an unknown protocol, or one whose library is missing
            fix = "give a folder, or an address like s3://bucket/folder whose library is installed"
            raise ConfigurationError(f"cannot be opened ({error})", where="OPDHUB_LANDING_URL", fix=fix) from error
        if "://" not in self.landing_url:
            is_own = Path(self.landing_url).is_relative_to(self.home)
            _require_writable(Path(self.landing_url), "OPDHUB_HOME" if is_own else "OPDHUB_LANDING_URL")
        return landing


def make_home(home: Path) -> None:
    """Make the hub's home; others may pass through it (PostgreSQL's user has to), what is in it is closed to them."""
    before = os.umask(0o022)
    try:
        home.mkdir(parents=True, exist_ok=True)
    finally:
        os.umask(before)


def _default_home(environ: Mapping[str, str]) -> Path:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return SYSTEM_HOME
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "opdhub"


def _nearest(path: Path) -> Path:
    """Return the path itself or the nearest folder above it that exists."""
    while not path.exists():
        path = path.parent
    return path


def _require_writable(path: Path, variable: str) -> None:
    """Make a folder; raises ConfigurationError when that fails, or nothing may be written into it."""
    with contextlib.suppress(OSError):
        path.mkdir(parents=True, exist_ok=True)
    if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        raise ConfigurationError(f"{path} cannot be written by this user", where=variable, fix=WRITABLE)


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise ConfigurationError(f"'{text}' is no port", where=name, fix="a number from 1024 to 65535")
    return int(text)
