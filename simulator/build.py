"""Build the sample city: derive every application from one truth and write its source where the hub finds it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import pandas as pd

from schemas.application import read_application
from schemas.errors import ConfigurationError
from simulator import databases
from simulator.agreement import feed_of
from simulator.derive import Changed, derive
from simulator.description import (
    DESCRIPTIONS,
    AnyDescription,
    FilesDescription,
    SqlDescription,
    read_descriptions,
)
from simulator.drops import write_file, write_json
from simulator.population import build_truth
from simulator.rest_settings import secrets, write_rest_settings
from simulator.sftp_keys import KEYS, connection_uri
from simulator.state import CHANGED, as_of_day, city_version, write_truth

#: (what is being done, steps done, steps in all)
Progress = Callable[[str, int, int], None]
#: stands in the folder while a build is under way; the next build cleans up after a killed one
MARKER, SUMMARY = ".building", "city.json"
MADE = ("truth", "databases", "drops", "rest")


@dataclass(frozen=True)
class CityTarget:
    """Where the city's sources go.

    Without a MariaDB its databases go into PostgreSQL, without that into SQLite files below `folder`.
    """

    folder: Path
    #: mysql://user:password@host:port
    mariadb_url: str | None = None
    #: postgresql://user:password@host:port/database; the user may create databases
    postgres_url: str | None = None
    #: where `simulator.serve` will listen
    rest_url: str = "http://127.0.0.1:8420"
    #: where its SFTP server will listen
    sftp_port: int = 8422
    #: of the databases' names; begins with opdhub_city_
    prefix: str = databases.PREFIX
    descriptions: Path = DESCRIPTIONS
    #: folder of the catalogue's applications, with which the descriptions must agree
    applications: Path | None = None

    def database(self, description: AnyDescription) -> str:
        """Return the name of an application's database; raises ConfigurationError on a foreign prefix."""
        return databases.check_name(self.prefix + description.id.partition(".")[2])


@dataclass(frozen=True)
class CitySummary:
    """What a build made. `connections` are Airflow URIs by connection id; `rows` by application.table."""

    residents: int
    seed: int
    folder: str
    seconds: float
    connections: dict[str, str] = field(repr=False)
    rows: dict[str, int] = field(default_factory=dict)
    #: faults by application.table
    faults: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    #: of the code, data and descriptions that made the city
    version: str = ""
    #: days that the city has lived since it was built
    day: int = 0
    #: tables whose file of the day did not come, or whose column was renamed: the hub reads an older state
    behind: list[str] = field(default_factory=list)


def build_city(
    target: CityTarget, residents: int = 5000, seed: int = 1, progress: Progress | None = None
) -> CitySummary:
    """Write the sources of every description, and the truth with its faults as Parquet.

    Replaces what an earlier build wrote. Raises ConfigurationError on a broken description or one that disagrees
    with its application, a prefix other than opdhub_city_…, a folder that holds something else, or a PostgreSQL
    that was given and does not answer.
    """
    descriptions = read_descriptions(target.descriptions, target.applications)
    names = [target.database(item) for item in descriptions if isinstance(item, SqlDescription)]
    target, notes = reachable(target)
    _start_clean(target, names)
    summary = CitySummary(
        residents, seed, str(target.folder), 0, {}, notes=notes, version=city_version(target.descriptions)
    )
    if progress is not None:
        progress("population", 0, len(descriptions) + 2)
    return write_city(target, descriptions, summary, build_truth(residents, seed), {}, progress)


def write_city(
    target: CityTarget,
    descriptions: list[AnyDescription],
    city: CitySummary,
    truth: dict[str, pd.DataFrame],
    changed: Changed,
    progress: Progress | None = None,
) -> CitySummary:
    """Write every source as the truth of the city's day makes it, then the truth, the faults and the summary.

    The folder is marked while this is under way: what a full disk or a lost database leaves is no city.
    """
    started, tell = time.monotonic(), progress or (lambda what, done, total: None)
    _mark(target.folder)
    steps = len(descriptions) + 2
    connections: dict[str, str] = {}
    rows: dict[str, int] = {}
    behind: list[str] = []
    found = []
    for done, description in enumerate(descriptions, start=1):
        tell(description.id, done, steps)
        frames, faults = derive(description, truth, city.seed, changed)
        shown, late = as_of_day(description, frames, city.day)
        connections[description.connection] = _write(target, shown, frames, city.seed)
        rows |= {f"{description.id}.{name}": len(frame) for name, frame in frames.items()}
        behind += late
        found.append(faults.assign(feed=faults["feed"].map(_feed_names(target, description))))
    write_rest_settings(target.folder / "rest", descriptions, city.seed)
    faults = pd.concat(found, ignore_index=True)
    faults.to_parquet(target.folder / "faults.parquet")
    write_truth(target.folder, truth, changed)
    counts = faults.groupby(faults["application"] + "." + faults["feed"]).size()
    summary = replace(
        city, seconds=round(time.monotonic() - started, 1), connections=connections, rows=rows, behind=behind,
        faults={str(name): int(count) for name, count in counts.items()},
    )  # fmt: skip
    (target.folder / SUMMARY).touch(mode=0o600)  # it holds the connections' passwords
    (target.folder / SUMMARY).write_text(json.dumps(asdict(summary), indent=1), encoding="utf-8")
    (target.folder / MARKER).unlink()
    tell("done", steps, steps)
    return summary


def _feed_names(target: CityTarget, description: AnyDescription) -> dict[str, str]:
    """Return the hub's feed for each table; a table's own name where the applications are not given."""
    if target.applications is None:
        return {name: name for name in description.tables}
    opd, _, app = description.id.partition(".")
    application, _ = read_application(target.applications / opd / f"{app}.yaml")
    return {name: feed_of(application, name, table) or name for name, table in description.tables.items()}


def reachable(target: CityTarget) -> tuple[CityTarget, list[str]]:
    """Leave out a MariaDB that does not answer, and say so."""
    notes = []
    mariadb = target.mariadb_url
    if mariadb is not None and not databases.mariadb_answers(mariadb):
        mariadb = None
        notes.append("MariaDB does not answer")
    if target.postgres_url is not None and not databases.postgres_answers(target.postgres_url):
        raise ConfigurationError("PostgreSQL does not answer or refuses the user", where="CityTarget.postgres_url")
    if mariadb is None:
        instead = "SQLite files" if target.postgres_url is None else "PostgreSQL"
        notes.append(f"the MariaDB applications are in {instead}")
    if target.postgres_url is None:
        notes.append("the PostgreSQL applications are in SQLite files")
    return replace(target, mariadb_url=mariadb, folder=target.folder.resolve()), notes


def _start_clean(target: CityTarget, names: list[str]) -> None:
    """Remove what an earlier build made, whole or killed, and set the marker."""
    folder = target.folder
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not ((folder / MARKER).exists() or (folder / SUMMARY).exists()):
        raise ConfigurationError("the folder holds something that is not a sample city", where=str(folder))
    _mark(folder)
    for name in MADE:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in (SUMMARY, CHANGED, "faults.parquet"):
        (folder / name).unlink(missing_ok=True)
    if target.mariadb_url is not None:
        databases.drop_mariadb(target.mariadb_url, *names)
    if target.postgres_url is not None:
        databases.drop_postgres(target.postgres_url, *names)


def _mark(folder: Path) -> None:
    """Say that what stands in the folder is not whole."""
    (folder / MARKER).write_text("a build is under way, or was killed\n", encoding="utf-8")


def drop_city(target: CityTarget) -> None:
    """Drop the city's databases and files; the folder itself stays."""
    descriptions = read_descriptions(target.descriptions)
    names = [target.database(item) for item in descriptions if isinstance(item, SqlDescription)]
    target, _ = reachable(target)
    _start_clean(target, names)
    shutil.rmtree(target.folder / KEYS, ignore_errors=True)
    (target.folder / MARKER).unlink()


def _write(target: CityTarget, description: AnyDescription, frames: dict[str, pd.DataFrame], seed: int) -> str:
    """Write one application's source; return its Airflow connection URI."""
    if isinstance(description, SqlDescription):
        return _write_sql(target, description, frames)
    if isinstance(description, FilesDescription):
        folder = target.folder / "drops" / description.connection
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in description.tables.items():
            if name in frames:
                write_file(folder, name, table, frames[name])
        if description.transport == "sftp":
            return connection_uri(target.folder, folder, target.sftp_port)
        return f"fs://{quote(str(folder))}"
    write_json(target.folder / "rest" / description.connection, description, frames)
    login, password = secrets(description, seed)
    base = urlsplit(target.rest_url)
    entry = "" if description.auth.style == "none" else f"{quote(login, safe='')}:{quote(password, safe='')}@"
    return f"{base.scheme}://{entry}{base.netloc}{base.path.rstrip('/')}/{description.connection}"


def _write_sql(target: CityTarget, description: SqlDescription, frames: dict[str, pd.DataFrame]) -> str:
    name, tables = target.database(description), description.tables
    if description.kind == "mariadb" and target.mariadb_url is not None:
        return databases.write_mariadb(target.mariadb_url, name, tables, frames)
    if description.kind != "sqlite" and target.postgres_url is not None:
        typed = description.kind == "postgres"
        return databases.write_postgres(target.postgres_url, name, tables, frames, typed=typed)
    return databases.write_sqlite(target.folder / "databases" / f"{name}.db", tables, frames)
