"""What the surveys of all kinds share: the place that messages name, and the choice of what to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from connectors.connection import Connection
from connectors.drift import FeedPlace
from schemas.errors import ConfigurationError
from schemas.feed import Feed
from schemas.yaml_file import suggest

#: texts beyond this length are cut: a sample is there to tell what a column holds
CELL_CHARACTERS = 1000


class SurveyPlace(FeedPlace):
    """Stands where a feed stands in the connectors' messages; a survey has no feed yet."""

    @classmethod
    def at(cls, connection: Connection) -> SurveyPlace:
        """Make the place of a connection."""
        return cls(connection.id, "", Feed.model_construct(key=[], dataset="", map={}))

    @property
    def where(self) -> str:
        """`connection '<id>'`."""
        return f"connection '{self.application_id}'"


def where_of(connection: Connection) -> str:
    """Return how messages name a connection and its address."""
    return f"connection '{connection.id}' ({connection.masked})"


def is_chosen(name: str, only: Sequence[str]) -> bool:
    """Whether a name is among `only` (names or patterns with *, in any case); all are where it is empty."""
    return not only or any(fnmatchcase(name.lower(), pattern.lower()) for pattern in only)


def check_only(names: Iterable[str], only: Sequence[str], connection: Connection, what: str) -> None:
    """Refuse a choice that nothing fits.

    Raises:
        ConfigurationError: a name or pattern of `only` fits none of the names.

    """
    known = list(names)
    for pattern in only:
        if not any(is_chosen(name, [pattern]) for name in known):
            fix = suggest(pattern, known) if known else "look whether the login may see anything"
            raise ConfigurationError(f"has no {what} '{pattern}'", where=where_of(connection), fix=fix)


def cut(text: str | None) -> str | None:
    """Return a text of at most CELL_CHARACTERS characters."""
    return text if text is None else text[:CELL_CHARACTERS]


def listed(names: Sequence[str], most: int = 10) -> str:
    """Return names for a note: the first ones, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
