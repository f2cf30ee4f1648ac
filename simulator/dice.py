"""Draws that depend on a row and on what is drawn, never on the rows around it.

A city that lives on keeps its rows: the same row of the truth gets the same number, spelling and fault tomorrow,
whatever was born, moved or died meanwhile. A stream of random numbers would shift them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from simulator.draw import Array


@dataclass(frozen=True)
class Dice:
    """Dice for the rows with these labels (whole numbers) of one table."""

    seed: int
    table: str
    rows: Array

    def take(self, places: Array) -> Dice:
        """Return the dice of some of the rows, by position."""
        return Dice(self.seed, self.table, self.rows[places])

    def numbers(self, what: str) -> Array:
        """Return 64 random bits a row: SplitMix64 (Steele, Lea, Flood 2014) of seed, table, `what` and row."""
        salt = crc32(f"{self.table} {what}".encode()) << 32 ^ self.seed
        with np.errstate(over="ignore"):
            bits = self.rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(salt)
            for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
                bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
            mixed: Array = bits ^ (bits >> np.uint64(31))
        return mixed

    def shares(self, what: str) -> Array:
        """Return a number from 0 to below 1 for each row."""
        shares: Array = (self.numbers(what) >> np.uint64(11)) / float(1 << 53)
        return shares

    def integers(self, what: str, low: int, high: int) -> Array:
        """Return a whole number from `low` to below `high` for each row."""
        numbers: Array = low + (self.shares(what) * (high - low)).astype(np.int64)
        return numbers

    def pick(self, what: str, values: Any) -> Array:
        """Return one of `values` for each row."""
        pool = np.asarray(values, dtype=object)
        picked: Array = pool[self.integers(what, 0, len(pool))]
        return picked
