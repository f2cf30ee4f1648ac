"""Where the next run begins: the newest cursor value, whatever the rest of the column holds."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.watermark import Watermark

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
TIMES = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2026, 10, 30))


@given(st.lists(TIMES, min_size=1), st.lists(st.sampled_from([None, "", "0000-00-00 00:00:00", "x", "9999-12-31"])))
def test_it_is_the_latest_time_of_all_parts(times: list[dt.datetime], noise: list[str | None]) -> None:
    mark = Watermark(None, NOW)
    mark.add(pa.array(noise, pa.string()))
    for moment in times:
        mark.add(pa.array([moment.isoformat(sep=" ")], pa.string()))
    assert dt.datetime.fromisoformat(mark.value or "") == max(times)


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1), st.integers(0, 10**15))
def test_it_is_the_highest_number_and_never_moves_back(numbers: list[int], earlier: int) -> None:
    mark = Watermark(str(earlier), NOW)
    mark.add(pa.array([str(number) for number in numbers]))
    assert mark.value == str(max([earlier, *numbers]))


@pytest.mark.parametrize("text", [None, "kemarin", "0000-00-00", "2026-13"])
def test_without_a_time_or_number_there_is_none(text: str | None) -> None:
    mark = Watermark(None, NOW)
    mark.add(pa.array([text], pa.string()))
    assert mark.value is None
