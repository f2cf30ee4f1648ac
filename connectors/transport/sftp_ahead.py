"""Read a file over SFTP with several requests under way: each takes a whole round trip.

paramiko's own `prefetch` does so in a thread. With a limit of requests it asks for parts of the file twice when the
answers come faster than it asks (paramiko 5.1: 2.3 times the bytes of a file of 6 MB on one machine), without a limit
the memory grows with the file; and it takes a short answer for a whole one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import paramiko
from paramiko.sftp import CMD_DATA, CMD_READ, int64

#: bytes of one answer, which every server gives; and requests under way: what a broken line may lose
BLOCK_BYTES, AHEAD = 32 * 1024, 16


class ReadAhead:
    """The blocks of one open file, in order."""

    def __init__(self, client: paramiko.SFTPClient, handle: Any, offset: int, size: int) -> None:
        """Begin at `offset`; bytes from `size` on are not asked for."""
        self.client: Any = client
        self.handle, self.next, self.size = handle, offset, size
        self._asked: dict[int, tuple[int, int]] = {}
        self._here: dict[int, bytes] = {}
        self._asking = self.next

    def blocks(self) -> Iterator[bytes]:
        """Give what comes; ends early where the file does."""
        while self.next < self.size:
            while self._asking < self.size and len(self._asked) + len(self._here) < AHEAD:
                length = min(BLOCK_BYTES, self.size - self._asking)
                self._ask(self._asking, length)
                self._asking += length
            while self.next not in self._here:
                try:
                    self.client._read_response()
                except EOFError:
                    return
            block = self._here.pop(self.next)
            self.next += len(block)
            yield block

    def _ask(self, offset: int, length: int) -> None:
        number = self.client._async_request(self, CMD_READ, self.handle, int64(offset), length)
        self._asked[number] = (offset, length)

    def _async_response(self, kind: int, message: Any, number: int) -> None:
        """Take an answer; called by paramiko from `_read_response`. Raises EOFError, OSError for an error."""
        offset, length = self._asked.pop(number)
        if kind != CMD_DATA:
            self.client._convert_status(message)
            raise EOFError
        block = message.get_string()
        if not block:
            raise EOFError
        self._here[offset] = block
        if len(block) < length:
            self._ask(offset + len(block), length - len(block))
