"""A department's SFTP server; it must show the host key that the connection's extra `host_key` names."""

from __future__ import annotations

import logging
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

import paramiko

from connectors.calendar import SourceFile
from connectors.connection import Connection
from connectors.transport import base
from connectors.transport.base import BrokenError, Child, at
from connectors.transport.sftp_ahead import ReadAhead
from connectors.transport.sftp_trust import private_key, recorded, trust
from schemas.errors import ConfigurationError, HubError

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # what it would tell comes as our errors


@contextmanager
def session(connection: Connection) -> Iterator[SftpSession]:
    """Log in, and tell every failure by what the caller must do.

    Raises:
        ConfigurationError: host key not recorded or another one, no credentials, no such folder.
        RefusedError: the server refused the credentials or the file.
        BrokenError: the server does not answer, or hung up.

    """
    client = paramiko.SSHClient()
    try:
        trust(client, connection)
        yield SftpSession(_log_in(client, connection), connection)
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise _explained(error, connection) from error
    finally:
        client.close()


def _log_in(client: paramiko.SSHClient, connection: Connection) -> paramiko.SFTPClient:
    key = private_key(connection)
    if key is None and not connection.password:
        fix = "add the password, or the extra private_key or key_file"
        raise ConfigurationError("has neither password nor key", where=at(connection), fix=fix)
    client.connect(
        connection.host,
        connection.port or 22,
        connection.login,
        connection.password or None,
        pkey=key,
        allow_agent=False,
        look_for_keys=False,
        timeout=base.CONNECT_SECONDS,
        banner_timeout=base.CONNECT_SECONDS,
        auth_timeout=base.CONNECT_SECONDS,
        channel_timeout=base.CONNECT_SECONDS,
    )
    made = client.open_sftp()
    channel = made.get_channel()
    if channel is not None:
        channel.settimeout(base.ANSWER_SECONDS)
    return made


class SftpSession:
    """A session at an SFTP server."""

    def __init__(self, client: paramiko.SFTPClient, connection: Connection) -> None:
        """Look whether the folder is there."""
        self.client, self.connection, self.root = client, connection, connection.path
        try:
            client.stat(self.root)
        except FileNotFoundError:
            fix = "mend the last part of the connection's address; /~/folder is below the account's home"
            raise base.no_folder(connection, fix) from None

    def children(self, folder: str) -> list[Child]:
        """List a folder."""
        try:
            found = self.client.listdir_attr(f"{self.root}/{folder}")
        except FileNotFoundError:
            return []
        made = (
            self._child(f"{folder}/{told.filename}".lstrip("/"), told) for told in found if "/" not in told.filename
        )
        return [child for child in made if child]

    def _child(self, name: str, told: paramiko.SFTPAttributes) -> Child | None:
        if stat.S_ISLNK(told.st_mode or 0):
            try:
                told = self.client.stat(f"{self.root}/{name}")
            except FileNotFoundError:
                return None
        mode = told.st_mode or 0
        is_known = stat.S_ISREG(mode) or stat.S_ISDIR(mode)
        return Child(_file(name, told), stat.S_ISDIR(mode)) if is_known else None

    def file(self, name: str) -> SourceFile | None:
        """Return size and time of one file.

        Raises:
            ConfigurationError: it is a link to a file elsewhere.

        """
        try:
            told = self.client.stat(f"{self.root}/{name}")
        except FileNotFoundError:
            return None
        real, root = (self.client.normalize(path) for path in (f"{self.root}/{name}", self.root))
        if not PurePosixPath(real).is_relative_to(root):
            raise base.leads_out(name, self.connection)
        return _file(name, told) if stat.S_ISREG(told.st_mode or 0) else None

    def blocks(self, file: SourceFile, offset: int) -> Iterator[bytes]:
        """Read a file."""
        with self.client.open(f"{self.root}/{file.name}", "rb") as source:
            yield from ReadAhead(self.client, source.handle, offset, file.size or 0).blocks()


def _file(name: str, told: paramiko.SFTPAttributes) -> SourceFile:
    return SourceFile(name, told.st_size, None if told.st_mtime is None else float(told.st_mtime))


def _explained(error: Exception, connection: Connection) -> HubError | BrokenError:
    text = " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, paramiko.BadHostKeyException):
        problem = f"shows another host key than recorded: {error.key.get_name()} {error.key.fingerprint}"
        fix = f"ask the department; when its server is new, set host_key to: {recorded(error.key)}"
        return ConfigurationError(problem, where=at(connection), fix=fix)
    if isinstance(error, paramiko.AuthenticationException) and "timeout" not in text.lower():
        return base.refused(connection, text)
    if isinstance(error, PermissionError):
        return base.forbidden(connection, "the folder or a file in it")
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        fix = "ask the department to renew its SSH server"
        return ConfigurationError(f"offers no safe encryption ({text})", where=at(connection), fix=fix)
    if isinstance(error, socket.gaierror):
        return base.unknown_host(connection, text)
    is_silent = isinstance(error, TimeoutError) or "timeout" in text.lower() or "banner" in text.lower()
    return BrokenError(text, is_silent)
