"""Formats of dates as sources write them: strptime's directives, strict, with Indonesian month names."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache

from schemas.errors import ConfigurationError

_SPELLINGS = (
    "januari january jan",
    "februari pebruari february feb peb",
    "maret march mar mrt",
    "april apr",
    "mei may",
    "juni june jun",
    "juli july jul",
    "agustus august ags agt agu agust aug",
    "september sept sep",
    "oktober october okt oct",
    "november nopember nov nop",
    "desember december des dec",
)
#: month number by every spelling met in Indonesian systems, lower-case
MONTHS = {spelling: month for month, line in enumerate(_SPELLINGS, start=1) for spelling in line.split()}
#: the city's clock. A moment with a zone becomes the date it had here: web applications send local midnight as
#: 17:00 UTC of the day before.
WIB = timezone(timedelta(hours=7))

_MONTH_NAME, _DAY_NAME = r"(?P<name>[A-Za-z]+)\.?", r"[A-Za-z'’]+"
_DIRECTIVES = {
    "Y": r"(?P<Y>[0-9]{4})",
    "y": r"(?P<y>[0-9]{2})",
    "m": r"(?P<m>[0-9]{1,2})",
    "d": r"(?P<d>[0-9]{1,2})",
    "H": r"(?P<H>[0-9]{1,2})",
    "M": r"(?P<M>[0-9]{2})",
    "S": r"(?P<S>[0-9]{2})",
    "f": r"[0-9]{1,9}",
    "z": r"(?P<z>Z|[+-][0-9]{2}(?::?[0-9]{2})?)",
    "B": _MONTH_NAME,
    "b": _MONTH_NAME,
    "A": _DAY_NAME,
    "a": _DAY_NAME,
    "%": "%",
}


@cache
def pattern(form: str) -> re.Pattern[str]:
    """Compile a format to a regular expression.

    Raises ConfigurationError for a directive that is not known, one given twice, or a format without a full date.
    """
    # beside another digit, `%d` and `%m` must have both digits: 2024111 is two dates
    packed = re.search(r"%[YymdHMS]%[YymdHMS]", form) is not None
    source = ""
    for token in re.findall(r"%.?|[^%]+", form):
        if not token.startswith("%"):
            source += re.sub(r"(\\\s|\s)+", r"\\s+", re.escape(token))
            continue
        if token[1:] not in _DIRECTIVES:
            raise ConfigurationError(f"'{token}' in the date format '{form}' is not known", fix=" ".join(_DIRECTIVES))
        piece = _DIRECTIVES[token[1:]]
        source += piece.replace("{1,2}", "{2}") if packed else piece
    try:
        compiled = re.compile(source)
    except re.error as error:
        raise ConfigurationError(f"the date format '{form}' names a part twice", fix="keep it once") from error
    groups = set(compiled.groupindex)
    if not ("d" in groups and groups & {"m", "name"} and groups & {"Y", "y"}):
        raise ConfigurationError(f"the date format '{form}' lacks day, month or year", fix="e.g. %d-%m-%Y")
    return compiled


def read(text: str, form: str) -> date | None:
    """Return the date that `text` has in this format, None when it has another shape.

    Raises ValueError for an impossible date (31 February, month 13). `%y` follows POSIX: 69-99 are 19yy, 00-68 20yy.
    """
    match = pattern(form).fullmatch(text)
    if match is None:
        return None
    found = {key: value for key, value in match.groupdict().items() if value is not None}
    if "name" in found:
        month = MONTHS.get(found["name"].lower())
        if month is None:
            return None
    else:
        month = int(found["m"])
    year = int(found["Y"]) if "Y" in found else _century(int(found["y"]))
    clock = (int(found.get("H", 0)), int(found.get("M", 0)), int(found.get("S", 0)))
    moment = datetime(year, month, int(found["d"]), *clock, tzinfo=_zone(found.get("z")))
    return moment.astimezone(WIB).date() if "z" in found else moment.date()


def _century(year: int) -> int:
    return year + (1900 if year >= 69 else 2000)


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[3:].lstrip(":") or 0)
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))
