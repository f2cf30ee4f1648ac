"""The newest cursor value of what was read, where the next run begins; and how many lie in the future."""

from __future__ import annotations

import datetime as dt
import re

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.workspace import JAKARTA

#: ISO 8601 as databases and APIs write it; texts of one source compare as the times do
TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"
UTC = r"(Z|[+-]00:?00)$"
NUMBER = r"^-?\d{1,18}$"
#: a clock that is so far ahead is wrong, and no matter of minutes or time zones
AHEAD = dt.timedelta(days=1)


class Watermark:
    """Takes the landed cursor column part by part; `value` is the newest, None where none was a time or a number.

    `future` counts the times that lie AHEAD of now, and more.
    """

    def __init__(self, earlier: str | None, now: dt.datetime, future: int = 0) -> None:
        """Begin with the watermark of earlier runs, which never moves back, and what was counted before."""
        self.future = future
        # a clock that is ahead must not move the watermark past rows that are still to come; what lies in the future
        # is read again in every run. Times with a zone of their own are held against the same moment there
        self._now = now
        self._time = earlier if earlier and not is_number(earlier) else None
        self._number = int(earlier) if earlier and is_number(earlier) else None

    def add(self, cells: pa.Array | pa.ChunkedArray) -> None:
        """Take the cells of one part; empty ones, zero dates and times in the future say nothing."""
        times = cells.filter(pc.match_substring_regex(cells, TIME))
        is_utc = pc.match_substring_regex(times, UTC)
        for group, zone in ((times.filter(is_utc), dt.UTC), (times.filter(pc.invert(is_utc)), JAKARTA)):
            latest = f"{self._now.astimezone(zone):%Y-%m-%d %H:%M:%S}"
            plain = pc.replace_substring(group, "T", " ", max_replacements=1)
            bound = f"{(self._now + AHEAD).astimezone(zone):%Y-%m-%d %H:%M:%S}"
            self.future += pc.sum(pc.greater(plain, bound)).as_py() or 0
            newest = pc.max(group.filter(pc.and_(pc.less_equal(plain, latest), pc.greater(plain, "0001")))).as_py()
            if newest is not None and (self._time is None or newest > self._time):
                self._time = newest
        numbers = cells.filter(pc.match_substring_regex(cells, NUMBER))
        highest = pc.max(pc.cast(numbers, pa.int64())).as_py()
        if highest is not None and (self._number is None or highest > self._number):
            self._number = highest

    @property
    def value(self) -> str | None:
        """The newest value, as the source writes it."""
        if self._time is not None:
            return self._time
        return str(self._number) if self._number is not None else None


def is_number(text: str) -> bool:
    """Whether a cursor's text counts."""
    return re.fullmatch(NUMBER, text) is not None


def is_time(text: str) -> bool:
    """Whether a cursor's text is a date or a time."""
    return re.match(TIME, text) is not None
