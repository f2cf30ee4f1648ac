"""What a steward sees and says of a source that has changed, and a look before anything is published."""

from __future__ import annotations

import re

import pytest

from tests.hub.commandline import FEED, Hub
from tests.hub.conftest import ROWS, export
from tests.pipelines.residents import COLUMNS, resident
from tests.workspaces import query, write_csv


def widened(hub: Hub) -> None:
    write_csv(export(hub), [{**row, "no_hp": "1"} for row in ROWS], [*COLUMNS, "no_hp"])


def test_a_change_is_listed_accepted_with_its_reason_and_let_through(csv_hub: Hub) -> None:
    widened(csv_hub)
    message = csv_hub.told("sync", FEED)
    assert "'no_hp'" in message
    assert f"opdhub drift accept {FEED}" in message
    listed = csv_hub.run("drift", "list", "--json").json
    assert [(row["column"], row["change"]) for row in listed] == [("no_hp", "column 'no_hp' is new")]
    accepted = csv_hub.run("drift", "accept", FEED, "no_hp", "--why", "tidak dipakai", "--as", "ana")
    assert accepted.code == 0
    assert csv_hub.run("drift", "list", "--json").json == []
    (kept,) = csv_hub.run("drift", "list", "--all", "--json").json
    assert (kept["accepted_by"], kept["why"]) == ("ana", "tidak dipakai")
    assert csv_hub.run("sync", FEED).code == 0


def test_what_is_not_open_cannot_be_accepted(csv_hub: Hub) -> None:
    assert "has no change that waits" in csv_hub.told("drift", "accept", FEED)
    assert "did you mean" in csv_hub.told("drift", "accept", FEED[:-1])
    widened(csv_hub)
    csv_hub.told("sync", FEED)
    assert "did you mean 'no_hp'" in csv_hub.told("drift", "accept", FEED, "no_ph")


def test_deletions_are_allowed_once_and_the_message_says_how(csv_hub: Hub) -> None:
    write_csv(export(csv_hub), ROWS[:6], COLUMNS)
    message = csv_hub.told("sync", FEED)
    (command,) = re.findall(rf"opdhub (drift deletions {FEED} 6) --why", message)
    assert csv_hub.run(*command.split(), "--why", "pindah").code == 0
    (account,) = csv_hub.run("sync", FEED, "--json").json
    assert account["deleted"] == 6


def test_a_dry_run_shows_what_would_be_published_and_leaves_no_trace(csv_hub: Hub) -> None:
    changed = [resident(0, nama="Nama Lain"), *ROWS[1:], resident(50), resident(51, nik="1")]
    write_csv(export(csv_hub), changed, COLUMNS)
    before = csv_hub.state()
    tables = "SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'staging'"
    records = "SELECT count(*) AS n FROM control.feed_run"
    counts = [query(csv_hub.database, statement) for statement in (tables, records)]
    (looked,) = csv_hub.run("sync", FEED, "--dry-run", "--json").json
    assert (looked["read"], looked["quarantined"]) == (15, 2)
    assert (looked["inserted"], looked["updated"], looked["unchanged"]) == (1, 1, 11)
    assert {problem["field"] for problem in looked["problems"]} >= {"nik"}
    assert csv_hub.state() == before
    assert [query(csv_hub.database, statement) for statement in (tables, records)] == counts
    assert not list((csv_hub.folder / "home").rglob("*dry-*"))


def test_a_dry_run_shows_no_person(csv_hub: Hub) -> None:
    outcome = csv_hub.run("sync", FEED, "--dry-run")
    assert outcome.code == 0
    assert "nothing was published" in outcome.out
    for row in ROWS:
        assert row["nik"] not in outcome.out or row["nik"] == "123"
        assert row["nama"] not in outcome.out


def test_a_dry_run_of_a_sample_says_so_and_one_that_would_be_held_back_fails(csv_hub: Hub) -> None:
    (looked,) = csv_hub.run("sync", FEED, "--dry-run", "--rows", "5", "--json").json
    assert (looked["read"], looked["is_sample"]) == (5, True)
    write_csv(export(csv_hub), [resident(n, nik="1") for n in range(9)], COLUMNS)
    outcome = csv_hub.run("sync", FEED, "--dry-run", "--json")
    assert outcome.code == 1
    assert [gate["id"] for gate in outcome.json[0]["gates"]] == ["min_rows", "max_quarantined_pct"]


@pytest.mark.parametrize("arguments", [("--until", "2026-01-01"), ("--full", "--since", "2026-01-01")])
def test_questions_that_contradict_each_other_are_refused(csv_hub: Hub, arguments: tuple[str, ...]) -> None:
    assert csv_hub.run("sync", FEED, *arguments).code == 2
