"""The landing zone: what each stage of a run leaves, as immutable Parquet parts and a manifest.

A stage's output exists from the moment its manifest does, and the manifest is written last. A stage
that was killed leaves parts without a manifest; running it again clears them and starts over, or goes on
after them where the source's position was noted.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from schemas.errors import GateError

#: stages of a sweep: the keys that the source has, and where its pages may shift, those of a second look
MARKS = ("marks", "marks-again")
#: what an interrupted stage has written, and where its source was then
PROGRESS = "progress.json"


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

    def resume(self, feed: str, run_id: str, stage: str) -> BatchWriter:
        """Go on with what an interrupted run wrote, where it noted a position; else begin as `writer` does."""
        try:
            content = json.loads(self.read(feed, run_id, f"{stage}/{PROGRESS}"))
            parts = [Part(**part) for part in content["parts"]]
            sound = all(self._is_sound(feed, run_id, stage, part) for part in parts)
        except FileNotFoundError:
            sound = False
        if not sound:
            return self.writer(feed, run_id, stage)
        return BatchWriter(self, feed, run_id, stage, parts, content["position"], content["about"])

    def _is_sound(self, feed: str, run_id: str, stage: str, part: Part) -> bool:
        return hashlib.sha256(self.read(feed, run_id, f"{stage}/{part.name}")).hexdigest() == part.sha256

    def discard(self, feed: str, run_id: str, stage: str) -> None:
        """Remove a stage's output (or a file of it), if there is any."""
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

    def is_finished(self, feed: str, run_id: str, stage: str) -> bool:
        """Say whether a stage of a run has left its output."""
        return bool(self._fs.exists(self.path(feed, run_id, f"{stage}/manifest.json")))

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

    def __init__(
        self, landing: Landing, feed: str, run_id: str, stage: str,
        parts: Sequence[Part] = (), position: Mapping[str, Any] | None = None, about: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Use `Landing.writer` or `Landing.resume`."""
        self._landing, self._feed, self._run_id, self._stage = landing, feed, run_id, stage
        self._parts = list(parts)
        #: where the source was after the last part, and what the interrupted run noted about itself
        self.position, self.about = dict(position or {}), dict(about or {})

    @property
    def rows(self) -> int:
        """Rows of the parts written so far."""
        return sum(part.rows for part in self._parts)

    def write(
        self, table: pa.Table, position: Mapping[str, Any] | None = None, about: Mapping[str, Any] | None = None
    ) -> Part:
        """Write one part (zstd) and remember its rows and sha256.

        With a position (JSON) the part is kept for `Landing.resume`, beside what there is to say `about` the run.
        """
        buffer = io.BytesIO()
        # no dictionary, no statistics: nobody searches in a part, and names and numbers hardly repeat; of 1 M rows of
        # 15 columns it takes a third of the time and a fifth of the bytes away
        pq.write_table(
            table, buffer, compression="zstd", compression_level=1, use_dictionary=False, write_statistics=False
        )
        content = buffer.getvalue()
        name = f"part-{len(self._parts):05}.parquet"
        self._landing.write(self._feed, self._run_id, f"{self._stage}/{name}", content)
        part = Part(name, table.num_rows, hashlib.sha256(content).hexdigest(), len(content))
        self._parts.append(part)
        if position:
            noted = {"parts": [asdict(p) for p in self._parts], "position": dict(position), "about": dict(about or {})}
            self._landing.write(self._feed, self._run_id, f"{self._stage}/{PROGRESS}", json.dumps(noted).encode())
        return part

    def commit(self, details: dict[str, Any]) -> Batch:
        """Write the manifest: from now on the batch exists."""
        batch = Batch(self._feed, self._run_id, self._stage, list(self._parts), details)
        content = json.dumps({"parts": [asdict(p) for p in self._parts], "details": details}, indent=1, default=str)
        self._landing.write(self._feed, self._run_id, f"{self._stage}/manifest.json", content.encode())
        self._landing.discard(self._feed, self._run_id, f"{self._stage}/{PROGRESS}")  # nothing to go on with
        return batch
