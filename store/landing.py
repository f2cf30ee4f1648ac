"""The landing zone: what each stage of a run leaves, as immutable Parquet parts and a manifest.

A stage's output exists from the moment its manifest does, and the manifest is written last. A stage
that was killed leaves parts without a manifest; running it again clears them and starts over.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from schemas.errors import GateError


@dataclass(frozen=True)
class Part:
    """One Parquet file of a batch."""

    name: str
    rows: int
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Batch:
    """The finished output of one stage: its parts, and `details` that the stage wrote down."""

    feed: str
    run_id: str
    stage: str
    parts: list[Part]
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of all parts together."""
        return sum(part.rows for part in self.parts)


class Landing:
    """The landing zone below an fsspec URL: `<url>/<feed>/<run>/<stage>/…`."""

    def __init__(self, url: str) -> None:
        """Open the zone; a plain path is a local folder."""
        self.url = url
        self._fs, self._root = fsspec.url_to_fs(url)

    def path(self, feed: str, run_id: str, *below: str) -> str:
        """Return the path, within the zone's file system, of a run's folder or something in it."""
        return "/".join([self._root.rstrip("/"), feed, run_id, *below])

    def writer(self, feed: str, run_id: str, stage: str) -> BatchWriter:
        """Begin a stage's output, clearing what an interrupted run left."""
        self.discard(feed, run_id, stage)
        self._fs.makedirs(self.path(feed, run_id, stage), exist_ok=True)
        return BatchWriter(self, feed, run_id, stage)

    def discard(self, feed: str, run_id: str, stage: str) -> None:
        """Remove a stage's output, if there is any."""
        folder = self.path(feed, run_id, stage)
        if self._fs.exists(folder):
            self._fs.rm(folder, recursive=True)

    def batch(self, feed: str, run_id: str, stage: str) -> Batch:
        """Return a stage's output; raises GateError when the stage has not finished."""
        try:
            content = json.loads(self.read(feed, run_id, f"{stage}/manifest.json"))
        except FileNotFoundError as error:
            raise GateError(
                f"stage {stage} of run {run_id} has not finished", where=feed, fix="run that stage first"
            ) from error
        return Batch(feed, run_id, stage, [Part(**part) for part in content["parts"]], content["details"])

    def parts(self, batch: Batch, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Yield a batch's parts in order; raises GateError when a part is not what was written."""
        for part in batch.parts:
            yield self.part(batch, part, columns)

    def part(self, batch: Batch, part: Part, columns: list[str] | None = None) -> pa.Table:
        """Return one part, checked against its sha256."""
        content = self.read(batch.feed, batch.run_id, f"{batch.stage}/{part.name}")
        if hashlib.sha256(content).hexdigest() != part.sha256:
            raise GateError(f"{batch.stage}/{part.name} of run {batch.run_id} was altered", where=batch.feed)
        return pq.read_table(io.BytesIO(content), columns=columns)

    def read(self, feed: str, run_id: str, name: str) -> bytes:
        """Return the bytes of a file of a run; raises FileNotFoundError."""
        return bytes(self._fs.cat_file(self.path(feed, run_id, name)))

    def write(self, feed: str, run_id: str, name: str, content: bytes) -> str:
        """Write a file of a run in one step (a reader sees all of it or nothing); return its path."""
        path = self.path(feed, run_id, name)
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        if isinstance(self._fs, LocalFileSystem):
            # beside its place: fsspec's transaction writes to /tmp, and a move from another file system is a copy
            temporary = Path(f"{path}.{os.getpid()}.new")
            temporary.write_bytes(content)
            temporary.replace(path)
        else:
            self._fs.pipe_file(path, content)
        return path


class BatchWriter:
    """Collects the parts of one stage's output; nothing counts until `commit`."""

    def __init__(self, landing: Landing, feed: str, run_id: str, stage: str) -> None:
        """Use `Landing.writer`."""
        self._landing, self._feed, self._run_id, self._stage = landing, feed, run_id, stage
        self._parts: list[Part] = []

    def write(self, table: pa.Table) -> Part:
        """Write one part (zstd) and remember its rows and sha256."""
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd", compression_level=1)
        content = buffer.getvalue()
        name = f"part-{len(self._parts):05}.parquet"
        self._landing.write(self._feed, self._run_id, f"{self._stage}/{name}", content)
        part = Part(name, table.num_rows, hashlib.sha256(content).hexdigest(), len(content))
        self._parts.append(part)
        return part

    def commit(self, details: dict[str, Any]) -> Batch:
        """Write the manifest: from now on the batch exists."""
        batch = Batch(self._feed, self._run_id, self._stage, list(self._parts), details)
        content = json.dumps({"parts": [asdict(p) for p in self._parts], "details": details}, indent=1, default=str)
        self._landing.write(self._feed, self._run_id, f"{self._stage}/manifest.json", content.encode())
        return batch
