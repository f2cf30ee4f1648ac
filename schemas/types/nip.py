"""NIP, the civil servant's number: birth date YYYYMMDD, appointment YYYYMM, sex 1, serial 3 digits."""

from __future__ import annotations

from calendar import monthrange
from typing import ClassVar

from schemas.types.base import Problem
from schemas.types.digits import DigitsType, Mask, part, real_days, shape_problems
from schemas.types.fast import Arrow

#: nobody in service was born before; a century typed wrong (1088, 2988) falls out
BIRTH_YEARS = (1900, 2099)


class Nip(DigitsType):
    """NIP (PNS) and NI PPPK, kept as text of 18 digits.

    Source: Perka BKN 22/2007. PPPK numbers have a contract code (e.g. 21) where PNS have the appointment's month, so
    digits 13-14 are not demanded to be a month.
    """

    name = "nip"
    length = 18
    problems: ClassVar[dict[str, Problem]] = {
        **shape_problems("nip", "NIP", 18),
        "nip.old": Problem("NIP lama (9 digit), bukan NIP 18 digit", "An old NIP of 9 digits, not one of 18"),
        "nip.date": Problem("Tanggal lahir di dalam NIP tidak mungkin", "The birth date inside the NIP is impossible"),
    }

    def wrong_length(self, digits: str) -> str:
        """Tell the old numbers of 9 digits (in use until 2009) from mistakes."""
        return "nip.old" if len(digits) == 9 else "nip.length"

    def wrong(self, digits: str) -> str | None:
        """Name an impossible birth date."""
        year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
        if not (BIRTH_YEARS[0] <= year <= BIRTH_YEARS[1] and 1 <= month <= 12):
            return "nip.date"
        return None if 1 <= day <= monthrange(year, month)[1] else "nip.date"

    def right(self, digits: Arrow) -> Mask:
        """Say where the birth date exists."""
        year = part(digits, 0, 4)
        leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
        in_service = (year >= BIRTH_YEARS[0]) & (year <= BIRTH_YEARS[1])
        return real_days(part(digits, 6, 8), part(digits, 4, 6), leap) & in_service
