"""How a mapping makes the text of one contract field out of the source columns of a part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from schemas.codelist import UNKNOWN_CODE, Codelist
from schemas.mapping import FieldMap
from schemas.types.base import MISSING

#: problem of a cell that holds a word for nothing, such as "-", where the feed has not said so by null_values
PLACEHOLDER = "placeholder"


def source_texts(part: pa.Table) -> pd.DataFrame:
    """Return a landed part as stripped texts, missing where the source sent nothing."""
    missing = pa.array(sorted(MISSING))
    columns = {}
    for name in part.column_names:
        text = pc.utf8_trim_whitespace(part.column(name))
        empty = pc.is_in(pc.utf8_lower(text), value_set=missing)
        columns[name] = pc.if_else(empty, pa.scalar(None, pa.string()), text)
    strings = pd.StringDtype(na_value=np.nan)
    frame: pd.DataFrame = pa.table(columns).to_pandas(
        types_mapper=lambda kind: strings if pa.types.is_string(kind) else None
    )
    return frame


def placeholders(part: pa.Table, how: FieldMap) -> pd.Series | None:
    """Return in which rows a source column of a field holds a word for nothing; None where none does."""
    words = pa.array(sorted(MISSING - {""} - {text.lower() for text in how.null_values}), pa.string())
    found = [pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(part.column(name))), words) for name in how.sources]
    held = [mask.to_pandas() for mask in found if pc.any(mask).as_py()]
    return pd.concat(held, axis=1).any(axis=1) if held else None


def field_text(texts: pd.DataFrame, how: FieldMap) -> pd.Series:
    """Return the text of one field, before code lists and value types."""
    text = _origin(texts, how)
    if how.null_values:
        text = text.mask(text.isin(how.null_values))
    if how.split is not None:
        pieces: pd.Series[Any] = text.str.split(how.split.by, regex=False)
        cut = pieces.str.get(how.split.part - 1).astype("str").str.strip()
        text = cut.mask(cut == "")
    return text


def field_code(text: pd.Series, how: FieldMap, codelist: Codelist) -> tuple[pd.Series, pd.Series]:
    """Look texts up in a code list; return codes and problems, both missing where there is no text."""
    local = {key.upper(): code for key, code in how.lookup.codes.items()} if how.lookup else {}
    known = {}
    for value in text.dropna().unique():
        code = local.get(value.upper()) or codelist.code(value)
        if code is not None:
            known[value] = code
    codes = text.map(known).astype("str") if known else text.mask(text.notna())
    problems = pd.Series(UNKNOWN_CODE, index=text.index, dtype="str").where(text.notna() & codes.isna())
    return codes, problems


def _origin(texts: pd.DataFrame, how: FieldMap) -> pd.Series:
    if how.column is not None:
        return texts[how.column]
    if how.literal is not None:
        return pd.Series(how.literal, index=texts.index, dtype="str")
    if how.coalesce is not None:
        text = texts[how.coalesce[0]]
        for name in how.coalesce[1:]:
            text = text.fillna(texts[name])
        return text
    columns = texts[how.columns or []]
    if how.template is not None:
        complete = columns.notna().all(axis=1)
        made = [how.template.format(*row) for row in columns[complete].itertuples(index=False)]
        return pd.Series(made, index=texts.index[complete], dtype="str").reindex(texts.index)
    joined = [(how.join or "").join(v for v in row if isinstance(v, str)) for row in columns.itertuples(index=False)]
    text = pd.Series(joined, index=texts.index, dtype="str")
    return text.mask(text == "")
