"""The model of a link: what has been learned, kept as JSON and named by its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipelines.match.comparisons import COMPARISONS, Comparison

#: shares of the levels of each comparison, best level first
Shares = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Model:
    """What links people.

    Attributes:
        settings: JSON-able, as `control.match_model` keeps it: `splink` is what Splink takes, with m and u of each
            level; `relatives` says how many `mates` live at a person's address and how alike they are by level
        trained_on: labelled pairs that went into m

    """

    settings: dict[str, Any]
    trained_on: int

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the settings' canonical JSON: the same training gives the same."""
        return hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()

    def levels(self, comparison: str) -> list[dict[str, Any]]:
        """Return the levels of a comparison as Splink has them, best first, without the one of missing values."""
        (found,) = (i for i in self.settings["splink"]["comparisons"] if i["output_column_name"] == comparison)
        return list(found["comparison_levels"][1:])


def prior(kind: str) -> Shares:
    """Return the shares of `comparisons.py`: `m`, `strangers` or `relatives`."""
    return {item.name: tuple(getattr(level, kind) for level in item.levels) for item in COMPARISONS}


def splink_settings(link_type: str, chance: float, m: Shares, u: Shares | None = None) -> dict[str, Any]:
    """Return Splink's settings; without `u` the levels have none yet."""
    return {
        "link_type": link_type,
        "linker_uid": "opdhub",  # Splink would draw one, and the digest would never be the same twice
        "unique_id_column_name": "row",
        "source_dataset_column_name": "source_dataset",
        "probability_two_random_records_match": chance,
        "retain_matching_columns": True,  # the decision and its reason read the levels
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [],
        "comparisons": [_comparison(item, m[item.name], u[item.name] if u else None) for item in COMPARISONS],
    }


def _comparison(comparison: Comparison, m: tuple[float, ...], u: tuple[float, ...] | None) -> dict[str, Any]:
    levels: list[dict[str, Any]] = [
        {"sql_condition": comparison.missing, "label_for_charts": "missing", "is_null_level": True}
    ]
    for place, level in enumerate(comparison.levels):
        item: dict[str, Any] = {
            "sql_condition": level.sql,
            "label_for_charts": level.label,
            "m_probability": m[place],
            "tf_adjustment_column": level.frequency,
            "u_probability": u[place] if u else None,
        }
        levels.append({key: value for key, value in item.items() if value is not None})
    return {"output_column_name": comparison.name, "comparison_levels": levels}
