"""The vocabulary of conditions: how each operator and word is checked, and written for PostgreSQL.

Kinds of values: text, number, date, boolean, interval. Numbers are compared exactly, texts by their bytes; a
division by zero has no value.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schemas.codelist import Codelist
from schemas.contract import Contract
from schemas.errors import ConfigurationError
from schemas.rule_values import Node, Written, by_bytes, expect, known_code, made, same_kind
from schemas.yaml_file import suggest

KINDS = {"text": "text", "bigint": "number", "double precision": "number", "date": "date", "boolean": "boolean"}
COMPARISONS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
DISTINCT = {"nullsafeneq": "IS DISTINCT FROM", "nullsafeeq": "IS NOT DISTINCT FROM"}
ARITHMETIC = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
UNITS = ("YEAR", "MONTH", "WEEK", "DAY")
#: so many of a unit; more leads out of PostgreSQL's calendar
INTERVAL = re.compile(r"[0-9]{1,3}")
NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
DAYS = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class Scope:
    """The records that a condition may name, by contract, and the code lists of their fields."""

    contracts: Mapping[str, Contract]
    codelists: Mapping[str, Codelist] = field(default_factory=dict)

    def write(self, node: Node) -> Written:
        """Write a node and all below it; raises ConfigurationError for what is not in the vocabulary."""
        writer = WRITERS.get(node.key)
        if writer is None:
            raise _unknown(node)
        known, write = writer
        extra = {name for name, value in node.args.items() if value and name not in known}
        if extra:
            raise ConfigurationError(f"'{min(extra)}' of {node.key} is not in the vocabulary", fix=VOCABULARY)
        return write(self, node)


VOCABULARY = "see the words in docs/rules.md"
Writer = Callable[[Scope, Node], Written]


def _unknown(node: Node) -> ConfigurationError:
    name = node.args.get("this") if node.key == "anonymous" else node.key
    text = name if isinstance(name, str) else node.key
    return ConfigurationError(f"'{text}' is not in the vocabulary", fix=f"use operators and words of {VOCABULARY[8:]}")


def _column(scope: Scope, node: Node) -> Written:
    name, table = node.args["this"], node.args.get("table")
    if table is None or name.key != "identifier":
        text = name.args.get("this", "*")
        raise ConfigurationError(f"'{text}' names no record", fix=f"write <record>.{text}")
    record, text = str(table.args["this"]), str(name.args["this"])
    contract = scope.contracts.get(record)
    if contract is None:
        raise ConfigurationError(f"no record '{record}'", fix=suggest(record, set(scope.contracts)))
    found = contract.field(text)
    if found is None:
        fix = suggest(text, {item.name for item in contract.fields})
        raise ConfigurationError(f"contract {contract.dataset} has no field '{text}'", fix=fix)
    place = frozenset({(record, text)})
    return Written(f'"{record}"."{text}"', KINDS[found.type.postgres], place, place, found)


def _literal(scope: Scope, node: Node) -> Written:
    text = str(node.args["this"])
    if not node.args.get("is_string"):
        if not NUMBER.fullmatch(text):
            raise ConfigurationError(f"'{text}' is not a plain number", fix="write it in digits, at most 15")
        return Written(text, "number", literal=text)
    if "\x00" in text:
        raise ConfigurationError("has a text with a zero byte", fix="remove it")
    quoted = text.replace("'", "''").replace("%", "%%")
    return Written(f"'{quoted}'::text", "text", literal=text)


def _comparison(scope: Scope, node: Node) -> Written:
    left, right = scope.write(node.args["this"]), scope.write(node.args["expression"])
    same_kind(left, right)
    known_code(scope.codelists, left, right)
    operator = COMPARISONS.get(node.key) or DISTINCT[node.key]
    ordered = by_bytes(left) if operator in ("<", "<=", ">", ">=") else left.sql
    written = made(f"({ordered} {operator} {right.sql})", "boolean", left, right)
    return written if node.key in COMPARISONS else Written(written.sql, "boolean", written.places)


def _in(scope: Scope, node: Node) -> Written:
    left = scope.write(node.args["this"])
    items = [scope.write(item) for item in node.args.get("expressions") or []]
    if not items or any(item.literal is None for item in items):
        raise ConfigurationError("'in' takes a list of values", fix="write in ('A', 'B')")
    for item in items:
        same_kind(left, item)
        known_code(scope.codelists, left, item)
    return made(f"({left.sql} IN ({', '.join(item.sql for item in items)}))", "boolean", left)


def _between(scope: Scope, node: Node) -> Written:
    parts = [scope.write(node.args[name]) for name in ("this", "low", "high")]
    for part in parts[1:]:
        same_kind(parts[0], part)
    return made(f"({by_bytes(parts[0])} BETWEEN {parts[1].sql} AND {parts[2].sql})", "boolean", *parts)


def _like(scope: Scope, node: Node) -> Written:
    left, pattern = expect(scope.write(node.args["this"]), "text", "like"), scope.write(node.args["expression"])
    if pattern.literal is None or pattern.kind != "text" or "\\" in pattern.literal:
        raise ConfigurationError("'like' takes a pattern of letters, % and _", fix="write like 'IZIN%'")
    return made(f"({left.sql} {'NOT ' if node.args.get('negate') else ''}LIKE {pattern.sql})", "boolean", left)


def _is(scope: Scope, node: Node) -> Written:
    left, right = scope.write(node.args["this"]), node.args["expression"]
    negated = "NOT " if node.args.get("negate") else ""
    if right.key == "null":
        return Written(f"({left.sql} IS {negated}NULL)", "boolean", left.places)
    if right.key != "boolean":
        raise ConfigurationError("'is' takes null, true or false", fix="write is null, or = for other values")
    expect(left, "boolean", "is true")
    return Written(f"({left.sql} IS {negated}{_truth(right)})", "boolean", left.places)


def _truth(node: Node) -> str:
    return "TRUE" if node.args.get("this") else "FALSE"


def _boolean(scope: Scope, node: Node) -> Written:
    return Written(_truth(node), "boolean")


def _connective(scope: Scope, node: Node) -> Written:
    parts = [expect(scope.write(node.args[side]), "boolean", node.key) for side in ("this", "expression")]
    written = made(f"({parts[0].sql} {node.key.upper()} {parts[1].sql})", "boolean", *parts)
    # the other side may decide alone; an `and` at the top is two conditions and does not come here
    return Written(written.sql, "boolean", written.places, parts[0].needs & parts[1].needs)


def _not(scope: Scope, node: Node) -> Written:
    part = expect(scope.write(node.args["this"]), "boolean", "not")
    return made(f"(NOT {part.sql})", "boolean", part)


def _paren(scope: Scope, node: Node) -> Written:
    return scope.write(node.args["this"])


def _arithmetic(scope: Scope, node: Node) -> Written:
    left, right = scope.write(node.args["this"]), scope.write(node.args["expression"])
    kinds, sign = (left.kind, right.kind), ARITHMETIC[node.key]
    if kinds == ("number", "number"):
        divisor = f"nullif({right.sql}::numeric, 0)" if sign == "/" else f"{right.sql}::numeric"
        return made(f"({left.sql}::numeric {sign} {divisor})", "number", left, right)
    if kinds == ("date", "date") and sign == "-":
        return made(f"({left.sql} - {right.sql})", "number", left, right)
    days = right.literal is not None and DAYS.fullmatch(right.literal)
    if left.kind == "date" and sign in "+-" and (right.kind == "interval" or (right.kind == "number" and days)):
        return made(f"({left.sql} {sign} {right.sql})::date", "date", left, right)
    fix = "dates take date - date, date ± interval '1 year', date ± 30; || joins texts"
    raise ConfigurationError(f"'{sign}' does not take a {left.kind} and a {right.kind}", fix=fix)


def _negative(scope: Scope, node: Node) -> Written:
    part = expect(scope.write(node.args["this"]), "number", "-")
    return made(f"(- {part.sql})", "number", part)


def _joined_text(scope: Scope, node: Node) -> Written:
    parts = [expect(scope.write(node.args[side]), "text", "||") for side in ("this", "expression")]
    return made(f"({parts[0].sql} || {parts[1].sql})", "text", *parts)


def _interval(scope: Scope, node: Node) -> Written:
    amount, unit = node.args.get("this"), node.args.get("unit")
    text = str(amount.args.get("this", "")) if amount is not None else ""
    name = str(unit.args.get("this", "")).upper().removesuffix("S") if unit is not None else ""
    if not INTERVAL.fullmatch(text) or name not in UNITS:
        raise ConfigurationError("is not a plain interval", fix="write interval '60 years' (or months, weeks, days)")
    return Written(f"interval '{text} {name.lower()}'", "interval")


def _cast(scope: Scope, node: Node) -> Written:
    part, target = scope.write(node.args["this"]), node.args["to"].args.get("this")
    kind = getattr(target, "value", str(target))
    if kind == "DATE" and part.literal is not None:
        try:
            day = dt.date.fromisoformat(part.literal)
        except ValueError:
            raise ConfigurationError(f"'{part.literal}' is not a date", fix="write date '2024-12-31'") from None
        return Written(f"date '{day.isoformat()}'", "date", literal=part.literal)
    if kind == "TEXT" and part.kind in ("text", "number", "date"):
        return made(f"({part.sql})::text", "text", part)
    raise ConfigurationError(f"'{kind.lower()}' cannot be cast to here", fix="only ::text, and date '2024-12-31'")


def _extract(scope: Scope, node: Node) -> Written:
    unit = str(node.args["this"].args.get("this", "")).upper()
    if unit not in ("YEAR", "MONTH", "DAY"):
        raise ConfigurationError(f"'{unit.lower()}' cannot be extracted", fix="year, month or day")
    part = expect(scope.write(node.args["expression"]), "date", "extract")
    return made(f"extract({unit} FROM {part.sql})", "number", part)


def _coalesce(scope: Scope, node: Node) -> Written:
    parts = [scope.write(item) for item in (node.args["this"], *(node.args.get("expressions") or []))]
    for part in parts[1:]:
        same_kind(parts[0], part)
        known_code(scope.codelists, parts[0], part)
    written = made(f"coalesce({', '.join(part.sql for part in parts)})", parts[0].kind, *parts)
    return Written(written.sql, written.kind, written.places)


def _left(scope: Scope, node: Node) -> Written:
    part = expect(scope.write(node.args["this"]), "text", "left")
    length = scope.write(node.args["expression"])
    if length.literal is None or not DAYS.fullmatch(length.literal):
        raise ConfigurationError("'left' takes a number of characters", fix="write left(bantuan.periode, 4)")
    return made(f"left({part.sql}, {length.sql})", "text", part)


def _of_text(scope: Scope, node: Node) -> Written:
    part = expect(scope.write(node.args["this"]), "text", node.key)
    return made(f"{node.key}({part.sql})", "text", part)


def _abs(scope: Scope, node: Node) -> Written:
    part = expect(scope.write(node.args["this"]), "number", "abs")
    return made(f"abs({part.sql})", "number", part)


def _today(scope: Scope, node: Node) -> Written:
    return Written("%(today)s::date", "date")


def _own_word(scope: Scope, node: Node) -> Written:
    name, items = str(node.args["this"]).lower(), node.args.get("expressions") or []
    if name not in ("age_years", "latest"):
        raise _unknown(node)
    if len(items) != 1:
        raise ConfigurationError(f"'{name}' takes one value", fix=f"write {name}(warga.tanggal_lahir)")
    part = scope.write(items[0])
    if name == "age_years":
        expect(part, "date", name)
        return made(f"extract(YEAR FROM age(%(today)s::date, {part.sql}))", "number", part)
    if part.field is None or part.kind == "boolean":
        raise ConfigurationError("'latest' takes a field", fix="write latest(bantuan.periode)")
    dataset, column = scope.contracts[min(part.records)].dataset, part.field.name
    order = ' COLLATE "C"' if part.kind == "text" else ""
    # names of contracts, compared above; no text of the rule
    return Written(f'(SELECT max("{column}"{order}) FROM "hub"."{dataset}")', part.kind)  # noqa: S608


BOTH, THIS = {"this", "expression"}, {"this"}
#: kind of node → the parts that it may have, and its writer
WRITERS: dict[str, tuple[set[str], Writer]] = {
    **dict.fromkeys((*COMPARISONS, *DISTINCT), (BOTH, _comparison)),
    **dict.fromkeys(ARITHMETIC, (BOTH | {"typed", "safe"}, _arithmetic)),
    **dict.fromkeys(("and", "or"), (BOTH, _connective)),
    **dict.fromkeys(("upper", "lower"), (THIS, _of_text)),
    "column": ({"this", "table"}, _column),
    "literal": ({"this", "is_string"}, _literal),
    "boolean": (THIS, _boolean),
    "in": ({"this", "expressions"}, _in),
    "between": ({"this", "low", "high"}, _between),
    "like": (BOTH | {"negate"}, _like),
    "is": (BOTH | {"negate"}, _is),
    "not": (THIS, _not),
    "paren": (THIS, _paren),
    "neg": (THIS, _negative),
    "dpipe": (BOTH | {"safe"}, _joined_text),
    "interval": ({"this", "unit"}, _interval),
    "cast": ({"this", "to"}, _cast),
    "extract": (BOTH, _extract),
    "coalesce": ({"this", "expressions", "is_nvl"}, _coalesce),
    "left": (BOTH, _left),
    "abs": (THIS, _abs),
    "currentdate": (set(), _today),
    "anonymous": ({"this", "expressions"}, _own_word),
}
