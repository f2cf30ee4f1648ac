"""What is not handed to Great Expectations is what it would have said."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from pipelines.standardize import problem_column
from pipelines.validate.checks import row_checks
from pipelines.validate.engine import RowEngine
from schemas.catalogue import Catalogue
from tests.pipelines.test_standardize import context_of


@pytest.mark.parametrize("problems", [{}, {"nik": "nik.length"}, {"telepon": "placeholder", "agama": "code.unknown"}])
def test_the_short_way_gives_the_outcomes_of_the_whole_suite(catalogue: Catalogue, problems: dict[str, str]) -> None:
    context = context_of(catalogue)
    checks = row_checks(context.contract, context.feed, dt.date(2026, 1, 1))
    columns = sorted({name for check in checks for name in check.columns})
    frame = pd.DataFrame({name: pd.Series([None] * 4, dtype="str") for name in columns})
    frame["_key"] = ["a", "b", None, "d"]
    frame["tanggal_lahir"] = pd.to_datetime(["1960-01-01"] * 4).astype("datetime64[s]")
    for name, code in problems.items():
        frame[problem_column(name)] = pd.Series([None, code, None, code], dtype="str")
    engine = RowEngine(checks)
    whole = engine.run_all(frame)
    assert engine.run(frame) == [whole[f"{check.field}:{check.id}"] for check in checks]
