"""Dates, from the formats that the mapping declares; never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import ClassVar

from schemas.types.base import InvalidValueError, Problem, ValueType
from schemas.types.date_format import pattern, read

#: without `format`: ISO 8601, as databases write dates and timestamps
ISO = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%Y-%m-%d %H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S.%f%z",
)
#: the word in `format` that means Excel's serial days; its day 0 is 1899-12-30 for every date after February 1900
EXCEL = "excel"
EXCEL_EPOCH = date(1899, 12, 30)
YEARS = (1850, 2200)

# 0000-00-00, 00/00/0000, 0000-00-00 00:00:00, 0: what MySQL and forms store for "no date"
_ZERO = re.compile(r"0[0 :./T-]*")
_SERIAL = re.compile(r"([0-9]{1,6})(?:[.,][0-9]+)?")


class Date(ValueType):
    """A day of the calendar, without time; `formats` are tried in order."""

    name = "date"
    dtype = "datetime64[s]"
    postgres = "date"
    logical = "date"
    problems: ClassVar[dict[str, Problem]] = {
        "date.invalid": Problem(
            "Tanggal tidak ada atau formatnya tidak dikenal", "No such date, or not in the declared format"
        ),
        "date.range": Problem(
            "Tanggal sebelum tahun 1850 atau sesudah 2200", "The date is before the year 1850 or after 2200"
        ),
        "date.zero": Problem(
            "Tanggal nol: sumber tidak tahu tanggalnya", "A zero date: the source does not know the day", "warning"
        ),
    }

    def check_formats(self, formats: Sequence[str]) -> None:
        """Raise ConfigurationError for a format with an unknown directive or without a full date."""
        for form in formats:
            if form != EXCEL:
                pattern(form)

    def clean(self, text: str, formats: Sequence[str] = ()) -> date:
        """Return the date; raise InvalidValueError otherwise, for a zero date with a warning.

        Raises ConfigurationError for a format with an unknown directive. Two-digit years need `%y`.
        """
        if _ZERO.fullmatch(text):
            raise InvalidValueError("date.zero")
        found = _first(text, formats or ISO)
        if found is None:
            raise InvalidValueError("date.invalid")
        if not YEARS[0] <= found.year <= YEARS[1]:
            raise InvalidValueError("date.range")
        return found


def _first(text: str, formats: Sequence[str]) -> date | None:
    for form in formats:
        try:
            found = _from_serial(text) if form == EXCEL else read(text, form)
        except (ValueError, OverflowError):
            continue
        if found is not None:
            return found
    return None


def _from_serial(text: str) -> date | None:
    match = _SERIAL.fullmatch(text)
    return EXCEL_EPOCH + timedelta(days=int(match[1])) if match else None
