"""What a survey of a live source returns: its tables, columns and a sample of texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SurveyColumn:
    """One column of a table, a resource or a file.

    Attributes:
        name: as the source writes it; a nested object's field as a dotted path
        declared: the source's own type, as it writes it: "varchar(20)", "enum('L','P')"; "" where it has none
        nullable: None where the source does not say
        comment: the source's comment, or the description of an OpenAPI document
        sample: texts as extraction would land them, one per sampled row, aligned over the table's columns
    """

    name: str
    declared: str = ""
    nullable: bool | None = None
    comment: str = ""
    sample: tuple[str | None, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class SurveyTable:
    """One table, view, resource or group of files.

    Attributes:
        name: table, view, resource path, or file pattern
        kind: "table", "view", "resource" or "file"
        columns: in the source's order
        rows: an estimate (the server's statistics, an API's total); None where nobody says
        primary_key: column names, in the key's order
        unique: the columns of each further unique key
        references: (column, "table.column") of each foreign key
        comment: the source's comment on the table
        feed: the YAML keys that say where the feed lies, ready for an application file
        problem: why it could not be sampled, in words; "" where it could
    """

    name: str
    kind: str
    columns: tuple[SurveyColumn, ...]
    rows: int | None = None
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    comment: str = ""
    feed: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class Survey:
    """What a connection holds.

    Attributes:
        connection: its id
        kind: "sql", "rest" or "files"
        source: YAML keys of `source:` beyond kind and connection (auth: ...)
        tables: in the source's order
        notes: what the reader should know
    """

    connection: str
    kind: str
    source: Mapping[str, Any]
    tables: tuple[SurveyTable, ...]
    notes: tuple[str, ...] = ()
