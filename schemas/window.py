"""The hours in which a source may be read, and the age at which published rows count as old."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from schemas.schedule import PRESETS, numbers

_WINDOW = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$")
_AGE = re.compile(r"^([1-9]\d*)(h|d)$")


@dataclass(frozen=True)
class Window:
    """From `start` until before `end`, local time; an end before the start is that of the next day."""

    start: time
    end: time

    def __contains__(self, moment: time) -> bool:
        """Say whether a local time lies inside."""
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end

    def __str__(self) -> str:
        """Return the window as it is written in YAML."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


def read_window(text: Any) -> Any:
    """Read '20:00-05:00'; raises ValueError with how it is written."""
    if isinstance(text, Window):
        return text
    found = _WINDOW.match(str(text))
    if found is None or found[1] + found[2] == found[3] + found[4]:
        raise ValueError(f"'{text}' is not a window; write it like '20:00-05:00', in local time")
    hour, minute, end_hour, end_minute = map(int, found.groups())
    return Window(time(hour, minute), time(end_hour, end_minute))


def read_age(text: Any) -> Any:
    """Read '26h' or '8d'; raises ValueError with how it is written."""
    if isinstance(text, timedelta):
        return text
    found = _AGE.match(str(text))
    if found is None:
        raise ValueError(f"'{text}' is not an age; write hours or days like 26h or 8d")
    return timedelta(hours=int(found[1])) if found[2] == "h" else timedelta(days=int(found[1]))


def read_lag(text: Any) -> Any:
    """Read an age like '2h', or a number of ids; raises ValueError with how it is written."""
    if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
        return text
    return read_age(text)


def outside(schedule: str, window: Window) -> time | None:
    """Return a local time at which the schedule fires outside the window, or None."""
    if schedule in PRESETS:
        minutes, hours = [0], list(range(24)) if schedule == "@hourly" else [0]
    else:
        minutes, hours = numbers(schedule, "minute"), numbers(schedule, "hour")
    return next((time(h, m) for h in hours for m in minutes if time(h, m) not in window), None)
