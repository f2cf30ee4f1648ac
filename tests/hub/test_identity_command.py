"""`opdhub identity`: what stewards decide at the command line, and that no number is shown without the right to it."""

from __future__ import annotations

import pytest

from store.database import execute
from store.tables import members_table
from tests.hub.commandline import FEED, Hub
from tests.hub.conftest import ROWS

FIRST, SECOND = str(ROWS[0]["nik"]), str(ROWS[1]["nik"])


@pytest.fixture
def decided(csv_hub: Hub) -> Hub:
    """A hub with residents, and one row that its source keeps under a NIK."""
    assert csv_hub.run("integrate", "penduduk").code == 0
    with csv_hub.database.transaction() as connection:
        execute(
            connection,
            "INSERT INTO {members} (feed, row_key, row_hash, key, how, candidate, score, decided_by)"
            " VALUES ('o.a.f', %(row)s, 'h', NULL, 'none', %(likely)s, 0.7, 'splink')",
            {"row": SECOND, "likely": FIRST},
            members=members_table("penduduk").identifier,
        )
    return csv_hub


def test_what_waits_is_listed_with_its_numbers_masked(decided: Hub) -> None:
    told = decided.run("identity", "review", "penduduk")
    assert "o.a.f" in told.out and "0.7" in told.out
    assert FIRST not in told.out and SECOND not in told.out
    assert SECOND not in decided.run("identity", "review", "penduduk", "--json").out
    (row,) = decided.run("identity", "review", "penduduk", "--clear", "--json").json
    assert (row["row_key"], row["candidate"]) == (SECOND, FIRST)


def test_a_decision_is_listed_masked_and_can_be_undone(decided: Hub) -> None:
    why = ("--why", "orang yang sama", "--as", "ana")
    assert decided.run("identity", "confirm", "penduduk", "o.a.f", SECOND, FIRST, *why).code == 0
    told = decided.run("identity", "decisions", "penduduk")
    assert "confirm" in told.out and "ana" in told.out
    assert FIRST not in told.out and SECOND not in told.out
    (row,) = decided.run("identity", "decisions", "penduduk", "--clear", "--json").json
    assert (row["row_key"], row["key"], row["why"]) == (SECOND, FIRST, "orang yang sama")
    refused = decided.run("identity", "split", "penduduk", "o.a.f", SECOND, *why)
    assert refused.code == 1
    assert f"opdhub identity undo {row['decision']}" in " ".join(refused.err.split())
    assert decided.run("identity", "undo", str(row["decision"])).code == 0
    assert decided.run("identity", "decisions", "penduduk", "--json").json == []


def test_merged_residents_are_one_after_the_next_integration(decided: Hub) -> None:
    with (decided.folder / "catalogue/schemas/integration/penduduk.yaml").open("a") as plan:
        plan.write("gates: {max_contradiction_pct: 100}\n")  # of twelve residents, one of two rows is much
    outcome = decided.run("identity", "merge", "penduduk", SECOND, FIRST, "--why", "perekaman ganda")
    assert "opdhub integrate penduduk" in outcome.err
    (release,) = decided.run("integrate", "penduduk", "--json").json
    assert (release["merged"], release["rows"]) == (1, 11)
    key = str(next(iter(decided.state()[0])))
    split = decided.run("identity", "split", "penduduk", FEED, key, "--why", "orang lain")
    assert split.code == 0, split.err


def test_what_is_not_there_is_told(decided: Hub) -> None:
    told = decided.run("identity", "review", "pendudk")
    assert told.code == 1 and "did you mean 'penduduk'" in told.err
    lost = decided.run("identity", "split", "penduduk", FEED, "tidak ada", "--why", "x")
    assert lost.code == 1 and "has no row of this key" in lost.err
    again = decided.run("identity", "undo", "99")
    assert again.code == 1 and "no open decision 99" in again.err
