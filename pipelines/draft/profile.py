"""What a column's sampled values look like; nothing of it is ever printed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from pipelines.draft.experience import shape
from schemas.types.base import MISSING, DoubtfulValueError, InvalidValueError
from schemas.types.date import ISO
from schemas.types.date_format import pattern
from schemas.types.date_format import read as read_date
from schemas.types.registry import TYPES

if TYPE_CHECKING:
    from connectors.survey.model import SurveyColumn
    from schemas.codelist import Codelist

#: distinct values that are looked at: 60 tell a share within some 6 %
MOST = 60
#: day before month: nobody here writes the month first
FORMATS = (
    "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d %B %Y", "%d-%b-%y", "%d-%b-%Y", "%d/%m/%y",
    "%d-%m-%y", "%A, %d %B %Y", "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%d %B %Y %H:%M", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y%m%d%H%M%S", "%d%m%Y", "%B %d, %Y",
)  # fmt: skip
#: numbers that carry their kind in their digits
IDENTIFIERS = ("nik", "kk", "nip", "nop")
#: a further format is proposed from this share of the values on
WORTH_A_FORMAT = 0.02
_DATE_LIKE = re.compile(r"(?=.*[0-9]).{6,35}")
_DIALLED = re.compile(r"[+(0-9](?:[ ().\u00a0-]*[0-9]){6,15}")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}")
_NUMBER = re.compile(r"[+-]?(?:Rp\.?\s*)?[0-9][0-9.,]*(?:,-|E[+-]?[0-9]+)?", re.IGNORECASE)
_PERSON = re.compile(r"[^\W\d_][^\d_;:/\\!?#@=]{1,60}")
_ADDRESS = re.compile(
    r"\b(?:jl|jln|jalan|gg|gang|dsn|dusun|perum|perumahan|rt|rw|no|blok|komplek|kav|lingk)\b\.?", re.IGNORECASE
)


@dataclass(frozen=True, eq=False)
class Profile:
    """A column's sample, without missing values and words for nothing.

    Attributes:
        rows: sampled rows
        filled: rows with a value
        values: the most frequent distinct texts and how often they occur, at most `MOST`
        distinct: number of distinct texts
        sample: the texts in the rows' order, None where the source sent nothing
        placeholders: share of the rows by the word for nothing that stands in them

    """

    name: str
    declared: str
    rows: int
    filled: int
    distinct: int
    values: tuple[tuple[str, int], ...] = field(repr=False)
    sample: tuple[str | None, ...] = field(repr=False)
    placeholders: Mapping[str, float] = field(default_factory=dict, repr=False)
    _known: dict[str, float] = field(default_factory=dict, repr=False)

    def share(self, name: str, passes: Callable[[str], bool]) -> float:
        """Return the share of rows whose text passes; remembered by `name`."""
        if name not in self._known:
            total = sum(count for _, count in self.values)
            passed = sum(count for text, count in self.values if passes(text))
            self._known[name] = passed / total if total else 0.0
        return self._known[name]

    def clean(self, type_name: str, formats: tuple[str, ...] = ()) -> float:
        """Return the share of rows that the value type cleans without an error."""
        return self.share(f"{type_name}:{','.join(formats)}", lambda text: _cleans(text, type_name, formats))

    def known(self, codes: Codelist) -> float:
        """Return the share of rows whose text the code list knows."""
        return self.share(f"list:{codes.name}", lambda text: codes.code(text) is not None)

    def matches(self, regex: str) -> float:
        """Return the share of rows whose text matches."""
        compiled = re.compile(regex)
        return self.share(f"regex:{regex}", lambda text: compiled.search(text) is not None)

    def rejects(self, text: str, type_name: str) -> bool:
        """Say whether the value type has no value for a text."""
        return not _cleans(text, type_name, self.date_formats if type_name == "date" else ())

    @property
    def unique(self) -> bool:
        """Whether every sampled row has a value of its own."""
        return self.rows > 1 and self.filled == self.rows == self.distinct

    @cached_property
    def numeric(self) -> float:
        """Share of rows that hold a number and nothing else."""
        return self.share("numeric", lambda text: _NUMBER.fullmatch(text) is not None)

    @cached_property
    def long_digits(self) -> float:
        """Share of rows that hold eight digits or more: identifiers, not amounts of anything."""
        return self.share(
            "long", lambda text: text.isdigit() and (len(text) >= 8 or (text[0] == "0" and len(text) > 4))
        )

    @cached_property
    def identifier(self) -> float:
        """Share of rows that look like a NIK, a KK, a NIP or a NOP."""
        return max(self.clean(name) for name in IDENTIFIERS)

    @cached_property
    def dialled(self) -> float:
        """Share of rows with as many digits as a telephone number has; cheaper than to ask the value type."""
        return self.share("dialled", lambda text: _DIALLED.match(text) is not None)

    @cached_property
    def counter(self) -> bool:
        """Whether the values are the running numbers that a database gives its rows."""
        digits = [int(text) for text in self.sample if text is not None and text.isdigit() and len(text) < 12]
        if len(digits) < max(2, self.filled) or self.distinct < self.filled:
            return False
        if re.match("(big|small|medium)?(int|serial)", self.declared.lower()):
            return True
        return max(digits) - min(digits) < 4 * len(digits) + 10

    @cached_property
    def person(self) -> float:
        """Share of rows that could be the name of somebody."""
        return self.share("person", lambda text: _PERSON.fullmatch(text) is not None and len(text.split()) <= 7)

    @cached_property
    def address(self) -> float:
        """Share of rows with a word of addresses."""
        return self.share("address", lambda text: " " in text and _ADDRESS.search(text) is not None)

    @cached_property
    def words(self) -> float:
        """Mean number of words."""
        total = sum(count for _, count in self.values)
        return sum(len(text.split()) * count for text, count in self.values) / total if total else 0.0

    @cached_property
    def shapes(self) -> dict[str, float]:
        """Share of rows by the shape of the text."""
        total = sum(count for _, count in self.values) or 1
        counts: Counter[str] = Counter()
        for text, count in self.values:
            counts[shape(text)] += count
        return {drawn: count / total for drawn, count in counts.items()}

    @cached_property
    def date_formats(self) -> tuple[str, ...]:
        """The formats that read the dates, the most frequent first; empty where ISO 8601 does or none are there."""
        dates = {text: count for text, count in self.values if _DATE_LIKE.fullmatch(text) and "0000" not in text[:5]}
        total = sum(count for _, count in self.values)
        iso = sum(count for text, count in dates.items() if _reads(text, ISO))
        left, chosen = {text: count for text, count in dates.items() if not _reads(text, ISO)}, []
        while left:
            counts = {form: sum(count for text, count in left.items() if _reads(text, (form,))) for form in FORMATS}
            form = max(counts, key=lambda item: counts[item])
            if counts[form] <= WORTH_A_FORMAT * total:
                break
            chosen.append((counts[form], form))
            left = {text: count for text, count in left.items() if not _reads(text, (form,))}
        if chosen and iso > WORTH_A_FORMAT * total:
            chosen.append((iso, next(form for form in ISO if any(_reads(text, (form,)) for text in dates))))
        return tuple(form for _, form in sorted(chosen, reverse=True))

    @cached_property
    def dates(self) -> float:
        """Share of rows that hold a date; digits in a row are dates only where nearly all of them are."""
        share = self.clean("date", self.date_formats)
        packed = set(self.date_formats) & {"%Y%m%d", "%d%m%Y", "%Y%m%d%H%M%S"}
        return share if not packed or share > 0.9 else 0.0

    @cached_property
    def clock(self) -> float:
        """Share of rows with a time of day that is not midnight."""
        return self.share("clock", lambda text: _CLOCK.search(text) is not None and "00:00:00" not in text)

    @cached_property
    def years(self) -> tuple[int, ...]:
        """The years of the dates, sorted."""
        formats = self.date_formats or ISO
        found = (_date(text, formats) for text, _ in self.values)
        return tuple(sorted(day.year for day in found if day is not None))


def profile(column: SurveyColumn) -> Profile:
    """Return the profile of a sampled column; words for nothing count as missing."""
    sample = tuple(_present(text) for text in column.sample)
    counts = Counter(text for text in sample if text is not None)
    words = Counter(text.strip() for text in column.sample if text and text.strip().lower() in MISSING - {""})
    return Profile(
        name=column.name,
        declared=column.declared,
        rows=len(sample),
        filled=sum(counts.values()),
        distinct=len(counts),
        values=tuple(counts.most_common(MOST)),
        sample=sample,
        placeholders={text: count / len(sample) for text, count in words.items()},
    )


def read_dates(column: Profile) -> list[date | None]:
    """Return the column's dates in the rows' order."""
    formats = column.date_formats or ISO
    return [None if text is None else _date(text, formats) for text in column.sample]


def _present(text: str | None) -> str | None:
    if text is None:
        return None
    stripped = text.strip()
    return None if stripped.lower() in MISSING else stripped


def _cleans(text: str, type_name: str, formats: tuple[str, ...]) -> bool:
    kind = TYPES[type_name]
    try:
        return kind.clean(text, formats) is not None
    except DoubtfulValueError:
        return True
    except InvalidValueError as error:
        return error.code == "date.zero" and len(text) >= 8  # 0000-00-00, but not the number 0


def _reads(text: str, formats: tuple[str, ...]) -> bool:
    return _date(text, formats) is not None


def _date(text: str, formats: tuple[str, ...]) -> date | None:
    for form in formats:
        if pattern(form).fullmatch(text) is None:
            continue
        try:
            found = read_date(text, form)
        except (ValueError, OverflowError):
            continue
        if found is not None and 1850 <= found.year <= 2200:
            return found
    return None
