"""What every transport offers, and how it tells what went wrong."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from connectors.calendar import SourceFile
from connectors.connection import Connection
from schemas.errors import ConfigurationError, RefusedError, RetryLaterError

#: until the server is reached, has greeted, has let us in
CONNECT_SECONDS = 15
#: without an answer while listing and copying
ANSWER_SECONDS = 60
#: bytes handed on at a time
BLOCK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Child:
    """What a folder holds; `file.name` is the path below the connection's folder."""

    file: SourceFile
    #: None: the server does not tell in its listing
    is_folder: bool | None = False


class Session(Protocol):
    """One login at a file server. Names are paths below the connection's folder; no method writes.

    Every method raises HubError for what asking again will not mend, and BrokenError for what it may.
    """

    def children(self, folder: str) -> list[Child]:
        """List a folder; the empty name is the connection's own. A folder below that is gone is empty."""

    def file(self, name: str) -> SourceFile | None:
        """Return size and time of one file; None where there is none, or something else than a file."""

    def blocks(self, file: SourceFile, offset: int) -> Iterator[bytes]:
        """Give a file's content from a byte on."""


class BrokenError(Exception):
    """The server hung up, or did not answer: asking again may help."""

    def __init__(self, text: object, is_silent: bool = False) -> None:
        """Keep the text; `is_silent`: it took a timeout to find out, so that asking again costs as much."""
        super().__init__(" ".join(str(text).split())[:200] or type(text).__name__)
        self.is_silent = is_silent


def at(connection: Connection) -> str:
    """Return the place that every error of a connection names."""
    return f"connection '{connection.id}' ({connection.masked})"


def silent(connection: Connection, error: BrokenError) -> RetryLaterError:
    """Make the error for a server that stayed broken."""
    return RetryLaterError(
        f"did not answer ({error})", where=at(connection), fix="see whether the server is up and reachable"
    )


def unknown_host(connection: Connection, text: object) -> RetryLaterError:
    """Make the error for a host that has no address."""
    problem = f"host '{connection.host}' is not known ({text})"
    return RetryLaterError(problem, where=at(connection), fix="mend host or DNS")


def changed(name: str, connection: Connection) -> RetryLaterError:
    """Make the error for a file that somebody writes at this moment."""
    fix = "write under another name, then rename"
    return RetryLaterError(f"file '{name}' changed while it was read", where=at(connection), fix=fix)


def busy(connection: Connection, text: object) -> RetryLaterError:
    """Make the error for a file that another program keeps to itself."""
    problem = f"a file is in use by another program ({' '.join(str(text).split())[:150]})"
    return RetryLaterError(
        problem, where=at(connection), fix="have the export written under another name, then renamed"
    )


def refused(connection: Connection, text: object) -> RefusedError:
    """Make the error for a login that the server does not take."""
    return RefusedError(
        f"refused ({' '.join(str(text).split())[:200]})",
        where=at(connection),
        fix="mend the connection's login, password or key",
    )


def forbidden(connection: Connection, what: str) -> RefusedError:
    """Make the error for a file or folder that the login may not read."""
    fix = "grant the hub's user the right to read it"
    return RefusedError(f"{what} may not be read", where=at(connection), fix=fix)


def no_folder(connection: Connection, fix: str) -> ConfigurationError:
    """Make the error for a connection whose folder (share, bucket, address) does not exist."""
    return ConfigurationError("the folder is not there", where=at(connection), fix=fix)


def leads_out(name: str, connection: Connection) -> ConfigurationError:
    """Make the error for a link to a file elsewhere."""
    fix = "put the file itself there"
    return ConfigurationError(f"'{name}' is a link out of the folder", where=at(connection), fix=fix)


def disk_error(error: OSError, connection: Connection) -> RetryLaterError:
    """Make the error for a temporary folder that takes no more."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    problem = "the temporary folder is full" if is_full else f"the temporary folder takes nothing ({error.strerror})"
    fix = "make room, or set TMPDIR to a folder of a larger disk"
    return RetryLaterError(f"{problem} ({tempfile.gettempdir()})", where=at(connection), fix=fix)


def truth(value: object) -> bool:
    """Whether an extra of a connection says yes, as JSON or as text."""
    return str(value).strip().lower() in ("true", "1", "yes", "on")
