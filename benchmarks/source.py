"""The table that is moved: residents of the sample city in a MariaDB, as SIAK would send them, 15 columns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa

from connectors.connection import Connection
from schemas.errors import ConfigurationError
from store.database import Database

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "nik", "no_kk", "nama_lengkap", "tempat_lahir", "tanggal_lahir", "jenis_kelamin", "agama", "status_kawin",
    "golongan_darah", "alamat", "rt", "rw", "kode_kelurahan", "telepon", "pendidikan",
)  # fmt: skip
TABLE = "biodata"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Setting:
    """What a benchmark is given: rows to move, who is told, a hub database, the catalogue's folder."""

    rows: int
    say: Say
    database: Database
    catalogue: Path


@dataclass(frozen=True)
class Source:
    """A MariaDB database with the table `biodata`, kept between runs when its size fits."""

    url: sa.URL

    @property
    def connection(self) -> Connection:
        """The database as a connection of the hub."""
        return Connection.from_uri("bench", self.url.set(drivername="mysql").render_as_string(hide_password=False))

    def mysql(self) -> list[str]:
        """Return the mysql client's command for this database."""
        command = [
            "mysql",
            "-h",
            self.url.host or "127.0.0.1",
            "-P",
            str(self.url.port or 3306),
            "-u",
            str(self.url.username),
        ]
        if self.url.password:
            command.append(f"-p{self.url.password}")
        return [*command, "--default-character-set=utf8mb4", str(self.url.database)]


def mariadb_source(setting: Setting) -> Source:
    """Return the table with the setting's rows, making it when it is not there; raises ConfigurationError."""
    rows = setting.rows
    given = os.environ.get("OPDHUB_MARIADB_URL")
    if not given:
        raise ConfigurationError(
            "the benchmarks read from a MariaDB", where="OPDHUB_MARIADB_URL", fix="mysql://user:password@host:3306"
        )
    parts = urlsplit(given)
    server = sa.URL.create(
        "mysql+pymysql",
        unquote(parts.username or "root"),
        unquote(parts.password or "") or None,
        parts.hostname or "127.0.0.1",
        parts.port or 3306,
        query={"charset": "utf8mb4"},
    )
    from simulator.databases import PREFIX

    name = f"{PREFIX}bench_{rows}"
    with _connected(server) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4")
    source = Source(server.set(database=name))
    with _connected(source.url) as connection:
        there = sa.inspect(connection).has_table(TABLE)
        if not there or connection.exec_driver_sql(f"SELECT count(*) FROM {TABLE}").scalar_one() != rows:  # noqa: S608
            setting.say(f"making {rows} rows in MariaDB")
            _fill(connection, rows)
    return source


def residents(rows: int) -> Iterator[pd.DataFrame]:
    """Yield `rows` residents in frames of the columns, every NIK once."""
    from simulator.population import build_truth

    city = build_truth(min(rows, 200_000), 1)["penduduk"][list(COLUMNS)].astype("str").drop_duplicates("nik")
    done = 0
    while done < rows:
        frame = city.head(rows - done).copy()
        # the same people again under other serial numbers; a city's own stay below 1000
        serial = frame["nik"].str[-4:].astype("int64") + 1000 * (done // len(city))
        frame["nik"] = frame["nik"].str[:12] + serial.astype("str").str.zfill(4)
        yield frame
        done += len(frame)


@contextmanager
def _connected(url: sa.URL) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _fill(connection: sa.Connection, rows: int) -> None:
    types = {"nik": "char(16) NOT NULL PRIMARY KEY", "tanggal_lahir": "date", "alamat": "varchar(120)"}
    columns = ", ".join(f"{name} {types.get(name, 'varchar(60)')}" for name in COLUMNS)
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {TABLE}")
    connection.exec_driver_sql(f"CREATE TABLE {TABLE} ({columns}) ENGINE=InnoDB")
    places = ", ".join(["%s"] * len(COLUMNS))
    statement = f"INSERT INTO {TABLE} VALUES ({places})"  # noqa: S608
    for frame in residents(rows):
        values = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
        for first in range(0, len(values), 10_000):
            connection.exec_driver_sql(statement, [tuple(row) for row in values[first : first + 10_000]])
