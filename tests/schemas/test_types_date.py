"""Dates: strict formats, Indonesian months, zero dates, serial days."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcomes import outcome

from schemas.errors import ConfigurationError
from schemas.types.date_format import MONTHS, pattern
from schemas.types.registry import TYPES

DATES = st.dates(dt.date(1850, 1, 1), dt.date(2200, 12, 31))


@pytest.mark.parametrize(
    ("text", "formats", "expected"),
    [
        ("1990-08-17", [], dt.date(1990, 8, 17)),
        ("1990-08-17 00:00:00", [], dt.date(1990, 8, 17)),
        ("1990-08-17T23:59:59", [], dt.date(1990, 8, 17)),
        ("1990-08-17 00:00:00.0000000", [], dt.date(1990, 8, 17)),
        ("1990-08-16T17:00:00.000Z", [], dt.date(1990, 8, 17)),  # local midnight, as JavaScript sends it
        ("1990-08-17T00:00:00+07:00", [], dt.date(1990, 8, 17)),
        ("17-08-1990", ["%Y-%m-%d", "%d-%m-%Y"], dt.date(1990, 8, 17)),
        ("7/8/1990", ["%d/%m/%Y"], dt.date(1990, 8, 7)),
        ("17 Agustus 1990", ["%d %B %Y"], dt.date(1990, 8, 17)),
        ("17 AGT 1990", ["%d %b %Y"], dt.date(1990, 8, 17)),
        ("3 Nopember 1990", ["%d %B %Y"], dt.date(1990, 11, 3)),
        ("Jum'at, 3 Pebruari 1990", ["%A, %d %B %Y"], dt.date(1990, 2, 3)),
        ("17-Aug-90", ["%d-%b-%y"], dt.date(1990, 8, 17)),
        ("19900817", ["%Y%m%d"], dt.date(1990, 8, 17)),
        ("32874", ["excel"], dt.date(1990, 1, 1)),
        ("32874.5", ["%d-%m-%Y", "excel"], dt.date(1990, 1, 1)),
    ],
)
def test_date_in_a_declared_format_is_read(text: str, formats: list[str], expected: dt.date | None) -> None:
    assert outcome("date", text, formats) == (expected, None)


@pytest.mark.parametrize(
    ("text", "formats", "problem"),
    [
        ("0000-00-00", [], "date.zero"),
        ("0000-00-00 00:00:00", [], "date.zero"),
        ("00-00-0000", ["%d-%m-%Y"], "date.zero"),
        ("0", ["excel"], "date.zero"),
        ("1990-02-30", [], "date.invalid"),
        ("2023-13-01", [], "date.invalid"),  # dateparser reads 13 January here
        ("17-08-90", ["%d-%m-%Y"], "date.invalid"),
        ("1990-8-17 25:00:00", [], "date.invalid"),
        ("17-08-1990", [], "date.invalid"),
        ("2024111", ["%Y%m%d"], "date.invalid"),
        ("17 Agustusan 1990", ["%d %B %Y"], "date.invalid"),
        ("١٩٩٠-٠٨-١٧", [], "date.invalid"),
        ("1990-00-00", [], "date.invalid"),
        ("0001-01-01", [], "date.range"),
        ("1849-12-31", [], "date.range"),
        ("2201-01-01", [], "date.range"),
        ("9999-12-31 23:59:59", [], "date.range"),
        ("0001-01-01T00:00:00+14:00", [], "date.invalid"),
    ],
)
def test_other_dates_are_refused(text: str, formats: list[str], problem: str) -> None:
    assert outcome("date", text, formats) == (None, problem)


@given(DATES, st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d%m%Y", "%m-%d-%Y"]))
def test_a_written_date_is_read_back(day: dt.date, form: str) -> None:
    text = form.replace("%Y", f"{day.year:04d}").replace("%m", f"{day.month:02d}").replace("%d", f"{day.day:02d}")
    assert outcome("date", text, [form]) == (day, None)


@given(DATES, st.sampled_from(sorted(MONTHS)))
def test_every_month_name_is_read_in_any_case(day: dt.date, name: str) -> None:
    found, problem = outcome("date", f"1 {name.title()} {day.year}", ["%d %B %Y"])
    assert (found, problem) == (dt.date(day.year, MONTHS[name], 1), None)


@given(st.dates(dt.date(1900, 3, 1), dt.date(2200, 1, 1)))
def test_serial_days_are_those_of_excel(day: dt.date) -> None:
    serial = (day - dt.date(1899, 12, 30)).days
    assert outcome("date", str(serial), ["excel"]) == (day, None)


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    value, problem = outcome("date", text, ["%d %B %Y", "excel", "%Y-%m-%dT%H:%M:%S%z"])
    assert value is None or problem is None


@pytest.mark.parametrize("form", ["%q", "%d-%m", "%d-%d-%Y", "%Y", "%d-%m-%Y %"])
def test_a_wrong_format_is_a_mistake_of_the_catalogue(form: str) -> None:
    with pytest.raises(ConfigurationError):
        pattern(form)


def test_a_column_of_dates_keeps_its_index_and_type() -> None:
    texts = ["17-08-1990", None, "00-00-0000", "31-02-1990", "17-08-1990"]
    cleaned = TYPES["date"].clean_column(pd.Series(texts, index=[5, 5, 6, 7, 8], dtype="str"), ["%d-%m-%Y"])
    assert cleaned.values.dtype == "datetime64[s]"
    assert cleaned.values.index.tolist() == [5, 5, 6, 7, 8]
    assert cleaned.values.isna().tolist() == [False, True, True, True, False]
    assert cleaned.problems.fillna("").tolist() == ["", "", "date.zero", "date.invalid", ""]
