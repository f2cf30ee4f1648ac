"""One stream of an application: where it lies, how it is read, what its columns become."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from schemas.mapping import FieldMapping, TextList
from schemas.source import TextMap
from schemas.window import read_age, read_lag
from schemas.yaml_file import StrictModel


class Expect(StrictModel):
    """Gates of a feed: outside them nothing is published."""

    min_rows: int = Field(default=1, ge=0)
    max_quarantined_pct: float = Field(default=20, ge=0, le=100)
    max_deleted_pct: float = Field(default=10, ge=0, le=100)
    #: rows that share the contract's key with another row of the source: the same NIK for everybody
    max_shared_pct: float = Field(default=20, ge=0, le=100)
    #: rows whose change time, the cursor, is more than a day ahead of the hub's clock
    max_future_pct: float = Field(default=5, ge=0, le=100)
    #: rows of people whose NIK is missing or broken: refused, or published without one, with a warning, so that the
    #: integration finds the resident by name, birth date and address
    unidentified: Literal["quarantine", "match"] = "quarantine"


class Example(StrictModel):
    """One source row and what must become of it: fixture, test and documentation in one."""

    in_: dict[str, Any] = Field(alias="in")
    out: dict[str, Any]


class Cursor(StrictModel):
    """The column by which a source tells what changed since the last run."""

    column: str
    #: how far behind the newest value the next run begins, for commits that come late: 2h, 3d, or a count of ids
    lag: Annotated[timedelta | int, BeforeValidator(read_lag)] = timedelta(0)
    #: how often all keys are read to find what was deleted; by default in every nightly run, whatever its minute
    sweep: Annotated[timedelta, BeforeValidator(read_age)] = timedelta(hours=20)


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
    #: without it every run reads the whole feed and finds the difference by hash
    cursor: Cursor | None = None
    #: what an unknown column does: stop the run, go to the landing alone, or isolate the rows that fill it
    drift: Literal["freeze", "evolve", "quarantine"] = "freeze"
    expect: Expect = Expect()
    example: Example | None = None
    description: str = ""

    @property
    def source_columns(self) -> list[str]:
        """Every source column that the feed knows: mapped, key, filter, cursor and ignored, each once."""
        mapped = [column for field in self.map.values() for column in field.sources]
        cursor = [self.cursor.column] if self.cursor else []
        return list(dict.fromkeys([*self.key, *mapped, *self.where, *cursor, *self.ignore]))

    @property
    def landed_columns(self) -> list[str]:
        """The columns that the landing keeps: all but the ignored ones."""
        return [name for name in self.source_columns if name not in self.ignore]


class SqlFeed(Feed):
    """A table, a view, or a query over tables of one server."""

    table: str = ""
    schema_: str | None = Field(default=None, alias="schema")
    #: one SELECT instead of a table, such as a join across databases; the session is read-only
    query: str = ""

    @model_validator(mode="after")
    def _one_origin(self) -> SqlFeed:
        if bool(self.table) == bool(self.query):
            raise ValueError("has no single origin; give either table or query")
        if self.query and self.schema_:
            raise ValueError("schema belongs to table; name schemas within the query")
        return self


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


class Since(StrictModel):
    """The query parameter by which an API gives only what changed since a moment."""

    param: str
    #: how the API writes a moment (strftime); without it, as its cursor column does
    format: str | None = None


class Soap(StrictModel):
    """A SOAP operation: every page is one POST of this envelope."""

    action: str
    #: the XML of the envelope; {page}, {offset}, {limit} and {since} are filled in
    envelope: str


class RestFeed(Feed):
    """A resource of the API."""

    path: str
    #: JSON path of the list of records in the answer; without it, the answer is the list
    records: str | None = None
    params: TextMap = {}
    pagination: Pagination = Pagination()
    format: Literal["json", "xml"] = "json"
    #: xml: local name of the element that is one row
    record: str | None = None
    soap: Soap | None = None
    #: with a cursor: how the API is asked for changes; without it the hub reads all and keeps what is new
    since: Since | None = None


class Delivery(StrictModel):
    """When a new file is due, and how its name tells the period that it holds."""

    every: Literal["day", "week", "month"]
    #: after the period's end
    due: Annotated[timedelta, BeforeValidator(read_age)]
    #: strptime format of the period, in the place of the first * of `file`
    stamp: str


class FilesFeed(Feed):
    """The newest file that fits a pattern (name order decides, or the period where `delivery` tells it)."""

    file: str
    format: Literal["csv", "xlsx", "xls", "ods", "dbf", "xml", "json", "jsonl", "geojson"]
    #: pattern of the one file to read within a ZIP
    member: str | None = None
    delivery: Delivery | None = None
    #: xml: local name of the element that is one row
    record: str | None = None
    #: json: JSON path of the list of records; without it, the file is the list
    records: str | None = None
    #: csv: one character, or auto
    delimiter: str = ","
    #: csv: the character around texts that hold a delimiter; empty where the export knows none
    quote: str = '"'
    encoding: TextList = ["utf-8-sig", "cp1252"]
    #: workbook: a sheet's name, a pattern of names, or "*" for all that are visible; without it, the first visible one
    sheet: str | None = None
    #: line of the header, or auto: the first line that holds every column of the feed
    header_row: Annotated[int, Field(ge=1)] | Literal["auto"] = 1
    #: lines of a heading in several lines; a column is then `upper / lower`, merged cells count for all below them
    header_rows: int = Field(default=1, ge=1, le=4)
    #: rows that sum up others: they are left out where a column has one of these texts (JUMLAH, TOTAL)
    totals: dict[str, TextList] = {}

    @property
    def source_columns(self) -> list[str]:
        """Every source column that the feed knows, those that tell a row of totals among them."""
        return list(dict.fromkeys([*super().source_columns, *self.totals]))
