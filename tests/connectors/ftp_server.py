"""pyftpdlib's server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from connectors.connection import Connection
from tests.connectors.file_server import PASSWORD, Server
from tests.faults import Fault, FaultProxy
from tests.hub.proxy import proxied as counted

#: the server's own address; clients come by 127.0.0.1, where a proxy can stand before every port of it
ADDRESS = "127.0.0.2"


class Ftp(Server):
    """A server whose data connections pass a proxy; `logins` counts the control connections."""

    def __init__(self, folder: Path, without: str = "") -> None:
        super().__init__(folder)
        users = DummyAuthorizer()
        users.add_user("opd@hub", PASSWORD, str(folder.parent), perm="elr")
        known = {name: how for name, how in FTPHandler.proto_cmds.items() if name not in without.split()}
        options: dict[str, Any] = {"authorizer": users, "proto_cmds": known, "auth_failed_timeout": 0.1}
        self.handler = type("Handler", (FTPHandler,), options)

    @contextmanager
    def serving(self) -> Iterator[None]:
        server = FTPServer((ADDRESS, 0), self.handler, ioloop=IOLoop())
        ended: list[bool] = []

        def loop() -> None:
            while not ended:
                server.ioloop.loop(timeout=0.02, blocking=False)

        thread = Thread(target=loop, daemon=True)
        thread.start()
        with counted(*server.address) as self.control:
            self.connection = Connection("app", "ftp", "127.0.0.1", self.control.port, "opd@hub", PASSWORD, "keluar")
            # with one data port a connection that a client gave up may be taken for its next one
            self.direct = replace(self.connection, host=ADDRESS, port=server.address[1])
            try:
                with self.faulty([]):
                    yield
            finally:
                ended.append(True)
                thread.join(5)
                server.close_all()

    @contextmanager
    def faulty(self, faults: Sequence[Fault], repeat_last: bool = False) -> Iterator[tuple[Connection, FaultProxy]]:
        """Let the data connections suffer: they carry the files."""
        proxy = FaultProxy(ADDRESS, 0, faults, repeat_last)
        proxy.target = (ADDRESS, proxy.port)
        before, self.handler.passive_ports = self.handler.passive_ports, [proxy.port]
        try:
            yield self.connection, proxy
        finally:
            self.handler.passive_ports = before
            proxy.close()

    def down(self) -> Connection:
        return replace(self.connection, port=1)
