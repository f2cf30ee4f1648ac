"""The drop folders of the sample city over SFTP: by OpenSSH where it is installed, else by a server in Python.

OpenSSH lets in users of this machine alone, and passwords only with the help of PAM; so the hub logs in as the user
who runs the city, with a key that was made for it. Nothing can be written, whatever the server. This process listens,
and hands each connection to a server of its own: when it ends, none is left behind.
"""

from __future__ import annotations

import os
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from socket import socket

import paramiko

from simulator.sftp_fallback import serve_connection
from simulator.sftp_keys import ADDRESS, HOST_KEY, KEYS, USER_KEY, user_name, write_private

#: OpenSSH, run as root, looks for this folder, which its service would make
PRIVILEGE_SEPARATION = Path("/run/sshd")
CONFIGURATION = """\
HostKey "{keys}/host_ed25519"
AuthorizedKeysFile "{keys}/authorized_keys"
AuthenticationMethods publickey
PermitRootLogin prohibit-password
# the city's folder may lie where others may write, such as /tmp
StrictModes no
UsePAM no
LoginGraceTime 20
LogLevel ERROR
DisableForwarding yes
PermitTTY no
Subsystem sftp internal-sftp
ForceCommand internal-sftp -R
"""


@contextmanager
def serving(city: Path, port: int, is_openssh: bool | None = None) -> Iterator[str]:
    """Serve the city's drop folders in threads; yields the server's name.

    `is_openssh` chooses; without it OpenSSH is taken where it lets the hub in (an account may be locked, or have no
    entry in the list of users). Raises OSError when the port is in use.
    """
    serve = partial(serve_connection, city / "drops", city / KEYS)
    name = "Python"
    program = _sshd() if is_openssh is not False else None
    if program is not None:
        openssh = partial(_hand_over, program, _configure(city / KEYS))
        with listening(0, openssh) as trial:
            if is_openssh or _lets_in(city, trial):
                serve, name = openssh, "OpenSSH"
    with listening(port, serve):
        yield name


def _sshd() -> Path | None:
    """Return OpenSSH's server, when it is installed and may run."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        return None
    if os.geteuid() == 0:
        try:
            PRIVILEGE_SEPARATION.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError:  # a container whose root may not write
            return None
    return Path(found).resolve()


def _configure(keys: Path) -> Path:
    path = keys / "sshd_config"
    write_private(path, CONFIGURATION.replace("{keys}", str(keys.resolve()).replace("%", "%%")))
    return path


def _hand_over(program: Path, configuration: Path, connection: socket) -> None:
    """Let OpenSSH speak on a connection, as inetd does."""
    command = [str(program), "-i", "-e", "-f", str(configuration)]
    subprocess.run(command, stdin=connection.fileno(), stdout=connection.fileno(), check=False)  # noqa: S603


@contextmanager
def listening(port: int, serve: Callable[[socket], None]) -> Iterator[int]:
    """Give each connection to `serve`, in a thread of its own; yields the port, which 0 leaves to the system."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            serve(self.request)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False

    with Server((ADDRESS, port), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def _lets_in(city: Path, port: int) -> bool:
    """Whether the server on a port lets the hub's key in and shows the drop folders."""
    client = paramiko.SSHClient()
    host_key = paramiko.Ed25519Key.from_private_key_file(str(city / KEYS / HOST_KEY))
    client.get_host_keys().add(f"[{ADDRESS}]:{port}", host_key.get_name(), host_key)
    try:
        client.connect(
            ADDRESS, port, user_name(), key_filename=str(city / KEYS / USER_KEY),
            allow_agent=False, look_for_keys=False, timeout=10, banner_timeout=10, auth_timeout=10,
        )  # fmt: skip
        client.open_sftp().listdir(str(city.resolve() / "drops"))
    except (paramiko.SSHException, OSError, EOFError):
        return False
    finally:
        client.close()
    return True
