"""Telephone numbers, as digits that begin with Indonesia's 62."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import phonenumbers
import pyarrow.compute as pc

from schemas.types.base import DoubtfulValueError, InvalidValueError, Problem
from schemas.types.fast import Arrow, FastType

# 0811.., 62811.., +62811.. and 811.. (Excel drops the zero): 8 and 8 to 11 more digits
MOBILE = r"(?:\+?62|0)?(8[0-9]{8,11})"
_MOBILE = re.compile(MOBILE)
_SEPARATORS = "[ ().\u00a0'-]"
_SEVERAL = re.compile(r"[/,;]")
# a number column of doubles; up to 15 digits a double is exact
_FLOAT = re.compile(r"([0-9]{8,15})\.0")
_EXTENSION = re.compile(r"\s*(?:ext|psw|pswt|pesawat)\.?\s*[0-9]+$", re.IGNORECASE)


class Phone(FastType):
    """A number in Indonesia: 628123456789, 62335421234.

    A telephone number never keeps a row from being published: what cannot be read is left out with a warning.
    """

    name = "phone"
    problems: ClassVar[dict[str, Problem]] = {
        "phone.invalid": Problem(
            "Nomor telepon tidak dapat dipakai, dikosongkan",
            "Not a usable telephone number; left empty",
            severity="warning",
        ),
        "phone.several": Problem(
            "Lebih dari satu nomor telepon; yang pertama dipakai",
            "More than one telephone number; the first is kept",
            severity="warning",
        ),
    }

    def clean(self, text: str, formats: Sequence[str] = ()) -> str:
        """Return the digits from 62 on; raise with a warning otherwise.

        phonenumbers alone would read `0811… / 0812…` as one long number, so the text is split first.
        """
        numbers = [piece.strip() for piece in _SEVERAL.split(text) if piece.strip()]
        if not numbers:
            raise InvalidValueError("phone.invalid")
        value = _one(numbers[0])
        if len(numbers) > 1:
            raise DoubtfulValueError(value, "phone.several")
        return value

    def usual(self, texts: Arrow) -> tuple[Arrow, Arrow]:
        """Take single mobile numbers, in whatever grouping."""
        is_float = pc.match_substring_regex(texts, f"^(?:{_FLOAT.pattern})$")
        bare = pc.replace_substring_regex(texts, _SEPARATORS, "")
        is_mobile = pc.and_(pc.match_substring_regex(bare, f"^(?:{MOBILE})$"), pc.invert(is_float))
        return pc.replace_substring_regex(bare, f"^(?:{MOBILE})$", r"62\1"), is_mobile


def _one(text: str) -> str:
    whole = _FLOAT.fullmatch(text)
    text = _EXTENSION.sub("", whole[1] if whole else text)
    bare = re.sub(_SEPARATORS, "", text)
    mobile = _MOBILE.fullmatch(bare)
    if mobile:
        return f"62{mobile[1]}"
    # phonenumbers turns letters into the digits of a keypad
    if not (bare.isascii() and bare.removeprefix("+").isdigit()):
        raise InvalidValueError("phone.invalid")
    try:
        number = phonenumbers.parse(bare, "ID")
    except phonenumbers.NumberParseException as error:
        raise InvalidValueError("phone.invalid") from error
    if number.country_code != 62 or not phonenumbers.is_valid_number(number):
        raise InvalidValueError("phone.invalid")
    return f"62{number.national_number}"
