"""The measure of the integration tells right links, values and contradictions from wrong ones, and notices losses."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hub.city_published import city_tables
from hub.integration_matching import damaged_rows, row_keys, score_matching
from hub.integration_rules import score_rules
from hub.integration_score import score_integration
from hub.integration_survivorship import Chosen, Supplied, score_dataset, score_survivorship, supplied_by, truth_values
from pipelines.workspace import FeedContext
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from simulator.build import SUMMARY, CitySummary
from simulator.contradictions import known
from simulator.derive import Derived, derive_table
from simulator.population import build_truth, today
from simulator.state import write_truth
from store.database import Database, execute
from store.tables import ensure_hub, ensure_source, hub_table, members_table, source_table

SEED = 3
TRUTH = build_truth(600, SEED)
PATIENTS = "dinkes_ppkb.epuskesmas.pasien"
REGISTER = "dispendukcapil.siak.biodata"


@dataclasses.dataclass(frozen=True)
class Feed:
    context: FeedContext
    made: Derived
    keys: list[str]
    owners: list[str]


def feed_of(catalogue: Catalogue, feed: str) -> Feed:
    for name, context, table in city_tables(catalogue):
        if context.id == feed:
            made = derive_table(name, table, TRUTH[table.truth], SEED)
            owners = made.truth["nik"].iloc[made.origin].tolist()
            return Feed(context, made, row_keys(context, made).tolist(), owners)
    raise AssertionError(feed)


@pytest.fixture(scope="module")
def patients() -> Feed:
    return feed_of(Catalogue.load(Path()), PATIENTS)


@pytest.fixture(scope="module")
def register() -> Feed:
    return feed_of(Catalogue.load(Path()), REGISTER)


def matched(catalogue: Catalogue, feed: Feed, links: dict[str, str | None], residents: set[str]) -> dict[str, Any]:
    person = catalogue.plans["penduduk"].person
    assert person is not None
    return score_matching(damaged_rows(feed.context, person, feed.made, set(feed.keys), residents, links))


def test_right_links_of_damaged_records_are_all_right(catalogue: Catalogue, patients: Feed) -> None:
    right: dict[str, str | None] = dict(zip(patients.keys, patients.owners, strict=True))
    result = matched(catalogue, patients, right, set(patients.owners))
    assert (result["f1"], result["precision"], result["recall"]) == (1.0, 1.0, 1.0)
    lines = {row["damage"]: row["records"] for row in result["by_damage"]}
    assert lines["nik_missing"] >= 3
    assert lines["nik_other"] >= 1
    assert any("+" in damage for damage in lines)
    assert sum(count for damage, count in lines.items() if "+" not in damage) >= result["records"]
    damaged = patients.made.faults[patients.made.faults["field"].isin(["nik", "nik,no_kk"])]
    assert result["records"] >= damaged["row"].nunique()  # repeated rows repeat the damage


def test_a_link_by_somebody_else_s_number_is_wrong(catalogue: Catalogue, patients: Feed) -> None:
    by_number: dict[str, str | None] = {
        key: nik if nik in set(patients.owners) else None
        for key, nik in zip(patients.keys, patients.made.texts["nik"], strict=True)
    }
    result = matched(catalogue, patients, by_number, set(patients.owners))
    other = next(row for row in result["by_damage"] if row["damage"] == "nik_other")
    missing = next(row for row in result["by_damage"] if row["damage"] == "nik_missing")
    assert (other["precision"], other["recall"]) == (0.0, 0.0)
    assert (missing["precision"], missing["recall"]) == (1.0, 0.0)  # nobody was taken for anybody


def test_who_is_not_in_the_register_cannot_be_found_and_must_not_be(catalogue: Catalogue, patients: Feed) -> None:
    nobody: dict[str, str | None] = dict.fromkeys(patients.keys)
    result = matched(catalogue, patients, nobody, set())
    assert (result["precision"], result["recall"]) == (1.0, 1.0)
    everybody: dict[str, str | None] = dict.fromkeys(patients.keys, "3574910101900001")
    assert matched(catalogue, patients, everybody, set())["precision"] == 0.0


def test_records_that_are_not_published_are_left_out(catalogue: Catalogue, patients: Feed) -> None:
    person = catalogue.plans["penduduk"].person
    assert person is not None
    assert damaged_rows(patients.context, person, patients.made, set(), set(patients.owners), {}) == []


def published_residents(catalogue: Catalogue, register: Feed) -> pd.DataFrame:
    """Return what a perfect hub publishes of the register: the truth of every resident, from the register."""
    contract, frame = catalogue.contracts["penduduk"], TRUTH["penduduk"]
    values = {
        field.name: truth_values(frame, field, catalogue.codelists)
        for field in contract.fields
        if field.name in frame
    }  # fmt: skip
    row_of = dict(zip(register.owners, register.keys, strict=True))
    provenance = [{name: [REGISTER, row_of[nik]] for name in values} for nik in frame["nik"]]
    rows = pd.DataFrame({**values, "_provenance": provenance}).astype(object)
    return rows.where(rows.notna(), None)


def chosen(catalogue: Catalogue, feeds: dict[str, Supplied], published: pd.DataFrame) -> dict[str, Any]:
    contract = catalogue.contracts["penduduk"]
    found: Chosen = score_dataset(contract, TRUTH["penduduk"], feeds, published, catalogue.codelists)
    return score_survivorship({"penduduk": found})


@pytest.fixture(scope="module")
def supplied(register: Feed) -> dict[str, Supplied]:
    catalogue = Catalogue.load(Path())
    shown = supplied_by(register.context, register.made, TRUTH["penduduk"], catalogue.codelists)
    assert shown is not None
    return {REGISTER: shown}


def test_the_truth_is_all_right(catalogue: Catalogue, register: Feed, supplied: dict[str, Supplied]) -> None:
    result = chosen(catalogue, supplied, published_residents(catalogue, register))
    assert result["share_right"] == 1.0
    assert result["wrong_by_field"] == []
    assert result["fields"] > 600 * 12
    assert result["by_dataset"]["penduduk"]["without_truth"] == 0


def test_a_wrong_and_a_missing_value_are_told_by_field(
    catalogue: Catalogue, register: Feed, supplied: dict[str, Supplied]
) -> None:
    rows = published_residents(catalogue, register)
    rows.loc[0, "nama_lengkap"] = "orang lain"
    rows.loc[1, "tempat_lahir"] = None
    stranger = rows.iloc[[0]].assign(nik="3574910101909999")
    result = chosen(catalogue, supplied, pd.concat([rows, stranger], ignore_index=True))
    assert {(row["field"], row["wrong"]) for row in result["wrong_by_field"]} == {
        ("nama_lengkap", 1), ("tempat_lahir", 1),
    }  # fmt: skip
    assert result["fields"] - result["right"] == 2
    assert result["by_dataset"]["penduduk"]["without_truth"] == 1


def test_the_source_s_own_spelling_is_right_for_its_own_resident_alone(
    catalogue: Catalogue, register: Feed, supplied: dict[str, Supplied]
) -> None:
    rows = published_residents(catalogue, register)
    source = supplied[REGISTER].expected["alamat"].source
    truth = truth_values(TRUTH["penduduk"], catalogue.contracts["penduduk"].field("alamat"), catalogue.codelists)  # type: ignore[arg-type]
    assert source is not None
    row = int(np.flatnonzero(source != truth)[0])
    rows.loc[row, "alamat"] = source[row]
    assert chosen(catalogue, supplied, rows)["share_right"] == 1.0
    other = next(n for n in range(600) if source[n] != source[row])
    borrowed = rows["_provenance"].tolist()
    borrowed[row] = {**borrowed[row], "alamat": [REGISTER, register.keys[other]]}
    rows = rows.assign(_provenance=borrowed)
    assert chosen(catalogue, supplied, rows)["right"] == chosen(catalogue, supplied, rows)["fields"] - 1


def test_fields_that_no_source_shows_do_not_count(catalogue: Catalogue, register: Feed) -> None:
    result = chosen(catalogue, {}, published_residents(catalogue, register))
    assert result["fields"] == 0


def test_rules_count_found_missed_and_invented_contradictions() -> None:
    cases = known(TRUTH, today())
    whole = score_rules(TRUTH, today(), cases, set())
    assert (whole["recall"], whole["precision"]) == (1.0, 1.0)
    fewer = cases.drop(index=cases.index[cases["rule"] == "bukan_lansia"][0])
    invented = cases[cases["rule"] == "siswa_dua_sekolah"].head(1).assign(other_key="9999999999")
    foreign = invented.assign(rule="aturan_lain")
    result = score_rules(TRUTH, today(), pd.concat([fewer, invented, foreign], ignore_index=True), set())
    lines = {row["rule"]: row for row in result["by_rule"]}
    assert lines["bukan_lansia"]["known"] - lines["bukan_lansia"]["right"] == 1
    assert lines["siswa_dua_sekolah"]["found"] - lines["siswa_dua_sekolah"]["right"] == 1
    assert result["recall"] == round((len(cases) - 1) / len(cases), 4)
    assert result["precision"] == round((len(cases) - 1) / len(cases), 4)
    assert result["not_measured"] == ["aturan_lain"]


def test_what_no_source_shows_is_counted_apart() -> None:
    cases = known(TRUTH, today())
    every = {(row["dataset"], row["key"]) for row in cases.to_dict("records")}
    every |= {(row["other_dataset"], row["other_key"]) for row in cases.to_dict("records") if row["other_key"]}
    gone = cases[cases["rule"] == "bukan_lansia"].iloc[0]
    fewer = cases.drop(index=gone.name)
    result = score_rules(TRUTH, today(), fewer, set(), every - {(gone["dataset"], gone["key"])})
    line = {row["rule"]: row for row in result["by_rule"]}["bukan_lansia"]
    assert (line["unseen"], line["recall"], result["recall"]) == (1, 1.0, 1.0)
    assert score_rules(TRUTH, today(), fewer, set(), every)["recall"] < 1


def test_a_contradiction_of_a_spoiled_record_is_no_false_alarm_and_no_success() -> None:
    cases = known(TRUTH, today())
    invented = cases[cases["rule"] == "siswa_dua_sekolah"].head(1).assign(other_key="9999999999")
    found = pd.concat([cases, invented], ignore_index=True)
    result = score_rules(TRUTH, today(), found, {("siswa", "9999999999")})
    line = {row["rule"]: row for row in result["by_rule"]}["siswa_dua_sekolah"]
    assert (line["found"] - line["known"], line["by_fault"], result["precision"]) == (1, 1, 1.0)


def city_folder(folder: Path) -> Path:
    write_truth(folder, TRUTH, {})
    summary = CitySummary(600, SEED, str(folder), 0, {})
    (folder / SUMMARY).write_text(json.dumps(dataclasses.asdict(summary)))
    return folder


def fill(database: Database, catalogue: Catalogue, register: Feed, patients: Feed) -> None:
    """Fill the tables as a hub does that links every patient to the right resident."""
    contract = catalogue.contracts["penduduk"]
    rows = published_residents(catalogue, register)
    names = [field.name for field in contract.fields]
    cases = known(TRUTH, today())
    with database.transaction() as connection:
        ensure_hub(connection, contract)
        for feed in (PATIENTS, REGISTER):
            ensure_source(connection, source_table(feed), contract)
        for row in rows.to_dict("records"):
            values = {**{name: row[name] for name in names}, "p": json.dumps(row["_provenance"])}
            places = ", ".join(f"%({name})s" for name in names)
            execute(
                connection,
                f"INSERT INTO {{table}} (_key, _hash, _release, _provenance, {', '.join(names)})"
                f" VALUES (%(nik)s, '', 1, %(p)s, {places})",
                values,
                table=hub_table("penduduk").identifier,
            )
        for key, nik in zip(patients.keys, patients.owners, strict=True):
            execute(
                connection,
                "INSERT INTO {source} (_key, _hash, _row, _run, nama_lengkap) VALUES (%(k)s, '', 0, 'r', '-')",
                {"k": key}, source=source_table(PATIENTS).identifier,
            )  # fmt: skip
            execute(
                connection,
                "INSERT INTO {members} (feed, row_key, row_hash, key, how, decided_by)"
                " VALUES (%(f)s, %(k)s, '', %(n)s, 'probabilistic', 'test')",
                {"f": PATIENTS, "k": key, "n": nik}, members=members_table("penduduk").identifier,
            )  # fmt: skip
        for case in cases.to_dict("records"):
            execute(
                connection,
                "INSERT INTO control.contradiction (rule, severity, dataset, key, other_dataset, other_key, opd, shown,"
                " found_run, closed_at) VALUES (%(rule)s, 'error', %(dataset)s, %(key)s, NULLIF(%(other_dataset)s, ''),"
                " NULLIF(%(other_key)s, ''), 'opd', '{{}}', 'r', %(closed)s)",
                {**case, "closed": "2025-07-01" if case["rule"] == "bukan_lansia" else None},
            )


def test_the_whole_measure_reads_the_hub_s_tables(
    database: Database, catalogue: Catalogue, register: Feed, patients: Feed, tmp_path: Path
) -> None:
    folder = city_folder(tmp_path)
    with pytest.raises(ConfigurationError, match="no release yet"):
        score_integration(catalogue, database, folder)
    fill(database, catalogue, register, patients)
    result = score_integration(catalogue, database, folder)
    assert result["matching"]["f1"] == 1.0
    assert result["matching"]["records"] >= 5
    assert result["matching"]["nik_hidden"] is None  # these tables were filled by hand, nothing was learned
    assert result["survivorship"]["share_right"] == 1.0
    assert set(result["survivorship"]["by_dataset"]) == {"penduduk"}
    lines = {row["rule"]: row for row in result["rules"]["by_rule"]}
    assert lines["bukan_lansia"]["recall"] == 0.0  # all of them are closed
    assert lines["umur_siswa_berbeda"]["recall"] == 1.0
    assert result["rules"]["precision"] == 1.0
