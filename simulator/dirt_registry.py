"""The registry of what goes wrong in real sources: kinds of dirt by name, and what each needs.

A kind takes the whole frame of texts, the positions of the chosen rows, the rule and the dice of all rows, and
returns the frame and the positions of the rows that are wrong afterwards (a duplicate is a new row).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pandas as pd

from simulator.dice import Dice
from simulator.draw import Array


class DirtRule(Protocol):
    """What a kind of dirt may read from its rule in the description."""

    @property
    def column(self) -> list[str]:
        """The columns that get dirty."""

    @property
    def texts(self) -> list[str]:
        """The texts to choose from."""

    @property
    def variants(self) -> dict[str, list[str]]:
        """The spellings to choose from, by the clean text."""


DirtFunction = Callable[[pd.DataFrame, Array, DirtRule, Dice], tuple[pd.DataFrame, Array]]
ValueFunction = Callable[["pd.Series[Any]", DirtRule, Dice], "pd.Series[Any]"]
DIRT: dict[str, DirtFunction] = {}
#: kinds that write the texts of their rule
NEEDS_TEXTS = {"wrong_code", "out_of_range", "future_date"}
#: kinds that leave a value which is as good as any other, seen from one source alone
UNDETECTABLE = {
    "emptied", "orphan_row", "typo", "nik_other", "name_title", "name_short", "name_typo", "name_spaces", "name_bin",
    "birth_slip",
}  # fmt: skip
#: number of columns that a kind needs: (at least, at most)
COLUMNS: dict[str, tuple[int, int]] = {}


def kind(name: str, fewest: int, most: int) -> Callable[[DirtFunction], DirtFunction]:
    """Register a kind that needs so many columns."""

    def keep(function: DirtFunction) -> DirtFunction:
        DIRT[name], COLUMNS[name] = function, (fewest, most)
        return function

    return keep


def value(name: str) -> Callable[[ValueFunction], ValueFunction]:
    """Register a kind that spoils one column of the chosen rows."""

    def keep(function: ValueFunction) -> ValueFunction:
        def spoil(frame: pd.DataFrame, rows: Array, rule: DirtRule, dice: Dice) -> tuple[pd.DataFrame, Array]:
            column = frame[rule.column[0]].astype(object)
            before = column.iloc[rows]
            after = function(before, rule, dice.take(rows)).astype(object)
            column.iloc[rows] = after.to_numpy()
            changed = after.isna().to_numpy() | (after.to_numpy() != before.to_numpy())
            return frame.assign(**{rule.column[0]: column.astype("str")}), rows[changed]

        DIRT[name], COLUMNS[name] = spoil, (1, 1)
        return function

    return keep
