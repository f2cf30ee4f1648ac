"""How personal values look to a reader without the right to see them.

The functions `control.mask_id` and `control.mask_text` in PostgreSQL do the same; a test compares them.
"""

from __future__ import annotations

import re

#: value types whose first four digits (the region, or the year of birth) are kept
IDENTIFIERS = frozenset({"nik", "kk", "nip"})
SHAPE_CHARACTERS = 40


def mask_id(text: str) -> str:
    """Return an identifier with all but its first four characters starred; a short one is starred whole."""
    kept = 4 if len(text) >= 12 else 0
    return text[:kept] + "*" * (len(text) - kept)


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
