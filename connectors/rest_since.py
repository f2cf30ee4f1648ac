"""What changed since a moment: asked of the API in its own words, or found among all rows by their cursor."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

from connectors.drift import FeedPlace
from connectors.reading import Demand
from schemas.types.date_format import WIB

ZERO = re.compile(r"[0\-:T .Z/+]*")


def moment_text(since: str, format: str | None, place: FeedPlace) -> str:
    """Return the text of a cursor column as the API wants to be asked.

    Raises:
        DriftError: a format is given, and the text is no moment (ISO 8601, or written in that format).

    """
    if format is None:
        return since
    try:
        return dt.datetime.fromisoformat(since).strftime(format)
    except ValueError:
        pass
    try:
        return dt.datetime.strptime(since, format).strftime(format)
    except ValueError:
        fix = "mend cursor.column:, or leave since.format: out"
        raise place.error("the cursor column holds no moments that since.format: could write", fix, "since") from None


class CursorWindow:
    """Whether a row's cursor lies in what is demanded; numbers and ISO 8601 times, compared as such.

    With `since` alone a row whose cursor is null or a zero date belongs to it; a cursor that is no number and no time
    always does, for it cannot be told.
    """

    def __init__(self, demand: Demand, is_asked: bool) -> None:
        """Prepare; with `is_asked` the API itself keeps to `since`."""
        self.since = None if is_asked else demand.since
        self.until = demand.until
        self.is_open = self.since is None and self.until is None

    def __call__(self, text: str | None) -> bool:
        """Return True for a row to land."""
        if self.is_open:
            return True
        if text is None or ZERO.fullmatch(text):
            return self.until is None
        return not (_is_before(text, self.since) or _is_before(self.until, text))


def _is_before(text: str | None, other: str | None) -> bool:
    """Whether one text is certainly before the other; a date and a time of that day are not."""
    if text is None or other is None:
        return False
    numbers = _number(text), _number(other)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0] < numbers[1]
    first, second = _moment(text), _moment(other)
    if first is None or second is None:
        return False
    if len(text) == 10 or len(other) == 10:
        return first.date() < second.date()
    if (first.tzinfo is None) != (second.tzinfo is None):
        # a time without a zone is the city's
        first, second = (moment if moment.tzinfo else moment.replace(tzinfo=WIB) for moment in (first, second))
    return first < second


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None
