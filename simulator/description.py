"""The model of `simulator/descriptions/<opd>/<app>.yaml`: how an application shows its part of the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from schemas.errors import ConfigurationError, ConfigurationErrors
from schemas.feed import Pagination
from schemas.mapping import TextList
from schemas.source import Auth
from schemas.yaml_file import StrictModel, YamlFile
from simulator.agreement import disagreements
from simulator.description_check import table_errors

DESCRIPTIONS = Path(__file__).parent / "descriptions"
SQL_TYPE = r"^(text|int|bigint|double|date|datetime|(var)?char\(\d+\)|decimal\(\d+,\d+\)|enum\(('[^']*',?)+\))$"


def _as_formats(value: Any) -> Any:
    """Turn `upper`, `{date: …}` and lists of both into a list of (name, argument)."""
    items = value if isinstance(value, list) else [value]
    pairs: list[Any] = []
    for item in items:
        pairs.extend(item.items() if isinstance(item, dict) else [(item, None)])
    return pairs


def _as_column(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


class Column(StrictModel):
    """One source column: a truth column, a literal, a running number, a drawn text, or nothing."""

    from_: str | None = Field(default=None, alias="from")
    literal: str | None = None
    #: the first number
    sequence: int | None = None
    choice: TextList | None = None
    #: a random moment of the year before the city's today
    moment: Literal["datetime", "date"] | None = None
    empty: Literal[True] | None = None
    format: Annotated[list[tuple[str, Any]], BeforeValidator(_as_formats)] = []
    type: str = Field(default="varchar(255)", pattern=SQL_TYPE)

    @model_validator(mode="after")
    def _one_origin(self) -> Column:
        origins = [self.from_, self.literal, self.sequence, self.choice, self.moment, self.empty]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("give exactly one of from, literal, sequence, choice, moment, empty")
        return self


class Dirt(StrictModel):
    """One kind of fault, and the share of the rows that can have it and do."""

    kind: str
    column: TextList = []
    rate: float = Field(ge=0, le=1)
    texts: TextList = []
    variants: dict[str, TextList] = {}


class Renamed(StrictModel):
    """A column that the supplier of the software renames without telling."""

    column: str
    to: str
    #: days after the city was built
    day: int = Field(ge=1)


class Table(StrictModel):
    """One table, file or resource, made from one frame of the truth."""

    truth: str
    #: only rows whose truth column has one of these texts
    where: dict[str, TextList] = {}
    #: the share of those rows that the application knows
    share: float = Field(default=1, gt=0, le=1)
    #: source columns that identify a row; they name it in the ground truth of faults
    key: Annotated[list[str], Field(min_length=1)]
    columns: dict[str, Annotated[Column, BeforeValidator(_as_column)]]
    #: source columns that are there and always empty
    empty: list[str] = []
    #: the share of changed rows whose `moment` lies days before the change shows: the source commits late
    late: float = Field(default=0, ge=0, le=1)
    #: a column that gets another name some days after the city was built
    renamed: Renamed | None = None
    dirt: list[Dirt] = []

    @property
    def all_columns(self) -> dict[str, Column]:
        """Every column by name, the empty ones last."""
        nothing = Column.model_validate({"empty": True, "type": "varchar(40)"})
        return {**self.columns, **dict.fromkeys(self.empty, nothing)}


class SqlTable(Table):
    """A table of a database; its columns have SQL types."""

    charset: Literal["utf8mb4", "latin1"] = "utf8mb4"
    primary_key: list[str] = []


class DropFile(Table):
    """A file in a drop folder."""

    format: Literal["csv", "xlsx", "ods", "dbf", "xml"]
    #: xml: local name of the element that is one row
    record: str | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    sheet: str = "Sheet1"
    #: the row of the column names; the rows above carry a title
    header_row: int = Field(default=1, ge=1)
    #: days after the city was built on which nobody brought a new file
    absent: list[int] = []


class Resource(Table):
    """A resource of an API; dots in column names nest."""

    path: str
    records: str | None = None
    pagination: Pagination = Pagination()


class Description(StrictModel):
    """What every application has: the connection by which the hub reaches it."""

    id: str
    connection: str


class SqlDescription(Description):
    """A database: MariaDB, PostgreSQL, or a SQLite file."""

    kind: Literal["mariadb", "postgres", "sqlite"]
    tables: Annotated[dict[str, SqlTable], Field(min_length=1)]


class FilesDescription(Description):
    """A drop folder, on this machine or behind SFTP."""

    kind: Literal["files"]
    transport: Literal["folder", "sftp"] = "folder"
    tables: Annotated[dict[str, DropFile], Field(min_length=1)]


class RestDescription(Description):
    """An API: how it is entered, how it pages, and how often it is out of breath."""

    kind: Literal["rest"]
    auth: Auth = Auth()
    #: every n-th request is answered 503; 0: never
    unavailable_every: int = Field(default=0, ge=0)
    tables: Annotated[dict[str, Resource], Field(min_length=1)]


AnyDescription = SqlDescription | FilesDescription | RestDescription
KINDS: dict[str, type[SqlDescription] | type[FilesDescription] | type[RestDescription]] = {
    "mariadb": SqlDescription,
    "postgres": SqlDescription,
    "sqlite": SqlDescription,
    "files": FilesDescription,
    "rest": RestDescription,
}


def read_description(path: Path) -> AnyDescription:
    """Read one description; its id comes from `<opd>/<app>.yaml`.

    Raises ConfigurationError with file, line and key: on an unknown key, truth column, format or kind of
    dirt, and on a rate outside 0 to 1.
    """
    file = YamlFile.read(path)
    file.content["id"] = f"{path.parent.name}.{path.stem}"
    kind = file.content.get("kind")
    if kind not in KINDS:
        raise file.error(f"'{kind}' is not a kind of source", ("kind",), "use one of: " + ", ".join(KINDS))
    description = file.model(KINDS[str(kind)])
    errors = [
        error for name, table in description.tables.items() for error in table_errors(file, table, ("tables", name))
    ]
    if errors:
        raise ConfigurationErrors(errors)
    return description


def read_descriptions(folder: Path = DESCRIPTIONS, applications: Path | None = None) -> list[AnyDescription]:
    """Read every description below `folder`, ordered by path, and hold it against the application of its id.

    Raises ConfigurationErrors with every mistake of every file; without `applications` each stands for itself.
    """
    found: list[AnyDescription] = []
    errors: list[ConfigurationError] = []
    for path in sorted(folder.glob("*/*.yaml")):
        try:
            description = read_description(path)
            found.append(description)
            if applications is not None:
                errors += disagreements(YamlFile.read(path), description, applications)
        except ConfigurationError as error:
            errors += error.errors if isinstance(error, ConfigurationErrors) else [error]
    if errors:
        raise ConfigurationErrors(errors)
    return found
