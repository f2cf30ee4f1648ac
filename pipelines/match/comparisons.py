"""What is compared, and what an agreement is expected to say before anything has been learned.

Three things may be behind a pair: one person (m), two strangers (u), or two relatives, who share house and mother.
The shares below are what Indonesian registers and their users show (typing, titles, short forms, moved households,
twins about once in a hundred siblings); training corrects all three from the city's own data.
"""

from __future__ import annotations

from typing import NamedTuple


class Level(NamedTuple):
    """One degree of agreement: what a reason calls it, its SQL, its share among pairs of each kind.

    `strangers` stands for what a small register cannot show; `frequency` a column whose frequent values say less.
    """

    label: str
    sql: str
    m: float
    strangers: float
    relatives: float = 1.0
    frequency: str | None = None


class Comparison(NamedTuple):
    """Levels from the best to the worst; the last one takes the rest. `missing` is the SQL of nothing to compare.

    `is_own` is false for what relatives share: it does not tell one from the other.
    """

    name: str
    missing: str
    levels: tuple[Level, ...]
    is_own: bool = True


_SLOTS = range(1, 5)


def likeness(column: str) -> str:
    """Return the SQL of how alike two names are: the shorter one's words in any order, the worst of them counts.

    So MUHAMMAD in front of both makes nobody alike. Jaro-Winkler has 0.84 for HASAN and HUSAIN, 0.97 for a letter
    too many.
    """
    one, other = (", ".join(f"{column}{slot}_{side}" for slot in _SLOTS) for side in "lr")
    return f"likeness({column}_count_l, {column}_count_r, {one}, {other})"


def _one_slip(column: str) -> str:
    """Return the SQL of one letter wrong, missing, added or swapped; the slow function only where fast ones allow it.

    DuckDB evaluates all parts of an AND, but of a CASE only what it needs: 100,000 pairs took 0.5 s before.
    """
    pair = f"{column}_l, {column}_r"
    length = f"abs(length({column}_l) - length({column}_r)) <= 1"
    slow = f"CASE WHEN jaro_winkler_similarity({pair}) >= 0.75 THEN damerau_levenshtein({pair}) <= 1 ELSE false END"
    return f"CASE WHEN {length} THEN {slow} ELSE false END"


def _shared(column: str) -> str:
    """Return the SQL of the share of the shorter one's words that the other has too."""
    return f"shared({column}_words_l, {column}_words_r)"


def _common(column: str) -> str:
    """Return the SQL of how many words two texts have in common."""
    return f"common({column}_words_l, {column}_words_r)"


def _nearest(column: str) -> str:
    """Return the SQL of how alike the two most similar words of two names are; 0 when a name has none."""
    pairs = (f"jaro_winkler_similarity({column}{one}_l, {column}{other}_r)" for one in _SLOTS for other in _SLOTS)
    return f"coalesce(greatest({', '.join(pairs)}), 0)"


def _in_words(few: str, many: str) -> str:
    """Return the SQL that finds each word of one name in another; a missing word is null and no matter.

    Nested lambdas over lists took 50 µs a pair. Where the first word is nowhere, the others are not looked for.
    """
    first, *rest = (
        f"greatest({', '.join(f'jaro_winkler_similarity({few}{one}, {many}{other})' for other in _SLOTS)})"
        for one in _SLOTS
    )
    return f"CASE WHEN {first} < 0.75 THEN {first} ELSE least({', '.join([first, *rest])}) END"


_A, _B = (", ".join(f"{side}{slot}" for slot in _SLOTS) for side in "ab")

#: SQL functions that the conditions use
MACROS = (
    f"""CREATE MACRO likeness(a, b, {_A}, {_B}) AS
        CASE WHEN a <= b THEN {_in_words("a", "b")} ELSE {_in_words("b", "a")} END""",
    """CREATE MACRO common(a, b) AS CASE WHEN list_has_any(a, b) THEN length(list_intersect(a, b)) ELSE 0 END""",
    """CREATE MACRO shared(a, b) AS CASE WHEN list_has_any(a, b)
       THEN length(list_intersect(a, b)) / least(length(a), length(b)) ELSE 0 END""",
)

NAME = Comparison(
    "name",
    "name_l IS NULL OR name_r IS NULL",
    (
        Level("same", "name_l = name_r", 0.70, 1e-5, 0.001, "name"),
        Level("same words", "name_ordered_l = name_ordered_r OR name_joined_l = name_joined_r", 0.06, 4e-6, 0.0005),
        Level(
            "mistyped",
            f"{_one_slip('name_joined')} OR (name_count_l = name_count_r AND {likeness('name')} >= 0.9)",
            0.12, 1e-5, 0.01,
        ),
        Level("a word more", f"{likeness('name')} >= 0.92", 0.06, 2e-4, 0.02),
        Level("alike", f"{likeness('name')} >= 0.75 OR {_shared('name')} >= 0.5", 0.04, 1e-3, 0.2),
        Level("a word alike", f"{_nearest('name')} >= 0.88", 0.01, 2e-2, 0.07),
        Level("differs", "ELSE", 0.01, 0.5, 0.7),
    ),
)  # fmt: skip

_Y, _M, _D = (f"substr(birth_l, {place}) = substr(birth_r, {place})" for place in ("1, 4", "6, 2", "9, 2"))

BIRTH = Comparison(
    "birth",
    "birth_l IS NULL OR birth_r IS NULL",
    (
        Level("same", "birth_l = birth_r", 0.88, 3e-5, 0.01, "birth"),
        Level(
            "day and month swapped",
            f"{_Y} AND substr(birth_l, 6, 2) = substr(birth_r, 9, 2) AND substr(birth_l, 9, 2) = substr(birth_r, 6, 2)",
            0.02, 2e-5, 0.0005,
        ),
        Level("one digit differs", _one_slip("birth"), 0.05, 2e-4, 0.005),
        Level("one part differs", f"({_Y} AND {_M}) OR ({_Y} AND {_D}) OR ({_M} AND {_D})", 0.025, 1e-3, 0.01),
        Level("same year", _Y, 0.01, 5e-3, 0.03),
        Level("differs", "ELSE", 0.015, 0.5, 0.94),
    ),
)  # fmt: skip

SEX = Comparison(
    "sex",
    "sex_l IS NULL OR sex_r IS NULL",
    (Level("same", "sex_l = sex_r", 0.985, 0.45, 0.45), Level("differs", "ELSE", 0.015, 0.45, 0.55)),
)

#: address and region are one comparison: a street lies in one kelurahan and says the same thing twice
PLACE = Comparison(
    "place",
    "(street_l IS NULL OR street_r IS NULL) AND (region_l IS NULL OR region_r IS NULL)",
    (
        Level("same address", "street_l = street_r AND coalesce(region_l = region_r, true)", 0.45, 1e-5),
        Level(
            "nearly same address",
            f"{_shared('street')} >= 0.75 OR jaro_winkler_similarity(street_l, street_r) >= 0.92",
            0.16, 1e-4,
        ),
        Level("same kelurahan, part of the address", f"region_l = region_r AND {_shared('street')} >= 0.5", 0.06, 1e-4),
        Level("much of the address", f"{_common('street')} >= 3", 0.03, 1e-4),
        Level("same kelurahan, a word of the address", f"region_l = region_r AND {_common('street')} >= 1", 0.03, 5e-4),
        Level("same kelurahan", "region_l = region_r", 0.11, 1e-3),
        Level("part of the address", f"{_shared('street')} >= 0.5 OR {_common('street')} = 2", 0.04, 1e-3),
        Level("same kecamatan", "district_l = district_r", 0.05, 0.1),
        Level("differs", "ELSE", 0.07, 0.5),
    ),
    is_own=False,
)  # fmt: skip

MOTHER = Comparison(
    "mother",
    "mother_l IS NULL OR mother_r IS NULL",
    (
        Level("same", "mother_l = mother_r", 0.75, 2e-5),
        Level("mistyped", f"{_one_slip('mother')} OR {likeness('mother')} >= 0.92", 0.15, 2e-4),
        Level("alike", f"{likeness('mother')} >= 0.75 OR {_shared('mother')} >= 0.5", 0.05, 2e-3),
        Level("differs", "ELSE", 0.05, 0.5),
    ),
    is_own=False,
)

COMPARISONS = (NAME, BIRTH, SEX, PLACE, MOTHER)
#: what tells relatives apart
OWN = tuple(comparison for comparison in COMPARISONS if comparison.is_own)
