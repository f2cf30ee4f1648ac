"""How to reach a source: Airflow's connections, without Airflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from schemas.errors import ConfigurationError
from schemas.yaml_file import suggest

KINDS = ("mysql", "postgres", "sqlite", "mssql", "oracle", "http", "fs", "sftp", "ftp", "smb", "s3")
#: what Airflow's providers, or people, call them
ALIASES = {"postgresql": "postgres", "mariadb": "mysql", "https": "http", "file": "fs", "ftps": "ftp", "samba": "smb"}
ALIASES |= {"aws": "s3"}
KEYS = ("conn_type", "host", "port", "login", "password", "schema", "extra", "description")
URI_EXAMPLE = "write it as mysql://login:password@host:3306/database, with special characters percent-encoded"


@dataclass(frozen=True)
class Connection:
    """One source's address and credentials; `kind` is Airflow's conn_type, `schema` a database name or a path."""

    id: str
    kind: str
    host: str = ""
    port: int | None = None
    login: str = ""
    password: str = field(default="", repr=False)
    schema: str = ""
    extra: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_uri(cls, id: str, uri: str) -> Connection:
        """Read an Airflow connection URI; every part is percent-decoded, the query becomes `extra`.

        Raises:
            ConfigurationError: on an unknown kind or a URI that cannot be split; never shows the password.

        """
        try:
            parts = urlsplit(uri)
            kind, port, outer = _kind(id, parts.scheme), parts.port, parts.scheme
            if uri.count("://") == 2:  # Airflow's http://https://host/path: the inner address is the host
                parts = urlsplit(uri.split("://", 1)[1])
                outer, port = parts.scheme, parts.port
        except ValueError as error:
            raise ConfigurationError(f"is not a URI ({error})", where=_at(id), fix=URI_EXAMPLE) from None
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        extra = _extra(id, query["__extra__"]) if "__extra__" in query else dict(query)
        host = unquote(parts.hostname or "")
        if kind == "http" and outer == "https":
            host = f"https://{host}"
        if outer.lower() == "ftps":
            extra.setdefault("tls", "true")
        path = unquote(parts.path if kind == "fs" else parts.path[1:])
        login, password = unquote(parts.username or ""), unquote(parts.password or "")
        return _checked(cls(id, kind, host, port, login, password, path, extra))

    @classmethod
    def from_dict(cls, id: str, mapping: Mapping[str, Any]) -> Connection:
        """Read the mapping of `airflow connections export`: conn_type, host, port, login, password, schema, extra.

        Raises:
            ConfigurationError: on an unknown kind or key, a port that is no number, an extra that is no object.

        """
        for key in mapping:
            if key not in KEYS:
                raise ConfigurationError(f"unknown key '{key}'", where=_at(id), fix=suggest(key, list(KEYS)))
        port = mapping.get("port") or None
        if port is not None and not str(port).isdigit():
            raise ConfigurationError(f"port '{port}' is not a number", where=_at(id), fix="give a number like 3306")
        text = {key: str(mapping.get(key) or "") for key in ("host", "login", "password", "schema")}
        return _checked(
            cls(
                id,
                _kind(id, str(mapping.get("conn_type") or "")),
                text["host"],
                int(port) if port is not None else None,
                text["login"],
                text["password"],
                text["schema"],
                _extra(id, mapping.get("extra")),
            )
        )

    @property
    def masked(self) -> str:
        """The address for messages and logs, without the password and without `extra`."""
        if self.kind in ("fs", "sqlite"):
            return f"{self.kind}://{self.path}"
        if self.kind == "http":
            return self.base_url
        login = f"{quote(self.login)}{':***' if self.password else ''}@" if self.login or self.password else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.kind}://{login}{self.host}{port}/{self.schema}"

    @property
    def path(self) -> str:
        """The folder of a file connection, the database file of a sqlite connection.

        `/~/folder` of a sftp connection is below the account's home, and given as `folder` (`.`: the home itself).
        Of s3 it is `bucket/prefix`, of smb `share/folder`, of ftp a path from the root; http has none.
        """
        if self.kind == "s3":
            return "/".join(filter(None, (str(self.extra.get("bucket") or self.host), self.schema.strip("/"))))
        if self.kind in ("ftp", "smb"):
            folder = str(self.extra.get("path") or self.schema).strip("/")
            return folder if self.kind == "smb" else f"/{folder}"
        if self.kind == "sftp":
            folder = "/" + str(self.extra.get("path") or self.schema).lstrip("/")
            return folder if f"{folder}/"[:3] != "/~/" else folder[3:] or "."
        below_root = self.kind == "fs" and self.schema and not self.schema.startswith("/")
        schema = f"/{self.schema}" if below_root else self.schema  # Airflow drops the slash of fs:///folder
        return str(self.extra.get("path") or schema or self.host)

    @property
    def base_url(self) -> str:
        """The address below which a REST application's paths stand, without a slash at the end."""
        scheme, _, host = self.host.rpartition("://")
        named = self.schema in ("http", "https")  # Airflow's form keeps the scheme in `schema`
        scheme = scheme or (self.schema if named else "http")
        host, _, path = host.partition("/")
        below = [part.strip("/") for part in (path, "" if named else self.schema)]
        port = f":{self.port}" if self.port else ""
        return "/".join([f"{scheme}://{host}{port}", *filter(None, below)])


def _at(id: str) -> str:
    return f"connection '{id}'"


def _kind(id: str, name: str) -> str:
    plain = name.lower().partition("+")[0]  # mysql+pymysql: the driver is ours to choose
    kind = ALIASES.get(plain, plain)
    if kind not in KINDS:
        raise ConfigurationError(f"'{name}' is not a kind of connection", where=_at(id), fix=suggest(kind, list(KINDS)))
    return kind


def _extra(id: str, value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            raise ConfigurationError(
                "extra is not JSON", where=_at(id), fix='write an object like {"path": "/folder"}'
            ) from None
    if not value:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigurationError("extra is not an object", where=_at(id), fix='write one like {"path": "/folder"}')
    return dict(value)


def _checked(connection: Connection) -> Connection:
    where = _at(connection.id)
    if connection.kind == "fs" and not connection.path:
        raise ConfigurationError("has no folder", where=where, fix='add extra {"path": "/folder"} or use fs:///folder')
    if connection.kind == "sqlite" and not connection.path:
        raise ConfigurationError("has no file", where=where, fix="write it as sqlite:////folder/file.db")
    if connection.kind == "smb" and not connection.path:
        raise ConfigurationError("has no share", where=where, fix="write it as smb://login:password@host/share/folder")
    if connection.kind == "s3" and not connection.path:
        fix = 'write it as s3://key:secret@bucket/folder, with extra {"endpoint_url": "…"} for a server of your own'
        raise ConfigurationError("has no bucket", where=where, fix=fix)
    if connection.kind not in ("fs", "sqlite", "s3") and not connection.host:
        raise ConfigurationError("has no host", where=where, fix=URI_EXAMPLE)
    return connection
