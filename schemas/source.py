"""What an application's YAML says of its source: how it is entered, and how much of it may be taken."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from schemas.mapping import _as_text
from schemas.window import Window, read_window
from schemas.yaml_file import StrictModel

TextMap = Annotated[dict[str, str], BeforeValidator(_as_text)]


class Source(StrictModel):
    """What every kind of source declares: the host it loads, and how much of it."""

    #: applications on one database host share one pool, and so one concurrency budget
    host_pool: str = Field(pattern=r"^[a-z0-9-]+$")
    max_concurrency: int = Field(default=1, ge=1, le=16)
    #: the local hours in which the source may be read; without it, always
    window: Annotated[Window, BeforeValidator(read_window)] | None = None
    #: the local hours in which feeds may be read whole, or their keys swept; without it, whenever `window` allows
    full_window: Annotated[Window, BeforeValidator(read_window)] | None = None
    #: a slow line: MariaDB and MySQL compress what they send (APIs are asked to in any case)
    low_bandwidth: bool = False


class SqlSource(Source):
    """A database that SQLAlchemy reaches."""

    kind: Literal["sql"]
    #: read in chunks of so many rows, by key, in one snapshot: short queries, for servers whose writers would wait
    chunk_rows: int | None = Field(default=None, ge=1000)


class Auth(StrictModel):
    """How a REST source is entered; the secrets stand in the connection, never here."""

    style: Literal["none", "api_key", "basic", "bearer", "oauth2_client_credentials", "session"] = "none"
    #: api_key: the header or query parameter that carries the key
    name: str = "X-API-Key"
    location: Literal["header", "query"] = "header"
    #: oauth2: path of the token endpoint below the connection's address
    token_path: str = "/oauth/token"  # noqa: S105 - a path, not a secret
    #: session: where login and password are posted, under which names, as a form or as JSON
    login_path: str = "/login"
    login_field: str = "username"
    password_field: str = "password"  # noqa: S105 - a field's name
    login_as: Literal["form", "json"] = "form"
    #: session: JSON path of a token that the login answers and later requests bear; without it, its cookie counts
    token_at: str | None = None


class RestSource(Source):
    """An HTTP API that answers JSON or XML."""

    kind: Literal["rest"]
    auth: Auth = Auth()
    #: the most requests that its owner allows in a minute
    requests_per_minute: int | None = Field(default=None, ge=1)


class FilesSource(Source):
    """A folder into which the department puts its exports: here, or on an SFTP, FTP, SMB, HTTP or S3 server."""

    kind: Literal["files"]
    #: MB that one file, or what a ZIP holds unpacked, may have; beyond it the file is refused
    max_file_mb: int = Field(default=2048, ge=1)
