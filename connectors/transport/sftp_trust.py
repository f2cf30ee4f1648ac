"""Who an SFTP server must be, and who we are: host keys and private keys.

The names of the extras are those of Airflow's SFTP connections: host_key, no_host_key_check, private_key, key_file,
private_key_passphrase.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

import paramiko

from connectors.connection import Connection
from connectors.transport.base import at, truth
from schemas.errors import ConfigurationError


def recorded(key: paramiko.PKey) -> str:
    """Return a host key as the extra `host_key` records it."""
    return f"{key.get_name()} {key.get_base64()}"


class _Refuse(paramiko.MissingHostKeyPolicy):
    """Shows the key of a server that nobody has vouched for, and stops before any secret is sent."""

    def __init__(self, where: str) -> None:
        self.where = where

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:
        raise ConfigurationError(
            f"has no host_key; the server shows {key.get_name()} {key.fingerprint}",
            where=self.where,
            fix=f"compare that with the department, then add the extra host_key: {recorded(key)}",
        )


def trust(client: paramiko.SSHClient, connection: Connection) -> None:
    """Take the recorded host key; without one, no server, unless `no_host_key_check` says any.

    Raises:
        ConfigurationError: the recorded key is none; while connecting, the server's own is not recorded.

    """
    known = str(connection.extra.get("host_key") or "").split()
    if known:
        try:
            blob = base64.b64decode(next(part for part in known if part.startswith("AAAA")), validate=True)
            kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode("ascii")
            key = paramiko.PKey.from_type_string(kind, blob)
        except (StopIteration, ValueError, paramiko.SSHException) as error:
            fix = "take the line of ssh-keyscan without the host: ssh-ed25519 AAAA…"
            raise ConfigurationError("host_key is no public key", where=at(connection), fix=fix) from error
        port = connection.port or 22
        name = connection.host if port == 22 else f"[{connection.host}]:{port}"
        client.get_host_keys().add(name, key.get_name(), key)
    is_anyone = truth(connection.extra.get("no_host_key_check", "")) and not known
    # by the department's own decision, spelled out in the connection
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy() if is_anyone else _Refuse(at(connection)))


def private_key(connection: Connection) -> paramiko.PKey | None:
    """Read the connection's private key; None where it has none.

    Raises:
        ConfigurationError: it cannot be read.

    """
    passphrase = str(connection.extra.get("private_key_passphrase") or "") or None
    text, file = connection.extra.get("private_key"), connection.extra.get("key_file")
    if not text and not file:
        return None
    try:
        content = str(text) if text else Path(str(file)).expanduser().read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        fix = "name a private key that the hub's user may read"
        raise ConfigurationError(f"key_file cannot be read ({file})", where=at(connection), fix=fix) from error
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(content), passphrase)
        except (paramiko.SSHException, ValueError):
            continue
    fix = "give an OpenSSH key (ed25519, ecdsa or rsa), and private_key_passphrase where it has one"
    raise ConfigurationError("the private key cannot be read", where=at(connection), fix=fix)
