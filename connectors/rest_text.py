"""JSON records to rows of texts: numbers digit by digit as they were sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from connectors.drift import FeedPlace
from connectors.reading import Row
from connectors.table import row_filter


class Number(str):
    """A JSON number as its own text: a float would lose digits of a NIK, and the zeros of 1.50."""

    __slots__ = ()


def parse(body: bytes) -> Any:
    """Parse JSON with every number kept as text; raises ValueError on anything else."""
    try:
        return json.loads(body, parse_float=Number, parse_int=Number, parse_constant=Number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def text_of(value: Any) -> str | None:
    """Return one value as text: null is None, lists and objects are compact JSON."""
    if value is None:
        return None
    if value is True or value is False:
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else _compact(value)


def _compact(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_compact(key)}:{_compact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return str(value) if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def rows_of(records: Iterable[Any], place: FeedPlace) -> Iterator[Row]:
    """Turn records into rows of the landed columns; a column may be a dotted path into nested objects.

    A key that some records lack is null there.

    Raises:
        DriftError: a record is no object, has an unknown key, or no record at all has a known one.

    """
    columns = place.feed.landed_columns
    known = {part for name in place.feed.source_columns for part in (name, name.partition(".")[0])}
    keep = row_filter(place.feed.where, columns)
    unseen, count = set(columns), 0
    for record in records:
        count += 1
        if not isinstance(record, dict):
            raise place.error(f"record {count} is not an object", "mend records: to the list of objects", key="records")
        if not record.keys() <= known:
            raise place.unknown(sorted(record.keys() - known), f"record {count}")
        if unseen:
            unseen = {name for name in unseen if not _has(record, name)}
        row = [text_of(record[name] if name in record else _walk(record, name)) for name in columns]
        if keep(row):
            yield row
    if count and unseen:
        missing = [name for name in columns if name in unseen]
        raise place.missing(missing, sorted(known - unseen), f"none of the {count} records")


def _walk(record: dict[str, Any], name: str) -> Any:
    value: Any = record
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _has(record: dict[str, Any], name: str) -> bool:
    """Whether the record has the column's key; a null on the way to it counts, for it may be there tomorrow."""
    if name in record:
        return True
    value: Any = record
    for step in name.split("."):
        if value is None:
            return True
        if not isinstance(value, dict) or step not in value:
            return False
        value = value[step]
    return True
