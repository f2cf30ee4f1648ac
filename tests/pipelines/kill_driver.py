"""A process that syncs a feed (or integrates its dataset) and kills itself at a named point.

`python -m tests.pipelines.kill_driver POINT FOLDER DATABASE_URL RUN_ID`; run by test_kill.py.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import connectors.reading
from pipelines import publish, run
from schemas.catalogue import Catalogue
from store.database import Database
from store.landing import BatchWriter
from tests.pipelines.conftest import SMALL
from tests.pipelines.residents import FEED, Residents
from tests.workspaces import ROOT, MakeWorkspace


def die(*_: object) -> None:
    """End as a power cut would: no `finally`, no `atexit`, no goodbye to the database."""
    os.kill(os.getpid(), signal.SIGKILL)


def around(owner: Any, name: str, is_time: Callable[..., bool], *, before: bool = False) -> None:
    """Let a function be the last thing that is done, or not be done any more."""
    original = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if before and is_time(*arguments):
            die()
        result = original(*arguments, **named)
        if is_time(*arguments):
            die()
        return result

    setattr(owner, name, wrapped)


def integration() -> ModuleType:
    """Return the module of integrate, which takes seconds to import."""
    from pipelines import integrate

    return integrate


def of_stage(stage: str) -> Callable[..., bool]:
    """Say whether a writer is that of a stage."""
    return lambda writer, *_: writer._stage == stage


def always(*_: object) -> bool:
    """Say yes."""
    return True


POINTS: dict[str, Callable[[], None]] = {
    "extract, after its first part": lambda: around(BatchWriter, "write", of_stage("landing")),
    "extract, before its manifest": lambda: around(BatchWriter, "commit", of_stage("landing"), before=True),
    "standardize, after its first part": lambda: around(BatchWriter, "write", of_stage("standard")),
    "validate, after its first staged part": lambda: around(Database, "load", always),
    "validate, before its verdict": lambda: around(BatchWriter, "commit", of_stage("verdict"), before=True),
    "publish, between MERGE and COMMIT": lambda: around(publish, "finish", always),
    "publish, after COMMIT": lambda: around(publish, "publish", always),
    "integrate, between MERGE and COMMIT": lambda: around(integration(), "write_evidence", always),
    "integrate, after COMMIT": lambda: around(integration(), "_integrate", always),
}


def main(point: str, folder: str, database: str, run_id: str) -> None:
    """Do the work up to the point."""
    connectors.reading.PART_ROWS = SMALL
    POINTS[point]()
    residents = Residents(MakeWorkspace(Database(database), Catalogue.load(ROOT), Path(folder)))
    if point.startswith("integrate"):
        integration().integrate(residents.workspace, "penduduk", run_id)
    else:
        run.sync(residents.workspace, FEED, run_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
