"""Amounts in whole rupiah."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from schemas.types.base import InvalidValueError, Problem, ValueType
from schemas.types.integer import BIGINT_MAX

_SIGN_AND_CURRENCY = re.compile(r"(-?)(?:Rp\.?|IDR)?(-?)(.*?)(?:,-+|\.-+|,=)?", re.IGNORECASE)
# One, two or at least four decimals. Three after a dot are thousands, as in 12.500; 12,500 could be
# an English 12500 or an Indonesian 12½, and 12500.000 shows a source whose 500.000 would be read wrong: refused.
_CENTS = "(?P<cents>[0-9]{1,2}|[0-9]{4,})"
_SHAPES = (
    re.compile(f"(?P<whole>[0-9]+)(?:[.,]{_CENTS})?"),
    re.compile(rf"(?P<whole>[0-9]{{1,3}}(?:\.[0-9]{{3}})+)(?:,{_CENTS})?"),
    re.compile(rf"(?P<whole>[0-9]{{1,3}}(?:,[0-9]{{3}})+)\.{_CENTS}"),
    re.compile("(?P<whole>[0-9]{1,3}(?:,[0-9]{3}){2,})(?P<cents>)"),
)


class Money(ValueType):
    """Whole rupiah as a 64-bit integer; "Rp 12.500,00", "12500.00", "12,500.00" and "1.250.000,-" are read."""

    name = "money"
    dtype = "Int64"
    postgres = "bigint"
    logical = "integer"
    problems: ClassVar[dict[str, Problem]] = {
        "money.invalid": Problem(
            "Bukan jumlah rupiah, atau artinya ganda", "Not an amount in rupiah, or one with two readings"
        ),
        "money.cents": Problem("Jumlah rupiah memuat pecahan sen", "The amount has a fraction of a rupiah"),
    }

    def clean(self, text: str, formats: Sequence[str] = ()) -> int:
        """Return whole rupiah; raise InvalidValueError for other shapes and for nonzero cents."""
        split = _SIGN_AND_CURRENCY.fullmatch("".join(text.split()))
        if split is None or (split[1] and split[2]):
            raise InvalidValueError("money.invalid")
        for shape in _SHAPES:
            found = shape.fullmatch(split[3])
            if found is None:
                continue
            if (found["cents"] or "").strip("0"):
                raise InvalidValueError("money.cents")
            digits = re.sub("[.,]", "", found["whole"])
            if len(digits) > 20 or (amount := int(digits)) > BIGINT_MAX:
                break
            return -amount if split[1] or split[2] else amount
        raise InvalidValueError("money.invalid")
