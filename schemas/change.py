"""What a source has changed since its YAML was written: columns that came, went, moved or turned into another type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["added", "removed", "returned", "renamed", "retyped", "code"]


@dataclass(frozen=True)
class SchemaChange:
    """One change; `before` and `after` are names (of a renamed column), a code (of a code), else types."""

    kind: Kind
    column: str
    before: str = ""
    after: str = ""

    @property
    def words(self) -> str:
        """The change as a steward reads it."""
        typed = f" ({self.after or self.before})" if self.after or self.before else ""
        return {
            "added": f"column '{self.column}'{typed} is new",
            "removed": f"column '{self.column}'{typed} is gone",
            "returned": f"column '{self.column}'{typed} is back, and is read again",
            "renamed": f"column '{self.column}' seems to be called '{self.after}' now",
            "retyped": f"column '{self.column}' was {self.before} and is {self.after}",
            "code": f"column '{self.column}' has the code '{self.after}', never seen before",
        }[self.kind]


@dataclass(frozen=True)
class Baseline:
    """What the hub knows of a feed's source from earlier runs."""

    #: source column → its type as the source declared it in the last published run; empty where none is known
    types: Mapping[str, str] = field(default_factory=dict)
    #: changes that a steward has accepted
    accepted: frozenset[SchemaChange] = frozenset()
