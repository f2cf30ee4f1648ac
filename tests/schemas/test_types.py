"""What holds for every value type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcomes import assert_same_as_scalar, column, outcome

from schemas.types.base import DoubtfulValueError, InvalidValueError
from schemas.types.registry import TYPES

NAMES = sorted(TYPES)
TEXTS = st.one_of(
    st.text(min_size=1, max_size=30),
    st.text("0123456789.,-/ eE+'", min_size=1, max_size=24),
    st.sampled_from(["3574030008", "3574011001", "08123456789/0335421234", "3574911708900001", "1990-08-17"]),
)


def test_the_registry_has_the_types_of_the_contracts() -> None:
    assert set(TYPES) == {
        "text", "nik", "kk", "nip", "nop", "date", "kode_wilayah", "phone", "money", "integer", "decimal",
        "boolean", "code",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_problem_has_both_languages_and_a_severity(name: str) -> None:
    for code, problem in TYPES[name].problems.items():
        assert "." in code
        assert problem.indonesian
        assert problem.english
        assert problem.severity in ("error", "warning")


@given(st.sampled_from(NAMES), TEXTS)
def test_problems_are_declared_and_only_a_warning_keeps_the_value(name: str, text: str) -> None:
    value_type = TYPES[name]
    try:
        value_type.clean(text)
    except DoubtfulValueError as doubt:
        assert value_type.problems[doubt.code].severity == "warning"
        assert doubt.value is not None
    except InvalidValueError as error:
        assert error.code in value_type.problems
    [(value, problem)] = column(value_type, [text])
    if problem is not None and value_type.problems[problem].severity == "error":
        assert value is None


@given(st.sampled_from(NAMES), TEXTS)
def test_a_cleaned_text_is_clean(name: str, text: str) -> None:
    value, _problem = outcome(name, text)
    if isinstance(value, str):
        assert outcome(name, value) == (value, None)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("texts", [[], [None], [None, None, None, None]])
def test_columns_without_values_have_the_type(name: str, texts: list[None]) -> None:
    assert column(TYPES[name], texts) == [(None, None)] * len(texts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SITI  AMINAH", "SITI AMINAH"),
        ("Jl. Suroyo\t No 1\r\n", "Jl. Suroyo No 1"),
        ("Siti\u00a0Aminah", "Siti Aminah"),
        ("siti aminah", "siti aminah"),
        ("A.Y. D'Costa", "A.Y. D'Costa"),
    ],
)
def test_text_gets_even_white_space_and_nothing_else(text: str, expected: str) -> None:
    assert outcome("text", text) == (expected, None)


def test_text_with_nul_is_refused() -> None:
    assert outcome("text", "a\0b") == (None, "text.nul")


UNEVEN = st.text(" ab\0\t\n\x1f\x85\u00a0\u2003\u3000", max_size=6)


@given(st.lists(st.one_of(st.none(), st.text(max_size=12), UNEVEN), max_size=9))
def test_vectorised_text_agrees_with_the_reference(texts: list[str | None]) -> None:
    assert_same_as_scalar("text", texts)
