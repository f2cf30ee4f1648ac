"""The measure of survivorship: the values that the hub chose for each entity, beside the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from hub.city_expected import Expected, canonical, expected_values, text
from hub.integration_matching import row_keys
from pipelines.workspace import FeedContext
from schemas.codelist import Codelist
from schemas.contract import Contract, ContractField
from simulator.derive import Derived
from simulator.formats import as_text


@dataclass(frozen=True)
class Supplied:
    """What one feed shows of a dataset: by field what is right for each clean row, and where its rows are."""

    expected: dict[str, Expected]
    #: position in the truth's frame of each clean row; -1: none
    entity: np.ndarray[Any, Any]
    #: clean row by the hub's key of the row
    rows: dict[str, int]


@dataclass
class Chosen:
    """Counts of one dataset: rows, those that the truth does not know, fields compared and right, by field."""

    rows: int = 0
    without_truth: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return the counts as the command prints them."""
        fields, right = sum(self.fields.values()), sum(self.right.values())
        return {
            "rows": self.rows,
            "without_truth": self.without_truth,
            "fields": fields,
            "right": right,
            "share_right": round(right / fields, 4) if fields else 1.0,
        }


def truth_values(frame: pd.DataFrame, field: ContractField, codelists: Mapping[str, Codelist]) -> np.ndarray[Any, Any]:
    """Return a column of the truth as the hub publishes it, so that equal values are equal texts."""
    values = as_text(frame[field.name])
    if field.codelist is not None:  # the truth names some things by their names
        codes = codelists[field.codelist]
        values = values.map({word: codes.code(word) or word for word in values.dropna().unique()})
    return canonical(values, field.type.name)


def keys_of(columns: list[np.ndarray[Any, Any]]) -> list[tuple[Any, ...]]:
    """Return the contract key of each row from the texts of its columns."""
    return list(zip(*columns, strict=True))


def supplied_by(
    context: FeedContext, made: Derived, frame: pd.DataFrame, codelists: Mapping[str, Codelist]
) -> Supplied | None:
    """Return what one feed shows of a dataset; None where its rows cannot be told by the contract's key."""
    keys = [context.contract.field(name) for name in context.contract.key]
    if not all(key is not None and key.name in made.truth and key.name in frame for key in keys):
        return None
    known = [key for key in keys if key is not None]
    place = {key: at for at, key in enumerate(keys_of([truth_values(frame, key, codelists) for key in known]))}
    own = keys_of([truth_values(made.truth, key, codelists) for key in known])
    entity = np.array([place.get(key, -1) for key in own], dtype=np.int64)
    # of a repeated row both are the same
    rows = dict(zip(row_keys(context, made), made.origin.astype(int), strict=True))
    return Supplied(expected_values(context, made, codelists), entity, rows)


def score_dataset(
    contract: Contract,
    frame: pd.DataFrame,
    feeds: Mapping[str, Supplied],
    published: pd.DataFrame,
    codelists: Mapping[str, Codelist],
) -> Chosen:
    """Count the right fields of a dataset; `published` has its fields as texts, and `_provenance`.

    A field counts where the truth knows it and a feed shows it of that entity. Right is the truth's value, and of
    texts the spelling of the source that supplied it (JL. for JALAN).
    """
    keys = [item for item in contract.fields if item.key_position is not None and item.name in frame]
    keys.sort(key=lambda item: item.key_position or 0)
    place = {key: at for at, key in enumerate(keys_of([truth_values(frame, item, codelists) for item in keys]))}
    named = keys_of([np.array([text(value) for value in published[item.name]], dtype=object) for item in keys])
    at = np.array([place.get(key, -1) for key in named], dtype=np.int64)
    chosen = Chosen(rows=len(published), without_truth=int((at < 0).sum()))
    with_truth = np.flatnonzero(at >= 0)
    for item in contract.fields:
        if item.key_position is not None or item.name not in frame:
            continue
        shown = np.zeros(len(frame), bool)
        for feed in feeds.values():
            expected = feed.expected.get(item.name)
            if expected is not None:
                there = (feed.entity >= 0) & np.array([value is not None for value in expected.truth], bool)
                shown[feed.entity[there]] = True
        truth = truth_values(frame, item, codelists)
        counted = with_truth[[shown[at[row]] and truth[at[row]] is not None for row in with_truth]]
        texts = np.array([text(value) for value in published[item.name].iloc[counted]], dtype=object)
        right = texts == truth[at[counted]]
        if item.type.name == "text":
            for number in np.flatnonzero(~right):
                row = int(counted[number])
                right[number] = _as_sent(item.name, texts[number], at[row], published["_provenance"].iloc[row], feeds)
        chosen.fields[item.name] += len(counted)
        chosen.right[item.name] += int(right.sum())
    return chosen


def _as_sent(name: str, value: Any, entity: int, provenance: Any, feeds: Mapping[str, Supplied]) -> bool:
    """Say whether a text is the spelling in which its source shows this very entity."""
    feed_id, row_key = (provenance or {}).get(name, (None, None))
    feed = feeds.get(feed_id)
    row = None if feed is None else feed.rows.get(row_key)
    if feed is None or row is None or name not in feed.expected or feed.entity[row] != entity:
        return False
    spelling = feed.expected[name].source
    return spelling is not None and value is not None and bool(value == spelling[row])


def score_survivorship(datasets: Mapping[str, Chosen]) -> dict[str, Any]:
    """Return the share of right fields, whole and by dataset, and the fields that are wrong most often."""
    fields = sum(sum(item.fields.values()) for item in datasets.values())
    right = sum(sum(item.right.values()) for item in datasets.values())
    wrong = [
        {"dataset": name, "field": field, "fields": count, "wrong": count - item.right[field]}
        for name, item in datasets.items()
        for field, count in item.fields.items()
        if count > item.right[field]
    ]
    return {
        "share_right": round(right / fields, 4) if fields else 1.0,
        "fields": fields,
        "right": right,
        "by_dataset": {name: item.as_json() for name, item in sorted(datasets.items())},
        "wrong_by_field": sorted(wrong, key=lambda row: (-int(row["wrong"]), str(row["dataset"]))),
    }
