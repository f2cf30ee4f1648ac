"""Whether a source still has the columns that its YAML describes; what is unmapped must be loud."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.application import Application, Feed
from schemas.errors import DriftError
from schemas.yaml_file import suggest


@dataclass(frozen=True)
class FeedPlace:
    """A feed and the place of its YAML, which every drift error names."""

    application_id: str
    feed_name: str
    feed: Feed

    @classmethod
    def of(cls, application: Application, feed_name: str, feed: Feed) -> FeedPlace:
        """Make the place of one feed of an application."""
        return cls(application.id, feed_name, feed)

    @property
    def where(self) -> str:
        """`applications/<opd>/<app>.yaml: feeds.<feed>`."""
        opd, _, app = self.application_id.partition(".")
        return f"applications/{opd}/{app}.yaml: feeds.{self.feed_name}"

    def error(self, problem: str, fix: str = "", key: str = "") -> DriftError:
        """Make a drift error at this feed, or at one of its keys."""
        return DriftError(problem, where=f"{self.where}.{key}" if key else self.where, fix=fix)

    def check(self, found: Sequence[str], what: str) -> None:
        """Compare the columns that `what` (table, header) has with those the feed knows.

        Raises:
            DriftError: a landed column is missing, or a column is neither mapped, key, where nor ignored.

        """
        missing = [name for name in self.feed.landed_columns if name not in found]
        unknown = [name for name in found if name not in self.feed.source_columns]
        if missing and len(unknown) == len(found):  # data where the header should be: its cells are nobody's names
            other = next((sign for sign in ";|\t" if len(found) == 1 and sign in found[0]), None)
            fix = f"set delimiter: {other!r}" if other else "check the first row, or header_row:"
            raise self.error(f"{what} has none of the feed's {len(missing)} columns", fix, key=self._key_of(missing[0]))
        if missing:
            raise self.missing(missing, [name for name in unknown or found if _is_name(name)], what)
        if unknown:
            raise self.unknown(unknown, what)

    def missing(self, names: Sequence[str], found: Iterable[str], what: str) -> DriftError:
        """Make the error for columns that the source no longer has."""
        key = self._key_of(names[0])
        near = f"{suggest(names[0], list(found))} " if list(found) else ""
        fix = f"{near}Correct {key}, or ask why the column is gone"
        return self.error(f"{what} has no column {_quoted(names)}", fix, key=key)

    def unknown(self, names: Sequence[str], what: str) -> DriftError:
        """Make the error for columns that the feed does not know."""
        fix = "add it to map: or ignore:"
        return self.error(f"{what} has the unknown column {_quoted(names)}", fix)

    def _key_of(self, column: str) -> str:
        """Return the key of the YAML at which a source column stands."""
        mapped = (f"map.{name}" for name, how in self.feed.map.items() if column in how.sources)
        return next(mapped, "key" if column in self.feed.key else "where")


def _is_name(text: str) -> bool:
    """Whether a text can be the name of a column, rather than a value that a message must not repeat."""
    return re.fullmatch(r"@?[^\W\d][\w .\-/()@]{0,59}", text) is not None and not re.search(r"\d{6}", text)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" if _is_name(name) else "(no name)" for name in names)
