"""Surveys of tables that nobody has, for tests of drafts: invented residents in the columns that a test names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.survey.model import Survey, SurveyColumn, SurveyTable
from tests.pipelines.residents import BORN, letters, nik_of

ROWS = 120
Make = Callable[[int], str | None]


def born(number: int) -> dt.date:
    """Return the day of birth of resident `number`."""
    return BORN + dt.timedelta(days=137 * number)


def nik(number: int) -> str:
    """Return the NIK of resident `number`; every second one is a woman's."""
    return nik_of(number, born(number), number % 2 == 1)


def father(number: int) -> str:
    """Return the NIK of the father of resident `number`: a man's, with another birth date."""
    return nik_of(number + 500, born(number) - dt.timedelta(days=9000), False)


def kk(number: int) -> str:
    """Return the KK of resident `number`; three share one."""
    return nik_of(number // 3 + 700, dt.date(2010, 1, 1) + dt.timedelta(days=11 * (number // 3)), False)


#: what columns of residents hold, by what it is
MAKES: Mapping[str, Make] = {
    "id": lambda n: str(1000 + n),
    "nik": nik,
    "nik_ayah": father,
    "kk": kk,
    "nama": lambda n: f"Warga {letters(n)} Uji",
    "tempat": lambda n: ("Probolinggo", "Malang", "Jember")[n % 3],
    "lahir": lambda n: f"{born(n):%d/%m/%Y}",
    "jk": lambda n: "P" if n % 2 else "L",
    "agama": lambda n: ("ISLAM", "KRISTEN", "HINDU")[n % 3],
    "alamat": lambda n: f"Jl. Uji Coba No. {n}",
    "rt": lambda n: f"{n % 9 + 1:03}",
    "prop": lambda n: "35",
    "kab": lambda n: "74",
    "kec": lambda n: str(n % 5 + 1),
    "kel": lambda n: str(1001 + n % 4),
    "telp": lambda n: f"08123456{n:04}",
    "ubah": lambda n: f"2026-01-{n % 28 + 1:02} 10:{n % 60:02}:07",
    "hapus": lambda n: "1" if n % 40 == 0 else "0",
    "kosong": lambda n: None,
}


def table(name: str, columns: Mapping[str, str | Make], rows: int = ROWS, **more: Any) -> SurveyTable:
    """Return a table of columns by name, each told by a word of `MAKES` or a function of the row's number."""
    made = []
    for column, what in columns.items():
        make = MAKES[what] if isinstance(what, str) else what
        made.append(SurveyColumn(column, sample=tuple(make(number) for number in range(rows))))
    more = {"rows": 5000, "feed": {"table": name}} | more
    return SurveyTable(name, "table", tuple(made), **more)


def survey_of(*tables: SurveyTable, connection: str = "warga", kind: str = "sql") -> Survey:
    """Return the survey of a source with these tables."""
    return Survey(connection, kind, {}, tables)


def words_of(tables: Sequence[SurveyTable]) -> set[str]:
    """Return every sampled text that only some rows share: none of them may be shown."""
    texts = [text for item in tables for column in item.columns for text in set(column.sample)]
    return {text for text in texts if text and len(text) > 5 and not text.isalpha()}
