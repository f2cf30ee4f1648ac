"""Yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from schemas.types.base import InvalidValueError, Problem, ValueType

# A lone `t` is missing on purpose: PostgreSQL's psql writes it for true, Indonesian forms for "tidak".
_TRUE = frozenset({"1", "y", "ya", "yes", "true", "benar"})
_FALSE = frozenset({"0", "n", "tidak", "tdk", "bukan", "no", "false", "f", "salah"})


class Boolean(ValueType):
    """A truth value; texts that mean both in use here are refused."""

    name = "boolean"
    dtype = "boolean"
    postgres = "boolean"
    logical = "boolean"
    problems: ClassVar[dict[str, Problem]] = {
        "boolean.invalid": Problem("Bukan ya atau tidak", "Neither yes nor no"),
    }

    def clean(self, text: str, formats: Sequence[str] = ()) -> bool:
        """Return the truth value that the text says, in any case."""
        word = text.lower()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise InvalidValueError("boolean.invalid")
