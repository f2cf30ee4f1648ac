"""Whose certificate is taken.

That of an authority which this machine knows, or of the extra `ca_file`; anybody's by the extra
`no_certificate_check`, which a department has to ask for in so many words.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from connectors.connection import Connection
from connectors.transport.base import at, truth
from schemas.errors import ConfigurationError


def ca_file(connection: Connection) -> str | bool:
    """Return the file of the certificates to trust, True for those of this machine, False for anybody's.

    Raises:
        ConfigurationError: the file is not there.

    """
    named = str(connection.extra.get("ca_file") or "")
    if named and not Path(named).expanduser().is_file():
        fix = "name a PEM file that the hub's user may read"
        raise ConfigurationError(f"ca_file is not there ({named})", where=at(connection), fix=fix)
    return str(Path(named).expanduser()) if named else not truth(connection.extra.get("no_certificate_check", ""))


def context(connection: Connection) -> ssl.SSLContext:
    """Make the context of a TLS connection.

    Raises:
        ConfigurationError: the extra `ca_file` is no file of certificates.

    """
    trusted = ca_file(connection)
    try:
        made = ssl.create_default_context(cafile=trusted if isinstance(trusted, str) else None)
    except (OSError, ssl.SSLError) as error:
        fix = "name a PEM file, which begins with -----BEGIN CERTIFICATE-----"
        raise ConfigurationError("ca_file holds no certificate", where=at(connection), fix=fix) from error
    if trusted is False:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    return made


def untrusted(connection: Connection, text: object) -> ConfigurationError:
    """Make the error for a certificate that nobody vouches for."""
    fix = "ask the department for its certificate and name it in the extra ca_file"
    return ConfigurationError(f"its certificate is not trusted ({text})", where=at(connection), fix=fix)
