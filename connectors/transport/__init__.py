"""The ways to a department's files: a folder here, SFTP, FTP, SMB, S3, HTTP."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.connection import Connection
    from connectors.transport.base import Session


def open_session(connection: Connection) -> AbstractContextManager[Session]:
    """Log in; the module of the connection's kind (its library with it) is loaded only now.

    Raises:
        HubError: by what the caller must do.
        BrokenError: the server does not answer, or hung up.

    """
    opened: AbstractContextManager[Session] = import_module(f"connectors.transport.{connection.kind}").session(
        connection
    )
    return opened
