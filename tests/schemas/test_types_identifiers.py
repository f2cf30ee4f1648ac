"""NIK, KK and NIP: what is refused, what is repaired, and that the fast way agrees with the reference."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcomes import assert_same_as_scalar, column, outcome

from schemas.types.registry import TYPES

NIK, KK, NIP = "3574911708900001", "3574911203150002", "199001012015011001"
DIGITS = st.text("0123456789", min_size=16, max_size=16)
#: nearly right: real shapes with the dates and serials where the rules bite
NEARLY = st.builds(
    "35749{}{:02d}{:02d}{:02d}{:04d}".format,
    st.integers(1, 5),
    st.one_of(st.sampled_from([0, 28, 29, 30, 31, 40, 68, 69, 70, 71]), st.integers(0, 75)),
    st.one_of(st.just(2), st.integers(0, 14)),
    st.integers(0, 99),
    st.sampled_from([0, 1, 9999]),
)
SPOILED = st.one_of(
    NEARLY,
    DIGITS,
    st.builds("'{}".format, NEARLY),
    st.builds("{}.0".format, NEARLY),
    st.builds(lambda text, at: text[:at] + " ." + text[at:], NEARLY, st.integers(0, 16)),
    st.text(" .-0123456789eE+',O٣\u00a0", min_size=1, max_size=22),
    st.none(),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NIK, (NIK, None)),
        ("3574915708900001", ("3574915708900001", None)),  # a woman born on the 17th
        ("'3574911708900001", (NIK, None)),
        ("3574 9117 0890 0001", (NIK, None)),
        ("357491.170890.0001", (NIK, None)),
        ("3574912902000001", ("3574912902000001", None)),  # 29 February 2000
        ("3574912902010001", (None, "nik.date")),
        ("357491170890001", (None, "nik.length")),
        ("35749117089000011", (None, "nik.length")),
        ("357491170890000O", (None, "nik.non_digit")),
        ("٣574911708900001", (None, "nik.non_digit")),
        ("3.57491E+15", (None, "nik.number")),
        ("3,57491E+15", (None, "nik.number")),
        ("3574911708900001.0", (None, "nik.number")),
        ("3574913213900001", (None, "nik.date")),
        ("3574917208900001", (None, "nik.date")),
        ("3574911713900001", (None, "nik.date")),
        ("0000000000000000", (None, "nik.date")),
        ("9999999999999999", (None, "nik.date")),
        ("1111111111111111", ("1111111111111111", None)),  # 11 November 2011: only shape can be checked
        ("3574911708900000", (None, "nik.serial")),
    ],
)
def test_nik_of_a_source_becomes_16_digits_or_a_problem(text: str, expected: tuple[object, object]) -> None:
    assert outcome("nik", text) == expected


def test_kk_tells_a_womans_nik_from_an_impossible_date() -> None:
    assert outcome("kk", KK) == (KK, None)
    assert outcome("kk", "3574915708900001") == (None, "kk.looks_like_nik")
    assert outcome("kk", "3574913508900001") == (None, "kk.date")
    assert outcome("kk", "3574915713900001") == (None, "kk.date")
    assert outcome("kk", KK[:12] + "0000") == (None, "kk.serial")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("19900101 201501 1 001", (NIP, None)),
        ("19900101.201501.1.001", (NIP, None)),
        ("199001012021211001", ("199001012021211001", None)),  # PPPK: 21 is no month
        ("510123456", (None, "nip.old")),
        ("19900101201501100", (None, "nip.length")),
        ("1.99001E+17", (None, "nip.number")),
        ("199001012015011001.00", (None, "nip.number")),
        ("199002302015011001", (None, "nip.date")),
        ("109001012015011001", (None, "nip.date")),
        ("19900101201501100X", (None, "nip.non_digit")),
    ],
)
def test_nip_of_a_source_becomes_18_digits_or_a_problem(text: str, expected: tuple[object, object]) -> None:
    assert outcome("nip", text) == expected


@given(st.dates(dt.date(1901, 1, 1), dt.date(2026, 1, 1)), st.booleans(), st.integers(1, 9999))
def test_every_birth_date_makes_a_valid_nik(born: dt.date, female: bool, serial: int) -> None:
    text = f"357492{born.day + 40 * female:02d}{born:%m%y}{serial:04d}"
    assert outcome("nik", text) == (text, None)
    assert outcome("kk", text) == ((None, "kk.looks_like_nik") if female else (text, None))


@given(st.lists(SPOILED, max_size=12), st.sampled_from(["nik", "kk"]))
def test_vectorised_registration_numbers_agree_with_the_reference(texts: list[str | None], name: str) -> None:
    assert_same_as_scalar(name, texts)


@given(
    st.lists(
        st.one_of(
            st.builds(
                "{:04d}{:02d}{:02d}2015011{:03d}".format,
                st.sampled_from([0, 1899, 1900, 1990, 2000, 2099, 2100]),
                st.one_of(st.just(2), st.integers(0, 13)),
                st.one_of(st.just(29), st.integers(0, 32)),
                st.integers(0, 999),
            ),
            SPOILED,
        ),
        max_size=12,
    )
)
def test_vectorised_nip_agrees_with_the_reference(texts: list[str | None]) -> None:
    assert_same_as_scalar("nip", texts)


@pytest.mark.parametrize("texts", [[], [None, None], [NIK, None], ["x", None, "x"], [NIK]])
def test_empty_and_missing_rows_pass(texts: list[str | None]) -> None:
    assert [problem for _, problem in column(TYPES["nik"], texts)] == [
        "nik.non_digit" if text == "x" else None for text in texts
    ]
