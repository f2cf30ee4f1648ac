"""DuckDB and Splink, quiet: no telemetry, no extension fetched, no log of theirs on the console."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa
from splink import Linker
from splink.backends.duckdb import DuckDBAPI

from pipelines.match.comparisons import MACROS

MEMORY_LIMIT = "600MB"  # what DuckDB may take; the process stays under 1 GB with the Arrow tables beside it


@contextmanager
def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a database in memory that has the SQL functions of the comparisons.

    Sums are of whole numbers and every order ends in a row number: threads do not change what comes out.
    """
    config = {
        "threads": "2",
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": "",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute("SET enable_progress_bar = false")
        for macro in MACROS:
            connection.execute(macro)
        yield connection


def linker(connection: duckdb.DuckDBPyConnection, settings: dict[str, Any], tables: tuple[str, ...]) -> Linker:
    """Return Splink's linker over tables of the connection; their names are those of the source datasets."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection)
    return Linker([api.register(name, dataset_display_name=name) for name in tables], settings, log_level=None)


def put(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Copy an Arrow table into the database."""
    connection.register("arriving", table)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arriving")  # noqa: S608 - own names
    connection.unregister("arriving")
