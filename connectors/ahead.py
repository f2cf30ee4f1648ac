"""Read on while the batch before is still being written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from threading import Condition, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

#: what may wait to be taken, whatever the rows' width: some 50,000 rows of 15 columns
AHEAD_BYTES = 8 * 1024 * 1024


class Ahead:
    """Takes batches from a source in a thread of its own, at most AHEAD_BYTES ahead of who iterates.

    What the source raises is raised when the batches before it have been taken. Who leaves early ends what the source
    waits for, and then calls `close`.
    """

    def __init__(self, source: Iterator[pa.RecordBatch]) -> None:
        """Begin to read at once."""
        self._source = source
        self._waiting: deque[pa.RecordBatch] = deque()
        self._bytes = 0
        self._changed = Condition()
        self._error: BaseException | None = None
        self._is_ended = self._is_closed = False
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Give the batches in order."""
        while (batch := self._next()) is not None:
            yield batch
            del batch

    def close(self) -> None:
        """Stop reading; returns when the source has given its next batch, or raised."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def _next(self) -> pa.RecordBatch | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_ended)
            if self._waiting:
                batch = self._waiting.popleft()
                self._bytes -= batch.nbytes
                self._changed.notify_all()
                return batch
            if self._error is not None:
                raise self._error
            return None

    def _read(self) -> None:
        try:
            for batch in self._source:
                with self._changed:
                    self._changed.wait_for(lambda: self._bytes < AHEAD_BYTES or self._is_closed)
                    if self._is_closed:
                        break
                    self._waiting.append(batch)
                    self._bytes += batch.nbytes
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised again where the batches are taken
            self._error = error
        finally:
            with self._changed:
                self._is_ended = True
                self._changed.notify_all()
