"""Numbers with a fraction."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import ClassVar

from schemas.types.base import InvalidValueError, Problem, ValueType

# what databases and programs write; a single dot is always their decimal point
_MACHINE = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_INDONESIAN = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]+|[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}")
_ENGLISH = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]+|[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}")
# 1,234 is an Indonesian fraction or an English thousand
_TWO_READINGS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")


class Decimal(ValueType):
    """A 64-bit float; the Indonesian decimal comma is read where it cannot be a thousands separator."""

    name = "decimal"
    dtype = "Float64"
    postgres = "double precision"
    logical = "number"
    problems: ClassVar[dict[str, Problem]] = {
        "decimal.invalid": Problem("Bukan bilangan, atau artinya ganda", "Not a number, or one with two readings"),
    }

    def clean(self, text: str, formats: Sequence[str] = ()) -> float:
        """Return the number; raise InvalidValueError for other shapes, two readings and infinity."""
        if _MACHINE.fullmatch(text):
            plain = text
        elif _COMMA.fullmatch(text) and not _TWO_READINGS.fullmatch(text):
            plain = text.replace(",", ".")
        elif _INDONESIAN.fullmatch(text):
            plain = text.replace(".", "").replace(",", ".")
        elif _ENGLISH.fullmatch(text):
            plain = text.replace(",", "")
        else:
            raise InvalidValueError("decimal.invalid")
        number = float(plain)
        if math.isinf(number):
            raise InvalidValueError("decimal.invalid")
        return number
