"""A PostgreSQL connection that does not wait for ever: libpq has no limit for a server that says nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg


def connect_patiently(seconds: float) -> Callable[..., psycopg.Connection[Any]]:
    """Return a listener of SQLAlchemy's `do_connect` whose connections raise OperationalError after `seconds`.

    TCP's own limits do not help: a server that hangs still acknowledges, keep-alives and all.
    """

    class Patient(psycopg.Connection[Any]):
        def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return super().wait(gen, *args, **{"timeout": seconds, **kwargs})
            except psycopg.OperationalError as error:
                if error.sqlstate is None:  # broken or silent: a rollback would wait as long again
                    self.pgconn.finish()
                raise

    def connect(_dialect: Any, _record: Any, arguments: Any, keywords: Any) -> psycopg.Connection[Any]:
        return Patient.connect(*arguments, **keywords)

    return connect
