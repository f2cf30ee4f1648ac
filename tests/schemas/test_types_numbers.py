"""Money, integers, decimals, truth values: one reading, or none."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcomes import outcome

from schemas.types.registry import TYPES

BIGINT = st.integers(-(2**63) + 1, 2**63 - 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rp 12.500,00", 12500),
        ("Rp. 12.500", 12500),
        ("12.500", 12500),
        ("12500", 12500),
        ("12500.00", 12500),
        ("12500,00", 12500),
        ("12500.0000", 12500),  # SQL Server's money
        ("12,500.00", 12500),
        ("1,250,000", 1250000),
        ("1.250.000,-", 1250000),
        ("IDR 1.250.000", 1250000),
        ("-12.500", -12500),
        ("Rp -12.500", -12500),
        ("-Rp12.500", -12500),
        ("0", 0),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_money_becomes_whole_rupiah(text: str, expected: int) -> None:
    assert outcome("money", text) == (expected, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("12.500,50", "money.cents"),
        ("12500.5", "money.cents"),
        ("12,500", "money.invalid"),
        ("12500.000", "money.invalid"),
        ("12.50.000", "money.invalid"),
        ("1.250,000.00", "money.invalid"),
        ("1.25E+06", "money.invalid"),
        ("--5", "money.invalid"),
        ("Rp", "money.invalid"),
        ("gratis", "money.invalid"),
        ("9223372036854775808", "money.invalid"),
        ("9" * 5000, "money.invalid"),
    ],
)
def test_money_with_two_readings_or_cents_is_refused(text: str, problem: str) -> None:
    assert outcome("money", text) == (None, problem)


@given(BIGINT)
def test_an_amount_survives_every_spelling(amount: int) -> None:
    grouped = f"{amount:,}".replace(",", ".")
    for text in (str(amount), grouped, f"Rp {grouped},00", f"{grouped},-", f"{amount:,}.00", f"{amount}.00"):
        assert outcome("money", text) == (amount, None)


@given(st.sampled_from(["money", "integer", "decimal", "boolean"]), st.text("0123456789.,-+eERp ", max_size=24))
def test_no_text_breaks_a_number(name: str, text: str) -> None:
    value, problem = outcome(name, text)
    assert (value is None) == (problem is not None)


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("007", 7), ("-3", -3), ("12.0", 12), ("1.234", 1234), ("1,234", 1234), ("12.345.000", 12345000)],
)
def test_integer_with_one_whole_reading_is_read(text: str, value: int) -> None:
    assert outcome("integer", text) == (value, None)


@pytest.mark.parametrize("text", ["12.5", "12.000", "12,000", "1.2.3", "1e3", "", "dua", str(2**63), "9" * 5000])
def test_other_integers_are_refused(text: str) -> None:
    assert outcome("integer", text) == (None, "integer.invalid")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12,5", 12.5),
        ("-7.750", -7.75),
        ("113,2165", 113.2165),
        ("0,125", 0.125),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1.234.567", 1234567.0),
        ("1.5E-05", 1.5e-05),
    ],
)
def test_decimal_is_read_in_both_conventions(text: str, value: float) -> None:
    assert outcome("decimal", text) == (value, None)


@pytest.mark.parametrize("text", ["1,234", "1,2,3", "inf", "nan", "1e999", "12,5,", "0x10"])
def test_other_decimals_are_refused(text: str) -> None:
    assert outcome("decimal", text) == (None, "decimal.invalid")


def test_boolean_refuses_what_means_both() -> None:
    assert outcome("boolean", "Ya") == (True, None)
    assert outcome("boolean", "0") == (False, None)
    assert outcome("boolean", "T") == (None, "boolean.invalid")


@pytest.mark.parametrize(
    ("name", "texts", "expected"),
    [
        ("money", ["9007199254740993", None], [9007199254740993, None]),  # 2**53 + 1: lost in a float
        ("integer", ["x", "7"], [None, 7]),
        ("decimal", [None, "1,5"], [None, 1.5]),
        ("boolean", ["ya", "tidak", None], [True, False, None]),
    ],
)
def test_columns_have_their_nullable_type(name: str, texts: list[str | None], expected: list[object]) -> None:
    values = TYPES[name].clean_column(pd.Series(texts, dtype="str")).values
    assert values.dtype == TYPES[name].dtype
    assert [None if pd.isna(value) else value for value in values] == expected
