"""The expectations that a contract's rules may use, and the arguments each takes.

A closed list: `opdhub check` refuses a misspelt expectation or argument without loading Great Expectations.
"""

from __future__ import annotations

#: expectation -> arguments (a trailing `?` marks an optional one); `column…` arguments name contract fields
ROW_EXPECTATIONS: dict[str, tuple[str, ...]] = {
    "expect_column_values_to_match_regex": ("column", "regex"),
    "expect_column_values_to_not_match_regex": ("column", "regex"),
    "expect_column_values_to_be_between": ("column", "min_value?", "max_value?", "strict_min?", "strict_max?"),
    "expect_column_value_lengths_to_be_between": ("column", "min_value?", "max_value?"),
    "expect_column_values_to_be_in_set": ("column", "value_set"),
    "expect_column_values_to_not_be_in_set": ("column", "value_set"),
    "expect_column_values_to_not_be_null": ("column",),
    "expect_column_pair_values_a_to_be_greater_than_b": ("column_A", "column_B", "or_equal?", "ignore_row_if?"),
    "expect_nik_to_agree_with_birth_date": ("column_A", "column_B", "ignore_row_if?"),
    "expect_nip_to_agree_with_birth_date": ("column_A", "column_B", "ignore_row_if?"),
    "expect_nip_to_agree_with_sex": ("column_A", "column_B", "ignore_row_if?"),
    "expect_nik_to_agree_with_sex": ("column_A", "column_B", "ignore_row_if?"),
}


def wrong_arguments(expectation: str, kwargs: dict[str, object]) -> str | None:
    """Return what is wrong with a rule's arguments, or None."""
    known = ROW_EXPECTATIONS[expectation]
    required = {name for name in known if not name.endswith("?")}
    unknown = set(kwargs) - {name.rstrip("?") for name in known}
    if unknown:
        return f"{expectation} does not take {', '.join(sorted(unknown))}"
    if required - set(kwargs):
        return f"{expectation} needs {', '.join(sorted(required - set(kwargs)))}"
    return None
