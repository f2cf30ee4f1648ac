"""What goes wrong with people's numbers, names and birth dates at the desks of hospitals and offices.

Each value that comes out is as good as any other, seen from one source alone; only another source shows who is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from simulator.dice import Dice
from simulator.dirt_registry import DirtRule, kind, value
from simulator.draw import TODAY, Array, listed, parts

#: what is written for the first words of names; the source's own spelling may be one of these already
SHORT = {
    "MUHAMMAD": ["Moh.", "M.", "Muh."], "MOH.": ["M.", "Mohamad"], "ABDUL": ["Abd.", "Abd"], "ABD.": ["Abdul", "A."],
    "ACHMAD": ["A.", "Ahmad"], "SITI": ["St.", "Sitti"],
}  # fmt: skip
TITLES = {
    "L": ["H. {}", "Drs. {}", "Ir. {}", "{}, S.Pd", "{}, S.H."],
    "P": ["Hj. {}", "Dra. {}", "{}, S.Pd", "{} S.E."],
}
CHILD_OF = {"L": "BIN", "P": "BINTI"}
LETTERS = "ABCDEFGHIJKLMNOPRSTUWYZ"
DATE = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)|(?P<day2>\d\d)(.)(?P<month2>\d\d)\5(?P<year2>\d{4})")


@cache
def _sexes() -> dict[str, str]:
    given = listed("given_names")
    return dict(zip(given["nama"].str.upper(), given["jenis_kelamin"], strict=True))


@cache
def _fathers() -> list[str]:
    given = listed("given_names")
    return given.loc[given["jenis_kelamin"] == "L", "nama"].str.upper().tolist()


def _sex(name: str) -> str:
    """Guess the sex by the first word; what the list does not know counts as a man's."""
    return _sexes().get(name.split(" ")[0].upper(), "L")


def _like(text: str, pattern: str) -> str:
    """Write a text in capitals where the pattern is."""
    return text.upper() if pattern.isupper() else text.title()


def _has_a_long_word(names: pd.Series[Any]) -> pd.Series[Any]:
    return names.str.contains(r"[^\W\d_]{4}", regex=True, na=False)


def _has_words(names: pd.Series[Any]) -> pd.Series[Any]:
    return names.str.contains(" ", regex=False, na=False)


def _can_be_short(names: pd.Series[Any]) -> pd.Series[Any]:
    return names.str.split(" ").str[0].str.upper().isin(list(SHORT)) | _has_words(names)


#: kinds that not every value can have
CAN_HAVE: dict[str, Callable[[pd.Series[Any]], pd.Series[Any]]] = {
    "name_typo": _has_a_long_word,
    "name_spaces": _has_words,
    "name_short": _can_be_short,
    "birth_slip": lambda dates: dates.str.fullmatch(r"\d{4}-\d\d-\d\d|\d\d[-/]\d\d[-/]\d{4}", na=False),
}


@value("nik_missing")
def _nik_missing(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """The number was not at hand."""
    return pd.Series([None] * len(values), index=values.index, dtype="str")


@kind("nik_other", 1, 1)
def _nik_other(frame: pd.DataFrame, rows: Array, rule: DirtRule, dice: Dice) -> tuple[pd.DataFrame, Array]:
    """The number of somebody else in the table: the card of the next in line.

    Rows stand on a circle, each at a place of its own, so that a row more or less moves hardly anybody's neighbour.
    """
    column = frame[rule.column[0]].astype(object)
    able = np.flatnonzero(column.notna().to_numpy())
    place = dice.shares("place")
    circle = able[np.argsort(place[able], kind="stable")]
    at = np.searchsorted(place[circle], dice.shares("whose")[rows]) % len(circle)
    other = circle[np.where(circle[at] == rows, (at + 1) % len(circle), at)]
    before = column.iloc[rows].to_numpy()
    after = column.iloc[other].to_numpy()
    column.iloc[rows] = after
    return frame.assign(**{rule.column[0]: column.astype("str")}), rows[after != before]


@value("name_title")
def _name_title(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """A title before or after the name."""
    share = dice.shares("title")
    forms = [TITLES[_sex(text)] for text in values]
    written = [form[int(at * len(form))].format(text) for form, at, text in zip(forms, share, values, strict=True)]
    return pd.Series(written, index=values.index, dtype="str")


@value("name_short")
def _name_short(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """Moh. for MUHAMMAD; of other names the last word is an initial."""

    def shorten(text: str, share: float) -> str:
        first, *rest = text.split(" ")
        forms = SHORT.get(first.upper())
        if forms:
            return " ".join([_like(forms[int(share * len(forms))], text), *rest])
        return " ".join([first, *rest[:-1], rest[-1][0] + "."]) if rest else text

    texts = [shorten(text, share) for text, share in zip(values, dice.shares("form"), strict=True)]
    return pd.Series(texts, index=values.index, dtype="str")


@value("name_typo")
def _name_typo(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """One letter of a longer word is dropped, swapped with the next, or another one; never the first."""

    def slip(text: str, way: int, at: float, letter: str) -> str:
        places = [found.start() + 1 + n for found in re.finditer(r"[^\W\d_]{4,}", text)
                  for n in range(len(found[0]) - 2)]  # fmt: skip
        place = places[int(at * len(places))]
        here, after = text[place], text[place + 1]
        if way == 0:
            return text[:place] + text[place + 1 :]
        if way == 1 and here.upper() != after.upper():
            return text[:place] + after + here + text[place + 2 :]
        other = letter if letter != here.upper() else "Q"
        return text[:place] + (other if here.isupper() else other.lower()) + text[place + 1 :]

    drawn = zip(values, dice.integers("way", 0, 3), dice.shares("at"), dice.pick("letter", list(LETTERS)), strict=True)
    return pd.Series([slip(*one) for one in drawn], index=values.index, dtype="str")


@value("name_spaces")
def _name_spaces(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """Two words written as one."""
    texts = [text.replace(" ", "", 1) if way else text[::-1].replace(" ", "", 1)[::-1]
             for text, way in zip(values, dice.integers("way", 0, 2), strict=True)]  # fmt: skip
    return pd.Series(texts, index=values.index, dtype="str")


@value("name_bin")
def _name_bin(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """The father's name behind the name."""
    texts = [f"{text} {_like(CHILD_OF[_sex(text)], text)} {_like(father, text)}"
             for text, father in zip(values, dice.pick("father", _fathers()), strict=True)]  # fmt: skip
    return pd.Series(texts, index=values.index, dtype="str")


@value("birth_slip")
def _birth_slip(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """Day and month change places where both dates exist; else a digit of the day is wrong. Never a later year."""
    this_year = int(parts(np.array([TODAY]))[0][0])

    def slip(text: str, share: float) -> str:
        found = DATE.fullmatch(text)
        if found is None:
            return text
        end = "" if found["day"] else "2"
        day, month = found[f"day{end}"], found[f"month{end}"]
        if "01" <= day <= "12" and day != month and int(found[f"year{end}"]) < this_year:
            new = (month, day)
        else:
            earlier = [f"{number:02d}" for number in range(1, int(day))]
            others = [other for other in earlier if (other[0] == day[0]) != (other[1] == day[1])]
            if not others:  # the first or tenth of a month that cannot be swapped
                others = ["11"] if int(found[f"year{end}"]) < this_year else [day]
            new = (others[int(share * len(others))], month)
        (start, stop), (first, last) = found.span(f"day{end}"), found.span(f"month{end}")
        letters = list(text)
        letters[start:stop], letters[first:last] = list(new[0]), list(new[1])
        return "".join(letters)

    texts = [slip(text, share) for text, share in zip(values, dice.shares("digit"), strict=True)]
    return pd.Series(texts, index=values.index, dtype="str")
