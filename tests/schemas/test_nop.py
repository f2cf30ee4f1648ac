"""NOP: what is refused, what is repaired, and that the fast way agrees with the reference."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcomes import assert_same_as_scalar, column, outcome

from schemas.types import nop
from schemas.types.registry import TYPES

NOP = "357401000100100010"
DIGITS = st.text("0123456789", min_size=18, max_size=18)
SPOILED = st.one_of(
    DIGITS,
    st.builds(
        "{:02d}74010001{:03d}{:04d}{}".format,
        st.integers(0, 99),
        st.integers(0, 999),
        st.integers(0, 9999),
        st.integers(0, 9),
    ),
    st.builds("'{}".format, DIGITS),
    st.builds("{}.0".format, DIGITS),
    st.builds(lambda text, at: text[:at] + " .-"[at % 3] + text[at:], DIGITS, st.integers(0, 18)),
    st.text(" .-0123456789eE+',O٣\u00a0", min_size=1, max_size=26),
    st.none(),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NOP, (NOP, None)),
        ("35.74.010.001.001-0001.0", (NOP, None)),
        ("35 74 010 001 001 0001 0", (NOP, None)),
        ("35-74-010-001-001-0001-0", (NOP, None)),
        ("'357401000100100010", (NOP, None)),
        ("357401000100100017", ("357401000100100017", None)),  # SISTEP
        ("35740100010010001", (None, "nop.length")),
        ("3574010001001000100", (None, "nop.length")),
        ("35.74.010.001.001-0001.O", (None, "nop.non_digit")),
        ("٣57401000100100010", (None, "nop.non_digit")),
        ("3.57401E+17", (None, "nop.number")),
        ("357401000100100010.00", (None, "nop.number")),
        ("000000000000000000", (None, "nop.region")),
    ],
)
def test_nop_of_a_source_becomes_18_digits_or_a_problem(text: str, expected: tuple[object, object]) -> None:
    assert outcome("nop", text) == expected


def test_every_problem_is_an_error_in_both_languages() -> None:
    for problem in TYPES["nop"].problems.values():
        assert problem.severity == "error"
        assert "NOP" in problem.indonesian
        assert "NOP" in problem.english
        assert problem.indonesian != problem.english


def test_the_example_of_the_documentation_holds() -> None:
    outcome = doctest.testmod(nop)
    assert outcome.attempted == 1
    assert outcome.failed == 0


@given(st.integers(10, 99), st.integers(0, 10**16 - 1))
def test_any_number_of_a_possible_province_passes_printed_or_bare(province: int, rest: int) -> None:
    text = f"{province}{rest:016d}"
    parts = (text[:2], text[2:4], text[4:7], text[7:10], text[10:13])
    assert outcome("nop", text) == (text, None)
    assert outcome("nop", f"{'.'.join(parts)}-{text[13:17]}.{text[17]}") == (text, None)


@given(st.lists(SPOILED, max_size=12))
def test_vectorised_nop_agrees_with_the_reference(texts: list[str | None]) -> None:
    assert_same_as_scalar("nop", texts)


def test_missing_rows_pass() -> None:
    assert column(TYPES["nop"], [None, NOP, None]) == [(None, None), (NOP, None), (None, None)]
