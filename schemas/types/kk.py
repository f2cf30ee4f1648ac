"""Nomor KK, the family card's number: region 6, date of registration DDMMYY, serial 4 digits."""

from __future__ import annotations

from typing import ClassVar

from schemas.types.base import Problem
from schemas.types.digits import shape_problems
from schemas.types.nik import FEMALE_OFFSET, RegistrationType, existing_day


class Kk(RegistrationType):
    """Nomor KK, kept as text of 16 digits; never with 40 added to the day."""

    name = "kk"
    problems: ClassVar[dict[str, Problem]] = {
        **shape_problems("kk", "Nomor KK", 16),
        "kk.date": Problem(
            "Tanggal di dalam nomor KK tidak mungkin", "The date inside the family card number is impossible"
        ),
        "kk.looks_like_nik": Problem(
            "Nomor KK berisi NIK seorang perempuan (tanggal di atas 40)",
            "The family card number is a woman's NIK (day above 40)",
        ),
        "kk.serial": Problem("Nomor urut KK 0000", "The serial of the family card number is 0000"),
    }

    def wrong(self, digits: str) -> str | None:
        """Name a NIK in the wrong column, an impossible date or the serial 0000."""
        if existing_day(digits, FEMALE_OFFSET):
            return "kk.looks_like_nik"
        if not existing_day(digits):
            return "kk.date"
        return "kk.serial" if digits.endswith("0000") else None
