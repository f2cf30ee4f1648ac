"""JSON to texts: numbers digit by digit as they were sent, and nothing that is named twice lost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from schemas.errors import ConfigurationError


class Number(str):
    """A JSON number as its own text: a float would lose digits of a NIK, and the zeros of 1.50."""

    __slots__ = ()


class Doubled(dict[str, Any]):
    """An object that names a key twice with different values; `pairs` has all of them."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        """Keep the pairs beside the dict, in which the last value of a key wins."""
        super().__init__(pairs)
        self.pairs = pairs


def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return what JSON writes as an object: a dict, or a Doubled where one cannot hold it."""
    plain = dict(pairs)
    same = len(plain) == len(pairs) or all(plain[key] == value for key, value in pairs)
    return plain if same else Doubled(pairs)


@dataclass(frozen=True)
class Parsed:
    """An answer, and whether any object in it is `Doubled`."""

    value: Any
    is_doubled: bool


def parse(body: bytes) -> Any:
    """Parse JSON with every number kept as text; raises ValueError on anything else."""
    try:
        return parse_answer(body).value
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def parse_answer(body: bytes, charset: str | None = None) -> Parsed:
    """Parse JSON with every number kept as text.

    JSON is UTF-8, -16 or -32, with or without a byte order mark; what is none of these is read as the `charset` that
    the server names.

    Raises:
        UnicodeDecodeError: the bytes are of neither.
        ValueError: no JSON, or only the begin of one.
        RecursionError: nested deeper than Python's stack.

    """
    doubled: list[Doubled] = []

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = as_object(pairs)
        if isinstance(value, Doubled):
            doubled.append(value)
        return value

    value = json.loads(
        _decoded(body, charset),
        object_pairs_hook=made,
        parse_float=Number,
        parse_int=Number,
        parse_constant=Number,
    )
    return Parsed(value, bool(doubled))


def _decoded(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        if charset is None:
            raise
    try:
        return body.decode(charset)
    except LookupError:
        return body.decode("utf-8")


def has_doubled(value: Any) -> bool:
    """Whether a value is, or holds, an object that names a key twice."""
    if isinstance(value, dict):
        return isinstance(value, Doubled) or any(map(has_doubled, value.values()))
    return isinstance(value, list) and any(map(has_doubled, value))


def text_of(value: Any) -> str | None:
    """Return one value as text: null is None, lists and objects are compact JSON."""
    if value is None:
        return None
    if value is True or value is False:
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else compact(value)


def compact(value: Any) -> str:
    """Return a value as compact JSON, numbers as they were sent."""
    if isinstance(value, dict):
        pairs = value.pairs if isinstance(value, Doubled) else value.items()
        return "{" + ",".join(f"{compact(key)}:{compact(item)}" for key, item in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def find(path: str, answer: Any) -> list[Any]:
    """Return what a JSON path finds in an answer."""
    from dlt.common import jsonpath

    return jsonpath.find_values(_compiled(path), answer)


def find_records(path: str, answer: Any, parent: bool) -> list[Any]:
    """Return the records at a path, `data` or, through nested lists, `data[*].anggota`.

    With `parent`, each record also has the object that its list stands in, under the key `^`.
    """
    records: list[Any] = []
    for match in _compiled(path).find(answer):
        found = match.value if isinstance(match.value, list) else [] if match.value is None else [match.value]
        if parent:
            above = match.context
            while above is not None and not isinstance(above.value, dict):
                above = above.context
            found = [_with_parent(record, above.value if above else None) for record in found]
        records += found
    return records


def _with_parent(record: Any, parent: Any) -> Any:
    if isinstance(record, Doubled):
        return Doubled([*record.pairs, ("^", parent)])
    return {**record, "^": parent} if isinstance(record, dict) else record


def walk(record: dict[str, Any], name: str) -> Any:
    """Return the value at a dotted path; a number as a step is the place in a list, from 0."""
    value: Any = record
    for step in name.split("."):
        value = _step(value, step)
    return value


def has(record: dict[str, Any], name: str) -> bool:
    """Whether the record has the column's key; a null or a list on the way counts, for it may be there tomorrow."""
    if name in record:
        return True
    value: Any = record
    for step in name.split("."):
        if value is None or isinstance(value, list):
            return True
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True


def _step(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return None


@lru_cache(maxsize=256)
def _compiled(path: str) -> Any:
    """Compile a path once: it takes milliseconds, and every page asks."""
    from dlt.common import jsonpath  # a thousand modules, which files of records do not need
    from jsonpath_ng.exceptions import JSONPathError

    try:
        return jsonpath.compile_path(path)
    except JSONPathError:
        fix = 'write one like data.items, data[*].anggota or "key with-signs".items'
        raise ConfigurationError("is not a JSON path", where=f"'{path}'", fix=fix) from None
