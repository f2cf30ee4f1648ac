"""One condition of a rule across datasets: read, held against the contracts, and put into PostgreSQL's words.

The text is parsed by sqlglot and written anew, node by node; what has no writer here cannot get through. Operators
are those of SQL (=, <>, <, in, between, like, is null, is distinct from, and, or, not, + - * /, ||), the words:

    coalesce(a, b)  upper(text)  lower(text)  left(text, 4)  abs(number)  number::text
    current_date (the city's day)  date '2024-12-31'  interval '60 years'  extract(year from date)
    age_years(date)  full years until the city's day
    latest(record.field)  the greatest value of that field in its dataset
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemas.codelist import Codelist
from schemas.contract import Contract
from schemas.errors import ConfigurationError
from schemas.rule_values import Node, Places, Written
from schemas.rule_words import WRITERS, Scope

NESTING = "write it as several conditions"


@dataclass(frozen=True)
class Condition:
    """A checked condition; `sql` names tables by their record, doubles its % and has the place `%(today)s`."""

    sql: str
    #: every (record, field) in it
    places: Places
    #: those that must have a value for the condition to hold
    needs: Places
    #: both sides of an equality, each of one record, that ties the two
    sides: tuple[Written, ...] = ()

    @property
    def records(self) -> frozenset[str]:
        """The records that it speaks of."""
        return frozenset(record for record, _ in self.places)

    @property
    def tie(self) -> frozenset[str]:
        """The two records that it ties, or none."""
        return self.records if self.sides else frozenset()

    def opposite(self, record: str, field: str) -> str | None:
        """Return what `record.field` is tied to, in PostgreSQL's words; None where it is not tied."""
        for side, other in zip(self.sides, reversed(self.sides), strict=True):
            if side.places == {(record, field)} and side.field is not None:
                return other.sql
        return None


def read_condition(text: str, contracts: Mapping[str, Contract], codelists: Mapping[str, Codelist]) -> list[Condition]:
    """Return the parts of a condition that `and` joins.

    `contracts` are those of the records by their names in the condition. Raises ConfigurationError, with problem
    and fix but without a place, for whatever is not in the vocabulary or does not fit the fields.
    """
    scope = Scope(contracts, codelists)
    try:
        return [_condition(node, scope) for node in _conjuncts(_parse(text))]
    except RecursionError:
        raise ConfigurationError("is nested too deeply", fix=NESTING) from None


def _parse(text: str) -> Node:
    import sqlglot  # 27 MB, which the stages of a feed have no use for
    from sqlglot.errors import ParseError, TokenError

    try:
        parsed = sqlglot.parse(f"(\n{text}\n)", read="postgres")
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        problem = f"cannot be read ({str(first.get('description', 'not SQL')).rstrip('.')})"
        raise ConfigurationError(problem, fix="write one condition such as bantuan.nik = warga.nik") from None
    except TokenError:
        raise ConfigurationError("has a quote or comment that is never closed", fix="close it") from None
    if len(parsed) != 1 or parsed[0] is None or parsed[0].key != "paren":
        raise ConfigurationError("is not one condition", fix="one condition an entry, with brackets that match")
    return parsed[0]


def _conjuncts(node: Node) -> Iterator[Node]:
    if node.key == "paren":
        yield from _conjuncts(node.args["this"])
    elif node.key == "and":
        yield from _conjuncts(node.args["this"])
        yield from _conjuncts(node.args["expression"])
    else:
        yield node


def _condition(node: Node, scope: Scope) -> Condition:
    written = scope.write(node)
    if written.kind != "boolean":
        raise ConfigurationError(f"is a {written.kind}, which neither holds nor fails", fix="compare it with something")
    if not written.records:
        raise ConfigurationError("speaks of no record", fix="name fields as <record>.<field>")
    sides = tuple(scope.write(node.args[side]) for side in ("this", "expression")) if node.key == "eq" else ()
    is_tie = len(written.records) == 2 and all(len(side.records) == 1 for side in sides)
    return Condition(written.sql, written.places, written.needs, sides if is_tie else ())


def words() -> set[str]:
    """Return the kinds of nodes that a condition may consist of, as sqlglot calls them."""
    return set(WRITERS)
