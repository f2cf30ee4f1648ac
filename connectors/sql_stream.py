"""From a plan to batches: by the fast reader or the driver's cursor, in one statement or by chunks, across breaks."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from connectors import sql_fast, sql_session
from connectors.connection import Connection
from connectors.drift import FeedPlace
from connectors.reading import chunks_of, regroup, text_schema
from connectors.resume import LostError, RestartError
from connectors.sql_errors import STOPPED, code_of, explain
from connectors.sql_plan import Plan
from connectors.sql_session import GARBLED, session, settings

if TYPE_CHECKING:
    import pyarrow as pa

#: breaks in a row without a row between them, after which the source counts as down
ATTEMPTS = 5
#: seconds before the first new attempt; each further one waits twice as long, up to LONGEST_WAIT
WAIT_SECONDS = 1.0
LONGEST_WAIT = 30.0
#: rows that the cursor is asked for at a time: those of an unfinished chunk are read again after a break
FETCH_ROWS = 2000
#: words by which connectorx tells that the line or the server failed, not itself
NETWORK = (
    "silent", "IO error", "kind: Io", "kind: Closed", "timed out", "connection closed", "process ended", "DriverError",
)  # fmt: skip
#: what makes all chunks of a session one snapshot; SQL Server's SNAPSHOT must be allowed in the database
SNAPSHOTS = {
    "mysql": (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ),
    "postgresql": ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",),
    "sqlite": ("BEGIN",),
    "mssql": ("SET TRANSACTION ISOLATION LEVEL SNAPSHOT",),
    "oracle": ("SET TRANSACTION READ ONLY",),
}


@dataclass
class Stream:
    """One extraction under way; `details` and `position` are the reading's own and kept up to date."""

    connection: Connection
    place: FeedPlace
    plan: Plan
    details: dict[str, Any]
    position: dict[str, Any]
    #: seconds until the first row, and between rows
    first_seconds: float
    limit: int | None = None
    chunk_rows: int | None = None
    is_fast: bool = False
    is_compressed: bool = False
    after: tuple[str, ...] = ()
    given: int = field(default=0, init=False)

    def parts(self) -> Iterator[pa.Table]:
        """Give all rows once, in batches as `regroup` makes them, and count the bytes of their values.

        Raises:
            HubError: as `batches`.

        """
        import pyarrow.compute as pc

        for part in regroup(self.batches(), text_schema(self.plan.names)):
            for column in part.columns:
                self.details["bytes"] += pc.sum(pc.binary_length(column)).as_py() or 0
            yield part
            del part  # before the next one is put together

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give all rows once, in small batches of `plan.names`.

        Raises:
            LostError: the source broke ATTEMPTS times in a row without giving a row between.
            RestartError: it broke after rows were given, and there is no key behind which to go on.
            RetryLaterError, RefusedError, DriftError, ConfigurationError: as `sql_errors.explain`.

        """
        breaks = 0
        while True:
            before = self.given
            try:
                if self.details["retries"]:
                    self._knock()
                yield from self._attempt()
            except LostError as error:
                breaks = 1 if self.given > before else breaks + 1
                if self.given and not self.plan.key:
                    raise RestartError(error.problem, where=error.where, fix=error.fix) from error
                if breaks > ATTEMPTS:
                    raise
                self.details["retries"] += 1
                time.sleep(random.uniform(0.5, 1) * min(LONGEST_WAIT, WAIT_SECONDS * 2 ** (breaks - 1)))  # noqa: S311
            else:
                return

    def _knock(self) -> None:
        """Log in by the ordinary driver: the fast one would try a password that was changed about 7 times."""
        if self.is_fast:
            with session(self.connection, self.place):
                pass

    def _attempt(self) -> Iterator[pa.RecordBatch]:
        self.details["snapshots"] += 1
        if self.is_fast:
            yield from self._fast()
        if not self.is_fast:  # or no longer: it does not understand what the server says
            yield from self._by_cursor()

    def _fast(self) -> Iterator[pa.RecordBatch]:
        dialect = self.plan.dialect
        try:
            for batch in sql_fast.stream(
                self.connection,
                self._text(),
                settings(dialect, sql_session.seconds(self.connection)),
                seconds=sql_session.STALL_SECONDS,
                first_seconds=self.first_seconds,
                is_compressed=self.is_compressed,
            ):
                yield self._noted(batch)
        except sql_fast.FastReaderError as error:
            code = code_of(error)
            broken = explain(error, self.connection, self.place, logging_in=False)
            if self.given or code in STOPPED or is_network(str(error)):
                raise broken from error
            self.is_fast, self.details["reader"] = False, "cursor"
            self.details["fast_reader_error"] = str(error)[:300]

    def _by_cursor(self) -> Iterator[pa.RecordBatch]:
        with session(self.connection, self.place, self.first_seconds) as opened:
            if self.chunk_rows is None:
                yield from self._statement(opened, self._text())
                return
            self._hold(opened)
            while self.limit is None or self.given < self.limit:
                before = self.given
                rows = self.chunk_rows if self.limit is None else min(self.chunk_rows, self.limit - self.given)
                yield from self._statement(opened, self.plan.text(self.after, rows))
                if self.given - before < rows:
                    return

    def _hold(self, opened: sa.Connection) -> None:
        """Make what follows see one state of the database."""
        dialect = opened.dialect.name
        if dialect == "mssql" and not opened.scalar(
            sa.text("SELECT snapshot_isolation_state FROM sys.databases WHERE database_id = DB_ID()")
        ):
            self.details["snapshots"] = None  # every chunk sees its own moment: the database does not allow more
            return
        opened.rollback()
        for statement in SNAPSHOTS["mysql" if dialect == "mariadb" else dialect]:
            opened.exec_driver_sql(statement)

    def _statement(self, opened: sa.Connection, text: str) -> Iterator[pa.RecordBatch]:
        """Stream one statement by the ordinary driver's server-side cursor."""
        self.details["queries"] += 1
        # no_parameters: the text has its values inside, and a % in it is a %
        options = {"stream_results": True, "max_row_buffer": FETCH_ROWS, "no_parameters": True}
        width = len(self.plan.select.selected_columns)
        names = [f"c{number}" for number in range(width)]
        is_complete = False
        result: sa.CursorResult[Any] | None = None
        try:
            result = opened.execution_options(**options).exec_driver_sql(text)
            for chunk in result.partitions(FETCH_ROWS):
                for batch in chunks_of(names, (tuple(row) for row in chunk), self.place.where):
                    yield self._noted(batch)
            is_complete = True
        except GARBLED as error:
            if isinstance(error, UnicodeDecodeError):
                raise
            raise LostError(
                f"sent what its driver cannot read ({type(error).__name__})",
                where=f"connection '{self.connection.id}' ({self.connection.masked})",
                fix="see whether the line is sound",
            ) from error
        finally:
            if result is not None:
                _forget(result)
            if not is_complete:  # hang up: pymysql would read the remaining rows before it says goodbye
                opened.invalidate()

    def _text(self) -> str:
        self.details["queries"] += self.is_fast
        return self.plan.text(self.after, None if self.limit is None else self.limit - self.given)

    def _noted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Count the rows, note the last key, and leave out the columns that were there for the key alone."""
        self.given += batch.num_rows
        if self.plan.key and batch.num_rows:
            last = batch.num_rows - 1
            self.after = tuple(batch.column(place)[last].as_py() for place in self.plan.places)
            self.position["after"] = dict(zip(self.plan.key, self.after, strict=True))
        return batch.select(list(range(len(self.plan.names))))


def is_network(text: str) -> bool:
    """Whether connectorx's message tells of the line or the server, and not of what it cannot read."""
    return any(word in text for word in NETWORK)


def _forget(result: sa.CursorResult[Any]) -> None:
    """Close the cursor, of a broken connection too, or the drivers complain when it is collected."""
    cursor: Any = result.context.cursor
    if getattr(cursor, "_result", None):  # pymysql would first read the remaining rows, even from a dead connection
        cursor._result.unbuffered_active = False
    with suppress(result.dialect.loaded_dbapi.Error):
        cursor.close()
