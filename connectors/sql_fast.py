"""The fast reader: connectorx streams MySQL and PostgreSQL into Arrow, some five times the ordinary driver."""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from connectors.ahead import Ahead
from connectors.connection import Connection
from connectors.sql_session import CONNECT_SECONDS, OWN_EXTRA

if TYPE_CHECKING:
    import pyarrow as pa

PORTS = {"mysql": 3306, "postgres": 5432}
SCHEMES = {"mysql": "mysql", "postgres": "postgresql"}
#: rows of connectorx's own batches; those of an unfinished batch are read again after a break
BATCH_ROWS = 2000
#: of those that connectorx has: MySQL's binary one takes a quarter longer for texts; PostgreSQL's csv takes '' for null
PROTOCOLS = {"mysql": "text", "postgres": "binary"}
CHILD = Path(__file__).with_name("sql_fast_child.py")
HEAD = struct.Struct(">cI")
#: a pipe's usual 64 kB would wake both processes for every batch
PIPE_BYTES = 1024 * 1024
F_SETPIPE_SZ = 1031


class FastReaderError(Exception):
    """connectorx gave up; its message holds the database's error code where there was one."""


def can_read(connection: Connection) -> bool:
    """Whether connectorx knows the dialect and needs nothing that stands in `extra` (TLS files, sockets)."""
    return (
        connection.kind in SCHEMES
        and not set(connection.extra) - set(OWN_EXTRA)
        and connection.extra.get("reader") != "cursor"
    )


def stream(
    connection: Connection,
    query: str,
    settings: Sequence[str],
    *,
    seconds: float,
    first_seconds: float,
    is_compressed: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Stream the query's rows in batches of BATCH_ROWS rows of strings, from a process of its own.

    Test the login with the ordinary driver first: connectorx tries a wrong password about 7 times.

    Args:
        connection: a database that `can_read`
        query: SQL text
        settings: statements that the session runs first
        seconds: how long the next batch may take, once one has come
        first_seconds: how long the first may take
        is_compressed: whether MySQL compresses what it sends

    Raises:
        FastReaderError: at any batch; a stream that breaks never ends as if it were complete. What was decoded
            before is given out first.

    """
    request = {
        "url": _url(connection, is_compressed),
        "query": query,
        "settings": list(settings),
        "batch_rows": BATCH_ROWS,
        "protocol": PROTOCOLS[connection.kind],
        "seconds": seconds,
        "first_seconds": first_seconds,
    }
    child, ahead = _started(), None
    try:
        if child.stdin is None or child.stdout is None:
            raise FastReaderError("no pipe to the reader's process")
        with suppress(BrokenPipeError):  # it has died, which its silence will tell
            child.stdin.write(json.dumps(request).encode())
            child.stdin.close()
        ahead = Ahead(_batches(child.stdout, seconds, first_seconds))
        yield from ahead
    finally:
        child.kill()
        child.wait()
        if ahead is not None:
            ahead.close()
        for end in (child.stdin, child.stdout):
            if end is not None:
                with suppress(BrokenPipeError):
                    end.close()


def _started() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - -P: this folder has modules that are called as Python's own
            [sys.executable, "-P", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"RUST_BACKTRACE": "0", "RUST_LOG": "off"},
        )
    except OSError as error:
        raise FastReaderError(f"no process for the reader ({error.strerror})") from error


def _batches(source: IO[bytes], seconds: float, first_seconds: float) -> Iterator[pa.RecordBatch]:
    import fcntl

    import pyarrow as pa

    with suppress(OSError):  # a system may allow less
        fcntl.fcntl(source.fileno(), F_SETPIPE_SZ, PIPE_BYTES)
    schema: pa.Schema | None = None
    patience = first_seconds
    while True:
        letter, payload = _frame(source, patience)
        if letter == b"D":
            return
        if letter == b"E":
            raise FastReaderError(payload.to_pybytes().decode("utf-8", "replace"))
        if letter == b"S":
            schema = pa.ipc.read_schema(payload)
        else:
            patience = seconds
            yield pa.ipc.read_record_batch(payload, schema)


def _frame(source: IO[bytes], seconds: float) -> tuple[bytes, pa.Buffer]:
    letter, length = HEAD.unpack(_exactly(source, HEAD.size, seconds))
    return letter, _exactly(source, length, seconds)


def _exactly(source: IO[bytes], length: int, seconds: float) -> pa.Buffer:
    import pyarrow as pa

    # in Arrow's own memory: the batch is a view of it
    filled, got, until = pa.allocate_buffer(length), 0, monotonic() + seconds
    view, waiting = memoryview(filled), select.poll()
    waiting.register(source, select.POLLIN)
    while got < length:
        if not waiting.poll(max(0.0, until - monotonic()) * 1000):
            raise FastReaderError(f"the server has been silent for {seconds:.0f} s")
        count = os.readv(source.fileno(), [view[got:]])
        if not count:
            raise FastReaderError("the reader's process ended in the middle")
        got += count
    return filled


def _url(connection: Connection, is_compressed: bool) -> str:
    login = quote(connection.login, safe="")
    if connection.password:
        login += ":" + quote(connection.password, safe="")
    host = f"{connection.host}:{connection.port or PORTS[connection.kind]}"
    address = f"{SCHEMES[connection.kind]}://{login}@{host}/{quote(connection.schema, safe='')}"
    if connection.kind == "mysql":
        # else it looks for the server's socket file and goes round host and port, to another account or server
        address += f"?prefer_socket=false&tcp_connect_timeout_ms={CONNECT_SECONDS * 1000}"
        return address + ("&compress=true" if is_compressed else "")
    return f"{address}?connect_timeout={CONNECT_SECONDS}"
