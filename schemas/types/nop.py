"""NOP, the number of a taxed object (PBB): region 10, block 3, serial 4, kind 1."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from schemas.types.base import Problem
from schemas.types.digits import DigitsType, Mask, part, shape_problems
from schemas.types.fast import Arrow

#: no code of a province begins with 0
FIRST_PROVINCE = 10


class Nop(DigitsType):
    """NOP, kept as text of 18 digits; printed 35.74.010.001.001-0001.0.

    Province 2, kabupaten/kota 2, kecamatan 3, kelurahan 3, block 3, serial 4, kind 1 (0 single, 7 SISTEP, 9 shared).
    Kecamatan and kelurahan are BPS codes, not those of Kemendagri, and as old as the tax roll: they are not looked up.

    >>> Nop().clean("35.74.010.001.001-0001.0")
    '357401000100100010'
    """

    name = "nop"
    length = 18
    problems: ClassVar[dict[str, Problem]] = {
        **shape_problems("nop", "NOP", 18),
        "nop.region": Problem("Kode provinsi di dalam NOP tidak mungkin", "The province inside the NOP is impossible"),
    }

    def wrong(self, digits: str) -> str | None:
        """Name an impossible province, such as that of a number of zeros."""
        return "nop.region" if int(digits[:2]) < FIRST_PROVINCE else None

    def right(self, digits: Arrow) -> Mask:
        """Say where the province is possible."""
        possible: Mask = np.greater_equal(part(digits, 0, 2), FIRST_PROVINCE)
        return possible
