"""A code of a code list; the list itself is consulted where the mapping is applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from schemas.types.base import Problem, ValueType
from schemas.types.text import even


class Code(ValueType):
    """A code such as `L`; `standardize` looks the text up in the field's list and raises `code.unknown`."""

    name = "code"
    problems: ClassVar[dict[str, Problem]] = {
        "code.unknown": Problem("Nilai tidak ada dalam daftar kode", "The value is not in the code list"),
    }

    def clean(self, text: str, formats: Sequence[str] = ()) -> str | None:
        """Return the text with even white space, ready for the lookup."""
        return even(text) or None
