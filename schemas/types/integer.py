"""Whole numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from schemas.types.base import InvalidValueError, Problem, ValueType

#: the largest PostgreSQL bigint
BIGINT_MAX = 2**63 - 1

_PLAIN = re.compile(r"[+-]?[0-9]+(?:[.,]0{1,2})?")
# 1.234 and 1,234 can only be one thousand; 12.000 could be 12 with three decimals, so one group must not be zeros
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}|[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}")
_ONE_GROUP = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,](?!000)[0-9]{3}")


class Integer(ValueType):
    """A whole number; a text is read when exactly one reading of it is whole ("12", "12.0", "1.234")."""

    name = "integer"
    dtype = "Int64"
    postgres = "bigint"
    logical = "integer"
    problems: ClassVar[dict[str, Problem]] = {
        "integer.invalid": Problem(
            "Bukan bilangan bulat, atau artinya ganda", "Not a whole number, or one with two readings"
        ),
    }

    def clean(self, text: str, formats: Sequence[str] = ()) -> int:
        """Return the number; raise InvalidValueError for anything else and beyond 64 bits."""
        if _PLAIN.fullmatch(text):
            digits = re.sub("[.,].*", "", text)
        elif _GROUPED.fullmatch(text) or _ONE_GROUP.fullmatch(text):
            digits = re.sub("[.,]", "", text)
        else:
            raise InvalidValueError("integer.invalid")
        if len(digits) > 20 or abs(number := int(digits)) > BIGINT_MAX:
            raise InvalidValueError("integer.invalid")
        return number
