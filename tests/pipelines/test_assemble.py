"""How a mapping makes the text of a field."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from pipelines.assemble import field_code, field_text, source_texts
from schemas.codelist import Codelist
from schemas.mapping import FieldMap
from schemas.types.base import MISSING

CODES = Codelist("agama", {"1": "Islam", "5": "Budha", "6": "Khonghucu"}, {"1": "1", "ISLAM": "1", "5": "5", "6": "6"})


def texts(**columns: list[str | None]) -> pd.DataFrame:
    return source_texts(pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()}))


def plain(series: pd.Series[Any]) -> list[str | None]:
    return [None if pd.isna(cell) else str(cell) for cell in series]


def made(how: dict[str, Any], **columns: list[str | None]) -> list[str | None]:
    return plain(field_text(texts(**columns), FieldMap.model_validate(how)))


def coded(cells: list[str | None], local: dict[str, str]) -> tuple[list[str | None], list[str | None]]:
    how = FieldMap.model_validate({"column": "a", "lookup": {"list": "agama", "codes": local}})
    codes, problems = field_code(field_text(texts(a=cells), how), how, CODES)
    return plain(codes), plain(problems)


@pytest.mark.parametrize("word", sorted(MISSING))
def test_a_word_for_nothing_is_missing_in_any_case_and_between_spaces(word: str) -> None:
    assert made({"column": "a"}, a=[f" {word.upper()}\t", "x"]) == [None, "x"]


def test_texts_are_stripped_and_missing_ones_stay_missing() -> None:
    assert made({"column": "a"}, a=["  Budi ", None, "-5"]) == ["Budi", None, "-5"]


def test_a_template_is_filled_where_every_column_has_a_text() -> None:
    how = {"columns": ["a", "b"], "template": "{0:>02}.{1:>04}"}
    assert made(how, a=["5", "12", None], b=["7", "-", "1"]) == ["05.0007", None, None]


def test_a_template_over_an_empty_part_gives_an_empty_part() -> None:
    assert made({"columns": ["a"], "template": "{0}"}, a=[]) == []


def test_join_leaves_missing_columns_out() -> None:
    how = {"columns": ["a", "b", "c"], "join": " "}
    assert made(how, a=["Jl.", None, None], b=[None, "No.", "-"], c=["7", "8", ""]) == ["Jl. 7", "No. 8", None]


def test_coalesce_takes_the_first_column_that_has_a_text() -> None:
    assert made({"coalesce": ["a", "b"]}, a=["x", None, "null"], b=["y", "z", None]) == ["x", "z", None]


def test_split_takes_one_part_and_misses_a_part_that_is_not_there() -> None:
    how = {"column": "a", "split": {"by": ".", "part": 2}}
    assert made(how, a=["one. two .three", "one", "one.", None]) == ["two", None, None, None]


def test_null_values_of_one_system_are_missing_there() -> None:
    assert made({"column": "a", "null_values": ["0", "9999"]}, a=["0", " 9999 ", "90"]) == [None, None, "90"]


def test_null_values_apply_before_split() -> None:
    how = {"column": "a", "null_values": "0/0", "split": {"by": "/", "part": 1}}
    assert made(how, a=["0/0", "0/1"]) == [None, "0"]


def test_a_literal_stands_in_every_row() -> None:
    assert made({"literal": "N"}, a=["x", None]) == ["N", "N"]


def test_a_code_is_looked_up_by_code_name_or_variant() -> None:
    assert coded(["Islam", "1", " islam ", None], {}) == (["1", "1", "1", None], [None] * 4)


def test_a_local_code_goes_before_the_list() -> None:
    assert coded(["KP", "kp", "6", "5"], {"kp": "6", "6": "5"}) == (["6", "6", "5", "5"], [None] * 4)


def test_an_unknown_code_is_a_problem_and_no_value() -> None:
    assert coded(["Jedi", "1"], {}) == ([None, "1"], ["code.unknown", None])


def test_only_unknown_codes_are_no_values_either() -> None:
    assert coded(["Jedi", None], {}) == ([None, None], ["code.unknown", None])
