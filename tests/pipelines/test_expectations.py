"""Our own expectations, through Great Expectations itself."""

from __future__ import annotations

import pandas as pd
import pytest

from pipelines.validate.checks import Check

#: NIK, birth date, sex; does the date agree, does the sex agree (None: nothing to compare)
CASES = [
    ("3574911402850001", "1985-02-14", "L", True, True),
    ("3574915402850001", "1985-02-14", "P", True, True),  # a woman's day is 14 + 40
    ("3574915402850001", "1985-02-14", "L", True, False),
    ("3574911402850001", "1985-02-14", "P", True, False),
    ("3574917112990001", "1999-12-31", "P", True, True),  # the last day there is: 71
    ("3574914101000001", "2000-01-01", "P", True, True),
    ("3574913101000001", "2000-01-31", "L", True, True),
    ("3574914001000001", "2000-01-31", "L", False, True),
    ("3574911402850001", "1885-02-14", "L", True, True),  # a NIK has no century
    ("3574911402850001", "1985-02-15", "L", False, True),
    ("3574911402850001", "1985-03-14", "L", False, True),
    ("3574911402850001", "1986-02-14", "L", False, True),
    ("3574911402850001", "1985-02-14", None, True, None),
    ("3574911402850001", None, "L", None, True),
    (None, "1985-02-14", "L", None, None),
    ("3574912902000001", "2000-02-29", "L", True, True),
]


def frame() -> pd.DataFrame:
    niks, dates, sexes, _, _ = zip(*CASES, strict=True)
    rows = pd.DataFrame(
        {
            "nik": pd.Series(niks, dtype="str"),
            "tanggal_lahir": pd.to_datetime(pd.Series(dates)).astype("datetime64[s]"),
            "jenis_kelamin": pd.Series(sexes, dtype="str"),
        }
    )
    return rows.set_index(pd.RangeIndex(500, 500 + len(CASES)))


def failing(expectation: str, column: str, rows: pd.DataFrame) -> list[int]:
    from pipelines.validate.engine import RowEngine

    kwargs = {"column_A": "nik", "column_B": column, "ignore_row_if": "either_value_is_missing"}
    (outcome,) = RowEngine([Check("rule", "nik", expectation, kwargs, "warning", "id", "en")]).run(rows)
    assert outcome.failed == len(outcome.rows)
    return sorted(outcome.rows)


@pytest.mark.parametrize(
    ("expectation", "column", "place"),
    [
        ("expect_nik_to_agree_with_birth_date", "tanggal_lahir", 3),
        ("expect_nik_to_agree_with_sex", "jenis_kelamin", 4),
    ],
)
def test_a_nik_is_compared_with_birth_date_and_sex(expectation: str, column: str, place: int) -> None:
    wrong = [500 + n for n, case in enumerate(CASES) if case[place] is False]
    assert wrong
    assert failing(expectation, column, frame()) == wrong


@pytest.mark.parametrize("column", ["tanggal_lahir", "jenis_kelamin"])
def test_a_part_without_anything_to_compare_has_no_finding(column: str) -> None:
    rows = frame()
    rows[column] = None
    rows[column] = rows[column].astype("datetime64[s]" if column == "tanggal_lahir" else "str")
    name = {"tanggal_lahir": "birth_date", "jenis_kelamin": "sex"}[column]
    assert failing(f"expect_nik_to_agree_with_{name}", column, rows) == []
