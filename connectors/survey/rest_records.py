"""Where the records of a JSON answer are, and what columns they have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.rest_text import Number, text_of
from connectors.survey.model import SurveyColumn
from connectors.survey.place import cut

#: objects within objects beyond this depth stay JSON
DEPTH = 6
PLAIN = re.compile(r"[A-Za-z_]\w*")
TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
CLOSERS = {b"{": b"}", b"[": b"]"}

Record = dict[str, Any]


def read_json(body: bytes, charset: str | None = None) -> Any:
    """Parse JSON with every number kept as the text that was sent.

    Raises:
        ValueError: it is no JSON, or is nested too deeply.

    """
    try:
        try:
            text = body.decode(json.detect_encoding(body))
        except UnicodeDecodeError:
            text = body.decode(charset or "cp1252")
        return json.loads(text.removeprefix("\ufeff"), parse_float=Number, parse_int=Number, parse_constant=Number)
    except (RecursionError, LookupError) as error:
        raise ValueError(str(error)) from error


def walk(content: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give every value that is reached through objects alone, with its way; the outermost first."""
    yield path, content
    if isinstance(content, dict) and len(path) < DEPTH:
        for key, value in content.items():
            yield from walk(value, (*path, key))


def json_path(way: Sequence[str]) -> str | None:
    """Return a way as the JSON path of an application's YAML; None for the answer itself."""
    steps = (f".{key}" if PLAIN.fullmatch(key) else f"['{key}']" for key in way)
    return "".join(steps).removeprefix(".") or None


def records_of(content: Any) -> tuple[tuple[str, ...], list[Record]] | None:
    """Return the way to the largest list of objects, and the list; an empty list only where there is no other."""
    lists = [
        (path, value)
        for path, value in walk(content)
        if isinstance(value, list) and all(isinstance(item, dict) for item in value)
    ]
    return max(lists, key=lambda found: (len(found[1]), -len(found[0])), default=None)


def columns_of(records: Sequence[Record], described: Mapping[str, SurveyColumn]) -> tuple[SurveyColumn, ...]:
    """Flatten the records to dotted columns, with what the API's document says of each."""
    rows = [dict(_flat(record, "")) for record in records]
    names = _ordered(rows)
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        if all(value is None or value == {} for value in values) and any(
            other.startswith(f"{name}.") for other in names
        ):
            continue  # an object that some records lack
        known = described.get(name) or SurveyColumn(name, _type_of(values))
        texts = tuple(cut(text_of(value)) for value in values)
        columns.append(SurveyColumn(name, known.declared, known.nullable, known.comment, texts))
    return tuple(columns)


def _flat(record: Record, prefix: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict) and value and depth < DEPTH:
            yield from _flat(value, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", value


def _ordered(rows: Sequence[Record]) -> list[str]:
    """Return all names; one that a later record adds stands behind the one before it there."""
    names: list[str] = []
    known: set[str] = set()
    for row in rows:
        last = -1
        if row.keys() <= known:
            continue
        for name in row:
            if name not in known:
                names.insert(last + 1, name)
                known.add(name)
            last = names.index(name)
    return names


def _type_of(values: Sequence[Any]) -> str:
    kinds = {
        "boolean" if isinstance(value, bool) else "number" if isinstance(value, Number) else
        "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
        for value in values if value is not None
    }  # fmt: skip
    return kinds.pop() if len(kinds) == 1 else ""


def whole_part(body: bytes) -> bytes:
    """Return the begin of a JSON text that was not read to its end: up to its last whole record, and closed.

    Raises:
        ValueError: it has no whole record.

    """
    stack: list[bytes] = []
    best: tuple[int, list[bytes]] | None = None
    depth = 0
    for token in TOKENS.finditer(body):
        sign = token[0]
        if sign in CLOSERS:
            stack.append(sign)
        elif sign in (b"}", b"]") and stack:
            stack.pop()
            is_record = sign == b"}" and stack[-1:] == [b"["]
            if is_record and (best is None or len(stack) <= depth):
                best, depth = (token.end(), list(stack)), len(stack)
    if best is None:
        raise ValueError("no whole record")
    return body[: best[0]] + b"".join(CLOSERS[sign] for sign in reversed(best[1]))
