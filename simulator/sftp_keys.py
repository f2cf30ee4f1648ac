"""The keys of the sample city's SFTP server, and the connection that names them."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ADDRESS = "127.0.0.1"
#: below the city's folder
KEYS = "sftp"
HOST_KEY, USER_KEY, AUTHORIZED = "host_ed25519", "user_ed25519", "authorized_keys"


def user_name() -> str:
    """Return the name of the user who runs this process."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container's user may have a number alone
        return "opdhub"


def has_sftp(city: Path) -> bool:
    """Whether an application of the city built into this folder is read over SFTP."""
    return (city / KEYS).is_dir()


def connection_uri(city: Path, folder: Path, port: int) -> str:
    """Return the Airflow connection of a drop folder; makes the city's keys when it has none.

    Later builds keep the keys: a server that runs stays the one whose key the connections name. They are drawn
    anew for each city, whatever its seed, because they open the folders to whoever has them.
    """
    keys = city / KEYS
    if not (keys / AUTHORIZED).exists():
        keys.mkdir(mode=0o700, exist_ok=True)
        _make_key(keys / HOST_KEY)
        write_private(keys / AUTHORIZED, _make_key(keys / USER_KEY) + "\n")
    host_key = (keys / f"{HOST_KEY}.pub").read_text(encoding="ascii").strip()
    extra = {"host_key": host_key, "private_key": (keys / USER_KEY).read_text(encoding="ascii")}
    return f"sftp://{quote(user_name())}@{ADDRESS}:{port}{quote(str(folder))}?{urlencode(extra)}"


def _make_key(path: Path) -> str:
    """Write a pair of keys; return the public one in OpenSSH's one line."""
    key = Ed25519PrivateKey.generate()
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode("ascii"))
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")
    write_private(path.with_suffix(".pub"), public)
    return public


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read; OpenSSH refuses keys that others can."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
