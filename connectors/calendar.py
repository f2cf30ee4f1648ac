"""Which file of a folder is due, and what is wrong with the delivery: late, missing, twice, under another name.

Everything here is a function of names, sizes and times; nothing is read. Periods and due moments are of the city's
clock (WIB).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from rapidfuzz import fuzz

from schemas.errors import ConfigurationError
from schemas.feed import Delivery
from schemas.types.date_format import MONTHS, WIB

#: from here on two names are one that somebody mistyped: `warga_2026-10.csv` and `Warga 2026-10.csv`
ALIKE_PERCENT = 80
#: a name with the period that is missing may differ more: `data warga kota 2026-10.csv`
ALIKE_WITH_STAMP_PERCENT = 50

Every = Literal["day", "week", "month"]
State = Literal["on time", "late", "not due", "missing", "renamed", "duplicate", "empty"]


@dataclass(frozen=True)
class SourceFile:
    """A file as its folder lists it."""

    #: path below the connection's folder, with `/`
    name: str
    #: bytes; None where the server tells it only file by file
    size: int | None = None
    #: seconds since 1970; None where the server does not tell
    modified: float | None = None


@dataclass(frozen=True, order=True)
class Period:
    """A day, an ISO week or a month."""

    start: date
    every: Every

    @classmethod
    def holding(cls, day: date, every: Every) -> Period:
        """Return the period in which a day lies."""
        if every == "week":
            return cls(day - timedelta(days=day.weekday()), every)
        return cls(day.replace(day=1) if every == "month" else day, every)

    @property
    def end(self) -> date:
        """The first day after it."""
        if self.every == "month":
            return (self.start + timedelta(days=31)).replace(day=1)
        return self.start + timedelta(days=7 if self.every == "week" else 1)

    @property
    def previous(self) -> Period:
        """The period before it."""
        return Period.holding(self.start - timedelta(days=1), self.every)

    def due(self, after: timedelta) -> datetime:
        """Return the moment until which its file has to be there."""
        return datetime.combine(self.end, datetime.min.time(), WIB) + after

    def __str__(self) -> str:
        """Return `2026-10`, `2026-W41` or `2026-10-03`."""
        form = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}[self.every]
        return self.start.strftime(form)


@dataclass(frozen=True)
class Finding:
    """What the calendar says of a folder; `file` is the one to read, or the one to blame."""

    state: State
    #: the period that `file` holds, or that is missing
    period: Period
    due: datetime
    file: SourceFile | None = None
    #: duplicate: every name of the period; missing: the newest name there is
    names: tuple[str, ...] = ()

    @property
    def is_readable(self) -> bool:
        """Whether the run goes on."""
        return self.state in ("on time", "late", "not due")


def judge(
    fitting: Iterable[SourceFile], others: Iterable[SourceFile], pattern: str, delivery: Delivery, now: datetime
) -> Finding:
    """Choose the file to read, or tell why there is none.

    `fitting` are the files that fit `pattern`, `others` those beside them that no feed takes. A file that fits, but
    whose name tells no period, counts among the others. `now` is aware.

    Raises:
        ConfigurationError: the stamp is no strptime format of a period.

    """
    stamp = Stamp.of(pattern, delivery)
    held: dict[Period, list[SourceFile]] = {}
    beside = list(others)
    for file in fitting:
        period = stamp.period(file.name)
        beside.append(file) if period is None else held.setdefault(period, []).append(file)
    ended = Period.holding(now.astimezone(WIB).date(), delivery.every).previous
    expected = ended
    while expected.due(delivery.due) > now:
        expected = expected.previous
    newest = max(held, default=None)
    if newest is None or newest < expected:
        last = tuple(file.name for file in held[newest]) if newest else ()
        found = renamed(beside, stamp, expected)
        return Finding("renamed" if found else "missing", expected, expected.due(delivery.due), found, last)
    files, due = sorted(held[newest], key=lambda file: file.name), newest.due(delivery.due)
    if len(files) > 1:
        return Finding("duplicate", newest, due, files[-1], tuple(file.name for file in files))
    return Finding(_state(files[0], newest, ended, due), newest, due, files[0])


def _state(file: SourceFile, period: Period, ended: Period, due: datetime) -> State:
    if file.size == 0:
        return "empty"
    if period < ended:
        return "not due"
    return "late" if file.modified is not None and file.modified > due.timestamp() else "on time"


def renamed(others: Iterable[SourceFile], stamp: Stamp, wanted: Period) -> SourceFile | None:
    """Return the file that is most likely the wanted one under another name, if any is."""
    return max(
        (file for file in others if _likeness(file.name, stamp, wanted)),
        key=lambda file: (_likeness(file.name, stamp, wanted), file.name),
        default=None,
    )


def _likeness(name: str, stamp: Stamp, wanted: Period) -> float:
    periods = stamp.anywhere(name)
    if periods and not any(period >= wanted for period in periods):
        return 0  # an older file, or a copy of one
    percent = alike(name, stamp.pattern, stamp.written(name))
    return percent if percent >= (ALIKE_WITH_STAMP_PERCENT if periods else ALIKE_PERCENT) else 0


def alike(name: str, pattern: str, star: str = "") -> float:
    """Return how alike a name is to those that fit a pattern, 0 to 100; letter case does not count.

    `star` is what the first `*` would have matched.
    """
    wanted = re.sub(r"[*?]|\[[^\]]+\]", "", pattern.replace("*", star, 1))
    return fuzz.ratio(wanted.casefold(), name.casefold())


def nearest(names: Iterable[str], pattern: str) -> str | None:
    """Return the name that a pattern was most likely meant for."""
    likeness = {name: alike(name, pattern) for name in names}
    best = max(likeness, key=lambda name: (likeness[name], name), default=None)
    return best if best is not None and likeness[best] >= ALIKE_PERCENT else None


def sent_before(period: Period, stamp: Stamp, earlier: Sequence[str]) -> str | None:
    """Return the earlier file of another period among names whose content the file of `period` has."""
    return next((name for name in earlier if stamp.period(name) not in (period, None)), None)


_NUMBER = {"Y": r"[0-9]{4}", "G": r"[0-9]{4}", "j": r"[0-9]{3}"}
_TWO = dict.fromkeys("ymdVWUHMS", r"[0-9]{2}") | dict.fromkeys("wu", "[0-7]")
_MONTH = dict.fromkeys("bB", "|".join(sorted(MONTHS, key=len, reverse=True)))
_PARTS: Mapping[str, str] = _NUMBER | _TWO | _MONTH | {"%": "%"}
#: the week's Monday, for the directives of weeks that strptime heeds beside a weekday alone
_MONDAY = {"V": ("%u", "1"), "W": ("%w", "1"), "U": ("%w", "1")}


@dataclass(frozen=True)
class Stamp:
    """How the names of a feed's files tell their period."""

    pattern: str
    every: Every
    #: strptime format
    form: str
    in_name: re.Pattern[str]
    text: re.Pattern[str]

    @classmethod
    def of(cls, pattern: str, delivery: Delivery) -> Stamp:
        """Compile a feed's pattern and stamp.

        Raises:
            ConfigurationError: no `*` in the pattern, an unknown directive, or one too few to tell the period.

        """
        directives = re.findall(r"%(.)", delivery.stamp)
        letters = set(directives)
        unknown = sorted(letters - set(_PARTS))
        # strptime knows the ISO week %V with the ISO year %G alone
        year = len(letters) == len(directives) and (letters & ({"G"} if "V" in letters else {"Y", "y"}))
        within = {"day": [{"m", "d"}, {"j"}], "week": [{"V"}, {"W"}, {"U"}, {"m", "d"}], "month": [{"m"}]}
        named = letters | ({"m"} if letters & set("bB") else set())
        if unknown or "*" not in pattern or not year or not any(need <= named for need in within[delivery.every]):
            problem = f"'%{unknown[0]}' is not read in" if unknown else "no period can be read by"
            raise ConfigurationError(
                f"{problem} the stamp '{delivery.stamp}' (every: {delivery.every}, file: '{pattern}')",
                where="delivery.stamp",
                fix='name year and period, such as "%Y-%m" (%G-W%V for weeks, %B for names of months), '
                "and put a * in their place in file:",
            )
        text = "".join(
            f"(?:{_PARTS[part[1]]})" if part[0] == "%" else re.escape(part)
            for part in re.findall(r"%.|[^%]+", delivery.stamp)
        )
        before, _, after = pattern.partition("*")
        in_name = f"{_regex(before)}(?P<star>[^/]*){_regex(after)}"
        found = rf"(?<![0-9])(?P<stamp>{text})(?![0-9])"
        return cls(pattern, delivery.every, delivery.stamp, re.compile(in_name), re.compile(found, re.IGNORECASE))

    def period(self, name: str) -> Period | None:
        """Return the period that a name tells in the place of the pattern's first `*`; None where it tells none."""
        match = self.in_name.fullmatch(name)
        return next(iter(self.anywhere(match["star"])), None) if match else None

    def anywhere(self, name: str) -> list[Period]:
        """Return every period that a name tells, wherever it stands there."""
        read = (self._read(match["stamp"]) for match in self.text.finditer(name))
        return [period for period in read if period is not None]

    def written(self, name: str) -> str:
        """Return the first stamp as a name writes it, or nothing."""
        match = self.text.search(name)
        return match["stamp"] if match else ""

    def _read(self, text: str) -> Period | None:
        form = re.sub("%[bB]", "%m", self.form)
        if form != self.form:
            spelling = re.compile(_MONTH["b"], re.IGNORECASE)
            text = spelling.sub(lambda match: str(MONTHS[match[0].lower()]), text, count=1)
        for letter, (directive, monday) in _MONDAY.items():
            if f"%{letter}" in form and not re.search("%[uwaA]", form):
                form, text = f"{form} {directive}", f"{text} {monday}"
        try:
            return Period.holding(datetime.strptime(text, form).date(), self.every)
        except ValueError:
            return None


def _regex(pattern: str) -> str:
    """Translate a pattern of names; `*` and `?` stay within one folder."""
    made = ""
    for part in re.findall(r"\[!?\]?[^\]]*\]|.", pattern, re.DOTALL):
        if part in "*?":
            made += "[^/]*" if part == "*" else "[^/]"
        elif len(part) > 1:
            inner = part[1:-1].replace("\\", "\\\\")
            made += f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
        else:
            made += re.escape(part)
    return made
