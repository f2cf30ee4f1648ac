"""The model of `applications/<opd>/<app>.yaml`: who supplies what, from where, mapped how."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.mapping import FieldMapping, TextList, _as_text
from schemas.schedule import schedule as schedule_text
from schemas.window import Window, read_age, read_window
from schemas.yaml_file import StrictModel, YamlFile

TextMap = Annotated[dict[str, str], BeforeValidator(_as_text)]


class Owner(StrictModel):
    """The producer of the data (Produsen Data)."""

    unit: str
    email: str


class Source(StrictModel):
    """What every kind of source declares: the host it loads, and how much of it."""

    #: applications on one database host share one pool, and so one concurrency budget
    host_pool: str = Field(pattern=r"^[a-z0-9-]+$")
    max_concurrency: int = Field(default=1, ge=1, le=16)
    #: the local hours in which the source may be read; without it, always
    window: Annotated[Window, BeforeValidator(read_window)] | None = None


class SqlSource(Source):
    """A database that SQLAlchemy reaches."""

    kind: Literal["sql"]


class Auth(StrictModel):
    """How a REST source is entered; the secrets stand in the connection, never here."""

    style: Literal["none", "api_key", "basic", "bearer", "oauth2_client_credentials"] = "none"
    #: api_key: the header or query parameter that carries the key
    name: str = "X-API-Key"
    location: Literal["header", "query"] = "header"
    #: oauth2: path of the token endpoint below the connection's address
    token_path: str = "/oauth/token"  # noqa: S105 - a path, not a secret


class RestSource(Source):
    """An HTTP API that answers JSON."""

    kind: Literal["rest"]
    auth: Auth = Auth()


class FilesSource(Source):
    """A folder into which the department puts its exports."""

    kind: Literal["files"]


class Freshness(StrictModel):
    """How old the published rows may become."""

    within: Annotated[timedelta, BeforeValidator(read_age)]


class Expect(StrictModel):
    """Gates of a feed: outside them nothing is published."""

    min_rows: int = Field(default=1, ge=0)
    max_quarantined_pct: float = Field(default=20, ge=0, le=100)
    max_deleted_pct: float = Field(default=10, ge=0, le=100)


class Example(StrictModel):
    """One source row and what must become of it: fixture, test and documentation in one."""

    in_: dict[str, Any] = Field(alias="in")
    out: dict[str, Any]


class Feed(StrictModel):
    """One stream of an application, mapped to one contract."""

    #: source columns that identify a row there
    key: Annotated[list[str], Field(min_length=1)]
    dataset: str
    map: dict[str, FieldMapping]
    #: source columns that are known and not taken
    ignore: list[str] = []
    #: only rows whose source column has one of these texts (soft-deleted rows stay out)
    where: dict[str, TextList] = {}
    expect: Expect = Expect()
    example: Example | None = None
    description: str = ""

    @property
    def source_columns(self) -> list[str]:
        """Every source column that the feed knows: mapped, key, filter and ignored, each once."""
        mapped = [column for field in self.map.values() for column in field.sources]
        return list(dict.fromkeys([*self.key, *mapped, *self.where, *self.ignore]))

    @property
    def landed_columns(self) -> list[str]:
        """The columns that the landing keeps: all but the ignored ones."""
        return [name for name in self.source_columns if name not in self.ignore]


class SqlFeed(Feed):
    """A table or view."""

    table: str
    schema_: str | None = Field(default=None, alias="schema")


class Pagination(StrictModel):
    """How a REST source hands out its pages."""

    style: Literal["single", "page", "offset", "cursor", "link_header", "json_link"] = "single"
    page_size: int = Field(default=200, ge=1)
    #: page/offset/cursor: name of the query parameter; size_param carries page_size
    param: str = "page"
    size_param: str = "limit"
    first_page: int = 1
    #: offset/page: path of the total; cursor/json_link: path of the next cursor or address
    total_path: str | None = None
    next_path: str | None = None


class RestFeed(Feed):
    """A resource of the API."""

    path: str
    #: JSON path of the list of records in the answer; without it, the answer is the list
    records: str | None = None
    params: TextMap = {}
    pagination: Pagination = Pagination()


class FilesFeed(Feed):
    """The newest file that fits a pattern (name order decides)."""

    file: str
    format: Literal["csv", "xlsx", "ods", "dbf", "xml"]
    #: xml: local name of the element that is one row
    record: str | None = None
    delimiter: str = ","
    encoding: TextList = ["utf-8-sig", "cp1252"]
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)


class Application(StrictModel):
    """One application of a department; `id` is `<opd>.<app>`, from the file's place."""

    id: str
    title: str
    description: str = ""
    #: number in the city's register of applications; a source of reference data has none
    register_no: int | None = Field(default=None, alias="register", ge=1)
    #: the highest class of the fields it supplies
    classification: Literal["public", "internal", "personal", "personal_specific"] | None = None
    freshness: Freshness | None = None
    owner: Owner
    steward: str = "diskominfo"
    connection: str
    schedule: Annotated[str, AfterValidator(schedule_text)] | None = None

    @property
    def opd(self) -> str:
        """The department's id, the first half of `id`."""
        return self.id.partition(".")[0]


class SqlApplication(Application):
    """An application read from a database."""

    source: SqlSource
    feeds: Annotated[dict[str, SqlFeed], Field(min_length=1)]


class RestApplication(Application):
    """An application read from an HTTP API."""

    source: RestSource
    feeds: Annotated[dict[str, RestFeed], Field(min_length=1)]


class FilesApplication(Application):
    """An application read from files."""

    source: FilesSource
    feeds: Annotated[dict[str, FilesFeed], Field(min_length=1)]


AnyApplication = SqlApplication | RestApplication | FilesApplication
KINDS: dict[str, type[SqlApplication] | type[RestApplication] | type[FilesApplication]] = {
    "sql": SqlApplication,
    "rest": RestApplication,
    "files": FilesApplication,
}


def read_application(path: Path) -> tuple[AnyApplication, YamlFile]:
    """Read one application file; its id comes from `<opd>/<app>.yaml`.

    Raises:
        ConfigurationError: with file, line, key and the likely fix of each mistake.

    """
    file = YamlFile.read(path)
    file.content["id"] = f"{path.parent.name}.{path.stem}"
    source = file.content.get("source")
    kind = source.get("kind") if isinstance(source, dict) else None
    if str(kind) not in KINDS:
        raise file.error(f"'{kind}' is not a kind of source", ("source", "kind"), "use one of: " + ", ".join(KINDS))
    return file.model(KINDS[str(kind)]), file
