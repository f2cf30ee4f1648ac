"""Region codes and telephone numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcomes import assert_same_as_scalar, outcome

from schemas.errors import ConfigurationError
from schemas.types.kode_wilayah import STALE, crosswalk


@pytest.mark.parametrize(
    ("text", "formats", "expected"),
    [
        ("35", [], ("35", None)),
        ("35.74", [], ("35.74", None)),
        ("35.74.01.1001", [], ("35.74.01.1001", None)),
        ("35.13.02.2004", [], ("35.13.02.2004", None)),
        ("35.74.01.1099", [], (None, "wilayah.unknown")),
        ("35.74.09", [], (None, "wilayah.unknown")),
        ("91.03.01.3001", [], ("91.03.01.3001", None)),
        ("35.13.02.4004", [], (None, "wilayah.unknown")),
        ("3574011009", [], ("35.74.01.1009", None)),
        ("357401", [], ("35.74.01", None)),
        ("3574031", ["bps"], ("35.74.04", None)),
        ("3574011001", ["kemendagri"], ("35.74.01.1001", None)),  # Ketapang
        ("3574011001", ["bps"], ("35.74.05.1003", None)),  # Sumber Wetan
        ("3574011001", [], (None, "wilayah.ambiguous")),
        ("3574030008", [], ("35.74.04.1001", "wilayah.stale")),  # Tisnonegaran before the split
        ("3574030008", ["kemendagri"], (None, "wilayah.unknown")),
        ("3513020004", [], (None, "wilayah.unknown")),
        ("056801", [], (None, "wilayah.unknown")),
        ("3574011009.0", [], (None, "wilayah.unknown")),
    ],
)
def test_region_codes_pass_by_the_list_and_the_crosswalk_only(
    text: str, formats: list[str], expected: tuple[object, object]
) -> None:
    assert outcome("kode_wilayah", text, formats) == expected


def test_the_crosswalk_knows_all_codes_in_both_schemes() -> None:
    by_scheme = [scheme for scheme, _ in crosswalk()]
    assert (by_scheme.count("kemendagri"), by_scheme.count("bps"), by_scheme.count(STALE)) == (35, 35, 12)
    assert {code for (scheme, _), code in crosswalk().items() if scheme == "bps"} == {
        code for (scheme, _), code in crosswalk().items() if scheme == "kemendagri"
    }


def test_an_unknown_scheme_is_a_mistake_of_the_catalogue() -> None:
    with pytest.raises(ConfigurationError, match="use one of: kemendagri, bps"):
        outcome("kode_wilayah", "3574011001", ["dapodik"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("081234567890", ("6281234567890", None)),
        ("0812-3456-7890", ("6281234567890", None)),
        ("+62 812 3456 7890", ("6281234567890", None)),
        ("6281234567890", ("6281234567890", None)),
        ("81234567890", ("6281234567890", None)),
        ("6281234567890.0", ("6281234567890", None)),
        ("0335-421234", ("62335421234", None)),
        ("(0335) 421234", ("62335421234", None)),
        ("(0335) 421234 psw. 12", ("62335421234", None)),
        ("081234567890 / 0335-421234", ("6281234567890", "phone.several")),
        ("0335-421234;081234567890", ("62335421234", "phone.several")),
        ("0335-421234/", ("62335421234", None)),
        ("421234", (None, "phone.invalid")),
        ("0812", (None, "phone.invalid")),
        ("8.12346E+10", (None, "phone.invalid")),
        ("+60 12 345 6789", (None, "phone.invalid")),
        ("hub. pak RT", (None, "phone.invalid")),
        ("///", (None, "phone.invalid")),
        ("0000000000", (None, "phone.invalid")),
    ],
)
def test_phone_becomes_digits_from_62_on(text: str, expected: tuple[object, object]) -> None:
    assert outcome("phone", text) == expected


PHONES = st.one_of(
    st.from_regex(r"\A(\+62|62|0|)8[0-9 .-]{6,15}\Z"),
    st.from_regex(r"\A\(?0335\)?[ -]?[0-9]{5,7}\Z"),
    st.text("0123456789+-() ./,;eE'", min_size=1, max_size=20),
    st.none(),
)


@given(st.lists(PHONES, max_size=12))
def test_vectorised_phones_agree_with_the_reference(texts: list[str | None]) -> None:
    assert_same_as_scalar("phone", texts)
