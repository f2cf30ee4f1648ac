"""The measure of the rules: what the hub found across datasets, beside what the city's truth holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from pipelines.workspace import FeedContext
from simulator.contradictions import COLUMNS, KEYS, RULES, key_of, known
from simulator.derive import Derived
from store.database import Database

#: rules of a record that is not there: the dataset in which it is missed, and the field that names it, if not the key
MISSED = {
    "lansia_bukan_penduduk": ("penduduk", None),
    "disabilitas_bukan_penduduk": ("penduduk", None),
    "veteran_bukan_penduduk": ("penduduk", "nik"),
    "kk_tidak_terdaftar": ("keluarga", "no_kk"),
}
#: value types that say who or whose a record is
IDENTIFYING = ("nik", "kk", "nip")
OPEN = """
    SELECT rule, dataset, key, coalesce(other_dataset, ''), coalesce(other_key, '')
    FROM control.contradiction WHERE closed_at IS NULL"""


def read_contradictions(database: Database) -> pd.DataFrame:
    """Return the open contradictions: rule, dataset, key, other_dataset, other_key (both empty: nothing there)."""
    with database.transaction() as connection:
        rows = [tuple(row) for row in connection.execute(sa.text(OPEN))]
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")


def damaged_records(context: FeedContext, made: Derived) -> set[tuple[str, str]]:
    """Return the records (dataset, key) of a feed that say something wrong of who or whose they are.

    A fault lies in a field that identifies: a part of the key, or the number of a person, family or employee. The key
    is the truth's, and the one that the source shows.
    """
    dataset = context.contract.dataset
    if dataset not in KEYS:
        return set()
    telling = {f.name for f in context.contract.fields if f.type.name in IDENTIFYING} | set(context.contract.key)
    columns = {column for name, how in context.feed.map.items() if name in telling for column in how.sources}
    faults = made.faults[[not name or not columns.isdisjoint(name.split(",")) for name in made.faults["field"]]]
    rows = faults["row"].to_numpy(int)
    keys = set(key_of(dataset, made.truth).iloc[made.origin[rows]])
    shown = [context.feed.map[name].sources for name in KEYS[dataset] if name in context.feed.map]
    if len(shown) == 1 and len(shown[0]) == 1:
        keys |= set(made.texts[shown[0][0]].iloc[rows].dropna().str.strip())
    return {(dataset, str(key)) for key in keys}


def shown_records(context: FeedContext, made: Derived) -> set[tuple[str, str]]:
    """Return the records (dataset, key) that a feed's source shows, under the truth's keys."""
    dataset = context.contract.dataset
    if dataset not in KEYS:
        return set()
    keys = key_of(dataset, made.truth).iloc[np.unique(made.origin)]
    return {(dataset, str(key)) for key in keys}


def score_rules(
    truth: dict[str, pd.DataFrame],
    today: np.datetime64,
    found: pd.DataFrame,
    damaged: set[tuple[str, str]],
    shown: set[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    """Return recall and precision over all rules that the truth can evaluate, and the counts by rule.

    `unseen` are contradictions of records that no source has (among `shown`, where it is given): nobody can find them,
    and they are not among the known ones.
    `by_fault` are findings that the truth does not hold, of records among `damaged`, or that miss such a one: two
    systems do contradict each other there, since one of them was spoiled. They are no false alarms, and no success
    either. A contradiction of records that were never published counts as not found. Rules of the hub that the truth
    does not know are named, and not measured.
    """
    wanted = known(truth, today)
    rows = []
    for rule in RULES:
        every, ours = _cases(wanted, rule), _cases(found, rule)
        theirs = {case for case in every if shown is None or case in ours or _is_shown(case, shown)}
        spoiled = sum(not damaged.isdisjoint(_records(truth, case)) for case in ours - theirs)
        rows.append(
            {"rule": rule, **shares(len(theirs), len(ours), len(theirs & ours), spoiled), "unseen": len(every - theirs)}
        )
    total = shares(*(sum(row[name] for row in rows) for name in ("known", "found", "right", "by_fault")))
    return {
        "recall": total["recall"],
        "precision": total["precision"],
        "by_rule": rows,
        "not_measured": sorted(set(found["rule"]) - set(RULES)),
    }


def _is_shown(case: tuple[str, ...], shown: set[tuple[str, str]]) -> bool:
    _, dataset, key, other_dataset, other_key = case
    return (dataset, key) in shown and (not other_key or (other_dataset, other_key) in shown)


def _records(truth: dict[str, pd.DataFrame], case: tuple[str, ...]) -> set[tuple[str, str]]:
    """Return the records of a finding, with the one that it misses."""
    rule, dataset, key, other_dataset, other_key = case
    missed, field = MISSED.get(rule, ("", None))
    frame = truth[dataset]
    named = key if field is None else "".join(frame.loc[key_of(dataset, frame) == key, field].astype(str).head(1))
    return {(dataset, key), (other_dataset, other_key), (missed, named)}


def shares(known: int, found: int, right: int, by_fault: int) -> dict[str, Any]:
    """Return the counts with recall and precision: of nothing 1, for nothing can be missed or wrong."""
    judged = found - by_fault
    return {
        "known": known,
        "found": found,
        "right": right,
        "by_fault": by_fault,
        "recall": round(right / known, 4) if known else 1.0,
        "precision": round(right / judged, 4) if judged else 1.0,
    }


def _cases(frame: pd.DataFrame, rule: str) -> set[tuple[str, ...]]:
    return set(frame.loc[frame["rule"] == rule, COLUMNS].itertuples(index=False, name=None))
