"""Which value survives: the order of a field, what decides when its first source is silent, and who is named."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.survivorship import stage_release, warned
from schemas.catalogue import Catalogue
from schemas.contract import Contract
from schemas.integration_plan import IntegrationPlan
from store.database import Database, execute
from store.tables import HUB_COLUMNS, TableName, create_staging, ensure_source, source_table
from tests.pipelines.entities import FEEDS, KINDS, RUNS, STAGING, TODAY, Model, Source, contract, plan, stage

SATU, DUA, TIGA, EMPAT, LIMA = FEEDS
Values = dict[str, Any]


def say(feed: str, row_key: str = "", run: str = "r1", **values: Any) -> Source:
    """Return a row of entity K."""
    return Source(feed, row_key or feed[2].upper(), run=run, values=values)


def survivor(database: Database, decided: IntegrationPlan, *rows: Source, feeds: list[str] | None = None) -> Values:
    """Return the staged row of the only entity."""
    (row,) = stage(database, contract("kode"), decided, list(rows), feeds).values()
    return row


def own_order(field: str, silent: str, sources: list[str] = FEEDS, **more: Any) -> IntegrationPlan:
    authority = {"sources": sources, "silent": silent, **{k: v for k, v in more.items() if k == "tolerance"}}
    return plan(fields={field: authority}, **{k: v for k, v in more.items() if k != "tolerance"})


def test_the_first_source_with_a_value_wins_and_is_named(database: Database) -> None:
    row = survivor(
        database, plan(), say(SATU, "a", nama="Ani"), say(DUA, "b", nama="Budi", jumlah=2), say(TIGA, jumlah=3)
    )
    assert (row["kode"], row["nama"], row["jumlah"], row["ukuran"]) == ("K", "Ani", 2, None)
    assert row["_provenance"] == {"kode": [SATU, "a"], "nama": [SATU, "a"], "jumlah": [DUA, "b"]}


def test_a_field_has_an_order_of_its_own_and_who_is_left_out_never_supplies_it(database: Database) -> None:
    decided = own_order("nama", "next", [TIGA, DUA])
    row = survivor(database, decided, say(SATU, nama="Satu", jumlah=1), say(DUA, nama="Dua", jumlah=2))
    assert (row["nama"], row["jumlah"]) == ("Dua", 1)
    assert survivor(database, decided, say(SATU, nama="Satu"))["nama"] is None
    assert survivor(database, decided, say(SATU, nama="Satu"), feeds=[SATU])["nama"] is None


@pytest.mark.parametrize("silent", ["next", "recent", "majority"])
def test_the_first_source_has_the_last_word_however_old_and_alone(database: Database, silent: str) -> None:
    decided = own_order("nama", silent, time="tanggal")
    others = [say(feed, run="r3", nama="Lain", tanggal=dt.date(2026, 6, 1)) for feed in FEEDS[1:]]
    assert survivor(database, decided, say(SATU, nama="Ani", tanggal=dt.date(1990, 1, 1)), *others)["nama"] == "Ani"
    assert survivor(database, decided, say(SATU), *others)["_provenance"]["nama"][0] == DUA


def test_where_the_first_is_silent_the_newest_wins_by_the_day_it_was_true(database: Database) -> None:
    decided = own_order("nama", "recent", time="tanggal")
    rows = [
        say(DUA, nama="Lama", tanggal=dt.date(2024, 1, 1), run="r3"),
        say(TIGA, nama="Baru", tanggal=TODAY),
        say(EMPAT, nama="Nanti", tanggal=TODAY + dt.timedelta(1)),
        say(LIMA, nama="Kapan", run="r3"),
    ]
    assert survivor(database, decided, *rows)["nama"] == "Baru"
    # neither a day to come nor none at all beats one that is known
    assert survivor(database, decided, rows[0], *rows[2:])["nama"] == "Lama"
    # of one day the order decides, not who was read last
    same_day = [say(feed, nama=feed, tanggal=TODAY, run=run) for feed, run in ((DUA, "r1"), (TIGA, "r3"))]
    assert survivor(database, decided, *same_day)["nama"] == DUA


def test_without_a_day_the_newest_is_what_the_hub_saw_change_last(database: Database) -> None:
    decided = own_order("nama", "recent")
    first = say(DUA, nama="Dua", tanggal=TODAY)
    assert survivor(database, decided, first, say(TIGA, nama="Tiga", run="r2"))["nama"] == "Tiga"
    assert survivor(database, decided, first, say(TIGA, nama="Tiga"))["nama"] == "Dua"
    assert survivor(database, decided, say(DUA, nama="Dua", run="r4"), say(TIGA, nama="Tiga"))["nama"] == "Tiga"


def test_a_first_source_that_has_not_published_leaves_its_last_word_to_nobody(database: Database) -> None:
    rows = [say(DUA, nama="Dua"), say(TIGA, nama="Tiga", run="r2"), say(EMPAT, nama="Tiga", run="r3")]
    published = [DUA, TIGA, EMPAT]
    assert survivor(database, own_order("nama", "recent"), *rows, feeds=published)["_provenance"]["nama"][0] == EMPAT
    assert survivor(database, own_order("nama", "majority"), *rows, feeds=published)["nama"] == "Tiga"


def test_a_majority_counts_spellings_as_one_and_keeps_that_of_its_strongest(database: Database) -> None:
    decided = own_order("nama", "majority")
    rows = [say(DUA, nama="Siti"), say(TIGA, nama="Siti  AMINAH "), say(EMPAT, nama="SITI Aminah")]
    row = survivor(database, decided, *rows)
    assert (row["nama"], row["_provenance"]["nama"]) == ("Siti  AMINAH ", [TIGA, "T"])
    assert survivor(database, decided, *rows[:2])["nama"] == "Siti"


@pytest.mark.parametrize(
    ("field", "tolerance", "values", "wins"),
    [
        ("jumlah", 0, [1000, 1050, 1050], 1050),
        ("jumlah", 0.1, [500, 1000, 1100], 1000),
        ("jumlah", 0.1, [1000, 1150, 1300], 1000),
        ("ukuran", 0.05, [9.0, 1.0, 1.04], 1.0),
        ("jumlah", 0.1, [5, -10, -11], -10),
        ("tanggal", 0, [dt.date(2020, 1, 1), dt.date(2020, 1, 3), dt.date(2020, 1, 4)], dt.date(2020, 1, 1)),
        ("tanggal", 1, [dt.date(2020, 1, 1), dt.date(2020, 1, 3), dt.date(2020, 1, 4)], dt.date(2020, 1, 3)),
        ("aktif", 0, [True, False, False], False),
    ],
)
def test_values_within_the_tolerance_count_as_one(
    database: Database, field: str, tolerance: float, values: list[Any], wins: Any
) -> None:
    rows = [say(feed, **{field: value}) for feed, value in zip(FEEDS[1:], values, strict=False)]
    assert survivor(database, own_order(field, "majority", tolerance=tolerance), *rows)[field] == wins


PERSON = {"person": {"nik": "nik", "name": "nama"}}


def test_the_row_carries_the_number_of_the_person_whom_it_names(database: Database) -> None:
    rows = [
        Source(SATU, "a", "K1", "3574010101900001", values={"nik": "3574010101900007"}),
        Source(SATU, "b", "K2", "3574010101900002"),
        Source(SATU, "c", "K3", values={"nik": "3574010101900003"}),
        Source(SATU, "d", "K4"),
    ]
    staged = stage(database, contract("kode"), plan(**PERSON), rows)
    assert [staged[f"K{n}"]["nik"] for n in (1, 2, 3, 4)] == [
        "3574010101900001", "3574010101900002", "3574010101900003", None,
    ]  # fmt: skip
    assert staged["K2"]["_provenance"]["nik"] == [SATU, "b"]


def test_fields_of_a_key_are_of_the_entity(database: Database) -> None:
    row = Source(SATU, "a", "3574010101900001", "3574010101900001", values={"nik": "3574010101900007", "nama": "Ani"})
    staged = stage(database, contract("nik"), plan(**PERSON), [row])
    assert staged["3574010101900001"]["nik"] == "3574010101900001"
    rows = [
        Source(DUA, "b", "3574010101900001|X", "3574010101900001", values={"nik": None, "kode": "X"}),
        Source(TIGA, "c", "3574010101900001|X", values={"nik": "3574010101900001", "kode": "Y"}),
    ]
    decided = own_order("kode", "next", [TIGA, DUA], **PERSON)
    (both,) = stage(database, contract("nik", "kode"), decided, rows).values()
    assert (both["nik"], both["kode"], both["_provenance"]["kode"]) == ("3574010101900001", "X", [DUA, "b"])


def test_of_two_merged_rows_the_one_whose_key_stays_speaks(database: Database) -> None:
    rows = [
        Source(SATU, "a", "3574010101900001", values={"nik": "3574010101900009", "nama": "Siti"}),
        Source(SATU, "b", "3574010101900001", warnings="x:y", values={"nik": "3574010101900001", "nama": "Ani"}),
    ]
    (row,) = stage(database, contract("nik"), plan(), rows).values()
    assert (row["nik"], row["nama"]) == ("3574010101900001", "Ani")


def test_of_a_feed_one_row_speaks_and_only_its_warnings_are_told(database: Database) -> None:
    rows = [
        Source(SATU, "a", warnings="x:y|nik:nik.province", values={"nama": "Ani", "jumlah": 1}),
        Source(SATU, "c", warnings="telepon:phone.much_too_long_for_a_number", values={"nama": "Budi"}),
        Source(SATU, "d", warnings="x:y", values={"nama": "Cici"}),
        Source(DUA, "e", warnings="nama:n|k:k", values={"nama": "Dodi"}),
    ]
    row = survivor(database, plan(), *rows)
    assert (row["nama"], row["jumlah"]) == ("Budi", None)
    assert row["_warnings"] == f"{SATU}:telepon:phone.much_too_long_for_a_number|{DUA}:nama:n|{DUA}:k:k"
    with database.transaction() as connection:
        assert {item["warning"]: item["rows"] for item in warned(connection, STAGING)} == {
            f"{SATU}:telepon:phone.much_too_long_for_a_number": 1, f"{DUA}:nama:n": 1, f"{DUA}:k:k": 1,
        }  # fmt: skip


def test_the_hash_is_of_what_is_news(database: Database) -> None:
    decided = plan(volatile=["jumlah"])
    hashes = [
        survivor(database, decided, say(SATU, **values))["_hash"]
        for values in ({"nama": "A", "jumlah": 1}, {"nama": "A", "jumlah": 2}, {"nama": ""}, {"nama": None}, {})
    ]
    assert hashes[0] == hashes[1]
    assert len({*hashes[1:]}) == 3  # nothing and an empty text differ, and both from A


def test_any_key_of_a_source_survives_in_the_provenance(database: Database) -> None:
    odd = 'a"b\\c|{d}, \t%s é \u2028'
    assert survivor(database, plan(), say(SATU, odd, nama="Ani"))["_provenance"]["nama"] == [SATU, odd]


def test_every_plan_of_the_city_can_be_staged(database: Database, catalogue: Catalogue) -> None:
    for dataset, decided in catalogue.plans.items():
        assert _stage_nothing(database, catalogue.contracts[dataset], decided) == 0


def _stage_nothing(database: Database, made: Contract, decided: IntegrationPlan) -> int:
    with database.transaction() as connection:
        for feed in decided.sources:
            ensure_source(connection, source_table(feed), made)
        create = "CREATE TEMP TABLE {rows} (feed text, row_key text, key text, person text) ON COMMIT DROP"
        execute(connection, create, rows="uji_rows")
        create_staging(connection, STAGING, made, HUB_COLUMNS)
        stage_release(connection, STAGING, made, decided, decided.sources, TableName("pg_temp", "uji_rows"))
        return int(execute(connection, "SELECT count(*) FROM {t}", t=STAGING.identifier).scalar_one())


WORDS: Values = {
    "kode": st.sampled_from(["K1", "K2"]),
    "nik": st.sampled_from(["3574010101900001", "3574010101900002"]),
    "nama": st.sampled_from(["Siti Aminah", "SITI  aminah", "Siti", "siti ", ""]),
    "jumlah": st.sampled_from([0, 9, 10, 11, 12, -10]),
    "ukuran": st.sampled_from([0.0, 1.0, 1.08, 1.2, -1.0]),
    "tanggal": st.sampled_from([TODAY + dt.timedelta(days) for days in (-400, -2, -1, 0, 1)]),
    "aktif": st.booleans(),
}


@st.composite
def sources(draw: st.DrawFn) -> list[Source]:
    """Return rows of three entities, mostly told by most feeds, some twice."""
    rows = []
    for feed in FEEDS:
        for number in range(draw(st.integers(0, 5))):
            values = {name: draw(st.none() | words) for name, words in WORDS.items()}
            key, person = draw(st.sampled_from(["K1", "K2", "K3"])), draw(st.none() | WORDS["nik"])
            warnings = draw(st.sampled_from([None, "", "a:b", "a:b|c:d", "long_field:long_rule"]))
            rows.append(Source(feed, f"row {number}", key, person, warnings, draw(st.sampled_from([*RUNS])), values))
    return rows


@st.composite
def plans(draw: st.DrawFn) -> IntegrationPlan:
    """Return a plan with orders of their own for most fields."""
    orders = {
        name: {
            "sources": draw(st.permutations(FEEDS).map(lambda order: order[:4]) | st.permutations(FEEDS)),
            "silent": draw(st.sampled_from(["next", "recent", "majority", "majority"])),
            "tolerance": draw(st.sampled_from([0, 0.1, 1])),
        }
        for name in KINDS
        if draw(st.integers(0, 3))
    }
    more = {"time": "tanggal"} if draw(st.booleans()) else {}
    return plan(draw(st.permutations(FEEDS)), fields=orders, **more, **(PERSON if draw(st.booleans()) else {}))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=sources(),
    decided=plans(),
    feeds=st.lists(st.sampled_from(FEEDS), min_size=1, unique=True) | st.just(FEEDS),
    made=st.sampled_from([contract("kode"), contract("nik", "kode")]),
)
def test_what_is_staged_is_what_the_model_says(
    database: Database, rows: list[Source], decided: IntegrationPlan, feeds: list[str], made: Contract
) -> None:
    feeds = [feed for feed in decided.sources if feed in feeds]
    staged = stage(database, made, decided, rows, feeds)
    wanted = Model(made, decided, feeds, rows).entities()
    assert {key: {n: v for n, v in row.items() if n not in ("_key", "_hash")} for key, row in staged.items()} == wanted
