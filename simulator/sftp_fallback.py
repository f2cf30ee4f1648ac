"""A read-only SFTP server in Python, for machines without OpenSSH; it shows one folder and lets one key in."""

from __future__ import annotations

import os
from pathlib import Path
from socket import socket

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_PERMISSION_DENIED

from simulator.sftp_keys import HOST_KEY, USER_KEY, user_name


class Login(paramiko.ServerInterface):
    """Lets in the user who runs the city, with the key that was made for the hub."""

    def __init__(self, keys: Path) -> None:
        """Know the key in `keys`."""
        self.key = paramiko.Ed25519Key.from_private_key_file(str(keys / USER_KEY))

    def get_allowed_auths(self, username: str) -> str:
        """Name the one way in."""
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Compare user and key; paramiko has seen the proof that the key is held."""
        return AUTH_SUCCESSFUL if (username, key) == (user_name(), self.key) else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Allow the channel in which SFTP is spoken; commands stay refused."""
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED


class Folder(paramiko.SFTPServerInterface):
    """The folder: listed and read; all that would change it is refused by the base class."""

    def __init__(self, server: paramiko.ServerInterface, root: Path) -> None:
        """Show what lies in `root`, under its path on this machine, as OpenSSH does."""
        super().__init__(server)
        self.root = root.resolve()

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        """List a folder."""
        try:
            inside = self._inside(path)
            return [paramiko.SFTPAttributes.from_stat(entry.lstat(), entry.name) for entry in inside.iterdir()]
        except OSError as error:
            return _status(error)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        """Tell size and time of a file."""
        try:
            return paramiko.SFTPAttributes.from_stat(self._inside(path).stat())
        except OSError as error:
            return _status(error)

    lstat = stat

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        """Open a file for reading."""
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
            return SFTP_PERMISSION_DENIED
        try:
            file = self._inside(path).open("rb")
        except OSError as error:
            return _status(error)
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = file  # type: ignore[attr-defined]
        handle.filename = path  # type: ignore[attr-defined]
        return handle

    def _inside(self, path: str) -> Path:
        found = Path(path).resolve()
        if not found.is_relative_to(self.root):
            raise PermissionError(13, "outside of the folder")
        return found


def _status(error: OSError) -> int:
    return paramiko.SFTPServer.convert_errno(error.errno or 0)


def serve_connection(root: Path, keys: Path, connection: socket) -> None:
    """Speak SFTP on a connection until the client leaves."""
    transport = paramiko.Transport(connection)
    try:
        transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(keys / HOST_KEY)))
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Folder, root)
        transport.start_server(server=Login(keys))
        transport.join()
    except (paramiko.SSHException, EOFError, OSError):
        return  # who knocks and leaves is no error of the server's
    finally:
        transport.close()
