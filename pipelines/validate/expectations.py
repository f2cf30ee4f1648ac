"""Expectations of our own, vectorised: do NIK and NIP agree with birth date and sex?

A NIK carries the birth date as DDMMYY at digits 7-12, with 40 added to the day for women. It is never
changed when the birth date is corrected, so a difference is a warning, never an error
(schemas/contracts/penduduk.odcs.yaml). A NIP carries the birth date as YYYYMMDD at digits 1-8 and the sex at
digit 15 (Perka BKN 22/2007).
"""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnPairMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnPairMapMetricProvider,
    column_pair_condition_partial,
)

DOMAIN = (
    "batch_id",
    "table",
    "column_A",
    "column_B",
    "row_condition",
    "condition_parser",
    "ignore_row_if",
)


class NikAgreesWithBirthDate(ColumnPairMapMetricProvider):
    """Row mask: DDMMYY of the NIK is the birth date."""

    condition_metric_name = "column_pair_values.nik_agrees_with_birth_date"
    condition_domain_keys = DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: pd.Series, column_B: pd.Series, **_: Any) -> pd.Series:  # noqa: N805
        day = column_A.str.slice(6, 8).astype("int64")
        born = pd.to_datetime(column_B)
        plain_day = day.where(day <= 40, day - 40)
        month = column_A.str.slice(8, 10).astype("int64")
        year = column_A.str.slice(10, 12).astype("int64")
        return (plain_day == born.dt.day) & (month == born.dt.month) & (year == born.dt.year % 100)


class NikAgreesWithSex(ColumnPairMapMetricProvider):
    """Row mask: the day of the NIK is above 40 just where the sex is P."""

    condition_metric_name = "column_pair_values.nik_agrees_with_sex"
    condition_domain_keys = DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: pd.Series, column_B: pd.Series, **_: Any) -> pd.Series:  # noqa: N805
        return (column_A.str.slice(6, 8).astype("int64") > 40) == (column_B == "P")


class NipAgreesWithBirthDate(ColumnPairMapMetricProvider):
    """Row mask: YYYYMMDD of the NIP is the birth date."""

    condition_metric_name = "column_pair_values.nip_agrees_with_birth_date"
    condition_domain_keys = DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: pd.Series, column_B: pd.Series, **_: Any) -> pd.Series:  # noqa: N805
        return column_A.str.slice(0, 8) == pd.to_datetime(column_B).dt.strftime("%Y%m%d")


class NipAgreesWithSex(ColumnPairMapMetricProvider):
    """Row mask: digit 15 of the NIP is 1 for L and 2 for P."""

    condition_metric_name = "column_pair_values.nip_agrees_with_sex"
    condition_domain_keys = DOMAIN
    condition_value_keys = ()

    @column_pair_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column_A: pd.Series, column_B: pd.Series, **_: Any) -> pd.Series:  # noqa: N805
        return column_A.str.slice(14, 15) == column_B.map({"L": "1", "P": "2"})


class ExpectNikToAgreeWithBirthDate(ColumnPairMapExpectation):
    """Expect the birth date in a NIK (column A) to be the birth date (column B)."""

    map_metric = "column_pair_values.nik_agrees_with_birth_date"
    success_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "ignore_row_if", "mostly")
    ignore_row_if: str = "either_value_is_missing"


class ExpectNikToAgreeWithSex(ColumnPairMapExpectation):
    """Expect the sex in a NIK (column A) to be the sex (column B)."""

    map_metric = "column_pair_values.nik_agrees_with_sex"
    success_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "ignore_row_if", "mostly")
    ignore_row_if: str = "either_value_is_missing"


class ExpectNipToAgreeWithBirthDate(ColumnPairMapExpectation):
    """Expect the birth date in a NIP (column A) to be the birth date (column B)."""

    map_metric = "column_pair_values.nip_agrees_with_birth_date"
    success_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "ignore_row_if", "mostly")
    ignore_row_if: str = "either_value_is_missing"


class ExpectNipToAgreeWithSex(ColumnPairMapExpectation):
    """Expect the sex in a NIP (column A) to be the sex (column B)."""

    map_metric = "column_pair_values.nip_agrees_with_sex"
    success_keys: ClassVar[tuple[str, ...]] = ("column_A", "column_B", "ignore_row_if", "mostly")
    ignore_row_if: str = "either_value_is_missing"
