"""The concurrency budget of a source host: a place is held in the hub database, whoever reads and wherever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from schemas.errors import RetryLaterError
from store.database import TRY_LOCK, Database, unlock

#: between two looks for a free place
POLL_SECONDS = 2.0
#: a place that is not free by then is left to the next try
WAIT_SECONDS = 3600.0


@contextmanager
def host_slot(database: Database, pool: str, places: int, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold one of a host's places while the block runs; `waiting` is called once where none is free.

    PostgreSQL gives the place back when the process ends, however it ends. Raises RetryLaterError after WAIT_SECONDS.
    """
    until = time.monotonic() + WAIT_SECONDS
    has_told = False
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while (name := _free(connection, pool, places)) is None:
            if time.monotonic() >= until:
                fix = "see what reads that host so long, or raise source.max_concurrency with its owner's leave"
                raise RetryLaterError(f"all {places} places of host '{pool}' are taken", where=pool, fix=fix)
            if not has_told:
                waiting()
                has_told = True
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            unlock(connection, name)


def _free(connection: sa.Connection, pool: str, places: int) -> str | None:
    """Take the first free place and return its name."""
    names = (f"host {pool} {place}" for place in range(places))
    return next((name for name in names if connection.execute(TRY_LOCK, {"name": name}).scalar_one()), None)
