"""Region codes: the dotted codes of Kemendagri, and the crosswalk from what other systems use."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

from schemas.errors import ConfigurationError
from schemas.types.base import DoubtfulValueError, InvalidValueError, Problem, ValueType

CROSSWALK = Path(__file__).parent.parent / "codelists" / "crosswalks" / "wilayah.csv"
CITY = "35.74"
#: the scheme of codes that were given up when kecamatan were split; known to `bps`, kept with a warning
STALE = "bps_lama"
#: word in a mapping's `format` -> schemes of the crosswalk
SCHEMES = {"kemendagri": ("kemendagri",), "bps": ("bps", STALE)}

# province, kabupaten/kota, kecamatan, 1xxx kelurahan, 2xxx desa or 3xxx desa adat (14 in Jayapura,
# Kepmendagri 300.2.2-2138/2025)
_SHAPE = re.compile(r"[1-9][0-9](\.[0-9]{2}(\.[0-9]{2}(\.[123][0-9]{3})?)?)?")


@cache
def crosswalk() -> dict[tuple[str, str], str]:
    """Return the dotted code by (scheme, code)."""
    with CROSSWALK.open(encoding="utf-8", newline="") as lines:
        return {(row["scheme"], row["code"]): row["kode_wilayah"] for row in csv.DictReader(lines)}


@cache
def city_codes() -> frozenset[str]:
    """Return the dotted codes of the city, its kecamatan and its kelurahan."""
    return frozenset(crosswalk().values())


class KodeWilayah(ValueType):
    """A dotted code of any level, `35` to `35.74.01.1001`.

    Inside the city the code must be in the list; elsewhere its shape is checked. Undotted codes pass only through the
    crosswalk: padding a Kemendagri code gives another kelurahan's BPS code. Six codes of ten digits mean one
    kelurahan to Kemendagri and another to BPS (3574011001 is Ketapang or Sumber Wetan), so without `format: bps` or
    `format: kemendagri` in the mapping they are refused.
    """

    name = "kode_wilayah"
    problems: ClassVar[dict[str, Problem]] = {
        "wilayah.unknown": Problem("Kode wilayah tidak dikenal", "The region code is not known"),
        "wilayah.ambiguous": Problem(
            "Kode wilayah berbeda arti menurut Kemendagri dan BPS",
            "The region code means different places to Kemendagri and BPS; give the mapping a format",
        ),
        "wilayah.stale": Problem(
            "Kode wilayah lama (sebelum pemekaran), diganti dengan kode sekarang",
            "A region code from before the split, replaced by today's code",
            severity="warning",
        ),
    }

    def check_formats(self, formats: Sequence[str]) -> None:
        """Raise ConfigurationError for an unknown scheme."""
        _schemes(formats)

    def clean(self, text: str, formats: Sequence[str] = ()) -> str:
        """Return the dotted code; `formats` name the scheme of undotted codes (kemendagri, bps).

        Raises InvalidValueError, DoubtfulValueError for a stale code, ConfigurationError for an unknown scheme.
        """
        if "." in text or len(text) == 2:
            if not _SHAPE.fullmatch(text) or (text.startswith(CITY) and text not in city_codes()):
                raise InvalidValueError("wilayah.unknown")
            return text
        known = crosswalk()
        found = {known[scheme, text]: scheme for scheme in _schemes(formats) if (scheme, text) in known}
        if len(found) != 1:
            raise InvalidValueError("wilayah.ambiguous" if found else "wilayah.unknown")
        code, scheme = found.popitem()
        if scheme == STALE:
            raise DoubtfulValueError(code, "wilayah.stale")
        return code


def _schemes(formats: Sequence[str]) -> list[str]:
    unknown = [form for form in formats if form not in SCHEMES]
    if unknown:
        raise ConfigurationError(
            f"'{unknown[0]}' is not a scheme of region codes", fix="use one of: " + ", ".join(SCHEMES)
        )
    return [scheme for form in (formats or SCHEMES) for scheme in SCHEMES[form]]
