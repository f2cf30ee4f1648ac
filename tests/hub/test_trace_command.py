"""`opdhub trace`: from a published value back to what the source wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.contract import Contract
from schemas.masking import mask_id
from store.database import execute, identifiers
from store.tables import TableName, ensure_hub, ensure_source, hub_table, members_table, source_table
from store.trace import keep_mapping
from tests.hub.commandline import FEED, Hub
from tests.hub.conftest import ROWS
from tests.store.test_trace import MAPPING, READ
from tests.workspaces import Row

NIK, AID = str(ROWS[0]["nik"]), "dinas.bansos.terima"
CARD = "3574911108150001"


@pytest.fixture
def contract(catalogue: Any) -> Contract:
    return catalogue.contracts["penduduk"]  # type: ignore[no-any-return]


@pytest.fixture
def traced(hub: Hub, contract: Contract) -> Hub:
    """One resident of two rows of a feed, and an aid row that names them."""

    def insert(connection: sa.Connection, table: TableName, row: Row) -> None:
        values = ", ".join(f"%({name})s" for name in row)
        statement = f"INSERT INTO {{table}} ({{names}}) VALUES ({values})"
        execute(connection, statement, row, table=table.identifier, names=identifiers(list(row)))

    with hub.database.transaction() as connection:
        ensure_hub(connection, contract)
        ensure_source(connection, source_table(FEED), contract)
        connection.execute(
            sa.text("""INSERT INTO control.feed_run (run_id, feed, state, stage, extracted_at)
                       VALUES ('r1', :feed, 'running', 'publish', :at)"""),
            {"feed": FEED, "at": READ},
        )
        for feed, dataset in ((FEED, "penduduk"), (AID, "penerima_bantuan")):
            keep_mapping(connection, feed, dataset, MAPPING, READ)
        for key, name, original in (
            ("A", "Siti", {"nama": "[bold]SITI[/x]\n", "hp": "3574 9111 0815 0001"}),
            ("B", "Sitti", {"nama": "Sitti ", "nik": " " + NIK}),
        ):
            row: Row = {"_key": key, "_hash": "h", "_run": "r1", "nik": NIK, "no_kk": CARD, "nama_lengkap": name}
            row["telepon"] = "628121234567" if key == "A" else None
            insert(connection, source_table(FEED), row | {"_original": json.dumps(original)})
        member = {"row_hash": "h", "key": NIK, "how": "exact", "reason": "NIK", "decided_by": "rule"}
        for feed, row_key in ((FEED, "A"), (FEED, "B"), (AID, f"{CARD}|BPNT")):
            insert(connection, members_table("penduduk"), member | {"feed": feed, "row_key": row_key})
        origin = {name: [FEED, "A"] for name in ("nik", "no_kk", "nama_lengkap", "telepon")}
        published = {"nik": NIK, "no_kk": CARD, "nama_lengkap": "Siti", "telepon": "628121234567"}
        known = {"_key": NIK, "_hash": "h", "_provenance": json.dumps(origin), "_release": 1}
        insert(connection, hub_table("penduduk"), known | published)
        connection.execute(sa.text("INSERT INTO control.redirect VALUES ('penduduk', :old, :now, 2)"),
                           {"old": CARD, "now": NIK})  # fmt: skip
        connection.execute(
            sa.text("""INSERT INTO control.identity_decision (dataset, kind, key, into_key, why, decided_by)
                       VALUES ('penduduk', 'merge', :old, :now, 'perekaman ganda', 'ana')"""),
            {"old": CARD, "now": NIK},
        )
    return hub


def line(out: str, *words: str) -> str:
    (found,) = [text for text in out.splitlines() if all(word in text for word in words)]
    return found


def test_a_value_is_shown_with_its_source_and_what_that_wrote(traced: Hub) -> None:
    outcome = traced.run("trace", "penduduk", NIK)
    assert (outcome.code, outcome.err) == (0, "")
    won = line(outcome.out, "nama_lengkap", " Siti ")
    assert all(text in won for text in (FEED, " A ", r'nama: "[bold]SITI[/x]\n"', "r1", "2026-11-01 "))
    lost = line(outcome.out, "nama_lengkap", " Sitti ")
    assert all(text in lost for text in (" yes ", " B ", 'nama: "Sitti "'))
    assert "yes" not in line(outcome.out, " nik ", " B ")
    assert outcome.out.index("What other sources say") < outcome.out.index("Rows of other datasets")
    assert "penerima_bantuan" in line(outcome.out, AID)
    assert "ana" in line(outcome.out, "merge", "perekaman ganda")
    assert outcome.out.count(" exact ") == 3


def test_numbers_other_than_the_key_are_masked_unless_asked_for(traced: Hub) -> None:
    for arguments in ((), ("--json",)):
        masked = traced.run("trace", "penduduk", NIK, *arguments).out
        assert NIK in masked
        assert CARD not in masked
        assert "0815 0001" not in masked
        assert "628121234567" not in masked
        clear = traced.run("trace", "penduduk", NIK, "--clear", *arguments).out
        assert all(text in clear for text in (CARD, "3574 9111 0815 0001", "628121234567"))


def test_json_holds_everything(traced: Hub) -> None:
    found = traced.run("trace", "penduduk", NIK, "--json", "--clear").json
    assert (found["dataset"], found["asked"], found["key"]) == ("penduduk", NIK, NIK)
    name = [said for said in found["values"] if said["field"] == "nama_lengkap"]
    assert [(said["won"], said["source_value"], said["source_key"]) for said in name] == [
        (True, "Siti", "A"),
        (False, "Sitti", "B"),
    ]
    assert name[0]["original"] == {"nama": "[bold]SITI[/x]\n"}
    assert (name[0]["application"], name[0]["run_id"], name[0]["how"]) == ("dinas.warga", "r1", "exact")
    assert [mention["row_key"] for mention in found["mentions"]] == [f"{CARD}|BPNT"]
    assert [decision["why"] for decision in found["decisions"]] == ["perekaman ganda"]


def test_one_field_alone(traced: Hub) -> None:
    outcome = traced.run("trace", "penduduk", NIK, "--field", "nama_lengkap")
    assert "Siti" in outcome.out
    assert "no_kk" not in outcome.out
    assert {said["field"] for said in traced.run("trace", "penduduk", NIK, "--field", "no_kk", "--json").json["values"]}
    outcome = traced.run("trace", "penduduk", NIK, "--field", "agama")
    assert outcome.code == 0
    assert "no source has a value of agama" in " ".join(outcome.err.split())


def test_a_merged_key_says_into_which(traced: Hub) -> None:
    outcome = traced.run("trace", "penduduk", CARD)
    assert outcome.code == 0
    # another person's number: it was not asked for
    assert f"{CARD} was merged into {mask_id(NIK)}" in " ".join(outcome.err.split())
    assert "Siti" in outcome.out
    assert NIK not in outcome.out + outcome.err
    clear = traced.run("trace", "penduduk", CARD, "--clear")
    assert f"{CARD} was merged into {NIK}" in " ".join(clear.err.split())
    assert NIK not in traced.run("trace", "penduduk", CARD, "--json").out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("penduduk", "3574911402850009"), "no row has the key '3574************'"),
        (("pendudk", NIK), "did you mean 'penduduk'"),
        (("penduduk", NIK, "--field", "nama_lengkp"), "did you mean 'nama_lengkap'"),
    ],
)
def test_what_is_not_there_is_told(traced: Hub, arguments: tuple[str, ...], problem: str) -> None:
    outcome = traced.run("trace", *arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert problem in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_dataset_that_was_never_integrated_is_told(hub: Hub) -> None:
    outcome = hub.run("trace", "penduduk", NIK)
    assert outcome.code == 1
    assert "opdhub integrate penduduk" in outcome.err
