"""What a source wrote stays beside what is published, whatever it wrote."""

from __future__ import annotations

import datetime as dt
import json
import random

import hypothesis.strategies as st
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given

from pipelines.original import originals
from pipelines.run import sync
from pipelines.standardize import standard_part
from pipelines.workspace import FeedContext
from schemas.catalogue import Catalogue
from schemas.mapping import FieldMap
from store.database import Database
from store.trace import keep_mapping
from tests.pipelines.residents import FEED, Residents, resident
from tests.workspaces import MakeWorkspace, Row, query

#: a text as SQL, files and web services send it, with what JSON and PostgreSQL stumble over
TEXT = st.none() | st.text() | st.text(alphabet='"\\\0\n\t\x1f\x7fu0{},:é😀 ', max_size=8)
COLUMN = FieldMap(column="a")
#: what people and programs leave around a value
AROUND = ("", " ", "\t", "\n", "\u00a0", "'")


def kept(raw: dict[str, list[str | None]], values: dict[str, pa.Array], **mapping: FieldMap) -> list[Row | None]:
    part = pa.table({name: pa.array(texts, pa.string()) for name, texts in raw.items()})
    made = originals(part, values, mapping).to_pylist()
    return [None if text is None else json.loads(text) for text in made]


def stored(database: Database, feed: str = "dinas__warga__orang") -> dict[str, Row | None]:
    rows = query(database, f"SELECT _key, _original FROM source.{feed}")
    return {row["_key"]: None if row["_original"] is None else json.loads(row["_original"]) for row in rows}


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6), st.text(min_size=1))
@example([("\\u0000", "\0"), ("\\", '"')], '\\"\0')
def test_every_text_comes_back_as_it_was(rows: list[tuple[str | None, str | None]], column: str) -> None:
    first, second = zip(*rows, strict=True)
    names = [f"{column}1", f"{column}2"]
    how = FieldMap(columns=names, join=" ")
    found = kept(dict(zip(names, (list(first), list(second)), strict=True)), {"f": pa.nulls(len(rows))}, f=how)
    for row, texts in zip(found, rows, strict=True):
        assert row == ({n: t for n, t in zip(names, texts, strict=True) if t is not None} or None)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6))
def test_a_text_is_left_out_exactly_where_the_field_shows_it(cells: list[tuple[str | None, str | None]]) -> None:
    raw, shown = zip(*cells, strict=True)
    found = kept({"a": list(raw)}, {"f": pa.array(shown, pa.string())}, f=COLUMN)
    assert found == [None if r is None or r == s else {"a": r} for r, s in cells]


@pytest.mark.parametrize(
    ("value", "raw", "is_shown"),
    [
        (pa.array([15500]), "15500", True),
        (pa.array([15500]), "15.500", False),
        (pa.array([15500]), "015500", False),
        (pa.array([12.5]), "12.5", True),
        (pa.array([12.0]), "12", True),
        (pa.array([12.0]), "12.0", False),
        (pa.array([1e20]), "100000000000000000000", False),
        (pa.array([0.00001]), "0.00001", False),
        (pa.array([True]), "true", True),
        (pa.array([True]), "1", False),
        (pa.array([7], pa.date32()), "1970-01-08", True),
        (pa.array([7], pa.date32()), "08-01-1970", False),
        (pa.array(["x"]), " x", False),
        (pa.array([None], pa.string()), "", False),
        (pa.array([None], pa.string()), "-", False),
    ],
)
def test_a_value_of_each_type_shows_only_its_own_text(value: pa.Array, raw: str, is_shown: bool) -> None:
    assert kept({"a": [raw]}, {"f": value}, f=COLUMN) == [None if is_shown else {"a": raw}]


def test_a_column_that_one_of_its_fields_does_not_show_is_kept() -> None:
    fields = {"f": pa.array(["1"]), "g": pa.array(["2"])}
    assert kept({"a": ["1"]}, fields, f=COLUMN, g=COLUMN) == [{"a": "1"}]
    fields["g"] = pa.array(["1"])
    assert kept({"a": ["1"]}, fields, f=COLUMN, g=COLUMN) == [None]


def test_columns_that_are_not_mapped_and_literals_are_not_kept() -> None:
    assert kept({"a": ["1"]}, {"f": pa.array(["2"])}, f=FieldMap(literal="2")) == [None]


def test_no_row_has_no_original() -> None:
    assert kept({"a": []}, {"f": pa.array([], pa.string())}, f=COLUMN) == []


def test_a_published_row_keeps_what_its_source_wrote(make_workspace: MakeWorkspace) -> None:
    residents = Residents(make_workspace)
    residents.export([resident(0, nama=" Warga  Nol ", telp="0812-3456 7890"), resident(1, agama="?")])
    sync(residents.workspace, FEED, "r1")
    assert stored(residents.workspace.database) == {
        "W00000": {
            "nama": " Warga  Nol ", "lahir": "01-01-1960", "agama": "Hindu", "telp": "0812-3456 7890",
        },
        "W00001": {"lahir": "07-02-1960", "agama": "?", "telp": "081234560001"},
    }  # fmt: skip


def test_another_writing_of_the_same_value_is_no_change(make_workspace: MakeWorkspace) -> None:
    residents = Residents(make_workspace)
    residents.export([resident(0), resident(1)])
    sync(residents.workspace, FEED, "r1")
    before = stored(residents.workspace.database)
    residents.export([resident(0, telp="+62 812 3456 0000"), resident(1, telp="+62 812 3456 9999")])
    account = sync(residents.workspace, FEED, "r2")
    assert (account.updated, account.unchanged) == (1, 1)
    after = stored(residents.workspace.database)
    assert after["W00000"] == before["W00000"]  # of run r1, which the row names
    assert (after["W00001"] or {})["telp"] == "+62 812 3456 9999"


def test_postgresql_gives_back_every_text_that_a_source_wrote(make_workspace: MakeWorkspace) -> None:
    dice = random.Random(7)  # noqa: S311
    residents = Residents(make_workspace)
    database = residents.workspace.database
    rows = [
        resident(number, **{name: f"{dice.choice(AROUND)}{text}{dice.choice(AROUND)}"})
        for number in range(60)
        for name, text in [dice.choice([*resident(number).items()][1:7])]
    ]
    residents.export(rows)
    account = sync(residents.workspace, FEED, "r1")
    context = residents.workspace.feed(FEED)
    with database.transaction() as connection:  # as publish does
        keep_mapping(connection, FEED, "penduduk", context.feed.map, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    calls = ", ".join(f"control.original_of('{field}', r.said, r.columns) AS {field}" for field in context.feed.map)
    found = query(
        database, f"SELECT s._key, {calls} FROM source.dinas__warga__orang s, control.source_row('{FEED}', s._key) r"
    )
    assert account.inserted == len(found) > 40
    sent = {row["id"]: row for row in rows}
    for row in found:
        for field, how in context.feed.map.items():
            assert row[field] == {name: sent[row["_key"]][name] for name in how.sources}


def test_every_example_of_the_catalogue_can_be_read_back(catalogue: Catalogue) -> None:
    """Of 99 applications: each mapped text is in the original, or is what every field of it alone shows."""
    told = 0
    for app in catalogue.applications.values():
        for name, feed in app.feeds.items():
            if feed.example is None:
                continue
            context = FeedContext(f"{app.id}.{name}", name, app, feed, catalogue.contracts[feed.dataset])
            sent = {column: feed.example.in_.get(column) for column in feed.landed_columns}
            texts = {column: None if text is None else str(text) for column, text in sent.items()}
            part = pa.table({column: pa.array([text], pa.string()) for column, text in texts.items()})
            row = standard_part(part, 0, context, catalogue.codelists)
            original = json.loads(row.column("_original")[0].as_py() or "{}")
            for column in {column for how in feed.map.values() for column in how.sources}:
                alone = [field for field, how in feed.map.items() if how.sources == [column]]
                shown = {pc.cast(row.column(field), pa.string())[0].as_py() for field in alone}
                assert original.get(column, texts[column]) == texts[column]
                assert column in original or texts[column] is None or shown == {texts[column]}
                told += 1
    assert told > 500
