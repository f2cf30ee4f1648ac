"""What a draft proposes for tables that the hub has never seen."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines.draft import Draft, FeedDraft, draft
from pipelines.draft.check import mistakes
from schemas.catalogue import Catalogue
from tests.pipelines.draft_surveys import ROWS, nik, survey_of, table, words_of
from tests.workspaces import ROOT

#: residents as a system names them that follows the habits
WARGA = {
    "id_warga": "id", "no_ktp": "nik", "nik_ayah": "nik_ayah", "nokk": "kk", "nm_lgkp": "nama", "tmp_lhr": "tempat",
    "tgl_lhr": "lahir", "jns_kel": "jk", "agama": "agama", "almt": "alamat", "no_rt": "rt", "kd_prop": "prop",
    "kd_kab": "kab", "kd_kec": "kec", "kd_kel": "kel", "no_hp": "telp", "tgl_update": "ubah", "flag_hapus": "hapus",
}  # fmt: skip
APP = "dinas.warga"


@cache
def project() -> Catalogue:
    """Return the project's catalogue: as an argument, hypothesis would print it whole."""
    return Catalogue.load(ROOT)


def only_feed(drafted: Draft) -> FeedDraft:
    (feed,) = drafted.feeds
    return feed


def mapped(feed: FeedDraft) -> dict[str, tuple[str, ...]]:
    return {item.field: item.columns for item in feed.fields if item.columns}


@pytest.fixture(scope="module")
def warga(catalogue: Catalogue) -> Draft:
    """The draft of one table of residents."""
    return draft(survey_of(table("tbl_warga", WARGA, primary_key=("id_warga",))), catalogue, APP)


def test_abbreviated_columns_of_residents_are_mapped(warga: Draft) -> None:
    feed = only_feed(warga)
    assert feed.dataset == "penduduk"
    assert mapped(feed) == {
        "nik": ("no_ktp",), "no_kk": ("nokk",), "nama_lengkap": ("nm_lgkp",), "tempat_lahir": ("tmp_lhr",),
        "tanggal_lahir": ("tgl_lhr",), "jenis_kelamin": ("jns_kel",), "agama": ("agama",), "alamat": ("almt",),
        "rt": ("no_rt",), "kode_kelurahan": ("kd_prop", "kd_kab", "kd_kec", "kd_kel"), "telepon": ("no_hp",),
    }  # fmt: skip


def test_key_cursor_and_deleted_rows_are_found(warga: Draft) -> None:
    feed = only_feed(warga)
    assert (feed.key, feed.key_why) == (("id_warga",), "primary key")
    assert feed.cursor == "tgl_update"
    assert feed.where == {"flag_hapus": ("0",)}


def test_the_draft_passes_the_check(warga: Draft, catalogue: Catalogue) -> None:
    assert mistakes(warga, catalogue) == []


def test_every_column_is_decided_on(warga: Draft) -> None:
    feed = yaml.safe_load(warga.yaml)["feeds"]["warga"]
    told = {*feed["key"], *feed["where"], feed["cursor"]["column"], *feed["ignore"]}
    for how in feed["map"].values():
        told |= {how} if isinstance(how, str) else {how["column"]} if "column" in how else set(how["columns"])
    assert told == set(WARGA)


def test_the_father_s_nik_is_not_taken_and_marked_as_personal(warga: Draft) -> None:
    assert ("tbl_warga", "nik_ayah", "values look like NIK") in warga.sensitive
    assert [column for _, column, _ in warga.unmapped] == ["nik_ayah"]


def test_a_date_s_format_is_read_off_the_sample(warga: Draft) -> None:
    birth = next(item for item in only_feed(warga).fields if item.field == "tanggal_lahir")
    assert birth.how == {"column": "tgl_lhr", "format": ["%d/%m/%Y"]}


def test_no_value_of_a_person_is_shown(warga: Draft) -> None:
    surveyed = table("tbl_warga", WARGA)
    shown = warga.yaml + str(warga.as_json())
    assert [text for text in words_of([surveyed]) if text in shown] == []


@settings(max_examples=10, deadline=None, derandomize=True, phases=[Phase.generate])
@given(names=st.lists(st.from_regex(r"[a-z]{1,2}[0-9]{1,2}", fullmatch=True), min_size=9, max_size=9, unique=True))
def test_a_column_of_niks_is_the_nik_whatever_its_name(names: list[str]) -> None:
    catalogue = project()
    kinds = ["id", "nik", "kk", "nama", "lahir", "jk", "agama", "alamat", "telp"]
    drafted = draft(survey_of(table("x1", dict(zip(names, kinds, strict=True)))), catalogue, APP)
    feed = only_feed(drafted)
    found = mapped(feed)
    nik_fields = [field for field in found if field.startswith("nik")]
    assert [found[field] for field in nik_fields] == [(names[1],)]
    assert found.get("tanggal_lahir", (names[4],)) == (names[4],)
    assert mistakes(drafted, catalogue) == []


def test_of_two_dates_the_one_inside_the_nik_is_the_birth(catalogue: Catalogue) -> None:
    columns = {"nik": "nik", "nama": "nama", "tgl1": lambda n: f"{2020 + n % 5}-03-{n % 28 + 1:02}", "tgl2": "lahir"}
    feed = only_feed(draft(survey_of(table("warga", columns)), catalogue, APP))
    assert mapped(feed)["tanggal_lahir"] == ("tgl2",)


def test_words_for_nothing_become_null_values(catalogue: Catalogue) -> None:
    def religion(number: int) -> str:
        return "TIDAK TAHU" if number % 6 == 0 else ("ISLAM", "HINDU")[number % 2]

    columns = {"nik": "nik", "nama": "nama", "tgl_lahir": "lahir", "agama": religion, "tmp_lahir": _dashed}
    fields = {item.field: item.how for item in only_feed(draft(_survey(columns), catalogue, APP)).fields}
    assert fields["agama"] == {"column": "agama", "null_values": ["TIDAK TAHU"], "lookup": "agama"}
    assert fields["tempat_lahir"] == {"column": "tmp_lahir", "null_values": ["-"]}


def test_codes_that_no_list_knows_are_left_to_the_steward(catalogue: Catalogue) -> None:
    columns = {"nik": "nik", "nama": "nama", "tgl_lahir": "lahir", "agama": lambda n: ("zq", "zr", "zs")[n % 3]}
    drafted = draft(_survey(columns), catalogue, APP)
    item = next(item for item in only_feed(drafted).fields if item.field == "agama")
    assert item.how == {"column": "agama", "lookup": "agama"}
    assert "'zq', 'zr', 'zs'" in item.notes[0]


def test_a_required_field_without_a_column_keeps_every_row_back(catalogue: Catalogue) -> None:
    columns = {"no_kunjungan": lambda n: f"KJ-2026-{n:05}", "nik": "nik", "tgl_kunjungan": _day, "nama_pasien": "nama",
               "diagnosa": lambda n: f"A{n % 90 + 10}", "poli": lambda n: ("Umum", "Gigi")[n % 2]}  # fmt: skip
    drafted = draft(_survey(columns, "kunjungan"), catalogue, APP)
    feed = only_feed(drafted)
    assert (feed.dataset, feed.missing) == ("kunjungan_kesehatan", ("kode_faskes",))
    assert yaml.safe_load(drafted.yaml)["feeds"]["kunjungan"]["map"]["kode_faskes"] == {"literal": ""}
    assert mistakes(drafted, catalogue) == []


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("activity_log", {"id": "id", "user_id": "rt", "action": lambda n: "login", "created_at": "ubah"}),
        ("sessions", {"id": lambda n: f"{n:040x}", "user_id": "id", "ip": lambda n: "10.0.0.1", "last": "ubah"}),
        ("migrations", {"id": "id", "migration": lambda n: f"2026_create_{n}", "batch": "rt"}),
        ("menu", {"id": "id", "parent": "rt", "label": lambda n: f"Menu {n}", "urut": "rt"}),
        ("users", {"id": "id", "username": lambda n: f"op{n}", "password": lambda n: f"{n:032x}", "level": "rt"}),
    ],
)
def test_tables_of_the_application_itself_are_ranked_out(
    catalogue: Catalogue, name: str, columns: dict[str, Any]
) -> None:
    drafted = draft(survey_of(table("tbl_warga", WARGA), table(name, columns)), catalogue, APP)
    assert [feed.table for feed in drafted.feeds] == ["tbl_warga"]
    assert [(item.table, bool(item.reason)) for item in drafted.left_out] == [(name, True)]
    assert f"#   {name} (" in drafted.yaml


def test_a_second_table_of_the_same_dataset_is_a_comment(catalogue: Catalogue) -> None:
    tables = (table("warga", WARGA), table("warga_lama_2019", WARGA))
    drafted = draft(survey_of(*tables), catalogue, APP)
    assert [feed.active for feed in drafted.feeds] == [True, False]
    assert list(yaml.safe_load(drafted.yaml)["feeds"]) == [drafted.feeds[0].name]
    assert mistakes(drafted, catalogue) == []


def test_a_source_with_nothing_of_use_gives_no_yaml(catalogue: Catalogue) -> None:
    drafted = draft(survey_of(table("x", {"a": lambda n: "?", "b": "kosong"})), catalogue, APP)
    assert (drafted.yaml, drafted.feeds) == ("", ())


def test_a_table_that_could_not_be_read_is_listed_with_its_reason(catalogue: Catalogue) -> None:
    broken = table("v_warga", WARGA, rows=0, problem="the view is broken")
    drafted = draft(survey_of(table("warga", WARGA), broken), catalogue, APP)
    assert [item.reason for item in drafted.left_out] == ["the view is broken"]


def test_names_with_signs_of_yaml_are_quoted(catalogue: Catalogue) -> None:
    columns = {"nik": "nik", "nama: lengkap #1": "nama", "tgl lahir": "lahir", "- jk": "jk", "no": "id", "[x]": "rt"}
    drafted = draft(_survey(columns), catalogue, APP)
    assert mistakes(drafted, catalogue) == []


def test_keys_are_found_in_the_sample_where_the_source_tells_none(catalogue: Catalogue) -> None:
    dice = random.Random(1)  # noqa: S311 - no secret
    columns = {"nik": lambda n: nik(n // 2), "periode": lambda n: f"2026-{n % 2 + 1:02}", "nama": "tempat",
               "nominal": lambda n: str(dice.choice([200000, 300000]))}  # fmt: skip
    feed = only_feed(draft(_survey(columns, "penerima_bantuan"), catalogue, APP))
    assert (set(feed.key), feed.key_why) == ({"nik", "periode"}, "unique together in the sample")


def _survey(columns: dict[str, Any], name: str = "warga") -> Any:
    return survey_of(table(name, columns))


def _dashed(number: int) -> str:
    return "-" if number % 5 == 0 else "Probolinggo"


def _day(number: int) -> str:
    return f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}"


def test_rows_of_the_helpers_are_enough() -> None:
    assert len({nik(number) for number in range(ROWS)}) == ROWS
