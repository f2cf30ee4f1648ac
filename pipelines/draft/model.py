"""What a draft holds: feeds with their mappings, and what was left out with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class FieldDraft:
    """One contract field and how it is made.

    Attributes:
        columns: source columns; none for a literal
        confidence: 0 to 1
        how: the value in `map:`, a column's name or a mapping
        classification: that of the contract's field
        notes: what the steward has to fill in or to look at

    """

    field: str
    columns: tuple[str, ...]
    confidence: float
    why: str
    how: str | Mapping[str, Any]
    classification: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeedDraft:
    """One table, resource or file proposed as a feed.

    Attributes:
        score: relevance, 0 to 1
        others: further datasets it could belong to, with their scores
        place: the YAML keys that say where the feed lies
        cursor: column of the last change; None where there is none
        where: column → texts of the rows that count
        missing: required fields that no column fits: their literal is to be filled in
        ignored: (column, reason)
        sensitive: (column, why), of columns that are not mapped
        notes: what the steward has to look at
        active: False when the feed is written as a comment

    """

    name: str
    table: str
    dataset: str
    score: float
    rows: int | None
    others: tuple[tuple[str, float], ...]
    place: Mapping[str, Any]
    key: tuple[str, ...]
    key_why: str
    cursor: str | None
    where: Mapping[str, tuple[str, ...]]
    fields: tuple[FieldDraft, ...]
    missing: tuple[str, ...]
    ignored: tuple[tuple[str, str], ...]
    sensitive: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True)
class LeftOut:
    """A table that is no feed; `dataset` is the one it has most in common with."""

    table: str
    score: float
    dataset: str
    rows: int | None
    reason: str


@dataclass(frozen=True)
class Draft:
    """The draft of one application: `yaml` is the file, the rest is what it was made from."""

    app_id: str
    connection: str
    yaml: str = field(repr=False)
    feeds: tuple[FeedDraft, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...] = ()

    @property
    def unmapped(self) -> tuple[tuple[str, str, str], ...]:
        """(table, column, reason) of every column that no field takes."""
        return tuple((feed.table, column, reason) for feed in self.feeds for column, reason in feed.ignored)

    @property
    def sensitive(self) -> tuple[tuple[str, str, str], ...]:
        """(table, column, why) of every column with personal data, mapped or not."""
        mapped = (
            (feed.table, column, item.classification)
            for feed in self.feeds
            for item in feed.fields
            if item.classification.startswith("personal")
            for column in item.columns
        )
        return (*mapped, *((feed.table, column, why) for feed in self.feeds for column, why in feed.sensitive))

    def as_json(self) -> dict[str, Any]:
        """Return what a machine reads: no value of the sample is in it but codes that many rows share."""
        return asdict(self) | {"unmapped": self.unmapped, "sensitive": self.sensitive}
