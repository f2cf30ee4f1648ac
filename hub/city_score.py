"""The measure: what the hub made of the faults that were put into the sample city, cell by cell.

A fault is *handled* when the published value equals the truth again, when a finding names its field, or when its row
was not published. A wrong value published in silence is *missed*. A finding where nothing was wrong, or a published
value that differs from the truth although its source was clean, is a *false alarm*.

recall = handled / faults, precision = handled / (handled + false alarms), over the kinds that one source can show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hub.city_expected import Expected, agrees, expected_values, text
from pipelines.assemble import source_texts
from pipelines.standardize import source_keys
from pipelines.workspace import FeedContext
from schemas.codelist import Codelist
from simulator.derive import Derived
from simulator.dirt import UNDETECTABLE

#: kinds that add or hide a row; the others spoil a cell
ROW_KINDS = ("duplicate_row", "soft_deleted")
#: kinds whose text is the person's own: what can go wrong is its encoding on the way
FAITHFUL = ("latin1",)


@dataclass(frozen=True)
class Published:
    """What the hub made of a feed: rows in `source` as texts, what was found of them, and the keys in quarantine."""

    rows: pd.DataFrame
    findings: pd.DataFrame
    quarantined: set[str]


@dataclass
class Score:
    """Counts by kind of fault and by what was a false alarm."""

    faults: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    #: false alarms as feed, field and rule (or 'changed', or 'lost')
    alarms: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    #: missed faults as feed, field and kind
    missed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    cells: int = 0

    def add(self, other: Score) -> None:
        """Add the counts of another feed."""
        for name in ("faults", "repaired", "told", "withheld", "alarms", "missed"):
            getattr(self, name).update(getattr(other, name))
        self.cells += other.cells

    def handled(self, kind: str) -> int:
        """Return how many faults of a kind were handled."""
        return self.repaired[kind] + self.told[kind] + self.withheld[kind]


def score_feed(context: FeedContext, made: Derived, published: Published, codelists: Mapping[str, Codelist]) -> Score:
    """Score one feed; `made` is its table as the sample city holds it."""
    table = _Table(context, made, published, codelists)
    score = Score(cells=len(table.keys) * len(context.feed.map))
    faults = made.faults
    for row, column, kind in zip(faults["row"].astype(int), faults["field"], faults["kind"], strict=True):
        if not table.is_read[row] and kind != "soft_deleted":
            continue
        score.faults[kind] += 1
        outcome = table.outcome(kind, column, row)
        if outcome is None:
            score.missed[context.id, column, kind] += 1
        else:
            getattr(score, outcome)[kind] += 1
    score.alarms.update(table.false_alarms())
    return score


class _Table:
    """One feed's rows side by side: as the city holds them, as the truth has them, as the hub published them."""

    def __init__(
        self, context: FeedContext, made: Derived, published: Published, codelists: Mapping[str, Codelist]
    ) -> None:
        self.context, self.made, self.published = context, made, published
        feed = context.feed
        texts = source_texts(pa.table({n: pa.array(made.texts[n], pa.string()) for n in feed.landed_columns}))
        keys = source_keys(texts, feed.key).to_pandas()
        self.keys = pd.Series(keys, dtype="object")
        self.is_read = np.ones(len(texts), bool)
        for name, wanted in feed.where.items():
            self.is_read &= texts[name].isin(wanted).to_numpy()
        self.place = self.keys.map(pd.Series(np.arange(len(published.rows)), index=published.rows["_key"]))
        self.told = set(zip(published.findings["source_key"], published.findings["field"], strict=True))
        self.told_rows = set(published.findings["source_key"][published.findings["field"].isna()])
        self.fields = {name: how.sources for name, how in feed.map.items()}
        self.expected: dict[str, Expected] = expected_values(context, made, codelists)
        self.rules = {r.id: [v for k, v in r.kwargs.items() if k.startswith("column")] for r in context.contract.rules}
        self.spoiled = self._spoiled()

    def _spoiled(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return for each field of the contract in which rows one of its source columns holds a fault."""
        marks = {name: np.zeros(len(self.made.texts), bool) for name in self.made.texts}
        for column, rows in self.made.faults.groupby("field")["row"]:
            for spoiled in str(column).split(",") if column else self.context.feed.key:
                marks[spoiled][rows.to_numpy(int)] = True
        # a repeated row repeats the faults of its first
        for name, mark in marks.items():
            marks[name] = mark | mark[self.made.origin]
        fields = {f: np.logical_or.reduce([marks[c] for c in columns]) for f, columns in self.fields.items() if columns}
        if "tanggal_lahir" in fields:
            fields["tanggal_lahir"] |= _of_another_age(self.made.truth)[self.made.origin]
        return fields

    def outcome(self, kind: str, column: str, row: int) -> str | None:
        """Return 'repaired', 'told' or 'withheld' for a handled fault, None for a missed one."""
        key, at = self.keys[row], self.place[row]
        if kind in ROW_KINDS:
            if kind == "soft_deleted":
                return "withheld" if pd.isna(at) else None
            if key in self.told_rows or (key, self.context.contract.key[0]) in self.told:
                return "told"
            return "withheld" if pd.isna(at) and key in self.published.quarantined else None
        columns = set(column.split(","))
        touched = [name for name, sources in self.fields.items() if columns & set(sources)]
        if any((key, name) in self.told for name in touched) or (key in self.told_rows):
            return "told"
        if pd.isna(at):
            return "withheld" if key in self.published.quarantined else None
        if kind in FAITHFUL:
            sent = self.made.texts[column].iloc[row]
            return (
                "repaired" if all(text(self.published.rows[n].iloc[int(at)]) == text(sent) for n in touched) else None
            )
        return "repaired" if touched and all(self._right(name, row, int(at)) for name in touched) else None

    def _right(self, name: str, row: int, at: int) -> bool:
        expected = self.expected.get(name)
        return expected is not None and agrees(expected, self.published.rows[name].iloc[at], self.made.origin[row])

    def false_alarms(self) -> Counter[tuple[str, str, str]]:
        """Count findings where nothing was wrong, clean values that came out otherwise, and lost rows."""
        alarms: Counter[tuple[str, str, str]] = Counter()
        first = pd.Series(np.arange(len(self.keys)), index=self.keys)
        first = first[~first.index.duplicated()]
        doubled = self._doubled()
        for key, name, rule in self.published.findings[["source_key", "field", "rule"]].itertuples(index=False):
            at = first.get(key)
            if at is None or doubled[at]:
                continue
            fields = self.rules.get(rule) or ([name] if name else [])
            if not any(self.spoiled[f][at] for f in fields if f in self.spoiled):
                alarms[self.context.id, str(name), str(rule)] += 1
        present = np.flatnonzero(self.place.notna().to_numpy() & ~doubled)
        at = self.place.to_numpy()[present].astype(int)
        for name, expected in self.expected.items():
            right = expected.same(self.published.rows[name].iloc[at].to_numpy(object), self.made.origin[present])
            wrong = int((~right & ~self.spoiled[name][present]).sum())
            if wrong:
                alarms[self.context.id, name, "changed"] += wrong
        known = self.place.notna().to_numpy() | self.keys.isin(self.published.quarantined).to_numpy()
        lost = int((self.is_read & ~known & self.keys.notna().to_numpy()).sum())
        if lost:
            alarms[self.context.id, "", "lost"] += lost
        return alarms

    def _doubled(self) -> np.ndarray[Any, Any]:
        """Return which rows are repeated, repeat another, or share a number that was taken for theirs."""
        again = self.made.faults.loc[self.made.faults["kind"] == "duplicate_row", "row"].to_numpy(int)
        doubled = np.zeros(len(self.keys), bool)
        doubled[again] = doubled[self.made.origin[again]] = True
        for column, rows in self.made.faults[self.made.faults["kind"] == "nik_other"].groupby("field")["row"]:
            numbers = self.made.texts[str(column)]
            doubled |= numbers.isin(numbers.iloc[rows.to_numpy(int)]).to_numpy()
        return doubled


def _of_another_age(truth: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Return which rows of the truth have a birth date other than their NIK says: contradictions planted in siswa."""
    if not {"nik", "tanggal_lahir", "jenis_kelamin"} <= set(truth.columns):
        return np.zeros(len(truth), bool)
    born = truth["tanggal_lahir"]
    day = born.dt.day + 40 * (truth["jenis_kelamin"] == "P")
    says = day.astype("Int64").astype("str").str.zfill(2) + born.dt.strftime("%m%y")
    other: np.ndarray[Any, Any] = (truth["nik"].str[6:12] != says).to_numpy() & truth["nik"].notna().to_numpy()
    return other


def summary(score: Score) -> dict[str, Any]:
    """Return recall, precision and the counts by kind, as `opdhub city score --json` prints them."""
    kinds = {
        kind: {
            "faults": count,
            "repaired": score.repaired[kind],
            "told": score.told[kind],
            "withheld": score.withheld[kind],
            "missed": count - score.handled(kind),
            "recall": round(score.handled(kind) / count, 4),
        }
        for kind, count in sorted(score.faults.items())
    }
    handled = sum(score.handled(kind) for kind in kinds if kind not in UNDETECTABLE)
    faults = sum(item["faults"] for kind, item in kinds.items() if kind not in UNDETECTABLE)
    alarms = sum(score.alarms.values())
    return {
        "recall": round(handled / faults, 4) if faults else 1.0,
        "precision": round(handled / (handled + alarms), 4) if handled + alarms else 1.0,
        "faults": faults,
        "handled": handled,
        "false_alarms": alarms,
        "cells": score.cells,
        "by_kind": {kind: item for kind, item in kinds.items() if kind not in UNDETECTABLE},
        "undetectable_from_one_source": {kind: item for kind, item in kinds.items() if kind in UNDETECTABLE},
        "false_alarms_by_rule": _named(score.alarms, ("feed", "field", "rule")),
        "missed_by_field": _named(score.missed, ("feed", "field", "kind")),
    }


def _named(counts: Counter[tuple[str, str, str]], names: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [dict(zip(names, place, strict=True)) | {"count": number} for place, number in counts.most_common()]
