"""Applications of one feed, and readings as plain rows."""

from __future__ import annotations

from typing import Any

from connectors.reading import Reading
from schemas.application import KINDS, AnyApplication

Rows = list[tuple[str | None, ...]]


def application(kind: str, feed: dict[str, Any], **source: Any) -> AnyApplication:
    """Make an application with the one feed `warga`; `map` may be a list of columns."""
    if isinstance(feed["map"], list):
        feed = feed | {"map": {name.replace(".", "_"): name for name in feed["map"]}}
    return KINDS[kind].model_validate(
        {
            "id": "dinas.app",
            "title": "App",
            "owner": {"unit": "Bidang", "email": "a@b.go.id"},
            "connection": "app",
            "source": {"kind": kind, "host_pool": "pool", **source},
            "feeds": {"warga": {"dataset": "penduduk", "key": ["nik"], **feed}},
        }
    )


def rows_of(reading: Reading) -> Rows:
    """Read to the end; every column must be text."""
    rows: Rows = []
    for batch in reading.batches:
        assert {str(type_) for type_ in batch.schema.types} == {"string"}
        rows += zip(*(column.to_pylist() for column in batch.columns), strict=True)
    return rows
