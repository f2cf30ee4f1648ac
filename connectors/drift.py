"""Whether a source still has the columns that its YAML describes; what is unmapped must be loud."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from rapidfuzz import fuzz, process

from schemas.application import Application
from schemas.change import Baseline, SchemaChange
from schemas.errors import DriftError
from schemas.feed import Feed
from schemas.yaml_file import suggest

#: likeness of two names (0 to 100) from which one is taken for the other's new name
ALIKE = 75


@dataclass(frozen=True)
class Columns:
    """How the columns of one source become the landed ones."""

    #: landed column → the source's column that fills it; None for one that is gone by a steward's leave
    taken: Mapping[str, str | None]
    #: the source's columns that nobody knows: kept in REST, and with `isolate` a value there refuses the row
    unknown: tuple[str, ...] = ()
    isolate: bool = False
    #: what differs from the YAML or the last run, and was let through
    changes: tuple[SchemaChange, ...] = ()


@dataclass(frozen=True)
class FeedPlace:
    """A feed, the place of its YAML, which every drift error names, and what earlier runs saw of its source."""

    application_id: str
    feed_name: str
    feed: Feed
    baseline: Baseline = field(default_factory=Baseline)

    @classmethod
    def of(cls, application: Application, feed_name: str, feed: Feed, baseline: Baseline | None = None) -> FeedPlace:
        """Make the place of one feed of an application."""
        return cls(application.id, feed_name, feed, baseline or Baseline())

    @property
    def where(self) -> str:
        """`applications/<opd>/<app>.yaml: feeds.<feed>`."""
        opd, _, app = self.application_id.partition(".")
        return f"applications/{opd}/{app}.yaml: feeds.{self.feed_name}"

    def error(self, problem: str, fix: str = "", key: str = "", changes: Iterable[SchemaChange] = ()) -> DriftError:
        """Make a drift error at this feed, or at one of its keys."""
        where = f"{self.where}.{key}" if key else self.where
        return DriftError(problem, where=where, fix=fix, changes=tuple(changes))

    @cached_property
    def taken(self) -> dict[str, str | None]:
        """Landed column → source column, after the renames and removals that a steward has accepted."""
        accepted = {change.column: change for change in self.baseline.accepted if change.kind in ("removed", "renamed")}
        return {
            name: name if name not in accepted else accepted[name].after if accepted[name].kind == "renamed" else None
            for name in self.feed.landed_columns
        }

    @cached_property
    def known(self) -> frozenset[str]:
        """Every source column that needs no word: in the YAML, or accepted by a steward."""
        added = {change.column for change in self.baseline.accepted if change.kind == "added"}
        return frozenset({*self.feed.source_columns, *added, *filter(None, self.taken.values())})

    def columns(self, found: Mapping[str, str], what: str) -> Columns:
        """Compare the columns that `what` (table, header) has, each with its declared type, with those of the feed.

        Raises:
            DriftError: a landed column is missing; with `drift: freeze` also an unknown column, or another type.

        """
        taken = {name: column for name, column in self.taken.items() if column is None or column in found}
        back = [name for name, column in taken.items() if column is None and name in found]
        taken |= {name: name for name in back}  # what was accepted as gone is there under its own name
        missing = [name for name in self.taken if name not in taken]
        unknown = tuple(name for name in found if name not in self.known)
        if missing and len(unknown) == len(found):  # data where the header should be: its cells are nobody's names
            other = next((sign for sign in ";|\t" if len(found) == 1 and sign in next(iter(found))), None)
            fix = f"set delimiter: {other!r}" if other else "check the first row, or header_row:"
            raise self.error(f"{what} has none of the feed's {len(missing)} columns", fix, key=self._key_of(missing[0]))
        if missing:
            raise self.missing(missing, [name for name in unknown or found if _is_name(name)], what, found)
        changes = (*_added(unknown, found), *self._retyped(found))
        if self.feed.drift == "freeze":
            if unknown:
                raise self.unknown(unknown, what, found)
            if changes:
                words = "; ".join(change.words for change in changes)
                raise self.error(f"{what} has changed: {words}", self._accept("look at the source"), changes=changes)
        returned = tuple(SchemaChange("returned", name, after=found[name]) for name in back)
        return Columns(taken, unknown, self.feed.drift == "quarantine", (*changes, *returned))

    def missing(
        self, names: Sequence[str], found: Iterable[str], what: str, types: Mapping[str, str] | None = None
    ) -> DriftError:
        """Make the error for columns that the source no longer has; `found` may be their new names."""
        candidates = [name for name in found if name not in self.known]
        changes = [self._gone(name, candidates, types or {}) for name in names]
        key = self._key_of(names[0])
        near = suggest(names[0], list(found)) if list(found) else ""
        near += " " if near.endswith("?") else ". " if near else ""
        renamed = "".join(f"; {change.words}" for change in changes if change.kind == "renamed")
        fix = self._accept(f"{near}Correct {key}, or ask why the column is gone")
        return self.error(f"{what} has no column {_quoted(names)}{renamed}", fix, key=key, changes=changes)

    def unknown(self, names: Sequence[str], what: str, types: Mapping[str, str] | None = None) -> DriftError:
        """Make the error for columns that the feed does not know."""
        fix = self._accept("add it to map: or ignore:")
        return self.error(
            f"{what} has the unknown column {_quoted(names)}", fix, changes=_added(tuple(names), types or {})
        )

    def _accept(self, fix: str) -> str:
        return f"{fix}; or accept the change: opdhub drift accept {self.application_id}.{self.feed_name}"

    def _retyped(self, found: Mapping[str, str]) -> list[SchemaChange]:
        changes = []
        for name, column in self.taken.items():
            before, after = self.baseline.types.get(name, ""), found.get(column or "", "")
            change = SchemaChange("retyped", name, before, after)
            if before and after and before != after and change not in self.baseline.accepted:
                changes.append(change)
        return changes

    def _gone(self, name: str, candidates: Sequence[str], types: Mapping[str, str]) -> SchemaChange:
        before = self.baseline.types.get(name, "")
        same = [new for new in candidates if not before or not types.get(new) or types[new] == before]
        best = process.extractOne(name, same, scorer=fuzz.WRatio, score_cutoff=ALIKE)
        if best is None and before and len(same) == 1 and types.get(same[0]) == before:
            best = (same[0], 0.0, 0)  # the only new column, of the very type that is missing
        return SchemaChange("renamed", name, name, best[0]) if best else SchemaChange("removed", name, before)

    def _key_of(self, column: str) -> str:
        """Return the key of the YAML at which a source column stands."""
        mapped = (f"map.{name}" for name, how in self.feed.map.items() if column in how.sources)
        return next(mapped, "key" if column in self.feed.key else "where")


def told(changes: Iterable[SchemaChange]) -> list[dict[str, Any]]:
    """Return changes as `Reading.details["changes"]` holds them: kind, column, before, after, words."""
    return [{**vars(change), "words": change.words} for change in changes]


def _added(names: Sequence[str], types: Mapping[str, str]) -> tuple[SchemaChange, ...]:
    return tuple(SchemaChange("added", name, after=types.get(name, "")) for name in names if _is_name(name))


def _is_name(text: str) -> bool:
    """Whether a text can be the name of a column, rather than a value that a message must not repeat."""
    return re.fullmatch(r"@?[^\W\d][\w .\-/()@]{0,59}", text) is not None and not re.search(r"\d{6}", text)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" if _is_name(name) else "(no name)" for name in names)
