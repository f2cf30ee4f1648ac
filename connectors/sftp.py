"""Fetch the newest export from a department's SFTP server.

The server must show the host key that the connection's extra `host_key` names; the names of the extras are those
of Airflow's SFTP connections: host_key, no_host_key_check, private_key, key_file, private_key_passphrase.
"""

from __future__ import annotations

import base64
import errno
import io
import logging
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import paramiko

from connectors.connection import Connection
from connectors.drift import FeedPlace
from connectors.files import Delivery, is_export, no_file
from schemas.application import FilesFeed
from schemas.errors import ConfigurationError, HubError, RefusedError, RetryLaterError

#: until the server is reached, has greeted, has let us in
CONNECT_SECONDS = 15
#: without an answer while listing and copying
ANSWER_SECONDS = 60
#: blocks of 32 KB asked for ahead: 2 MB of memory, whatever the file's size
AHEAD = 64

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # what it would tell comes as our errors


def fetch_newest(feed: FilesFeed, place: FeedPlace, connection: Connection) -> Delivery:
    """Copy the last file in name order that fits `feed.file` into a temporary folder of this machine.

    Raises:
        ConfigurationError: host key not recorded or another one, no credentials, no such folder.
        RefusedError: the server refused the credentials or the file.
        RetryLaterError: the server does not answer, or the file changed while it was copied.
        DriftError: no file fits.

    """
    if "**" in feed.file:
        raise ConfigurationError("'**' is not read over SFTP", where=f"{place.where}.file", fix="name the folder")
    folder = tempfile.TemporaryDirectory(prefix="opdhub-")
    try:
        with _session(connection) as session:
            name, before = _newest(session, feed, place, connection)
            copy = Path(folder.name) / PurePosixPath(name).name
            remote = f"{connection.path}/{name}"
            with copy.open("wb") as target:
                session.getfo(remote, target, max_concurrent_prefetch_requests=AHEAD)
            after = session.stat(remote)
        sizes = {before.st_size, after.st_size, copy.stat().st_size}
        if len(sizes) > 1 or before.st_mtime != after.st_mtime:
            raise RetryLaterError(
                f"file '{name}' changed while it was read",
                where=_where(connection),
                fix="write under another name, then rename",
            )
    except BaseException:
        folder.cleanup()
        raise
    return Delivery(copy, name, float(before.st_mtime or 0), folder.cleanup)


def _newest(
    session: paramiko.SFTPClient, feed: FilesFeed, place: FeedPlace, connection: Connection
) -> tuple[str, paramiko.SFTPAttributes]:
    try:
        session.stat(connection.path)
    except FileNotFoundError:
        fix = "mend the last part of the connection's address; /~/folder is below the account's home"
        raise ConfigurationError("the folder is not there", where=_where(connection), fix=fix) from None
    found = [""]
    for part in PurePosixPath(feed.file).parts:
        found = [f"{above}{name}/" for above in found for name in _fitting(session, connection.path, above, part)]
    for path in sorted((path.rstrip("/") for path in found), reverse=True):
        attributes = session.stat(f"{connection.path}/{path}")
        if stat.S_ISREG(attributes.st_mode or 0) and is_export(PurePosixPath(path).name):
            return path, attributes
    raise no_file(place, feed, connection)


def _fitting(session: paramiko.SFTPClient, root: str, above: str, pattern: str) -> list[str]:
    try:
        names = session.listdir(f"{root}/{above}")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError:  # servers answer the listing of a file with a plain failure
        if above and not stat.S_ISDIR(session.stat(f"{root}/{above.rstrip('/')}").st_mode or 0):
            return []
        raise
    return [name for name in names if fnmatchcase(name, pattern) and "/" not in name]


@contextmanager
def _session(connection: Connection) -> Iterator[paramiko.SFTPClient]:
    """Log in, and tell every failure by what the caller must do."""
    client = paramiko.SSHClient()
    try:
        _trust(client, connection)
        key = _private_key(connection)
        if key is None and not connection.password:
            fix = "add the password, or the extra private_key or key_file"
            raise ConfigurationError("has neither password nor key", where=_where(connection), fix=fix)
        client.connect(
            connection.host,
            connection.port or 22,
            connection.login,
            connection.password or None,
            pkey=key,
            allow_agent=False,
            look_for_keys=False,
            timeout=CONNECT_SECONDS,
            banner_timeout=CONNECT_SECONDS,
            auth_timeout=CONNECT_SECONDS,
            channel_timeout=CONNECT_SECONDS,
        )
        session = client.open_sftp()
        channel = session.get_channel()
        if channel is not None:
            channel.settimeout(ANSWER_SECONDS)
        yield session
    except HubError:
        raise
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise _explained(error, connection) from error
    finally:
        client.close()


def _explained(error: Exception, connection: Connection) -> HubError:
    where, text = _where(connection), " ".join(str(error).split())[:200] or type(error).__name__
    if isinstance(error, paramiko.BadHostKeyException):
        problem = f"shows another host key than recorded: {error.key.get_name()} {error.key.fingerprint}"
        fix = f"ask the department; when its server is new, set host_key to: {_recorded(error.key)}"
        return ConfigurationError(problem, where=where, fix=fix)
    if isinstance(error, paramiko.AuthenticationException) and "timeout" not in text.lower():
        return RefusedError(f"refused ({text})", where=where, fix="mend the connection's login, password or key")
    if isinstance(error, PermissionError):
        return RefusedError(f"refused ({text})", where=where, fix="ask for the right to read the folder")
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        fix = "ask the department to renew its SSH server"
        return ConfigurationError(f"offers no safe encryption ({text})", where=where, fix=fix)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        fix = "make room, or set TMPDIR to a folder of a larger disk"
        return RetryLaterError(f"the temporary folder is full ({tempfile.gettempdir()})", where=where, fix=fix)
    if isinstance(error, socket.gaierror):
        return RetryLaterError(f"host '{connection.host}' is not known ({text})", where=where, fix="mend host or DNS")
    return RetryLaterError(f"did not answer ({text})", where=where, fix="see whether the server is up and reachable")


def _where(connection: Connection) -> str:
    return f"connection '{connection.id}' ({connection.masked})"


def _recorded(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"


class _Refuse(paramiko.MissingHostKeyPolicy):
    """Shows the key of a server that nobody has vouched for, and stops before any secret is sent."""

    def __init__(self, where: str) -> None:
        self.where = where

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        raise ConfigurationError(
            f"has no host_key; the server shows {key.get_name()} {key.fingerprint}",
            where=self.where,
            fix=f"compare that with the department, then add the extra host_key: {_recorded(key)}",
        )


def _trust(client: paramiko.SSHClient, connection: Connection) -> None:
    """Take the recorded host key; without one, no server, unless `no_host_key_check` says any."""
    recorded = str(connection.extra.get("host_key") or "").split()
    if recorded:
        try:
            blob = base64.b64decode(next(part for part in recorded if part.startswith("AAAA")), validate=True)
            kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode("ascii")
            key = paramiko.PKey.from_type_string(kind, blob)
        except (StopIteration, ValueError, paramiko.SSHException) as error:
            fix = "take the line of ssh-keyscan without the host: ssh-ed25519 AAAA…"
            raise ConfigurationError("host_key is no public key", where=_where(connection), fix=fix) from error
        port = connection.port or 22
        name = connection.host if port == 22 else f"[{connection.host}]:{port}"
        client.get_host_keys().add(name, key.get_name(), key)
    is_anyone = str(connection.extra.get("no_host_key_check", "")).lower() in ("true", "1") and not recorded
    # by the department's own decision, spelled out in the connection
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy() if is_anyone else _Refuse(_where(connection)))


def _private_key(connection: Connection) -> paramiko.PKey | None:
    passphrase = str(connection.extra.get("private_key_passphrase") or "") or None
    text, file = connection.extra.get("private_key"), connection.extra.get("key_file")
    if not text and not file:
        return None
    try:
        content = str(text) if text else Path(str(file)).expanduser().read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        fix = "name a private key that the hub's user may read"
        raise ConfigurationError(f"key_file cannot be read ({file})", where=_where(connection), fix=fix) from error
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(content), passphrase)
        except (paramiko.SSHException, ValueError):
            continue
    fix = "give an OpenSSH key (ed25519, ecdsa or rsa), and private_key_passphrase where it has one"
    raise ConfigurationError("the private key cannot be read", where=_where(connection), fix=fix)
