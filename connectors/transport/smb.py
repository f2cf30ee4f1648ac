"""A department's Windows share.

smbprotocol itself, not through fsspec: that keeps every login in a global pool, asks for each file of a folder one by
one, and waits without end for a server that has stopped to answer.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

import smbclient
from smbprotocol import exceptions as smb
from smbprotocol.connection import Connection as Wire

from connectors.calendar import SourceFile
from connectors.connection import Connection
from connectors.transport import base
from connectors.transport.base import BrokenError, Child, at
from schemas.errors import ConfigurationError, HubError

BLOCK_BYTES = 256 * 1024
_SHARING_VIOLATION = 0xC0000043
#: seconds from 1601 to 1970, and parts of a second in Windows' time
_EPOCH_SECONDS, _TICKS = 11_644_473_600, 10_000_000

logging.getLogger("smbprotocol").addHandler(logging.NullHandler())  # what they would tell comes as our errors
logging.getLogger("spnego").addHandler(logging.NullHandler())


class _Watch:
    """Hangs up when nothing has come for ANSWER_SECONDS: the library itself waits for ten minutes and longer."""

    def __init__(self, wires: dict[str, Wire]) -> None:
        self.wires, self.is_silent = wires, False

    def _hang_up(self) -> None:
        self.is_silent = True
        for wire in list(self.wires.values()):
            with suppress(OSError, AttributeError):
                wire.transport.close()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        timer = Timer(base.ANSWER_SECONDS, self._hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


@contextmanager
def session(connection: Connection) -> Iterator[SmbSession]:
    """Log in, and tell every failure by what the caller must do.

    Raises:
        ConfigurationError: no login, no such share or folder, or a server that knows SMB 1 alone.
        RefusedError: the server refused the credentials or the file.
        BrokenError: the server does not answer, or hung up.

    """
    if not connection.login:
        fix = r"write it as smb://login:password@host/share/folder; with a domain, the login is DOMAIN\login"
        raise ConfigurationError("has no login", where=at(connection), fix=fix)
    wires: dict[str, Wire] = {}
    watch = _Watch(wires)
    try:
        with watch.waiting():
            smbclient.register_session(
                connection.host,
                username=connection.login,
                password=connection.password,
                port=connection.port or 445,
                connection_timeout=base.CONNECT_SECONDS,
                connection_cache=wires,
            )
            made = SmbSession(connection, watch)
        yield made
    except (smb.SMBException, OSError, ValueError) as error:
        raise _explained(error, connection, watch.is_silent) from error
    finally:
        _hang_up(wires, watch)


def _hang_up(wires: dict[str, Wire], watch: _Watch) -> None:
    for wire in wires.values():
        with suppress(smb.SMBException, OSError, ValueError, AttributeError):
            if watch.is_silent:
                wire.transport.close()
            else:
                wire.disconnect(timeout=2)


class SmbSession:
    """A session at a share."""

    def __init__(self, connection: Connection, watch: _Watch) -> None:
        """Look whether the folder is there."""
        self.connection, self.watch = connection, watch
        self.root = "\\\\" + "\\".join([connection.host, *filter(None, connection.path.split("/"))])
        self.options: dict[str, Any] = {
            "username": connection.login,
            "password": connection.password,
            "port": connection.port or 445,
            "connection_cache": watch.wires,
        }
        smbclient.stat(self.root, **self.options)

    def _path(self, name: str) -> str:
        return "\\".join([self.root, *filter(None, name.split("/"))])

    def children(self, folder: str) -> list[Child]:
        """List a folder; links are left out, they may lead to other shares."""
        return self._listed(folder, "*")

    def _listed(self, folder: str, pattern: str) -> list[Child]:
        with self.watch.waiting():
            try:
                found = [
                    (entry.name, entry.is_dir(), entry.smb_info)
                    for entry in smbclient.scandir(self._path(folder), pattern, **self.options)
                    if not entry.is_symlink()
                ]
            except OSError as error:
                if folder and error.errno == errno.ENOENT:
                    return []
                raise
        return [
            Child(SourceFile(f"{folder}/{name}".lstrip("/"), told.end_of_file, _moment(told)), is_folder)
            for name, is_folder, told in found
        ]

    def file(self, name: str) -> SourceFile | None:
        """Return size and time of one file; None for a link."""
        folder, _, last = name.rpartition("/")
        found = (child for child in self._listed(folder, last) if not child.is_folder)
        return next((child.file for child in found if child.file.name == name), None)

    def blocks(self, file: SourceFile, offset: int) -> Iterator[bytes]:
        """Read a file; others may go on to use it, and to move it away."""
        path = self._path(file.name)
        with self.watch.waiting():
            source = smbclient.open_file(path, "rb", buffering=0, share_access="rwd", **self.options)
        try:
            source.seek(offset)
            while True:
                with self.watch.waiting():
                    block = source.read(BLOCK_BYTES)
                if not block:
                    break
                yield block
        finally:
            with suppress(smb.SMBException, OSError, ValueError), self.watch.waiting():
                source.close()


def _moment(told: Any) -> float:
    ticks = told.last_write_time
    return float(ticks.timestamp() if hasattr(ticks, "timestamp") else ticks / _TICKS - _EPOCH_SECONDS)


def _explained(error: Any, connection: Connection, is_silent: bool) -> HubError | BrokenError:
    text = " ".join(str(error).split())[:200]
    if is_silent:
        return BrokenError(f"no answer for {base.ANSWER_SECONDS} seconds", is_silent=True)
    if isinstance(error, smb.SMBAuthenticationError | smb.LogonFailure | smb.WrongPassword | smb.PasswordExpired):
        return base.refused(connection, "the login or the password is not taken")
    if isinstance(error, smb.BadNetworkName) or getattr(error, "errno", 0) == errno.ENOENT:
        return base.no_folder(connection, "mend share and folder in the connection's address")
    if isinstance(error, smb.SharingViolation) or getattr(error, "ntstatus", 0) == _SHARING_VIOLATION:
        return base.busy(connection, text)
    if isinstance(error, smb.AccessDenied) or getattr(error, "errno", 0) == errno.EACCES:
        return base.forbidden(connection, "the share, the folder or a file in it")
    if isinstance(error, smb.SMBUnsupportedFeature | smb.NotSupported):
        fix = "ask the department to switch on SMB 2 or 3; SMB 1 is not spoken"
        return ConfigurationError(f"offers no safe protocol ({text})", where=at(connection), fix=fix)
    if "[Errno -" in text:  # smbprotocol wraps what the name service said
        return base.unknown_host(connection, text)
    return BrokenError(text, "timed out" in text.lower() or "timeout" in text.lower())
