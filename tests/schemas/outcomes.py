"""What a value type makes of texts, one by one and as a column."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from schemas.types.base import DoubtfulValueError, InvalidValueError, ValueType
from schemas.types.registry import TYPES


def outcome(name: str, text: str, formats: Sequence[str] = ()) -> tuple[object, str | None]:
    """Return (value, problem) of the scalar `clean`."""
    try:
        return TYPES[name].clean(text, formats), None
    except DoubtfulValueError as doubt:
        return doubt.value, doubt.code
    except InvalidValueError as error:
        return None, error.code


def column(value_type: ValueType, texts: Sequence[str | None]) -> list[tuple[object, str | None]]:
    """Return (value, problem) of each row of `clean_column`, missing as None; the index is not 0..n."""
    series = pd.Series(list(texts), index=[f"row{n % 3}" for n in range(len(texts))], dtype="str", name="field")
    cleaned = value_type.clean_column(series)
    assert cleaned.values.dtype == value_type.dtype
    assert cleaned.problems.dtype == "str"
    assert cleaned.values.index.equals(series.index)
    assert cleaned.problems.index.equals(series.index)
    values = [None if pd.isna(value) else value for value in cleaned.values]
    problems = [None if pd.isna(problem) else problem for problem in cleaned.problems]
    return list(zip(values, problems, strict=True))


def assert_same_as_scalar(name: str, texts: Sequence[str | None]) -> None:
    """Check that the column gives what the scalar reference gives."""
    expected = [(None, None) if text is None else outcome(name, text) for text in texts]
    assert column(TYPES[name], texts) == expected
