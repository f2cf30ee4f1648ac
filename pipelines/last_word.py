"""The SQL by which one field's value is chosen among the rows that speak for an entity.

The speaking row of the feed at place n of the list of feeds is joined under the alias `s<n>`: its fields, `_origin`
(who it is), `_day` (when it says that it was true) and `_seen` (when the hub saw it change).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import sql

from schemas.contract import ContractField
from schemas.integration_plan import FieldAuthority
from store.database import comma

#: the newest by the day it was true; without such a day, by when the hub saw it; ties by order
NEWEST = """
    (SELECT feed FROM (VALUES {candidates}) v(feed, place, has, day, seen) WHERE has
     ORDER BY day DESC NULLS LAST, CASE WHEN day IS NULL THEN seen END DESC NULLS LAST, place LIMIT 1)"""
#: the one with which most agree; ties by order
MOST = """
    (SELECT feed FROM (VALUES {candidates}) v(feed, place, value) WHERE value IS NOT NULL
     ORDER BY (SELECT count(*) FROM (VALUES {candidates}) w(feed, place, value) WHERE {same}) DESC, place LIMIT 1)"""
#: with fewer values there is nothing to decide: one is alone, and of two neither is a majority
CONTESTED = {"recent": 2, "majority": 3}


@dataclass(frozen=True)
class LastWord:
    """The SQL of a field: its value, who gave it, and which feed that is where a choice has to be made."""

    value: sql.Composable
    origin: sql.Composable
    choice: sql.Composable | None = None


def last_word(field: ContractField, authority: FieldAuthority, feeds: list[str]) -> LastWord:
    """Return the SQL of one field; `feeds` are those that have published, and others of the order are left out.

    The first of the order has the last word, even one that has not published: what it does not say is decided
    among the others as `silent` says.
    """
    order = [feeds.index(feed) for feed in authority.sources if feed in feeds]
    if not order:
        return LastWord(sql.SQL(f"NULL::{field.type.postgres}"), sql.SQL("NULL::text"))
    head = order[:1] if authority.sources[0] in feeds else []
    others = order[len(head) :]
    if len(others) < CONTESTED.get(authority.silent, len(others) + 1):
        origin = _case(sql.SQL("WHEN {} IS NOT NULL THEN {}").format(_of(n, field.name), _of(n)) for n in order)
        return LastWord(sql.SQL("coalesce({})").format(comma([_of(n, field.name) for n in order])), origin)
    chosen = sql.Identifier("chosen", field.name)
    return LastWord(
        _case((_when(n, _of(n, field.name)) for n in order), chosen),
        _case((_when(n, _of(n)) for n in order), chosen),
        _choice(field, authority, head, others),
    )


def _choice(field: ContractField, authority: FieldAuthority, head: list[int], others: list[int]) -> sql.Composable:
    """Return the number of the feed that wins; most entities have so few values that the order alone says it."""
    values = comma([_of(n, field.name) for n in others])
    firsts = [sql.SQL("WHEN {} IS NOT NULL THEN {}").format(_of(n, field.name), n) for n in (*head, *others)]
    few = sql.SQL("WHEN num_nonnulls({}) < {} THEN {}").format(
        values, CONTESTED[authority.silent], _case(firsts[len(head) :])
    )
    contest = _newest(field, others) if authority.silent == "recent" else _most(field, authority.tolerance, others)
    return sql.SQL("{} ELSE {} END").format(sql.SQL(" ").join([sql.SQL("CASE"), *firsts[: len(head)], few]), contest)


def _newest(field: ContractField, others: list[int]) -> sql.Composable:
    candidates = [
        sql.SQL("({}, {}, {} IS NOT NULL, {}, {})").format(
            n, place, _of(n, field.name), _of(n, "_day"), _of(n, "_seen")
        )
        for place, n in enumerate(others)
    ]
    return sql.SQL(NEWEST).format(candidates=comma([*candidates]))


def _most(field: ContractField, tolerance: float, others: list[int]) -> sql.Composable:
    fold = r"lower(regexp_replace(btrim({}, E' \t\r\n'), '\s+', ' ', 'g'))" if field.type.postgres == "text" else "{}"
    candidates = [
        sql.SQL("({}, {}, {})").format(n, place, sql.SQL(fold).format(_of(n, field.name)))
        for place, n in enumerate(others)
    ]
    return sql.SQL(MOST).format(candidates=comma([*candidates]), same=_same(field.type.postgres, tolerance))


def _same(kind: str, tolerance: float) -> sql.Composable:
    """Return the condition under which the values `v` and `w` count as one."""
    if not tolerance or kind not in ("date", "bigint", "double precision"):
        return sql.SQL("v.value = w.value")
    if kind == "date":
        return sql.SQL("abs(v.value - w.value) <= {}").format(tolerance)
    return sql.SQL(
        "abs(v.value::float8 - w.value::float8) <= {} * greatest(abs(v.value::float8), abs(w.value::float8))"
    ).format(tolerance)


def _of(number: int, column: str = "_origin") -> sql.Identifier:
    return sql.Identifier(f"s{number}", column)


def _when(number: int, result: sql.Composable) -> sql.Composable:
    return sql.SQL("WHEN {} THEN {}").format(number, result)


def _case(whens: Iterable[sql.Composable], of: sql.Composable | None = None) -> sql.Composable:
    return sql.SQL("CASE {} {} END").format(of or sql.SQL(""), sql.SQL(" ").join(whens))
