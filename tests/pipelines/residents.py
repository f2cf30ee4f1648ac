"""A small application of residents over CSV, and rows for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.workspace import Workspace
from tests.workspaces import MakeWorkspace, Row, application, write_csv

APP = "dinas.warga"
FEED = "dinas.warga.orang"
COLUMNS = ["id", "nik", "nama", "lahir", "jk", "agama", "telp", "ket"]
#: every feature of a feed that a sync meets: dates, code lists, warnings, an ignored column
ORANG: Row = {
    "file": "orang_*.csv",
    "format": "csv",
    "key": ["id"],
    "dataset": "penduduk",
    "map": {
        "nik": "nik",
        "nama_lengkap": "nama",
        "tanggal_lahir": {"column": "lahir", "format": ["%d-%m-%Y"]},
        "jenis_kelamin": {"column": "jk", "lookup": "jenis_kelamin"},
        "agama": {"column": "agama", "lookup": "agama"},
        "telepon": "telp",
    },
    "ignore": ["ket"],
    "expect": {"max_quarantined_pct": 50, "max_deleted_pct": 10},
}
BORN = dt.date(1960, 1, 1)


def nik_of(number: int, born: dt.date, is_female: bool) -> str:
    """Return a NIK with the birth date in it, of one of the sample's own regions 357491 to 357495."""
    day = born.day + (40 if is_female else 0)
    return f"35749{1 + number % 5}{day:02}{born:%m%y}{number % 9999 + 1:04}"


def resident(number: int, **changes: Any) -> Row:
    """Return the source row of resident `number`, valid unless changed."""
    born, is_female = BORN + dt.timedelta(days=37 * number), number % 2 == 1
    row = {
        "id": f"W{number:05}",
        "nik": nik_of(number, born, is_female),
        "nama": f"Warga {letters(number)} Uji",
        "lahir": f"{born:%d-%m-%Y}",
        "jk": "P" if is_female else "L",
        "agama": "Islam" if number % 3 else "Hindu",
        "telp": f"08123456{number % 10000:04}",
        "ket": "x",
    }
    return row | changes


def letters(number: int) -> str:
    """Return a word for a number: names have no digits."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number)).capitalize()


class Residents:
    """The application `dinas.warga` in a workspace, and its folder of exports."""

    def __init__(self, make: MakeWorkspace, contracts: Mapping[str, Any] | None = None, **feed: Any) -> None:
        self.folder = make.folder / "drop"
        self.folder.mkdir(exist_ok=True)
        self.workspace: Workspace = make(
            {APP: application("warga", "files", orang=ORANG | feed)},
            {"warga": f"fs://{self.folder}"},
            [{"dataset": "penduduk", "sources": [FEED]}],
            contracts,
        )

    @property
    def file(self) -> Path:
        """The export."""
        return self.folder / "orang_2026.csv"

    def export(self, rows: list[Row]) -> None:
        """Replace the export."""
        write_csv(self.file, rows, COLUMNS)
