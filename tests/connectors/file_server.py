"""What every file server of the tests offers: a folder, a login, and a way round through a faulty network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from connectors.connection import Connection
from tests.faults import Fault, FaultProxy, proxied

PASSWORD = "p@ss/w%rd:'"


class Server:
    """A server whose files are those of `folder`."""

    connection: Connection

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, content: bytes) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def wrong(self) -> Connection:
        return replace(self.connection, password="wrong")

    def down(self) -> Connection:
        return self.at(1)

    def at(self, port: int) -> Connection:
        """Return the connection by another port."""
        return replace(self.connection, port=port)

    def wrong_by(self, connection: Connection) -> Connection:
        """Return the connection with credentials that are not let in."""
        wrong = self.wrong()
        extra = {**wrong.extra, **{name: value for name, value in connection.extra.items() if name == "endpoint_url"}}
        return replace(wrong, port=connection.port, extra=extra)

    @contextmanager
    def faulty(self, faults: Sequence[Fault], repeat_last: bool = False) -> Iterator[tuple[Connection, FaultProxy]]:
        with proxied("127.0.0.1", self.connection.port or 0, faults, repeat_last) as proxy:
            yield self.at(proxy.port), proxy
