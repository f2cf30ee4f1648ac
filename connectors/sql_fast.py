"""The fast reader: connectorx streams MySQL and PostgreSQL into Arrow, some five times the ordinary driver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from connectors.connection import Connection

if TYPE_CHECKING:
    import pyarrow as pa

PORTS = {"mysql": 3306, "postgres": 5432}
SCHEMES = {"mysql": "mysql", "postgres": "postgresql"}
#: rows of connectorx's own batches; several wait in its queue, so a tenth of a part keeps memory low
BATCH_ROWS = 10_000


class FastReaderError(Exception):
    """connectorx gave up; its message holds the database's error code where there was one."""


def can_read(connection: Connection) -> bool:
    """Whether connectorx knows the dialect and needs nothing that stands in `extra` (TLS files, sockets)."""
    extra = set(connection.extra) - {"reader", "statement_seconds", "charset"}
    return connection.kind in SCHEMES and not extra and connection.extra.get("reader") != "cursor"


def stream(connection: Connection, query: str, settings: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Stream the query's rows in small batches of strings.

    Test the login with the ordinary driver first: connectorx tries a wrong password about 7 times.

    Raises:
        FastReaderError: at any batch; a stream that breaks never ends as if it were complete.

    """
    import connectorx

    try:
        opened: Any = connectorx.read_sql(
            _url(connection),
            query,
            return_type="arrow_stream",
            batch_size=BATCH_ROWS,
            pre_execution_query=list(settings),
        )
        yield from opened
    except RuntimeError as error:
        raise FastReaderError(str(error)) from None
    except BaseException as error:  # a Rust panic is no Exception and has no importable class
        if type(error).__name__ != "PanicException":
            raise
        raise FastReaderError(str(error)) from None


def _url(connection: Connection) -> str:
    login = quote(connection.login, safe="")
    if connection.password:
        login += ":" + quote(connection.password, safe="")
    host = f"{connection.host}:{connection.port or PORTS[connection.kind]}"
    return f"{SCHEMES[connection.kind]}://{login}@{host}/{quote(connection.schema, safe='')}"
