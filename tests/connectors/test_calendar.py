"""The calendar of deliveries: which file is due, and what each trouble is called."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.calendar import Every, Finding, Period, SourceFile, Stamp, judge, nearest, sent_before
from schemas.errors import ConfigurationError
from schemas.feed import Delivery
from schemas.types.date_format import WIB

MONTHLY = Delivery(every="month", due="5d", stamp="%Y-%m")
PATTERN = "warga_*.csv"
DAYS = st.dates(date(2000, 1, 3), date(2099, 12, 1))
EVERY = st.sampled_from(["day", "week", "month"])
STAMPS: dict[str, str] = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WIB)


def file(name: str, modified: str = "2026-11-02", size: int = 9) -> SourceFile:
    return SourceFile(name, size, at(modified).timestamp())


def found(now: str, *fitting: SourceFile, others: tuple[str, ...] = (), **changes: Any) -> Finding:
    delivery = MONTHLY.model_copy(update=changes)
    return judge(fitting, [file(name) for name in others], PATTERN, delivery, at(now))


OCTOBER, SEPTEMBER = file("warga_2026-10.csv"), file("warga_2026-09.csv", "2026-10-03")


def test_the_file_of_the_last_period_is_on_time_when_it_came_before_it_was_due() -> None:
    finding = found("2026-11-20", SEPTEMBER, OCTOBER)
    assert (finding.state, finding.file, str(finding.period)) == ("on time", OCTOBER, "2026-10")
    assert finding.due == at("2026-11-06")  # five days after the end of October


def test_a_file_that_came_after_it_was_due_is_late_and_read() -> None:
    late = file("warga_2026-10.csv", "2026-11-06 00:01")
    finding = found("2026-11-20", SEPTEMBER, late)
    assert (finding.state, finding.is_readable, finding.file) == ("late", True, late)


def test_a_server_that_tells_no_times_cannot_make_a_file_late() -> None:
    assert found("2026-11-20", SourceFile("warga_2026-10.csv", 9)).state == "on time"


def test_before_the_due_moment_the_newest_there_is_is_read() -> None:
    finding = found("2026-11-05 23:59", SEPTEMBER)
    assert (finding.state, finding.file, str(finding.period)) == ("not due", SEPTEMBER, "2026-09")


def test_after_the_due_moment_the_file_is_missing_and_the_newest_is_named() -> None:
    finding = found("2026-11-06 00:00", SEPTEMBER)
    assert (finding.state, str(finding.period), finding.names) == ("missing", "2026-10", ("warga_2026-09.csv",))
    assert not finding.is_readable
    assert found("2026-11-06").names == ()


def test_a_file_of_the_running_period_may_come_early() -> None:
    early = file("warga_2026-11.csv", "2026-11-15")
    assert found("2026-11-20", OCTOBER, early).file == early


def test_two_files_of_one_period_are_named_both() -> None:
    copy = file("warga_2026-10 (1).csv")
    finding = found("2026-11-20", SEPTEMBER, OCTOBER, copy)
    assert (finding.state, finding.names) == ("duplicate", ("warga_2026-10 (1).csv", "warga_2026-10.csv"))
    older = file("warga_2026-09 (1).csv")
    assert found("2026-11-20", SEPTEMBER, older, OCTOBER).state == "on time"


def test_an_empty_file_is_told() -> None:
    assert found("2026-11-20", SEPTEMBER, file("warga_2026-10.csv", size=0)).state == "empty"


@pytest.mark.parametrize(
    "name",
    [
        "Warga 2026-10.csv",
        "warga_2026-10.CSV",
        "data_warga_2026-10.csv",
        "warga-2026-10.xlsx",
        "warga_.csv",
        "2026-10.zip",
    ],
)
def test_the_missing_file_under_another_name_is_told(name: str) -> None:
    finding = found("2026-11-20", SEPTEMBER, others=("foto.jpg", name))
    assert (finding.state, finding.file and finding.file.name) == ("renamed", name)


@pytest.mark.parametrize("name", ["Warga 2026-08.csv", "warga_2026-09.csv.bak", "laporan pajak.csv"])
def test_an_old_or_another_file_is_not_taken_for_the_missing_one(name: str) -> None:
    assert found("2026-11-20", SEPTEMBER, others=(name,)).state == "missing"


def test_a_file_that_fits_but_tells_no_period_is_not_read_in_silence() -> None:
    finding = found("2026-11-20", file("warga_baru.csv"), SEPTEMBER)
    assert (finding.state, finding.file and finding.file.name) == ("renamed", "warga_baru.csv")


@pytest.mark.parametrize(
    ("every", "stamp", "pattern", "name", "period"),
    [
        ("month", "%Y-%m", "warga_*.csv", "warga_2026-10.csv", "2026-10"),
        ("month", "%m%Y", "warga_*_v?.csv", "warga_102026_v2.csv", "2026-10"),
        ("month", "%B %Y", "Laporan *.xlsx", "Laporan AGUSTUS 2026.xlsx", "2026-08"),
        ("month", "%b%y", "*/data.csv", "Nop26/data.csv", "2026-11"),
        ("month", "%Y-%m", "[Ww]arga_*.csv", "Warga_2026-10-31.csv", "2026-10"),
        ("week", "%G-W%V", "a*.csv", "a2026-W53.csv", "2026-W53"),
        ("week", "%Y-%m-%d", "a*.csv", "a2026-10-08.csv", "2026-W41"),
        ("week", "%Y week %W", "a*.csv", "a2026 week 40.csv", "2026-W41"),
        ("day", "%Y%m%d", "a*.csv", "a20261003.csv", "2026-10-03"),
        ("day", "%Y%j", "a*.csv", "a2026276.csv", "2026-10-03"),
        ("month", "%Y-%m", "warga_*.csv", "warga_2026-13.csv", None),
        ("month", "%Y%m", "warga_*.csv", "warga_20261003.csv", None),
        ("month", "%Y-%m", "warga_*.csv", "pindah_2026-10.csv", None),
        ("month", "%Y-%m", "warga.*.csv", "wargaX2026-10.csv", None),
    ],
)
def test_stamps_are_read_strictly(every: Every, stamp: str, pattern: str, name: str, period: str | None) -> None:
    found = Stamp.of(pattern, Delivery(every=every, due="1d", stamp=stamp)).period(name)
    assert (str(found) if found else None) == period


@pytest.mark.parametrize(
    ("every", "stamp", "pattern"),
    [
        ("month", "%m", "warga_*.csv"),
        ("month", "%Y", "warga_*.csv"),
        ("day", "%Y-%m", "warga_*.csv"),
        ("week", "%Y-W%V", "warga_*.csv"),
        ("month", "%Y-%m-%Y", "warga_*.csv"),
        ("month", "%Y-%m-%Q", "warga_*.csv"),
        ("month", "%Y-%m", "warga.csv"),
    ],
)
def test_a_stamp_that_tells_no_period_is_a_configuration_error(every: Every, stamp: str, pattern: str) -> None:
    with pytest.raises(ConfigurationError, match=r"delivery.stamp: .* the stamp"):
        Stamp.of(pattern, Delivery(every=every, due="1d", stamp=stamp))


def test_content_of_another_period_was_sent_before() -> None:
    stamp, october = Stamp.of(PATTERN, MONTHLY), Period(date(2026, 10, 1), "month")
    assert sent_before(october, stamp, ["warga_2026-10.csv", "warga_2026-09.csv"]) == "warga_2026-09.csv"
    assert sent_before(october, stamp, ["warga_2026-10 baru.csv", "lain.csv"]) is None


def test_the_nearest_name_must_be_near() -> None:
    assert nearest(["Warga_1.csv", "foto.jpg"], "warga_*.csv") == "Warga_1.csv"
    assert nearest(["pajak.csv"], "warga_*.csv") is None


@given(DAYS, EVERY)
def test_periods_follow_each_other_without_gap_and_hold_their_days(day: date, every: Every) -> None:
    period = Period.holding(day, every)
    assert period.start <= day < period.end
    assert period.previous.end == period.start
    assert Period.holding(period.end - timedelta(days=1), every) == period
    assert Period.holding(period.end, every).previous == period


@given(DAYS, EVERY)
def test_a_period_is_read_back_from_its_stamp(day: date, every: Every) -> None:
    stamp = Stamp.of(PATTERN, Delivery(every=every, due="1d", stamp=STAMPS[every]))
    assert stamp.period(f"warga_{day.strftime(STAMPS[every])}.csv") == Period.holding(day, every)


@given(DAYS, EVERY, st.timedeltas(timedelta(0), timedelta(days=70)), st.sets(st.integers(0, 40), max_size=8))
def test_some_period_is_read_exactly_when_nothing_is_overdue(
    day: date, every: Every, due: timedelta, ages: set[int]
) -> None:
    """`ages`: how many periods ago the files are from; 0 is the running one."""
    delivery = Delivery.model_construct(every=every, due=due, stamp=STAMPS[every])
    now = datetime.combine(day, datetime.min.time(), WIB) + timedelta(hours=9)
    periods = [Period.holding(day, every)]
    while len(periods) <= 110:
        periods.append(periods[-1].previous)
    files = [file(f"warga_{periods[age].start.strftime(STAMPS[every])}.csv") for age in ages]
    finding = judge(files, [], PATTERN, delivery, now)
    overdue = next(period for period in periods if period.due(due) <= now)
    newest = periods[min(ages)] if ages else None
    assert finding.is_readable == (newest is not None and newest >= overdue)
    if finding.is_readable:
        assert finding.period == newest
        assert (finding.state == "not due") == (finding.period < periods[1])
    else:
        assert (finding.state, finding.period) == ("missing", overdue)
        assert finding.due <= now


@given(st.lists(st.text("0123456789-_ WBwarg.csv/", max_size=30), max_size=6), st.datetimes(datetime(2000, 1, 1)))
def test_any_names_give_one_of_the_named_states(names: list[str], now: datetime) -> None:
    finding = judge([file(name) for name in names], [], PATTERN, MONTHLY, now.replace(tzinfo=WIB))
    assert finding.state in ("on time", "late", "not due", "missing", "renamed", "duplicate")
