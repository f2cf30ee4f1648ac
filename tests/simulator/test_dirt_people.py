"""What desks do to people's numbers, names and birth dates: always something else, never something impossible."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.dice import Dice
from simulator.dirt import DIRT, UNDETECTABLE, eligible

KINDS = ["name_title", "name_short", "name_typo", "name_spaces", "name_bin"]
FIRST = ["MUHAMMAD", "Abdul", "SITI", "Moh.", "BUDI", "Ayu", "SRI", "ACHMAD", "M."]
NAMES = st.builds(
    " ".join, st.lists(st.sampled_from([*FIRST, "RAHAYU", "Santoso", "WULANDARI", "NUR"]), min_size=1, max_size=3)
)


def spoil(kind: str, values: list[str | None], rows: list[int], seed: int = 1) -> tuple[list[str | None], list[int]]:
    frame = pd.DataFrame({"x": pd.Series(values, dtype="str")})
    rule = SimpleNamespace(column=["x"], texts=[], variants={})
    can = eligible(frame, rule, kind)
    chosen = np.array([row for row in rows if can[row]], np.int64)
    after, wrong = DIRT[kind](frame, chosen, rule, Dice(seed, "t", np.arange(len(values))))
    return after["x"].astype(object).where(after["x"].notna(), None).tolist(), wrong.tolist()


@pytest.mark.parametrize("kind", KINDS)
@given(name=NAMES, seed=st.integers(0, 999))
def test_a_name_that_is_spoilt_is_another_text_of_letters(kind: str, name: str, seed: int) -> None:
    (after,), wrong = spoil(kind, [name], [0], seed)
    assert after is not None
    assert (after != name) == (wrong == [0])
    assert not re.search(r"\d", after)
    assert len(after.strip()) >= 2


@given(name=NAMES, seed=st.integers(0, 999))
def test_a_typo_is_one_letter(name: str, seed: int) -> None:
    (after,), wrong = spoil("name_typo", [name], [0], seed)
    if wrong:
        assert after is not None
        assert abs(len(after) - len(name)) <= 1
        assert after[0] == name[0]


@given(
    born=st.dates(dt.date(1900, 1, 1), dt.date(2025, 6, 30)),
    style=st.sampled_from(["%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y"]),
)
def test_a_slip_in_a_birth_date_is_a_date_in_the_same_year_that_has_been(born: dt.date, style: str) -> None:
    (after,), wrong = spoil("birth_slip", [born.strftime(style)], [0])
    found = dt.datetime.strptime(str(after), style).date()
    assert (found != born) == (wrong == [0])
    assert found.year == born.year
    assert found <= dt.date(2025, 6, 30)


def test_day_and_month_change_places_where_they_can() -> None:
    assert spoil("birth_slip", ["03-11-1970", "1984-02-29"], [0])[0] == ["11-03-1970", "1984-02-29"]


def test_another_s_number_is_that_of_a_row_of_the_table() -> None:
    numbers: list[str | None] = [f"35749{row:011}" for row in range(200)]
    numbers[7] = None
    after, wrong = spoil("nik_other", numbers, [*range(0, 200, 10), 7])
    assert wrong == list(range(0, 200, 10))
    assert all(after[row] in numbers and after[row] != numbers[row] for row in wrong)
    assert after[7] is None


def test_another_s_number_hardly_depends_on_the_rows_around() -> None:
    frame = pd.DataFrame({"x": pd.Series([f"{row:016}" for row in range(500)], dtype="str")})
    rule = SimpleNamespace(column=["x"], texts=[], variants={})
    whole, _ = DIRT["nik_other"](frame, np.arange(0, 400, 4), rule, Dice(1, "t", np.arange(500)))
    fewer, _ = DIRT["nik_other"](frame.head(480), np.arange(0, 400, 4), rule, Dice(1, "t", np.arange(480)))
    assert (whole["x"].head(480) == fewer["x"]).mean() > 0.98


def test_a_missing_number_is_nothing() -> None:
    assert spoil("nik_missing", ["1", "2"], [1]) == (["1", None], [1])


def test_what_one_source_cannot_show_is_counted_apart() -> None:
    assert {*KINDS, "nik_other", "birth_slip"} <= UNDETECTABLE
    assert "nik_missing" not in UNDETECTABLE
