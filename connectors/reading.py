"""What every connector gives back: a stream of text columns, and how it was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from schemas.errors import DriftError

if TYPE_CHECKING:
    import pyarrow as pa

#: rows of one batch; the landing writes one row group of each
PART_ROWS = 100_000
#: a batch of wide rows ends earlier, so that memory stays flat whatever the columns hold
PART_BYTES = 64 * 1024 * 1024
#: rows held as Python objects at a time: 100,000 rows of 15 texts would take 120 MB, 10,000 take 12
CHUNK_ROWS = 10_000

Row = Sequence[str | None]


@dataclass(frozen=True)
class Reading:
    """One extraction under way.

    `query` is what was asked: SQL text, address or file name, never with a secret. `batches` has the feed's
    `landed_columns` in order, all pa.string(), null where the source sent null; an empty source gives no
    batch. Iterate once. `details` is filled while reading and complete after the last batch. `total` is an
    estimate of the rows, for progress only.
    """

    query: str
    batches: Iterator[pa.RecordBatch]
    details: dict[str, Any] = field(default_factory=dict)
    total: int | None = None


def text_schema(columns: Sequence[str]) -> pa.Schema:
    """Return the schema of a landed feed: every column a nullable pa.string()."""
    import pyarrow as pa

    return pa.schema([pa.field(name, pa.string()) for name in columns])


def batches_of(columns: Sequence[str], rows: Iterable[Row], where: str) -> Iterator[pa.RecordBatch]:
    """Turn rows of texts into batches of at most PART_ROWS rows.

    Raises:
        DriftError: when a text is not Unicode (JSON can smuggle half a surrogate pair).

    """
    import pyarrow as pa

    schema, pending = text_schema(columns), iter(rows)

    def chunks() -> Iterator[pa.RecordBatch]:
        while chunk := list(islice(pending, CHUNK_ROWS)):
            try:
                yield pa.RecordBatch.from_arrays(
                    [pa.array(cells, pa.string()) for cells in zip(*chunk, strict=True)], schema=schema
                )
            except UnicodeEncodeError as error:
                raise DriftError(f"a text is not Unicode ({error.reason})", where=where) from error

    return regroup(chunks(), schema)


def regroup(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Join small batches into ones of PART_ROWS rows or PART_BYTES bytes, columns named and typed by `schema`."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= PART_ROWS or size >= PART_BYTES:
            yield from _joined(held, schema)
            held, rows, size = [], 0, 0
    yield from _joined(held, schema)


def _joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    if not batches:
        return
    table = pa.Table.from_batches(batches).rename_columns(schema.names).cast(schema).combine_chunks()
    yield from (batch for batch in table.to_batches(max_chunksize=PART_ROWS) if batch.num_rows)
