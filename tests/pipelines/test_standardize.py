"""Typed parts: row numbers, keys, content hashes, problems."""

from __future__ import annotations

import dataclasses

import hypothesis.strategies as st
import pyarrow as pa
from hypothesis import assume, given

from pipelines.assemble import source_texts
from pipelines.run import run_stage
from pipelines.standardize import clean_field, content_hash, source_keys, standard_part
from pipelines.workspace import FeedContext
from schemas.application import FilesApplication
from schemas.catalogue import Catalogue
from schemas.mapping import FieldMap
from schemas.types.registry import TYPES
from tests.pipelines.residents import APP, FEED, ORANG, Residents, resident
from tests.workspaces import MakeWorkspace, Row, application

CELL = st.none() | st.text(max_size=6)
#: texts made of what a key is joined and escaped with
KEY = st.none() | st.text(alphabet="ab|\\ \0", max_size=4)
#: what may stand in a typed column: texts that the text type cleaned, or nothing
CLEAN = CELL.map(lambda text: None if text is None else TYPES["text"].clean(text.replace("\0", "")))
ROW = st.lists(CLEAN, min_size=3, max_size=3)


def hashes(*rows: list[str | None]) -> list[str]:
    columns = {str(n): pa.array(list(cells), pa.string()) for n, cells in enumerate(zip(*rows, strict=True))}
    return list(content_hash(columns).to_pylist())


def context_of(catalogue: Catalogue) -> FeedContext:
    made = FilesApplication.model_validate(application("warga", "files", orang=ORANG) | {"id": APP})
    return FeedContext(FEED, "orang", made, made.feeds["orang"], catalogue.contracts["penduduk"])


def landed(context: FeedContext, rows: list[Row]) -> pa.Table:
    return pa.table({n: pa.array([row[n] for row in rows], pa.string()) for n in context.feed.landed_columns})


def test_rows_are_numbered_on_from_the_part_before(catalogue: Catalogue) -> None:
    context = context_of(catalogue)
    part = standard_part(landed(context, [resident(n) for n in range(3)]), 200, context, catalogue.codelists)
    assert part.column("_row").to_pylist() == [200, 201, 202]
    assert part.column("_key").to_pylist() == ["W00000", "W00001", "W00002"]


def test_a_part_of_no_rows_keeps_its_types(catalogue: Catalogue) -> None:
    context = context_of(catalogue)
    full = standard_part(landed(context, [resident(1)]), 0, context, catalogue.codelists)
    empty = standard_part(landed(context, []), 0, context, catalogue.codelists)
    assert {f.name: f.type for f in empty.schema} == {f.name: f.type for f in full.schema}


def test_a_field_that_is_not_mapped_is_empty_and_typed(catalogue: Catalogue) -> None:
    context = context_of(catalogue)
    part = standard_part(landed(context, [resident(1)]), 0, context, catalogue.codelists)
    assert part.column("no_kk").to_pylist() == [None]
    assert part.schema.field("tanggal_lahir").type == pa.date32()
    assert "no_kk__problem" not in part.column_names


def test_a_missing_required_field_and_a_broken_one_have_different_problems(catalogue: Catalogue) -> None:
    context = context_of(catalogue)
    rows = [resident(1, nik="-"), resident(2, nik="357491"), resident(3, nama=" ")]
    part = standard_part(landed(context, rows), 0, context, catalogue.codelists)
    assert part.column("nik__problem").to_pylist() == ["required", "nik.length", None]
    assert part.column("nama_lengkap__problem").to_pylist() == [None, None, "required"]
    assert part.column("nik").to_pylist()[:2] == [None, None]


def test_a_word_for_nothing_is_told_where_the_feed_did_not_declare_it(catalogue: Catalogue) -> None:
    context = context_of(catalogue)
    rows = [resident(1, telp="-"), resident(2, telp=" Tidak Ada "), resident(3, telp=""), resident(4)]
    part = standard_part(landed(context, rows), 0, context, catalogue.codelists)
    assert part.column("telepon__problem").to_pylist() == ["placeholder", "placeholder", None, None]
    assert part.column("telepon").to_pylist()[:3] == [None, None, None]
    context.feed.map["telepon"] = FieldMap.model_validate({"column": "telp", "null_values": ["-", "tidak ada"]})
    declared = standard_part(landed(context, rows), 0, context, catalogue.codelists)
    assert declared.column("telepon__problem").to_pylist() == [None] * 4


def test_a_zero_date_is_a_warning_and_a_missing_value_where_one_is_required(catalogue: Catalogue) -> None:
    context = context_of(catalogue)
    rows = [resident(1, lahir="00-00-0000")]
    part = standard_part(landed(context, rows), 0, context, catalogue.codelists)
    assert part.column("tanggal_lahir__problem").to_pylist() == ["date.zero"]
    field = dataclasses.replace(context.contract.field("tanggal_lahir"), required=True)
    cleaned = clean_field(source_texts(landed(context, rows)), field, context, catalogue.codelists)
    assert cleaned.problems.tolist() == ["required"]


def test_the_hash_does_not_hang_on_how_a_value_was_written(catalogue: Catalogue) -> None:
    context = context_of(catalogue)
    rows = [resident(3), resident(3, agama="HINDU", nama="  Warga   D Uji", telp="0812-3456-0003")]
    part = standard_part(landed(context, rows), 0, context, catalogue.codelists)
    assert len(set(part.column("_hash").to_pylist())) == 1


def test_the_hash_differs_when_any_mapped_field_differs(catalogue: Catalogue) -> None:
    context = context_of(catalogue)
    other = {"nik": resident(4)["nik"], "nama": "Lain", "lahir": "01-01-2001", "jk": "L", "agama": "5", "telp": "-"}
    rows = [resident(3), *(resident(3) | {column: text} for column, text in other.items())]
    part = standard_part(landed(context, rows), 0, context, catalogue.codelists)
    assert len(set(part.column("_hash").to_pylist())) == len(rows)


@given(ROW, ROW)
def test_two_contents_have_one_hash_only_when_they_are_equal(one: list[str | None], other: list[str | None]) -> None:
    first, second = hashes(one, other)
    assert (first == second) == (one == other)


@given(ROW, st.integers(0, 2), st.integers(0, 2))
def test_a_value_that_moves_to_another_field_changes_the_hash(row: list[str | None], here: int, there: int) -> None:
    moved = list(row)
    moved[here], moved[there] = row[there], row[here]
    assume(moved != row)
    first, second = hashes(row, moved)
    assert first != second


@given(st.lists(st.tuples(KEY, KEY), min_size=2, max_size=2))
def test_two_keys_are_one_text_only_when_they_are_equal(rows: list[tuple[str | None, str | None]]) -> None:
    cells = {name: pa.array(column, pa.string()) for name, column in zip("ab", zip(*rows, strict=True), strict=True)}
    texts = source_texts(pa.table(cells))
    first, second = source_keys(texts, ["a", "b"]).to_pylist()
    parts = [tuple(row) for row in texts.astype(object).where(texts.notna(), None).itertuples(index=False)]
    if None not in parts[0] and None not in parts[1] and "\0" not in "".join(map(str, parts[0] + parts[1])):
        assert (first == second) == (parts[0] == parts[1])
    else:
        assert None in (first, second)


def test_a_key_of_one_column_is_that_text() -> None:
    texts = source_texts(pa.table({"a": ["x|y\\z", "-"]}))
    assert source_keys(texts, ["a"]).to_pylist() == ["x|y\\z", None]


def test_standard_parts_lie_beside_the_landed_ones(make_workspace: MakeWorkspace, small_parts: int) -> None:
    residents = Residents(make_workspace)
    residents.export([resident(n) for n in range(3 * small_parts - 1)])
    for stage in ("extract", "standardize"):
        run_stage(residents.workspace, FEED, "r1", stage)
    batches = [residents.workspace.landing.batch(FEED, "r1", stage) for stage in ("landing", "standard")]
    assert [part.rows for part in batches[0].parts] == [small_parts, small_parts, small_parts - 1]
    assert [part.rows for part in batches[1].parts] == [part.rows for part in batches[0].parts]
