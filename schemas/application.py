"""The model of `applications/<opd>/<app>.yaml`: who supplies what, from where, mapped how."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.feed import FilesFeed, RestFeed, SqlFeed
from schemas.schedule import schedule as schedule_text
from schemas.source import FilesSource, RestSource, SqlSource
from schemas.window import read_age
from schemas.yaml_file import StrictModel, YamlFile


class Owner(StrictModel):
    """The producer of the data (Produsen Data)."""

    unit: str
    email: str


class Freshness(StrictModel):
    """How old the published rows may become."""

    within: Annotated[timedelta, BeforeValidator(read_age)]


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
