"""NIK, the national identity number: region 6, birth date DDMMYY (women DD + 40), serial 4 digits."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from schemas.types.base import Problem
from schemas.types.digits import DigitsType, Integers, Mask, part, real_days, shape_problems
from schemas.types.fast import Arrow

#: what is added to the day of birth of a woman
FEMALE_OFFSET = 40


def existing_day(digits: str, offset: int = 0) -> bool:
    """Say whether digits 7-12 are a day `DD - offset` that exists in 19YY or in 20YY.

    29 February needs a leap year: YY divisible by 4 is one in at least one of both centuries (1900 was none, 2000 was).
    """
    day, month, year = int(digits[6:8]) - offset, int(digits[8:10]), int(digits[10:12])
    return bool(real_days(np.array([day]), np.array([month]), np.array([year % 4 == 0]))[0])


class RegistrationType(DigitsType):
    """Sixteen digits of the civil registry: region, date, serial from 0001. No check digit exists.

    Source of the layout: dukcapil.klaten.go.id "arti 16 digit NIK"; the same checks as python-stdnum `id.nik`, plus the
    serial. Whether region, sex and date agree with the other fields is a matter of rules between fields, because a NIK
    stays the same when a birth date is corrected and when the person moves.
    """

    length = 16

    def right(self, digits: Arrow) -> Mask:
        """Say where the date exists and the serial is not 0000."""
        return self.right_date(part(digits, 6, 8), part(digits, 8, 10), part(digits, 10, 12) % 4 == 0) & (
            part(digits, 12, 16) > 0
        )

    def right_date(self, day: Integers, month: Integers, leap: Mask) -> Mask:
        """Say where the date digits are right for this kind of number."""
        return real_days(day, month, leap)


class Nik(RegistrationType):
    """NIK, kept as text of 16 digits."""

    name = "nik"
    problems: ClassVar[dict[str, Problem]] = {
        **shape_problems("nik", "NIK", 16),
        "nik.date": Problem("Tanggal lahir di dalam NIK tidak mungkin", "The birth date inside the NIK is impossible"),
        "nik.serial": Problem("Nomor urut NIK 0000", "The serial of the NIK is 0000"),
    }

    def wrong(self, digits: str) -> str | None:
        """Name an impossible birth date or the serial 0000."""
        if not (existing_day(digits) or existing_day(digits, FEMALE_OFFSET)):
            return "nik.date"
        return "nik.serial" if digits.endswith("0000") else None

    def right_date(self, day: Integers, month: Integers, leap: Mask) -> Mask:
        """Take a woman's day back by 40 first."""
        return real_days(np.where(day > FEMALE_OFFSET, day - FEMALE_OFFSET, day), month, leap)
