"""Windows of sources, ages of published rows, and schedules that fire outside a window."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.schedule import numbers
from schemas.window import Window, outside, read_age, read_window

MOMENTS = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))


def test_a_window_over_midnight_holds_both_nights_halves() -> None:
    night = read_window("20:00-05:00")
    assert [time(h, 0) in night for h in (19, 20, 23, 0, 4, 5, 12)] == [False, True, True, True, True, False, False]


@given(MOMENTS, MOMENTS, MOMENTS)
def test_a_moment_is_in_a_window_or_in_the_rest_of_the_day(start: time, end: time, moment: time) -> None:
    if start != end:
        assert (moment in Window(start, end)) != (moment in Window(end, start))


@given(MOMENTS, MOMENTS)
def test_a_window_is_read_as_it_is_written(start: time, end: time) -> None:
    if start != end:
        assert read_window(str(Window(start, end))) == Window(start, end)


@pytest.mark.parametrize("text", ["20-05", "25:00-05:00", "20:00-20:00", "", "20:00–05:00"])
def test_what_is_no_window_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="20:00-05:00"):
        read_window(text)


@pytest.mark.parametrize(
    ("text", "hours"), [("26h", 26), ("8d", 192), ("1h", 1)]
)  # fmt: skip
def test_an_age_is_hours_or_days(text: str, hours: int) -> None:
    assert read_age(text) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["26", "0h", "-1d", "2w", "h"])
def test_what_is_no_age_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="26h or 8d"):
        read_age(text)


@pytest.mark.parametrize(
    ("schedule", "window", "missed"),
    [
        ("30 2 * * *", "20:00-05:00", None),
        ("0 6 * * *", "20:00-05:00", time(6, 0)),
        ("0 21,22,1 * * 1-5", "20:00-05:00", None),
        ("*/30 2-5 * * *", "02:00-05:00", time(5, 0)),
        ("@daily", "20:00-05:00", None),
        ("@hourly", "20:00-05:00", time(5, 0)),
        ("@daily", "06:00-18:00", time(0, 0)),
    ],
)
def test_the_first_time_outside_the_window_is_named(schedule: str, window: str, missed: time | None) -> None:
    assert outside(schedule, read_window(window)) == missed


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5", [5]), ("0-10/5", [0, 5, 10]), ("50/5", [50, 55]), ("*/20", [0, 20, 40]), ("1,3", [1, 3])],
)
def test_the_numbers_of_a_cron_field(text: str, expected: list[int]) -> None:
    assert numbers(f"{text} * * * *", "minute") == expected
