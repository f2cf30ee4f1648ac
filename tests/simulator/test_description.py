"""Broken descriptions are refused with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import ConfigurationError
from simulator.description import read_description

GOOD = """\
kind: mariadb
connection: contoh
tables:
  orang:
    truth: penduduk
    key: [nik]
    columns:
      nik: {from: nik, type: varchar(20)}
      lahir: {from: tanggal_lahir, format: {date: "%d-%m-%Y"}}
    dirt:
      - {kind: nik_short, column: nik, rate: 0.1}
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "dinas" / "contoh.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_description_is_read(tmp_path: Path) -> None:
    assert read_description(_write(tmp_path, GOOD)).id == "dinas.contoh"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("kind: mariadb", "kind: mongodb", 1, "kind: 'mongodb' is not a kind of source"),
        ("truth: penduduk", "truth: pendduk", 5, "tables.orang.truth: 'pendduk'"),
        ("key: [nik]", "key: [nikk]", 6, "tables.orang.key: 'nikk'"),
        ("from: nik,", "from: nikk,", 8, "tables.orang.columns.nik: 'nikk' is not a column of penduduk"),
        ('format: {date: "%d-%m-%Y"}', "format: dates", 9, "tables.orang.columns.lahir.format: 'dates'"),
        ('format: {date: "%d-%m-%Y"}', "format: date", 9, "format date needs an argument"),
        ("type: varchar(20)", "type: varchar2(20)", 8, "tables.orang.columns.nik"),
        ("kind: nik_short", "kind: nik_shrt", 11, "did you mean 'nik_short'?"),
        ("column: nik,", "column: nikk,", 11, "tables.orang.dirt.0.column: 'nikk'"),
        ("column: nik,", "column: [nik, lahir],", 11, "nik_short needs 1 to 1 columns, not 2"),
        ("rate: 0.1", "rate: 1.5", 11, "tables.orang.dirt.0.rate"),
        ("rate: 0.1", "rate: -0.1", 11, "tables.orang.dirt.0.rate"),
        ("rate: 0.1", "rates: 0.1", 11, "did you mean 'rate'?"),
        ("from: nik,", "from: nik, literal: x,", 8, "exactly one of from"),
        (
            "key: [nik]",
            "key: [nik]\n    renamed: {column: nikk, to: no_ktp, day: 3}",
            7,
            "tables.orang.renamed: 'nikk'",
        ),
        ("key: [nik]", "key: [nik]\n    late: 2", 7, "tables.orang.late"),
        ("key: [nik]", "key: [nik]\n    renamed: {column: nik, to: lahir, day: 3}", 7, "'lahir' is a column already"),
        ("%d-%m-%Y", "%d-%Q-%Y", 9, "'%Q' is no part of a date"),
        ("kind: nik_short", "kind: wrong_code", 11, "wrong_code needs the texts to write"),
    ],
)
def test_a_broken_description_is_refused(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    path = _write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        read_description(path)
    assert f"{path}:{line}: " in str(caught.value)
    assert words in str(caught.value)
