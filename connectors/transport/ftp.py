"""A department's FTP server, with TLS where the connection's extra `tls` says so.

The standard library's client: fsspec's checks no certificate, reads each block by a transfer of its own, and finds
nothing on servers without MLSD whose listing looks like that of Windows.
"""

from __future__ import annotations

import ftplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from connectors.calendar import SourceFile
from connectors.connection import Connection
from connectors.transport import base, tls
from connectors.transport.base import BrokenError, Child, at
from schemas.errors import ConfigurationError, HubError

BLOCK_BYTES = 64 * 1024


class _Forgiving(ssl.SSLSocket):
    """Ends a transfer with servers that hang up without TLS's goodbye; whether all has come the control line tells."""

    def unwrap(self) -> socket.socket:
        try:
            return super().unwrap()
        except OSError:
            return self


class _Tls(ftplib.FTP_TLS):
    """Takes the control connection's TLS session for each transfer, which vsftpd and others insist on."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        opened, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - the plain one, wrapped here
        if isinstance(self.sock, ssl.SSLSocket):
            opened = self.context.wrap_socket(opened, server_hostname=self.host, session=self.sock.session)
        return opened, size


@contextmanager
def session(connection: Connection) -> Iterator[FtpSession]:
    """Log in, and tell every failure by what the caller must do.

    Raises:
        ConfigurationError: no such folder, or a certificate that nobody vouches for.
        RefusedError: the server refused the credentials or the file.
        BrokenError: the server does not answer, or hung up.

    """
    client = _client(connection)
    try:
        client.connect(connection.host, connection.port or 21, base.CONNECT_SECONDS)
        _log_in(client, connection)
        yield FtpSession(client, connection)
    except (ftplib.Error, OSError, EOFError, UnicodeDecodeError) as error:
        raise _explained(error, connection) from error
    finally:
        with suppress(*ftplib.all_errors):
            client.close()


def _client(connection: Connection) -> ftplib.FTP:
    encoding = str(connection.extra.get("encoding") or "utf-8")
    if not base.truth(connection.extra.get("tls", "")):
        return ftplib.FTP(encoding=encoding)  # noqa: S321 - what the department has; TLS is the extra `tls`
    context = tls.context(connection)
    context.sslsocket_class = _Forgiving
    return _Tls(context=context, encoding=encoding)


def _log_in(client: ftplib.FTP, connection: Connection) -> None:
    if isinstance(client, ftplib.FTP_TLS):
        try:
            client.auth()
        except ftplib.error_perm as error:
            fix = "leave the extra tls out, if the department has nothing better"
            raise ConfigurationError(f"offers no TLS ({error})", where=at(connection), fix=fix) from error
    try:
        client.login(connection.login, connection.password)
    except ftplib.error_perm as error:
        raise base.refused(connection, error) from error
    if isinstance(client, ftplib.FTP_TLS):
        client.prot_p()
    if client.sock is not None:
        client.sock.settimeout(base.ANSWER_SECONDS)
    client.timeout = base.ANSWER_SECONDS


class FtpSession:
    """A session at an FTP server."""

    def __init__(self, client: ftplib.FTP, connection: Connection) -> None:
        """Go into the folder."""
        self.client, self.connection = client, connection
        self.root = connection.path.rstrip("/")
        try:
            client.cwd(self.root or "/")
        except ftplib.error_perm:
            raise base.no_folder(connection, "mend the last part of the connection's address") from None
        self._has_mlsd = True

    def children(self, folder: str) -> list[Child]:
        """List a folder by MLSD, or name by name where the server knows no MLSD (that of Windows)."""
        path = f"{self.root}/{folder}".rstrip("/") or "/"
        if self._has_mlsd:
            try:
                return [
                    Child(_file(f"{folder}/{name}".lstrip("/"), facts), facts["type"].lower() == "dir")
                    for name, facts in self.client.mlsd(path)
                    if facts.get("type", "").lower() in ("file", "dir") and "/" not in name
                ]
            except ftplib.error_perm as error:
                if str(error)[:2] != "50":
                    return []
                self._has_mlsd = False
        try:
            names = self.client.nlst(path)
        except ftplib.error_perm as error:
            if str(error)[:3] == "550":  # so say servers of an empty folder, too
                return []
            raise
        plain = (name.replace("\\", "/").rpartition("/")[2] for name in names)
        return [
            Child(SourceFile(f"{folder}/{name}".lstrip("/")), is_folder=None)
            for name in plain
            if name not in ("", ".", "..")
        ]

    def file(self, name: str) -> SourceFile | None:
        """Return size and time of one file, by SIZE and MDTM."""
        path = f"{self.root}/{name}"
        self.client.voidcmd("TYPE I")  # a listing switches to ASCII, in which SIZE is refused
        try:
            size = self.client.size(path)
        except ftplib.error_perm as error:
            if str(error)[:2] != "50":
                return None
            size = None  # a server that knows no SIZE
        try:
            modified = _moment(self.client.sendcmd(f"MDTM {path}")[4:])
        except ftplib.error_perm:
            modified = None
        return SourceFile(name, size, modified)

    def blocks(self, file: SourceFile, offset: int) -> Iterator[bytes]:
        """Read a file in one transfer, from a byte on; a server that knows no REST has to begin anew."""
        command, skip = f"RETR {self.root}/{file.name}", 0
        try:
            source = self.client.transfercmd(command, rest=offset or None)
        except ftplib.error_perm as error:
            if not offset or str(error)[:2] != "50":
                raise
            source, skip = self.client.transfercmd(command), offset
        try:
            with source:
                while block := source.recv(BLOCK_BYTES):
                    fresh = block[skip:]
                    skip = max(0, skip - len(block))
                    offset += len(fresh)
                    if fresh:
                        yield fresh
                if isinstance(source, ssl.SSLSocket):
                    source.unwrap()
        except GeneratorExit:  # the reader has enough; what the server says of it must not answer the next command
            with suppress(*ftplib.all_errors):
                self.client.voidresp()
            raise
        if file.size is None:
            self.client.voidresp()  # nothing else tells that all has come
        elif offset == file.size:
            with suppress(TimeoutError):  # a router may have forgotten the idle control connection
                self.client.voidresp()


def _file(name: str, facts: dict[str, str]) -> SourceFile:
    size, modify = facts.get("size", ""), facts.get("modify", "")
    return SourceFile(name, int(size) if size.isdigit() else None, _moment(modify))


def _moment(text: str) -> float | None:
    """Return the seconds since 1970 of FTP's YYYYMMDDHHMMSS, which is UTC (RFC 3659)."""
    try:
        return datetime.strptime(text.strip()[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _explained(error: Any, connection: Connection) -> HubError | BrokenError:
    if isinstance(error, UnicodeDecodeError):
        fix = "name the server's encoding in the extra: encoding=cp1252"
        return ConfigurationError("lists names that are not UTF-8", where=at(connection), fix=fix)
    if isinstance(error, ssl.SSLCertVerificationError):
        return tls.untrusted(connection, error.verify_message)
    if isinstance(error, ftplib.error_perm) and "used by another" in str(error):
        return base.busy(connection, error)
    if isinstance(error, ftplib.error_perm):
        return base.forbidden(connection, f"the folder or a file in it ({str(error)[:100]})")
    if isinstance(error, socket.gaierror):
        return base.unknown_host(connection, error)
    return BrokenError(error, isinstance(error, TimeoutError))
