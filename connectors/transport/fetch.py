"""Bring the file to read to this machine, however often the network breaks on the way."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path, PurePosixPath

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from connectors.calendar import SourceFile
from connectors.connection import Connection
from connectors.transport import open_session
from connectors.transport.base import BrokenError, Session, changed, disk_error, silent
from connectors.transport.listing import Listing, look

#: in a row, none of which brought WORTH_BYTES of the file
ATTEMPTS = 5
WORTH_BYTES = 64 * 1024
#: a line that breaks every few seconds is left to the next run, whatever it brings
MOST_ATTEMPTS = 50
#: waits of 0.5, 1, 2 and 4 seconds between attempts that bring nothing
BACKOFF_SECONDS = 0.5
#: files of the same size that are compared with the one to read
MOST_TWINS = 24


@dataclass(frozen=True)
class Choice:
    """The file to read, and those beside it whose content must not be the same."""

    file: SourceFile
    others: tuple[SourceFile, ...] = ()


@dataclass(frozen=True)
class Fetched:
    """A file on this machine."""

    path: Path
    #: as the source lists it; size is known
    file: SourceFile
    #: names of the other files with the same content
    twins: tuple[str, ...]
    #: received from the source, those that were received twice included; what is read in place counts once
    bytes: int
    #: attempts beyond the first
    retries: int
    #: files asked for
    queries: int
    #: removes what was copied; nothing for a file that is read where it lies
    release: Callable[[], None] = lambda: None


def fetch(
    connection: Connection,
    pattern: str,
    choose: Callable[[Listing], Choice],
    admit: Callable[[str, int], None] = lambda name, size: None,
) -> Fetched:
    """Look for the files that fit a pattern, let `choose` take one, and copy it (a folder's is read in place).

    `admit` is called with name and bytes before the copy, and while it grows where the server tells no size.

    A broken copy goes on where it stopped, with a new login. After ATTEMPTS in a row without progress it ends; a
    server that says nothing for ANSWER_SECONDS is asked again only if the attempt had brought something.

    Raises:
        RetryLaterError: the server does not answer, the file changed meanwhile, the temporary folder is full.
        RefusedError: the server refused the credentials or the file; it is not asked a second time.
        ConfigurationError: the connection's folder is not there, or a link leads out of it.
        DriftError: what `choose` and `admit` raise.

    """
    if connection.kind == "fs":
        return _Copy(connection, pattern, choose, admit, Path(connection.path)).run()
    folder = tempfile.TemporaryDirectory(prefix="opdhub-")
    try:
        copy = _Copy(connection, pattern, choose, admit, Path(folder.name)).run()
        # tenacity's objects hold each other: the folder, were it in _Copy, would outlive a reading that is dropped
        return replace(copy, release=folder.cleanup)
    except BaseException:
        folder.cleanup()
        raise


class _Copy:
    """One file under way; what an attempt brought stays for the next one."""

    def __init__(
        self,
        connection: Connection,
        pattern: str,
        choose: Callable[[Listing], Choice],
        admit: Callable[[str, int], None],
        folder: Path,
    ) -> None:
        self.connection, self.pattern, self.choose, self.admit = connection, pattern, choose, admit
        self.folder = folder
        self.choice: Choice | None = None
        self.attempts = self.bytes = self.queries = 0
        #: bytes of the file that are here, and attempts in a row that brought nothing
        self._held = self._idle = 0
        self._is_given_up = False

    def run(self) -> Fetched:
        def wait(_: RetryCallState) -> float:
            return BACKOFF_SECONDS * 2.0 ** max(0, self._idle - 1)

        retrying = Retrying(
            retry=retry_if_exception_type(BrokenError), stop=lambda _: self._is_given_up, wait=wait, reraise=True
        )
        try:
            fetched: Fetched = retrying(self._attempt)
        except BrokenError as error:
            raise silent(self.connection, error) from error
        return fetched

    def _attempt(self) -> Fetched:
        self.attempts += 1
        before = self._held
        try:
            with open_session(self.connection) as session:
                return self._fetched(session)
        except BrokenError as error:
            self._idle = 0 if self._held - before >= WORTH_BYTES else self._idle + 1
            is_costly = error.is_silent and self._idle > 0
            self._is_given_up = is_costly or self._idle >= ATTEMPTS or self.attempts >= MOST_ATTEMPTS
            raise

    def _fetched(self, session: Session) -> Fetched:
        if self.choice is None:
            chosen = self.choose(look(session, self.pattern))
            self.choice = Choice(self._now(session, chosen.file), chosen.others)
        file = self.choice.file
        self.admit(file.name, file.size or 0)
        path = self.folder / (file.name if self.connection.kind == "fs" else PurePosixPath(file.name).name)
        if self.connection.kind != "fs":
            self._copy(session, file, path)
        twins = tuple(other.name for other in self.choice.others[:MOST_TWINS] if self._is_same(session, other, path))
        size = file.size or 0
        received = self.bytes + (size if self.connection.kind == "fs" else 0)
        return Fetched(path, file, twins, received, self.attempts - 1, self.queries + 1)

    def _now(self, session: Session, listed: SourceFile) -> SourceFile:
        file = session.file(listed.name)
        if file is None:
            raise changed(listed.name, self.connection)
        return file

    def _copy(self, session: Session, file: SourceFile, path: Path) -> None:
        """Add what is missing; the file must be the same before and after."""
        if self._held and self._now(session, file) != file:
            raise changed(file.name, self.connection)
        with path.open("ab", buffering=0) as target:
            if file.size is None or self._held < file.size:
                for block in session.blocks(file, self._held):
                    self._write(target, block)
                    self.admit(file.name, self._held)
        if file.size is not None and self._held < file.size:
            raise BrokenError(f"the answer ended after {self._held} of {file.size} bytes")
        if self._held > (file.size or self._held) or self._now(session, file) != file:
            raise changed(file.name, self.connection)

    def _write(self, target: FileIO, block: bytes) -> None:
        """Put a block on the disk at once: what a broken attempt leaves behind is not asked for again."""
        self.bytes += len(block)
        rest = memoryview(block)
        while rest:
            try:
                written = target.write(rest)
            except OSError as error:
                raise disk_error(error, self.connection) from error
            self._held += written
            rest = rest[written:]

    def _is_same(self, session: Session, other: SourceFile, path: Path) -> bool:
        """Compare a file of the source with the one at hand; reading ends at the first difference."""
        size = path.stat().st_size
        now = other if other.size is not None else session.file(other.name)
        if now is None or now.size != size or not size:
            return False
        self.queries += 1
        with path.open("rb") as mine:
            for block in session.blocks(now, 0):
                self.bytes += len(block)
                if mine.read(len(block)) != block:
                    return False
        return True
