"""What NIK, KK and NIP share: a fixed number of digits that hold a date, spoiled in the same ways."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.types.base import InvalidValueError, Problem
from schemas.types.fast import Arrow, FastType

# Excel and double columns write 3.57491E+15, 3,57491E+15 or 3574911708900001.0: beyond 15 digits the last ones
# are rounded or zero, so such a number is never repaired, only refused.
NUMBER = r"[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+|[0-9]+[.,]0{1,2}"
#: what people type for readability, and the apostrophe that makes Excel keep a text
SEPARATORS = "^['’`]+|[ \t\u00a0.-]"

_NUMBER = re.compile(NUMBER)
_SEPARATORS = re.compile(SEPARATORS)
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class DigitsType(FastType):
    """An identifier of `length` digits; problem codes are `<name>.number`, `.non_digit`, `.length` and its own."""

    length: ClassVar[int]

    def clean(self, text: str, formats: Sequence[str] = ()) -> str:
        """Return the bare digits; raise InvalidValueError with the first problem found."""
        if _NUMBER.fullmatch(text):
            raise InvalidValueError(f"{self.name}.number")
        digits = _SEPARATORS.sub("", text)
        if not (digits.isascii() and digits.isdigit()):
            raise InvalidValueError(f"{self.name}.non_digit")
        problem = self.wrong_length(digits) if len(digits) != self.length else self.wrong(digits)
        if problem is not None:
            raise InvalidValueError(problem)
        return digits

    def wrong_length(self, digits: str) -> str:
        """Name the problem of digits that are too few or too many."""
        return f"{self.name}.length"

    @abstractmethod
    def wrong(self, digits: str) -> str | None:
        """Name the problem inside `length` digits, or return None."""

    @abstractmethod
    def right(self, digits: Arrow) -> Mask:
        """Say for an Arrow array of `length`-digit texts where `wrong` finds nothing."""

    def usual(self, texts: Arrow) -> tuple[Arrow, Arrow]:
        """Take the texts whose digits are right, with or without separators."""
        fits = self._fits(texts)
        if not pc.all(fits).as_py():
            is_number = pc.match_substring_regex(texts, f"^(?:{NUMBER})$")
            texts = pc.replace_substring_regex(texts, SEPARATORS, "")
            fits = pc.and_(self._fits(texts), pc.invert(is_number))
        digits = pc.if_else(fits, texts, "0" * self.length)
        return texts, self.right(digits) & np.asarray(fits)

    def _fits(self, texts: Arrow) -> Arrow:
        fits_length = pc.equal(pc.binary_length(texts), pa.scalar(self.length))
        return pc.and_(pc.ascii_is_decimal(texts), fits_length)


def shape_problems(name: str, label: str, length: int) -> dict[str, Problem]:
    """Return the problems of shape that every identifier of digits has."""
    return {
        f"{name}.number": Problem(
            f"{label} terbaca sebagai angka (mis. 3,57E+15); digit terakhirnya hilang",
            f"{label} was stored as a number (e.g. 3.57E+15); its last digits are lost",
        ),
        f"{name}.non_digit": Problem(f"{label} memuat selain angka", f"{label} has characters other than digits"),
        f"{name}.length": Problem(f"{label} tidak {length} digit", f"{label} does not have {length} digits"),
    }


def part(digits: Arrow, start: int, stop: int) -> Integers:
    """Return the integers that stand at digits[start:stop] of every text."""
    numbers: Integers = pc.cast(pc.utf8_slice_codeunits(digits, start, stop), pa.int64()).to_numpy(zero_copy_only=False)
    return numbers


def real_days(day: Integers, month: Integers, leap: Mask) -> Mask:
    """Say where day and month exist in a year that is leap or not (element-wise)."""
    known = (month >= 1) & (month <= 12)
    last: Any = _MONTH_DAYS[np.where(known, month, 0)] + ((month == 2) & leap)
    result: Mask = known & (day >= 1) & (day <= last)
    return result
