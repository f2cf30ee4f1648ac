"""A register of residents in a SQLite database, with the time of each row's last change."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from pipelines.run import sync
from pipelines.workspace import Ask, Workspace
from store.runs import Account
from tests.pipelines.residents import ORANG, resident
from tests.workspaces import MakeWorkspace, Row, application, source_rows

APP = "dinas.register"
FEED = "dinas.register.warga"
COLUMNS = ("id", "nik", "nama", "lahir", "jk", "agama", "telp", "diubah")
WARGA: Row = {
    "table": "warga",
    "key": ["id"],
    "dataset": "penduduk",
    "cursor": {"column": "diubah", "lag": "2h", "sweep": "7d"},
    "map": ORANG["map"],
    "expect": {"max_quarantined_pct": 50, "max_deleted_pct": 10},
}
NOON = dt.datetime(2026, 3, 1, 12, 0)


def at(hours: float) -> str:
    """Return the time so many hours after noon of the first day, as the register writes it."""
    return f"{NOON + dt.timedelta(hours=hours):%Y-%m-%d %H:%M:%S}"


class Register:
    """The application `dinas.register`, its database and its runs."""

    def __init__(self, make: MakeWorkspace, **feed: Any) -> None:
        self.make, self.file, self.runs = make, make.folder / "register.db", 0
        with closing(sqlite3.connect(self.file)) as opened:
            opened.execute(f"CREATE TABLE warga ({', '.join(COLUMNS)})")
        self.workspace: Workspace = self.described(**feed)

    def described(self, **feed: Any) -> Workspace:
        """Return a workspace over the same database with another YAML."""
        content = {APP: application("register", "sql", warga=WARGA | feed)}
        return self.make(content, {"register": f"sqlite:///{self.file}"})

    def write(self, *rows: Row) -> None:
        """Insert rows, or replace those of the same id."""
        with closing(sqlite3.connect(self.file)) as opened, opened:
            for row in rows:
                opened.execute("DELETE FROM warga WHERE id = ?", (row["id"],))
                opened.execute(f"INSERT INTO warga VALUES ({','.join('?' * len(COLUMNS))})", [row[c] for c in COLUMNS])

    def delete(self, ids: Sequence[str]) -> None:
        with closing(sqlite3.connect(self.file)) as opened, opened:
            opened.executemany("DELETE FROM warga WHERE id = ?", [(id,) for id in ids])

    def sync(self, workspace: Workspace | None = None, **ask: Any) -> Account:
        """Run the feed once more."""
        self.runs += 1
        return sync(replace(workspace or self.workspace, ask=Ask(**ask)), FEED, f"r{self.runs}")

    @property
    def published(self) -> dict[str, Row]:
        return source_rows(self.workspace.database, FEED)

    @property
    def details(self) -> dict[str, Any]:
        """What the last run's manifest tells."""
        return self.workspace.landing.batch(FEED, f"r{self.runs}", "landing").details


def person(number: int, hours: float, **changes: Any) -> Row:
    """Return resident `number`, last changed so many hours after noon."""
    row = resident(number, **changes)
    return {name: row.get(name) for name in COLUMNS} | {"diubah": at(hours)} | changes
