"""A TCP proxy that does to a source what bad networks and servers do: cut at any byte, stall, garble."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, repeat
from threading import Event, Lock, Thread

BLOCK = 16 * 1024


@dataclass(frozen=True)
class Fault:
    """What happens to one connection; byte counts are of the server's answer."""

    #: after so many bytes the connection is gone: by a reset (RST), or as if it ended (FIN)
    cut_after: int | None = None
    is_reset: bool = True
    #: after so many bytes nothing comes any more, and the connection stays open
    stall_after: int | None = None
    #: from this byte on every byte is another one
    garble_after: int | None = None


class FaultProxy:
    """Listens on `port` of 127.0.0.1; connection n suffers fault n, later ones none (or `repeat_last`)."""

    def __init__(
        self, host: str, port: int, faults: Sequence[Fault], repeat_last: bool = False, cut_at: Sequence[int] = (),
        bytes_per_second: int | None = None,
    ) -> None:  # fmt: skip
        self.target, self.bytes_per_second = (host, port), bytes_per_second
        #: bytes of all answers together at which whatever connection is just answering is reset
        self._cut_at = sorted(cut_at)
        after = repeat(faults[-1] if repeat_last and faults else Fault())
        self._faults, self._lock, self._ended = chain(faults, after), Lock(), Event()
        self._open: list[socket.socket] = []
        #: bytes that the server's answers brought to the client, and connections taken
        self.bytes = self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        # what lies in a sender's buffer when a line is cut never reached the client, but would be counted
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BLOCK)
        self.port: int = self._listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                fault = next(self._faults)
                self.connections += 1
            Thread(target=self._serve, args=(client, fault), daemon=True).start()

    def _serve(self, client: socket.socket, fault: Fault) -> None:
        try:
            server = socket.create_connection(self.target)
        except OSError:
            client.close()
            return
        self._open += [client, server]
        Thread(target=self._ask, args=(client, server), daemon=True).start()
        is_cut = False
        with suppress(OSError):
            is_cut = self._answer(server, client, fault)
        if is_cut and fault.is_reset:  # linger 0: close sends RST
            with suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for end in (client, server):
            with suppress(OSError):  # wakes the other thread, which would keep the socket open
                end.shutdown(socket.SHUT_RD if end is client and is_cut and fault.is_reset else socket.SHUT_RDWR)
            end.close()

    def _answer(self, server: socket.socket, client: socket.socket, fault: Fault) -> bool:
        """Pass the server's bytes on; return whether the connection is to be cut."""
        sent = 0
        while block := server.recv(BLOCK):
            for limit in (fault.cut_after, fault.stall_after):
                if limit is not None:
                    block = block[: max(0, limit - sent)]
            if fault.garble_after is not None:
                sound = max(0, fault.garble_after - sent)
                block = block[:sound] + bytes(byte ^ 0x5A for byte in block[sound:])
            is_due, block = self._due(block)
            client.sendall(block)
            sent += len(block)
            if self.bytes_per_second is not None:
                time.sleep(len(block) / self.bytes_per_second)
            if is_due:
                return True
            if fault.cut_after is not None and sent >= fault.cut_after:
                return True
            if fault.stall_after is not None and sent >= fault.stall_after:
                self._ended.wait()
                return False
        return False

    def _due(self, block: bytes) -> tuple[bool, bytes]:
        """Count an answer's bytes; return whether a cut is due within them, and what still goes through."""
        with self._lock:
            is_due = bool(self._cut_at) and self.bytes + len(block) >= self._cut_at[0]
            if is_due:
                block = block[: max(0, self._cut_at.pop(0) - self.bytes)]
            self.bytes += len(block)
            return is_due, block

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while block := client.recv(BLOCK):
                server.sendall(block)
            server.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up everywhere."""
        self._ended.set()
        self._listener.close()
        for end in self._open:
            with suppress(OSError):
                end.close()


@contextmanager
def proxied(
    host: str, port: int, faults: Sequence[Fault] = (), repeat_last: bool = False, cut_at: Sequence[int] = (),
    bytes_per_second: int | None = None,
) -> Iterator[FaultProxy]:  # fmt: skip
    """Put a proxy before a server until the block ends."""
    proxy = FaultProxy(host, port, faults, repeat_last, cut_at, bytes_per_second)
    try:
        yield proxy
    finally:
        proxy.close()
