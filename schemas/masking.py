"""How personal values look to a reader without the right to see them.

The functions `control.mask_id` and `control.mask_text` in PostgreSQL do the same; a test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Collection

#: value types whose first four digits (the region, or the year of birth) are kept
IDENTIFIERS = frozenset({"nik", "kk", "nip"})
SHAPE_CHARACTERS = 40
#: 12 digits or more, however a source groups them: somebody's NIK, card or account
LONG_NUMBER = re.compile(r"\d(?:[ .-]?\d){11,}")


def mask_id(text: str) -> str:
    """Return an identifier with all but its first four characters starred; a short one is starred whole."""
    kept = 4 if len(text) >= 12 else 0
    return text[:kept] + "*" * (len(text) - kept)


def mask_numbers(text: str, but: Collection[str] = ()) -> str:
    """Return a text with its long numbers masked, but those of these digits: the reader knows them already."""
    return LONG_NUMBER.sub(lambda part: part[0] if digits(part[0]) in but else mask_id(part[0]), text)


def digits(text: str) -> str:
    """Return the digits of a text alone."""
    return re.sub(r"\D", "", text)


def mask_text(text: str) -> str:
    """Return the first character and three stars; of a text of up to three, such as a code, only the stars."""
    return (text[:1] if len(text) > 3 else "") + "***"


def shape(text: str) -> str:
    """Return what a text looks like, not what it says: `9` for a digit, `x` for a letter, `31-02-1990` → `99-99-9999`.

    Reports show failing cells so. Whether the column is personal does not matter: a cell that breaks a rule is
    the one least likely to hold what its column says, such as a NIK in a column of business codes.
    """
    looks = re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", text))
    return looks if len(looks) <= SHAPE_CHARACTERS else looks[: SHAPE_CHARACTERS - 1] + "…"
