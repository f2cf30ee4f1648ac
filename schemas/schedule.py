"""Schedules of five cron fields, checked without Airflow: a schedule that Airflow refuses takes its DAG away."""

from __future__ import annotations

PRESETS = ("@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
#: name, smallest, largest, words
FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _DAYS),
)


def schedule(text: str) -> str:
    """Return a schedule that is one; raises ValueError with what is wrong and how it is written."""
    if text in PRESETS:
        return text
    parts = text.split()
    if text.startswith("@") or len(parts) != len(FIELDS):
        fix = f"write five cron fields like '0 2 * * *', or {', '.join(PRESETS)}"
        raise ValueError(f"'{text}' is not a schedule; {fix}")
    for part, (name, low, high, words) in zip(parts, FIELDS, strict=True):
        for item in part.split(","):
            if not _fits(item.lower(), low, high, words):
                raise ValueError(f"'{item}' in '{text}' does not fit the {name}; write {low} to {high}, *, a-b or */n")
    return text


def _fits(item: str, low: int, high: int, words: dict[str, int]) -> bool:
    span, slash, step = item.partition("/")
    if slash and not (_digits(step) and 1 <= int(step) <= high):
        return False
    if span == "*":
        return True
    first, dash, last = span.partition("-")
    numbers = [words.get(end, int(end) if _digits(end) else -1) for end in ([first, last] if dash else [first])]
    return all(low <= number <= high for number in numbers) and numbers == sorted(numbers)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def numbers(text: str, name: str) -> list[int]:
    """Return the numbers at which one field of a valid schedule of five fields fires."""
    names = [field for field, *_ in FIELDS]
    _, low, high, words = FIELDS[names.index(name)]
    found: set[int] = set()
    for item in text.split()[names.index(name)].lower().split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        ends = (low, high) if span == "*" else (_number(first, words), _number(last or first, words))
        if step and not last and span != "*":
            ends = (ends[0], high)  # cron: 5/15 is 5-59/15
        found.update(range(ends[0], ends[1] + 1, int(step or 1)))
    return sorted(found)


def _number(text: str, words: dict[str, int]) -> int:
    return words[text] if text in words else int(text)
