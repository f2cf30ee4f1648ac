"""What goes wrong in real sources: small vectorised functions, by the name of the fault.

What goes wrong with people's names and numbers stands in `simulator.dirt_people`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simulator import dirt_people
from simulator.dice import Dice
from simulator.dirt_registry import COLUMNS, DIRT, NEEDS_TEXTS, UNDETECTABLE, DirtRule, kind, value
from simulator.draw import Array, digits, listed

__all__ = ["COLUMNS", "DIRT", "NEEDS_TEXTS", "UNDETECTABLE", "eligible"]


def eligible(frame: pd.DataFrame, rule: DirtRule, fault: str) -> Array:
    """Return which rows a rule can spoil: those with a value, and for variants one that has another spelling."""
    can = np.ones(len(frame), bool)
    if fault != "soft_deleted":
        for name in rule.column:
            can &= frame[name].notna().to_numpy()
    if rule.variants:
        can &= frame[rule.column[0]].isin(list(rule.variants)).to_numpy()
    needed = dirt_people.CAN_HAVE.get(fault)
    if needed is not None:
        can &= needed(frame[rule.column[0]]).to_numpy(bool)
    if fault == "stale_code":
        can &= frame[rule.column[0]].isin(list(_stale_codes())).to_numpy()
    return can


def _stale_codes() -> dict[str, str]:
    villages = listed("kelurahan")
    split = villages[villages["kode_bps_lama"] != ""]
    return dict(zip(split["kode_bps"], split["kode_bps_lama"], strict=True))


def _chosen(texts: list[str], like: pd.Series[Any], dice: Dice) -> pd.Series[Any]:
    return pd.Series(dice.pick("text", texts), index=like.index, dtype="str")


@value("missing_text")
def _missing_text(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """A placeholder where the value was."""
    return _chosen(rule.texts or ["-", "tidak ada"], values, dice)


@value("emptied")
def _emptied(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    return pd.Series([None] * len(values), index=values.index, dtype="str")


@value("typo")
def _typo(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """One letter doubled: what a hurried hand does, and what nobody can see from one source."""
    place = dice.shares("place")
    cut = [int(share * len(text)) for text, share in zip(values, place, strict=True)]
    texts = [text[: at + 1] + text[at:] for text, at in zip(values, cut, strict=True)]
    return pd.Series(texts, index=values.index, dtype="str")


@value("padded")
def _padded(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    texts = dice.pick("before", ["", " ", "  "]) + values.to_numpy(object) + dice.pick("after", [" ", "   ", "\u00a0"])
    return pd.Series(texts, index=values.index, dtype="str")


@value("wrong_code")
@value("out_of_range")
@value("future_date")
def _told(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """One of the rule's own texts: what is wrong in a column, only its description knows."""
    return _chosen(rule.texts, values, dice)


@value("zero_date")
def _zero_date(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    return _chosen(rule.texts or ["0000-00-00"], values, dice)


@value("bad_date")
def _bad_date(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    return _chosen(rule.texts or ["31-02-1990", "1990-13-45", "31 Juni 1985"], values, dice)


@value("nik_number")
def _nik_number(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """A spreadsheet or a double column made a number of it: the digits are gone, or '.0' came."""
    bare = {text: text.lstrip("'") for text in values.dropna().unique()}
    known = {text: (f"{float(number):.5E}", f"{number}.0") for text, number in bare.items() if number.isdigit()}
    style = dice.integers("style", 0, 2)
    texts = [known[text][way] if text in known else text for text, way in zip(values, style, strict=True)]
    return pd.Series(texts, index=values.index, dtype=object)


@value("nik_short")
def _nik_short(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    return values.str[:-1]


@value("nik_serial_zero")
def _nik_serial_zero(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    return values.str[:-4] + "0000"


@value("enum_variant")
def _enum_variant(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """Another spelling of the same code; a text without variants stays."""
    share = dice.shares("variant")
    texts = [_variant(rule.variants.get(text), text, at) for text, at in zip(values.astype(object), share, strict=True)]
    return pd.Series(texts, index=values.index, dtype=object)


def _variant(spellings: list[str] | None, text: Any, share: float) -> Any:
    return spellings[int(share * len(spellings))] if spellings else text


@value("stale_code")
def _stale_code(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """The BPS code from before a kecamatan was split; kelurahan that kept their code stay."""
    stale = _stale_codes()
    return values.map(lambda text: stale.get(text, text))


@value("latin1")
def _latin1(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """An accent that exists in latin1, where the operator's keyboard put one."""
    accents = {"E": "É", "A": "Á", "I": "Í", "e": "é", "a": "á", "i": "í", "O": "Ó", "U": "Ú"}

    def accent(text: Any) -> Any:
        places = [place for place, letter in enumerate(str(text)) if letter in accents]
        return text[: places[-1]] + accents[text[places[-1]]] + text[places[-1] + 1 :] if places else text

    return values.map(accent)


@value("phone_variants")
def _phone_variants(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    way = dice.integers("way", 0, 3)
    plus = "+62 " + values.str[1:4] + "-" + values.str[4:8] + "-" + values.str[8:]
    dashed = values.str[:4] + "-" + values.str[4:8] + "-" + values.str[8:]
    return pd.Series(np.select([way == 0, way == 1], [plus, dashed], "62" + values.str[1:]), index=values.index)


@value("money_variants")
def _money_variants(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    number = values.str.replace(r"\D", "", regex=True).map(lambda text: f"{int(text):,}".replace(",", "."))
    return pd.Series(np.where(dice.shares("way") < 0.5, "Rp " + number + ",00", "Rp" + number), values.index)


@value("soft_deleted")
def _soft_deleted(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    return _chosen(rule.texts or ["1"], values, dice)


@value("orphan_row")
def _orphan_row(values: pd.Series[Any], rule: DirtRule, dice: Dice) -> pd.Series[Any]:
    """A card number that nobody has: kecamatan 99."""
    day = digits(dice.integers("day", 1, 29), 2)
    number = "357499" + day + "0115" + digits(dice.integers("serial", 1, 9999), 4)
    return pd.Series(number.to_numpy(), index=values.index, dtype="str")


@kind("swapped_columns", 2, 2)
def _swapped_columns(frame: pd.DataFrame, rows: Array, rule: DirtRule, dice: Dice) -> tuple[pd.DataFrame, Array]:
    left, right = rule.column
    one, other = frame[left].astype(object), frame[right].astype(object)
    here = one.iloc[rows].to_numpy()
    one.iloc[rows] = other.iloc[rows].to_numpy()
    other.iloc[rows] = here
    return frame.assign(**{left: one.astype("str"), right: other.astype("str")}), rows


@kind("duplicate_row", 0, 1)
def _duplicate_row(frame: pd.DataFrame, rows: Array, rule: DirtRule, dice: Dice) -> tuple[pd.DataFrame, Array]:
    """The same row again: under a new number in `column` (its digits behind an 8), or without it under the same key."""
    again = frame.iloc[rows].copy()
    if rule.column:
        name = rule.column[0]
        longest = int(frame[name].str.extract(r"(\d+)$")[0].str.len().max())
        renamed = again[name].str.replace(r"(\d+)$", r"8\1", regex=True)
        # 5 again is 85, and where there is an 85 it is 8005: longer than every number there
        padded = again[name].str.replace(r"(\d+)$", lambda found: f"8{found[1]:0>{longest}}", regex=True)
        again[name] = renamed.mask(renamed.isin(frame[name]), padded)
    return pd.concat([frame, again], ignore_index=True), len(frame) + np.arange(len(again))
