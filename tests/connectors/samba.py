"""Samba's server, run from a folder of its own."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.connection import Connection
from tests.connectors.conftest import free_port
from tests.connectors.file_server import PASSWORD, Server
from tests.services import skip_or_fail

CONFIGURATION = """\
[global]
smb ports = {port}
interfaces = 127.0.0.1
bind interfaces only = yes
server role = standalone server
passdb backend = tdbsam:{home}/passdb.tdb
private dir = {home}
lock directory = {home}
state directory = {home}
cache directory = {home}
pid directory = {home}
ncalrpc dir = {home}/ncalrpc
log file = {home}/log
load printers = no
disable spoolss = yes
map to guest = never
[data]
path = {share}
read only = yes
"""


class Smb(Server):
    """A share of smbd, with a configuration, a port and a list of users of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "share" / "keluar")
        self.home, self.port = folder / "smbd", free_port()
        self.home.mkdir()
        # the account must be one of this machine: that of whoever runs the tests
        self.connection = Connection("app", "smb", "127.0.0.1", self.port, getpass.getuser(), PASSWORD, "data/keluar")

    @contextmanager
    def serving(self) -> Iterator[None]:
        smbd = shutil.which("smbd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
        if smbd is None:
            skip_or_fail("smbd (samba) is not installed")
        config = self.home / "smb.conf"
        config.write_text(CONFIGURATION.format(port=self.port, home=self.home, share=self.folder.parent))
        add = ["pdbedit", "-s", str(config), "-a", "-t", "-u", self.connection.login]
        subprocess.run(add, input=f"{PASSWORD}\n{PASSWORD}\n", text=True, check=True, capture_output=True)
        # not --no-process-group: at its end smbd signals its whole process group, which must be its own
        run = [smbd, "--foreground", "-s", str(config)]
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL}
        with (self.home / "out").open("wb") as out, subprocess.Popen(run, stdout=out, stderr=out, **options) as process:
            try:
                wait_for(self.port)
                yield
            finally:
                process.terminate()  # it ends its children


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"nobody listens at port {port}")
