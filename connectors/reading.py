"""What every connector gives back: a stream of text columns, and how it was asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from schemas.change import Baseline
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

#: beside the landed columns, where a row needs them: what fits no column, as JSON (unknown columns by name, or the
#: cells of a line), and the code of what is wrong with the row as a whole (schemas.row_problems)
REST = "_rest"
PROBLEM = "_problem"


@dataclass(frozen=True)
class Demand:
    """What one extraction asks of a source beyond what its YAML says."""

    #: rows whose cursor column is at or after this text, has no value, or a zero date; None: all rows
    since: str | None = None
    #: with `since`: rows at or before this text only, a window of the past
    until: str | None = None
    #: only the columns of the feed's key: the marks of a sweep, which tells what was deleted
    keys_only: bool = False
    #: a sample: no more rows than this
    limit: int | None = None
    #: where an earlier reading of the same demand stopped (its `Reading.position`); empty: from the begin
    position: Mapping[str, Any] = field(default_factory=dict)
    baseline: Baseline = field(default_factory=Baseline)
    #: sha256 → name of the files that earlier published runs have read
    files: Mapping[str, str] = field(default_factory=dict)
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))


@dataclass(frozen=True)
class Reading:
    """One extraction under way.

    `query` is what was asked: SQL text, address or file name, never with a secret. `batches` has the feed's
    `landed_columns` in order (of its key alone where the demand is keys_only), then REST and PROBLEM where a row
    needs them, all pa.string(), null where the source sent null; an empty source gives no batch. Iterate once.
    `total` is an estimate of the rows, for progress only.

    `details` is filled while reading and complete after the last batch. Every connector tells `bytes` (received),
    `queries` (statements, requests or files asked for), `retries`, `columns_found` (source column → declared type,
    '' where the source has none) and `changes` (`drift.told` of what was let through).

    `position` is JSON, and true of the moment after each batch: a demand with this position gives the rows that
    follow. It stays empty for a source that cannot go on in the middle.
    """

    query: str
    batches: Iterator[pa.Table]
    details: dict[str, Any] = field(default_factory=dict)
    total: int | None = None
    position: dict[str, Any] = field(default_factory=dict)


def text_schema(columns: Sequence[str]) -> pa.Schema:
    """Return the schema of a landed feed: every column a nullable pa.string()."""
    import pyarrow as pa

    return pa.schema([pa.field(name, pa.string()) for name in columns])


def batches_of(columns: Sequence[str], rows: Iterable[Row], where: str) -> Iterator[pa.Table]:
    """Turn rows of texts into batches of at most PART_ROWS rows; all rows have a cell for each of `columns`.

    Raises:
        DriftError: when a text is not Unicode (JSON can smuggle half a surrogate pair).

    """
    return regroup(chunks_of(columns, rows, where), text_schema(columns))


def chunks_of(columns: Sequence[str], rows: Iterable[Row], where: str) -> Iterator[pa.RecordBatch]:
    """Turn rows of texts into batches of at most CHUNK_ROWS rows, for `regroup`; raises as `batches_of`."""
    import pyarrow as pa

    schema, pending = text_schema(columns), iter(rows)
    while chunk := list(islice(pending, min(CHUNK_ROWS, PART_ROWS))):
        try:
            yield pa.RecordBatch.from_arrays(
                [pa.array(cells, pa.string()) for cells in zip(*chunk, strict=True)], schema=schema
            )
        except UnicodeEncodeError as error:
            raise DriftError(f"a text is not Unicode ({error.reason})", where=where) from error


def regroup(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Join small batches into tables of PART_ROWS rows or PART_BYTES bytes, columns named and typed by `schema`.

    A table is given out before the next small batch is asked for, so that a source's position, noted when it gives
    a batch, is that of the table's last row. REST and PROBLEM are left out of a table in which no row needs them.
    """
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        if not batch.num_rows:
            continue
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        del batch  # or it would live beside the next table
        if rows >= PART_ROWS or size >= PART_BYTES:
            table, held, rows, size = _joined(held, schema), [], 0, 0
            yield table
    if held:
        yield _joined(held, schema)


def _joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """Return batches as one table without copying them."""
    import pyarrow as pa

    table = pa.Table.from_batches(batches).rename_columns(schema.names)
    if table.schema.types != schema.types:
        table = table.cast(schema)
    idle = [name for name in (REST, PROBLEM) if name in schema.names and table.column(name).null_count == len(table)]
    return table.drop_columns(idle)
