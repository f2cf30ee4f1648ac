"""What the parts of a condition are: their kind, their fields, and how kinds go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from schemas.codelist import Codelist
from schemas.contract import ContractField
from schemas.errors import ConfigurationError
from schemas.yaml_file import suggest

Places = frozenset[tuple[str, str]]


class Node(Protocol):
    """What is used of sqlglot's expressions."""

    key: ClassVar[str]

    @property
    def args(self) -> dict[str, Any]:
        """The parts by name."""
        ...


@dataclass(frozen=True)
class Written:
    """A part of a condition in PostgreSQL's words, and what it needs."""

    sql: str
    kind: str
    #: every (record, field) in it
    places: Places = frozenset()
    #: those without whose value it has none itself
    needs: Places = frozenset()
    #: the contract field that it is
    field: ContractField | None = None
    #: the text of a literal
    literal: str | None = None

    @property
    def records(self) -> frozenset[str]:
        """The records that it speaks of."""
        return frozenset(record for record, _ in self.places)


def made(sql: str, kind: str, *parts: Written) -> Written:
    """Return what is made of parts: it speaks of their records and needs their values."""
    return Written(
        sql,
        kind,
        frozenset().union(*(part.places for part in parts)),
        frozenset().union(*(part.needs for part in parts)),
    )


def expect(part: Written, kind: str, what: str) -> Written:
    """Return the part; raises ConfigurationError where it is of another kind."""
    if part.kind != kind:
        raise ConfigurationError(f"{what} takes a {kind}, not a {part.kind}", fix=f"give it a {kind}")
    return part


def by_bytes(part: Written) -> str:
    """Return a text to be ordered: by its bytes, or a server's language decided what comes before what."""
    return f'{part.sql} COLLATE "C"' if part.kind == "text" else part.sql


def same_kind(left: Written, right: Written) -> None:
    """Raise ConfigurationError, with the likely fix, where values of two kinds meet."""
    if left.kind == right.kind and left.kind != "interval":
        return
    fix = "compare values of one kind"
    kinds, literals = {left.kind, right.kind}, [part.literal for part in (left, right) if part.literal]
    if kinds == {"text", "date"} and literals:
        fix = f"write date '{literals[0]}'"
    elif kinds == {"text", "number"} and literals:
        is_text = left.kind == "text" if left.literal is None else right.kind == "text"
        fix = f"write '{literals[0]}' in quotes" if is_text else f"write {literals[0]} without quotes"
    raise ConfigurationError(f"compares a {left.kind} with a {right.kind}", fix=fix)


def known_code(codelists: Mapping[str, Codelist], left: Written, right: Written) -> None:
    """Raise ConfigurationError, with the nearest code, where a field of codes meets a text that is none."""
    for place, given in ((left, right), (right, left)):
        codes = codelists.get((place.field and place.field.codelist) or "")
        if codes is not None and given.literal is not None and given.literal not in codes.names:
            problem = f"code list {codes.name} has no code '{given.literal}'"
            raise ConfigurationError(problem, fix=suggest(given.literal, set(codes.names)))
