"""Compile a contract and a feed to checks: what Great Expectations is to test, how grave, in which words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from pipelines.assemble import PLACEHOLDER
from pipelines.standardize import REQUIRED, ROW, problem_column
from schemas.codelist import UNKNOWN_CODE
from schemas.contract import Contract, ContractField, Rule
from schemas.feed import Feed, SqlFeed
from schemas.row_problems import ROW_PROBLEMS

#: problems that any type can have, besides its own: severity, Indonesian, English
COMMON = {
    REQUIRED: ("error", "Kosong, padahal wajib diisi", "Empty, although required"),
    PLACEHOLDER: (
        "warning",
        "Sumber menulis tanda kosong seperti '-' sebagai ganti nilainya",
        "The source wrote a word for nothing, such as '-', instead of the value",
    ),
    UNKNOWN_CODE: ("warning", "Kode tidak ada dalam daftar acuan", "The code is not in the reference list"),
}


@dataclass(frozen=True)
class Check:
    """One expectation, its severity, and in words what it looks for; `field` is the contract field it speaks of."""

    id: str
    field: str | None
    expectation: str
    kwargs: dict[str, Any]
    severity: str
    indonesian: str
    english: str

    @property
    def columns(self) -> list[str]:
        """Columns that the expectation reads."""
        return [str(value) for key, value in self.kwargs.items() if key.startswith("column")]


def row_checks(contract: Contract, feed: Feed, today: dt.date) -> list[Check]:
    """Return the checks of single rows: key, required, value types, code lists, the contract's rules.

    Rules on fields that the feed does not map are left out: there is nothing to check.
    """
    checks = [
        Check(
            id="key.missing",
            field=None,
            expectation="expect_column_values_to_not_be_null",
            kwargs={"column": "_key"},
            severity="error",
            indonesian="Baris sumber tanpa kunci yang dapat dipakai",
            english="The source row has no usable key",
        )
    ]
    if not isinstance(feed, SqlFeed) or feed.drift == "quarantine":
        checks += _row_problem_checks()
    for field in contract.fields:
        if field.name in feed.map:
            is_matched = feed.expect.unidentified == "match" and field.type.name == "nik"
            checks += _problem_checks(field, is_matched)
    for rule in contract.rules:
        columns = [str(value) for key, value in rule.kwargs.items() if key.startswith("column")]
        if all(name in feed.map for name in columns):
            checks.append(_rule_check(contract, rule, today))
    return checks


def release_checks(contract: Contract, today: dt.date) -> list[Check]:
    """Return the checks of integrated rows: required fields, and the contract's rules of severity error."""
    checks = [
        Check(
            id=REQUIRED,
            field=field.name,
            expectation="expect_column_values_to_not_be_null",
            kwargs={"column": field.name},
            severity="error",
            indonesian=COMMON[REQUIRED][1],
            english=COMMON[REQUIRED][2],
        )
        for field in contract.fields
        if field.required
    ]
    return checks + [_rule_check(contract, rule, today) for rule in contract.rules if rule.severity == "error"]


UNIQUE_KEY = Check(
    id="key.unique",
    field=None,
    expectation="expect_column_values_to_be_unique",
    kwargs={"column": "_key"},
    severity="error",
    indonesian="Kunci yang sama pada beberapa baris",
    english="Several rows share a key",
)


#: warning of rows that share the contract's key, such as two patients with one NIK
SHARED = "contract_key.shared"


def one_row_each(contract: Contract) -> Check:
    """Return the check that no two staged rows have the same key of the contract under different source keys."""
    names = contract.key
    is_single = len(names) == 1
    return Check(
        id=SHARED,
        field=names[0],
        expectation="expect_column_values_to_be_unique" if is_single else "expect_compound_columns_to_be_unique",
        kwargs={"column": names[0]} if is_single else {"column_list": names},
        severity="warning",
        indonesian=f"Beberapa baris sumber memakai {', '.join(names)} yang sama",
        english=f"Several source rows share {', '.join(names)}",
    )


def enough_rows(min_rows: int) -> Check:
    """Return the check that a staged table has at least `min_rows` accepted rows."""
    return Check(
        id="rows.enough",
        field=None,
        expectation="expect_table_row_count_to_be_between",
        kwargs={"min_value": min_rows},
        severity="error",
        indonesian=f"Kurang dari {min_rows} baris diterima",
        english=f"Fewer than {min_rows} rows accepted",
    )


def _rule_check(contract: Contract, rule: Rule, today: dt.date) -> Check:
    columns = [str(value) for key, value in rule.kwargs.items() if key.startswith("column")]
    kwargs = {key: _bound(contract, columns[0], key, value, today) for key, value in rule.kwargs.items()}
    if len(columns) > 1:  # whether a value may be missing is another check's question
        kwargs.setdefault("ignore_row_if", "either_value_is_missing")
    return Check(rule.id, columns[0], rule.expectation, kwargs, rule.severity, rule.indonesian, rule.english)


def _row_problem_checks() -> list[Check]:
    return [
        Check(
            id=code,
            field=None,
            expectation="expect_column_values_to_not_be_in_set",
            kwargs={"column": problem_column(ROW), "value_set": [code]},
            severity=problem.severity,
            indonesian=f"Baris: {problem.indonesian}",
            english=f"Row: {problem.english}",
        )
        for code, problem in ROW_PROBLEMS.items()
    ]


def _problem_checks(field: ContractField, is_matched: bool) -> list[Check]:
    """One check a problem that the field can have: its problem column must not hold that code.

    With `is_matched` the integration finds whom the row names by other fields, so a lack of this one is a warning.
    """
    problems = {
        code: (problem.severity, problem.indonesian, problem.english) for code, problem in field.type.problems.items()
    }
    if field.codelist is not None:
        problems = {UNKNOWN_CODE: COMMON[UNKNOWN_CODE]}
    if field.required:
        problems[REQUIRED] = COMMON[REQUIRED]
        if UNKNOWN_CODE in problems:
            problems[UNKNOWN_CODE] = ("error", *COMMON[UNKNOWN_CODE][1:])
    else:
        problems[PLACEHOLDER] = COMMON[PLACEHOLDER]
    return [
        Check(
            id=code,
            field=field.name,
            expectation="expect_column_values_to_not_be_in_set",
            kwargs={"column": problem_column(field.name), "value_set": [code]},
            severity="warning" if is_matched else severity,
            indonesian=indonesian,
            english=english,
        )
        for code, (severity, indonesian, english) in problems.items()
    ]


def _bound(contract: Contract, column: str, key: str, value: Any, today: dt.date) -> Any:
    """Type the bounds of a date field as dates; a text against a date would raise, not fail."""
    field = contract.field(column)
    if key in ("min_value", "max_value") and field is not None and field.type.postgres == "date":
        return dt.datetime.combine(today if value == "today" else dt.date.fromisoformat(str(value)), dt.time())
    return value
