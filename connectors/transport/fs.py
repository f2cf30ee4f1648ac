"""A folder of this machine, or a share that is mounted here; files are read where they lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.calendar import SourceFile
from connectors.connection import Connection
from connectors.transport.base import BLOCK_BYTES, Child, at, forbidden, leads_out
from schemas.errors import RetryLaterError


@contextmanager
def session(connection: Connection) -> Iterator[FolderSession]:
    """Open the folder.

    Raises:
        RetryLaterError: the folder is not there (a share that is not mounted), or stopped to answer.
        RefusedError: the hub's user may not read it.

    """
    try:
        yield FolderSession(connection)
    except PermissionError as error:
        raise forbidden(connection, f"'{Path(str(error.filename)).name}'") from error
    except OSError as error:
        raise _unmounted(connection, f"the folder cannot be read ({error.strerror})") from error


class FolderSession:
    """A session at a folder."""

    def __init__(self, connection: Connection) -> None:
        """Look whether the folder is there."""
        self.connection, self.root = connection, Path(connection.path)
        if not self.root.is_dir():
            raise _unmounted(connection, "the folder is not there")

    def children(self, folder: str) -> list[Child]:
        """List a folder."""
        try:
            with os.scandir(self.root / folder) as opened:
                entries = list(opened)
        except FileNotFoundError:
            return []
        return [child for entry in entries if (child := self._child(entry))]

    def _child(self, entry: os.DirEntry[str]) -> Child | None:
        try:
            told = entry.stat()
        except FileNotFoundError:  # gone since, or a link to nothing
            return None
        name = Path(entry.path).relative_to(self.root).as_posix()
        is_known = entry.is_file() or entry.is_dir()
        return Child(SourceFile(name, told.st_size, told.st_mtime), entry.is_dir()) if is_known else None

    def file(self, name: str) -> SourceFile | None:
        """Return size and time of one file.

        Raises:
            ConfigurationError: it is a link to a file elsewhere.

        """
        path = self.root / name
        if not path.is_file():
            return None
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise leads_out(name, self.connection)
        told = path.stat()
        return SourceFile(name, told.st_size, told.st_mtime)

    def blocks(self, file: SourceFile, offset: int) -> Iterator[bytes]:
        """Read a file."""
        with (self.root / file.name).open("rb") as source:
            source.seek(offset)
            while block := source.read(BLOCK_BYTES):
                yield block


def _unmounted(connection: Connection, problem: str) -> RetryLaterError:
    return RetryLaterError(problem, where=at(connection), fix="see whether the share is mounted")
