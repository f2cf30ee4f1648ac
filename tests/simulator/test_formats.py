"""How sources write values."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from simulator.formats import FORMATS, as_text


@pytest.mark.parametrize(
    ("name", "argument", "text", "written"),
    [
        ("date", "%d %B %Y", "1985-08-17", "17 Agustus 1985"),
        ("date", "%d %b %Y", "2024-10-05", "05 Okt 2024"),
        ("excel_serial", None, "2025-06-30", "45838"),
        ("spaced_nip", None, "198804122012011002", "19880412 201201 1 002"),
        ("codes", {"L": "1"}, "L", "1"),
        ("codes", {"L": "1"}, "P", "P"),
        ("part", 3, "35.74.01.1002", "1"),
        ("undotted", None, "35.74.01.1002", "3574011002"),
        ("bps", None, "35.74.05.1003", "3574011001"),
        ("kelurahan_name", None, "35.74.05.1003", "Sumber Wetan"),
        ("short", None, "MUHAMMAD ABDUL HADI", "MOH. ABD. HADI"),
        ("number", None, "007", "7"),
        ("number", None, "000", "0"),
        ("rupiah", None, "1250000", "Rp 1.250.000,00"),
        ("thousands", None, "1250000", "1.250.000"),
        ("phone_62", None, "081012345678", "+6281012345678"),
        ("prefix", "'", "3574", "'3574"),
        ("upper", None, "Jl. Mawar", "JL. MAWAR"),
        ("title", None, "JL. MAWAR", "Jl. Mawar"),
    ],
)
def test_a_format_writes_as_the_source_does(name: str, argument: Any, text: str, written: str) -> None:
    values = FORMATS[name](pd.Series([text, None], dtype="str"), argument)
    assert values.iloc[0] == written
    assert pd.isna(values.iloc[1])


def test_dates_and_numbers_become_plain_text() -> None:
    dates = pd.Series([pd.Timestamp(2024, 2, 29), pd.NaT])
    assert as_text(dates).iloc[0] == "2024-02-29"
    assert pd.isna(as_text(dates).iloc[1])
    assert as_text(pd.Series([7])).tolist() == ["7"]
