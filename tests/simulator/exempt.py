"""Truth without what was put into it on purpose: tests of the truth exempt exactly the planted records."""

from __future__ import annotations

import pandas as pd

from simulator.contradictions import KEYS, key_of


def planted_keys(cases: pd.DataFrame, *rules: str) -> set[str]:
    """Return the contract keys of the records that were planted for these rules."""
    return set(cases.loc[cases["rule"].isin(rules), "key"])


def without(cases: pd.DataFrame, name: str, frame: pd.DataFrame, *rules: str) -> pd.DataFrame:
    """Return a frame without its records that were planted for these rules (all rules: none named)."""
    if name not in KEYS:
        return frame
    own = cases[(cases["dataset"] == name) & (cases["rule"].isin(rules) | (not rules))]
    return frame[~key_of(name, frame).isin(own["key"])]
