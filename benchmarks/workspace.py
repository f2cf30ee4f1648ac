"""A workspace for a benchmark: one application with one feed over the table of residents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.source import COLUMNS, TABLE, Source
from pipelines.workspace import Workspace
from schemas.application import SqlApplication
from schemas.catalogue import Catalogue
from store.database import Database
from store.landing import Landing

FEED = "bench.siak.biodata"
LOOKUPS = ("jenis_kelamin", "agama", "status_kawin", "golongan_darah", "pendidikan")


def bench_workspace(source: Source, database_url: str, catalogue_root: Path, folder: Path) -> Workspace:
    """Return a workspace that reads `source` and publishes into a hub database."""
    mapping: dict[str, Any] = {name: {"column": name, "lookup": name} if name in LOOKUPS else name for name in COLUMNS}
    application = SqlApplication.model_validate(
        {
            "id": "bench.siak",
            "title": "Benchmark",
            "owner": {"unit": "-", "email": "-"},
            "connection": "bench",
            "source": {"kind": "sql", "host_pool": "bench"},
            "feeds": {"biodata": {"table": TABLE, "key": ["nik"], "dataset": "penduduk", "map": mapping}},
        }
    )
    whole = Catalogue.load(catalogue_root)
    catalogue = Catalogue({application.id: application}, whole.contracts, whole.codelists, {}, {}, {})
    return Workspace(catalogue, Database(database_url), Landing(str(folder)), lambda _: source.connection)
