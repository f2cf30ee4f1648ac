"""How a source writes a value: small vectorised functions from text to text, by name.

Every function takes a column of texts (dates as YYYY-MM-DD, whole numbers as digits, missing as None)
and the format's argument from the description.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd

from simulator.draw import listed

Text = pd.Series
FormatFunction = Callable[["Text[Any]", Any], "Text[Any]"]
FORMATS: dict[str, FormatFunction] = {}
#: formats that cannot do without an argument
NEEDS_ARGUMENT: set[str] = set()

MONTHS = ["Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober",
          "November", "Desember"]  # fmt: skip
SHORT_MONTHS = ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"]
SHORTENED = {"MUHAMMAD": "MOH.", "ABDUL": "ABD.", "ACHMAD": "ACH.", "SITI": "ST.", "JALAN": "JL.", "GANG": "GG."}


def _register(name: str, *, argument: bool = False) -> Callable[[FormatFunction], FormatFunction]:
    def keep(function: FormatFunction) -> FormatFunction:
        FORMATS[name] = function
        if argument:
            NEEDS_ARGUMENT.add(name)
        return function

    return keep


def _each(values: Text[Any], convert: Callable[[str], str]) -> Text[Any]:
    """Convert each distinct text once."""
    known = {text: convert(text) for text in values.dropna().unique()}
    return values.map(known).astype("str")


def write_date(day: date, pattern: str) -> str:
    """Write a day by a strptime pattern, %B and %b in Indonesian."""
    local = pattern.replace("%B", MONTHS[day.month - 1]).replace("%b", SHORT_MONTHS[day.month - 1])
    return day.strftime(local)


@_register("date", argument=True)
def _date(values: Text[Any], argument: Any) -> Text[Any]:
    return _each(values, lambda text: write_date(date.fromisoformat(text), str(argument)))


@_register("excel_serial")
def _excel_serial(values: Text[Any], argument: Any) -> Text[Any]:
    epoch = date(1899, 12, 30)
    return _each(values, lambda text: str((date.fromisoformat(text) - epoch).days))


@_register("spaced_nip")
def _spaced_nip(values: Text[Any], argument: Any) -> Text[Any]:
    return values.str[:8] + " " + values.str[8:14] + " " + values.str[14] + " " + values.str[15:]


@_register("codes", argument=True)
def _codes(values: Text[Any], argument: Any) -> Text[Any]:
    local = {str(code): str(text) for code, text in dict(argument).items()}
    return _each(values, lambda text: local.get(text, text))


@_register("part", argument=True)
def _part(values: Text[Any], argument: Any) -> Text[Any]:
    """One part of a dotted code, from 1, without leading zeros, as systems that store numbers do."""
    return values.str.split(".").str[int(argument) - 1].str.lstrip("0").astype("str")


@_register("undotted")
def _undotted(values: Text[Any], argument: Any) -> Text[Any]:
    return values.str.replace(".", "", regex=False)


@_register("bps")
def _bps(values: Text[Any], argument: Any) -> Text[Any]:
    villages = listed("kelurahan")
    return values.map(dict(zip(villages["kode"], villages["kode_bps"], strict=True))).astype("str")


@_register("kelurahan_name")
def _kelurahan_name(values: Text[Any], argument: Any) -> Text[Any]:
    villages = listed("kelurahan")
    return values.map(dict(zip(villages["kode"], villages["nama"], strict=True))).astype("str")


@_register("upper")
def _upper(values: Text[Any], argument: Any) -> Text[Any]:
    return values.str.upper()


@_register("title")
def _title(values: Text[Any], argument: Any) -> Text[Any]:
    return values.str.title()


@_register("short")
def _short(values: Text[Any], argument: Any) -> Text[Any]:
    return _each(values, lambda text: " ".join(SHORTENED.get(word, word) for word in text.split(" ")))


@_register("number")
def _number(values: Text[Any], argument: Any) -> Text[Any]:
    return values.str.lstrip("0").mask(values.str.fullmatch("0+") == True, "0")  # noqa: E712 - missing stays out


@_register("rupiah")
def _rupiah(values: Text[Any], argument: Any) -> Text[Any]:
    return _each(values, lambda text: "Rp " + f"{int(text):,}".replace(",", ".") + ",00")


@_register("thousands")
def _thousands(values: Text[Any], argument: Any) -> Text[Any]:
    return _each(values, lambda text: f"{int(text):,}".replace(",", "."))


@_register("phone_62")
def _phone_62(values: Text[Any], argument: Any) -> Text[Any]:
    return "+62" + values.str[1:]


@_register("prefix", argument=True)
def _prefix(values: Text[Any], argument: Any) -> Text[Any]:
    return str(argument) + values


def as_text(values: pd.Series[Any]) -> Text[Any]:
    """Write a truth column as plain text: dates as YYYY-MM-DD, numbers as digits, missing as missing."""
    if values.dtype.kind == "M":
        return _each_day(values)
    return values.astype("str")


def _each_day(values: pd.Series[Any]) -> Text[Any]:
    known = {day: day.date().isoformat() for day in values.dropna().unique()}
    return values.map(known).astype("str")
