"""What the hub should publish of a clean row: the truth, as each field's type writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipelines.workspace import FeedContext
from schemas.codelist import Codelist
from simulator.derive import Derived
from simulator.formats import as_text

Texts = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Expected:
    """The texts of a field that are right, for each clean row: the truth's, and the source's own spelling of it."""

    truth: Texts
    #: for texts alone: what the source writes (JL. for JALAN) is right too
    source: Texts | None

    def same(self, published: Texts, rows: Texts) -> Texts:
        """Say for each published text whether it is right for the clean row at that position."""
        found = np.array([text(value) for value in published], dtype=object)
        right: Texts = found == self.truth[rows]
        if self.source is not None:
            right = right | (found == self.source[rows])
        return right


def agrees(expected: Expected, published: Any, row: int) -> bool:
    """Say whether one published value is right for the clean row at that position."""
    return bool(expected.same(np.array([published], dtype=object), np.array([row]))[0])


def expected_values(context: FeedContext, made: Derived, codelists: Mapping[str, Codelist]) -> dict[str, Expected]:
    """Return what is right for each field that comes from one column of the truth."""
    columns = made_from(context, made)
    found = {}
    for name, (origin, sources) in columns.items():
        field = context.contract.field(name)
        how = context.feed.map[name]
        if field is None:
            continue
        right = as_text(made.truth[origin])
        if field.codelist is not None:  # the truth names some things by their names
            codes = codelists[field.codelist]
            right = right.map({word: codes.code(word) or word for word in right.dropna().unique()})
        truth = canonical(right, field.type.name)
        clean = made.clean[sources[0]]
        nothing = clean.isin(how.null_values).to_numpy() | made.clean[sources].isna().all(axis=1).to_numpy()
        truth[nothing] = None
        source = None
        if field.type.name == "text":
            source = canonical(clean, "text") if len(sources) == 1 else None
            if source is not None:
                source[nothing] = None
        found[name] = Expected(truth, source)
    return found


def made_from(context: FeedContext, made: Derived) -> dict[str, tuple[str, list[str]]]:
    """Return for each field its column of the truth and its source columns, where there is one such column."""
    origins = made.origins
    found = {}
    for name, how in context.feed.map.items():
        truths = {origins.get(column) for column in how.sources}
        origin = truths.pop() if len(truths) == 1 else None
        if origin is not None:
            found[name] = (origin, how.sources)
    return found


def canonical(values: pd.Series[Any], type_name: str) -> Texts:
    """Return texts as the hub publishes them, so that equal values are equal texts; missing is None."""
    texts = values.astype(object).where(values.notna(), None)
    if type_name == "phone":
        texts = texts.map(lambda value: None if value is None else "62" + "".join(filter(str.isdigit, value))[1:])
    return np.array([text(value) for value in texts], dtype=object)


def text(value: Any) -> str | None:
    """Write one value so that what means the same reads the same: no case, single spaces, shortest number."""
    if value is None or value != value:  # NaN is not itself
        return None
    squeezed = " ".join(str(value).split()).casefold()
    try:
        number = float(squeezed)
    except ValueError:
        return squeezed or None
    return f"{number:.12g}" if len(squeezed) < 12 and not squeezed.startswith("0") else squeezed
