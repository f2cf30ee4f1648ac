"""One small source of each kind, holding the same citizens, for the shared suite."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import openpyxl
import sqlalchemy as sa
import xlwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.connection import Connection
from schemas.application import AnyApplication
from simulator.file_formats import write_dbf, write_ods, write_xml
from simulator.sftp_keys import connection_uri
from tests import services
from tests.connectors.api import TOKEN, Api
from tests.connectors.helpers import Rows, application

COLUMNS = ["nik", "nama", "aktif", "created by"]
FEED: dict[str, Any] = {"map": ["nama", "nik"], "where": {"aktif": ["1"]}, "ignore": ["created by"]}


class Source:
    """A source that can be filled, and its wrong addresses."""

    kind = "sql"
    null: str | None = None  # what a missing value arrives as

    connection: Connection

    def fill(self, columns: list[str], rows: Rows) -> None:
        raise NotImplementedError

    def feed(self) -> dict[str, Any]:
        return {"table": "warga"}

    def column(self, column: str) -> str:
        """Return what a column is called in this kind of source."""
        return column

    def application(self, **changes: Any) -> AnyApplication:
        return application(self.kind, self.feed() | self.named(FEED | changes))

    def named(self, feed: dict[str, Any]) -> dict[str, Any]:
        """Return a feed with the source's names of its columns."""
        feed = feed | {"key": ["nik"]}
        lists = {word: [self.column(column) for column in feed[word]] for word in ("key", "map", "ignore")}
        where = {self.column(column): texts for column, texts in feed["where"].items()}
        return feed | lists | {"where": where}

    def down(self) -> Connection:
        raise NotImplementedError

    def wrong(self) -> Connection | None:
        return None

    def close(self) -> None:
        """Remove what was made."""


class Database(Source):
    """MariaDB or PostgreSQL, in a database of its own, with a login of its own."""

    def __init__(self, url: str, reader: str) -> None:
        self.name = self.login = f"opdhub_t{uuid4().hex[:12]}"
        self.address, self.extra = url, {"reader": reader} if reader else {}
        self.password = "p@ss/w%rd:'"
        self.mysql = url.startswith("mysql")
        account = f"'{self.login}'@'%%'" if self.mysql else self.login
        self.admin = services.engine(url)
        quoted = self.password.replace("'", "''").replace("%", "%%")  # the driver reads % as a parameter
        with self.admin.connect() as opened:
            opened.exec_driver_sql(f"CREATE DATABASE {self.name}")
            made = f"CREATE USER {account} IDENTIFIED BY" if self.mysql else f"CREATE ROLE {account} LOGIN PASSWORD"
            opened.exec_driver_sql(f"{made} '{quoted}'")
            if self.mysql:
                opened.exec_driver_sql(f"GRANT SELECT ON {self.name}.* TO {account}")
        self.account = account
        self.connection = self.connect()

    def connect(self, **parts: str) -> Connection:
        url = sa.make_url(self.address)
        login, password = parts.get("login", self.login), quote(parts.get("password", self.password), safe="")
        port = parts.get("port", url.port or (3306 if self.mysql else 5432))
        made = Connection.from_uri(
            "app", f"{url.drivername}://{login}:{password}@{url.host}:{port}/{parts.get('database', self.name)}"
        )
        made.extra.update(self.extra)
        return made

    def fill(self, columns: list[str], rows: Rows) -> None:
        quotes = "`" if self.mysql else '"'
        fields = ", ".join(f"{quotes}{name}{quotes} varchar(60)" for name in columns)
        engine = services.engine(self.address, self.name)
        with engine.connect() as opened:
            opened.exec_driver_sql("DROP TABLE IF EXISTS warga")
            opened.exec_driver_sql(f"CREATE TABLE warga ({fields})")
            if not self.mysql:
                opened.exec_driver_sql(f"GRANT SELECT ON warga TO {self.login}")
            if rows:
                marks = ", ".join(["%s"] * len(columns))
                opened.exec_driver_sql(f"INSERT INTO warga VALUES ({marks})", rows)

    def down(self) -> Connection:
        return self.connect(port="1")

    def wrong(self) -> Connection | None:
        return self.connect(password="wrong") if self.mysql else self.connect(login="nobody_here")

    def close(self) -> None:
        with self.admin.connect() as opened:
            opened.exec_driver_sql(f"DROP DATABASE {self.name}" + ("" if self.mysql else " WITH (FORCE)"))
            opened.exec_driver_sql(f"DROP {'USER' if self.mysql else 'ROLE'} {self.account}")


class SqliteSource(Source):
    """A SQLite file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "warga #1?.db"
        self.connection = Connection.from_uri("app", f"sqlite:///{quote(str(self.file))}")

    def fill(self, columns: list[str], rows: Rows) -> None:
        import sqlite3

        with sqlite3.connect(self.file) as opened:
            opened.execute("DROP TABLE IF EXISTS warga")
            opened.execute("CREATE TABLE warga (" + ", ".join(f'"{name}"' for name in columns) + ")")
            opened.executemany(f"INSERT INTO warga VALUES ({','.join('?' * len(columns))})", rows)
        opened.close()

    def down(self) -> Connection:
        return Connection.from_uri("app", "sqlite:////nowhere/warga.db")


class RestSource(Source):
    """A paged HTTP API with a bearer token."""

    kind = "rest"

    def __init__(self, api: Api) -> None:
        self.api = api
        api.auth, api.paging = "bearer", "offset"
        self.connection = self.connect(TOKEN)

    def connect(self, token: str) -> Connection:
        return Connection.from_uri("app", self.api.url.replace("://", f"://:{quote(token, safe='')}@") + "/api")

    def fill(self, columns: list[str], rows: Rows) -> None:
        self.api.records = [dict(zip(columns, row, strict=True)) for row in rows]

    def feed(self) -> dict[str, Any]:
        paging = {"style": "offset", "param": "offset", "page_size": 200, "total_path": "meta.total"}
        return {"path": "/warga", "records": "data", "pagination": paging}

    def application(self, **changes: Any) -> AnyApplication:
        return application("rest", self.feed() | self.named(FEED | changes), auth={"style": "bearer"})

    def down(self) -> Connection:
        return Connection.from_uri("app", "http://127.0.0.1:1/api")

    def wrong(self) -> Connection | None:
        return self.connect("wrong")


class FileSource(Source):
    """A folder of files; `tsv` is a CSV with tabs, `zip` a CSV within an archive."""

    kind = "files"

    def __init__(self, folder: Path, format: str) -> None:
        self.folder, self.format = folder, format
        self.null = "" if format in ("csv", "tsv", "zip") else None
        self.connection = Connection.from_dict("app", {"conn_type": "fs", "extra": {"path": str(folder)}})

    def feed(self) -> dict[str, Any]:
        feed = {"file": f"warga_*.{self.format}", "format": self.format}
        more: dict[str, dict[str, Any]] = {
            "xml": {"record": "orang"},
            "tsv": {"format": "csv", "delimiter": "\t"},
            "zip": {"format": "csv", "member": "*.csv"},
            "json": {"records": "data.warga"},
        }
        return feed | more.get(self.format, {})

    def column(self, column: str) -> str:
        if self.format == "dbf":
            return column.replace(" ", "_").upper()[:10]
        return column.replace(" ", "_") if self.format == "xml" else column

    def fill(self, columns: list[str], rows: Rows) -> None:
        file = self.folder / f"warga_2026-01.{self.format}"
        write_file(file, self.format, [self.column(column) for column in columns], rows)

    def down(self) -> Connection:
        return Connection.from_uri("app", "fs:///nowhere/folder")


def write_file(file: Path, format: str, names: list[str], rows: Rows) -> None:
    """Write a table of texts in one of the formats."""
    if format in ("csv", "tsv", "zip"):
        text = io.StringIO(newline="")
        csv.writer(text, delimiter="\t" if format == "tsv" else ",").writerows([names, *rows])
        if format == "zip":
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("ekspor/warga.csv", text.getvalue())
                archive.writestr("ekspor/baca saya.txt", "")
        else:
            file.write_bytes(text.getvalue().encode())
    elif format in ("json", "jsonl", "geojson"):
        file.write_text(json_text(format, [dict(zip(names, row, strict=True)) for row in rows]), encoding="utf-8")
    elif format == "ods":
        write_ods(file, "Data", [names, *rows])
    elif format == "dbf":
        write_dbf(file, names, rows, "cp1252")
    elif format == "xml":
        write_xml(file, "orang", names, rows, "utf-8")
    elif format == "xls":
        old = xlwt.Workbook()
        page = old.add_sheet("Data")
        for at, row in enumerate([names, *rows]):
            for column, cell in enumerate(row):
                page.write(at, column, cell)
        old.save(str(file))
    else:
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("Data")
        for row in [names, *rows]:
            sheet.append(row)
        book.save(file)


def json_text(format: str, records: list[dict[str, Any]]) -> str:
    """Return records as a JSON document, as lines, or as GeoJSON features."""
    if format == "jsonl":
        return "".join(f"{json.dumps(record)}\n" for record in records) or "\n"  # no byte at all is no delivery
    if format == "json":
        return json.dumps({"meta": {"warga": [1]}, "data": {"warga": records}, "akhir": True}, indent=1)
    features = [{"type": "Feature", "geometry": None, "properties": record} for record in records]
    return json.dumps({"type": "FeatureCollection", "features": features})


class SftpSource(FileSource):
    """CSV files behind an SFTP server that lets one key in."""

    def __init__(self, city: Path, port: int) -> None:
        folder = city / "drops" / "bank #1"
        folder.mkdir(parents=True)
        super().__init__(folder, "csv")
        self.uri = connection_uri(city, folder, port)
        self.connection = Connection.from_uri("app", self.uri)

    def down(self) -> Connection:
        return replace(self.connection, port=1)

    def wrong(self) -> Connection | None:
        return replace(self.connection, extra={**self.connection.extra, "private_key": other_key()})


def other_key() -> str:
    """Return a private key that nobody lets in."""
    private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return private.decode()
