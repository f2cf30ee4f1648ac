"""Plain text: white space made even, nothing else repaired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from schemas.types.base import InvalidValueError, Problem
from schemas.types.fast import Arrow, FastType

# everything that str.split() takes for white space, but for a single space between words; and NUL
_UNEVEN = "^ |  | $|[\\x00\\x09-\\x0d\\x1c-\\x1f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"


def even(text: str) -> str:
    """Return the text with each run of white space (tabs, line ends, no-break spaces) as one space."""
    return " ".join(text.split())


class Text(FastType):
    """Names, addresses, titles; case and spelling stay as the source has them."""

    name = "text"
    problems: ClassVar[dict[str, Problem]] = {
        # PostgreSQL cannot store it, and a whole COPY would fail for one row
        "text.nul": Problem("Teks memuat karakter NUL", "The text holds a NUL character"),
    }

    def clean(self, text: str, formats: Sequence[str] = ()) -> str | None:
        """Return the text with even white space, None when nothing else is in it."""
        if "\0" in text:
            raise InvalidValueError("text.nul")
        return even(text) or None

    def usual(self, texts: Arrow) -> tuple[Arrow, Arrow]:
        """Take the texts whose white space is even already."""
        uneven = pc.match_substring_regex(texts, _UNEVEN)
        return texts, pc.and_(pc.invert(uneven), pc.not_equal(texts, pa.scalar("")))
