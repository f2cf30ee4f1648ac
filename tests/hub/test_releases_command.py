"""What a steward sees of releases: the list, the change feed, two compared, the past, one row's history."""

from __future__ import annotations

import json

import pytest

from schemas.catalogue import Catalogue
from schemas.masking import mask_id
from tests.hub.commandline import Hub
from tests.pipelines.staged import Staged, key, people, staged


@pytest.fixture
def published(hub: Hub, catalogue: Catalogue) -> Staged:
    """Make three releases: two residents, one of them moves, and then turns out to be the other."""
    made = staged(hub.database, catalogue)
    made.publish(people(1, 2))
    made.publish(people(1, alamat="Jalan Melati 2") | people(2))
    made.merge(1, 2)
    made.publish(people(2))
    return made


def test_releases_are_listed_with_what_they_changed(hub: Hub, published: Staged) -> None:
    rows = hub.run("releases", "penduduk", "--json").json
    assert [(row["release"], row["inserted"], row["updated"], row["merged"]) for row in rows] == [
        (1, 2, 0, 0), (2, 0, 1, 0), (3, 0, 0, 1)
    ]  # fmt: skip
    assert "published" in hub.run("releases", "penduduk").out


def test_a_held_release_is_listed_with_its_reasons(hub: Hub, published: Staged) -> None:
    with hub.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO control.held_release (dataset, run_id, reasons) VALUES ('penduduk', 'h', '[\"kecil\"]')"
        )
    assert "kecil" in hub.run("releases", "penduduk").out
    assert hub.run("releases", "penduduk", "--json").json[-1]["reasons"] == ["kecil"]


def test_each_change_is_one_line_of_json_from_a_number_on(hub: Hub, published: Staged) -> None:
    outcome = hub.run("changes", "penduduk", "--after", "2", "--json", "--clear")
    rows = [json.loads(line) for line in outcome.out.splitlines()]
    assert [(row["change"], row["operation"], row["key"], row["into_key"]) for row in rows] == [
        (3, "update", key(1), None), (4, "merge", key(1), key(2))
    ]  # fmt: skip
    assert rows[0]["after"]["alamat"] == "Jalan Melati 2"
    assert len(hub.run("changes", "penduduk", "--limit", "1", "--json").out.splitlines()) == 1
    assert "update      3574************   alamat" in hub.run("changes", "penduduk").out


@pytest.mark.parametrize(
    "command",
    [
        ("changes", "penduduk", "--json"),
        ("changes", "penduduk"),
        ("compare", "penduduk", "0", "2", "--json"),
        ("compare", "penduduk", "0", "2"),
        ("as-of", "penduduk", "1", "--json"),
        ("as-of", "penduduk", "1"),
        ("history", "penduduk", key(1), "--json"),
        ("history", "penduduk", key(1)),
    ],
)
def test_no_person_is_shown_unless_asked_for(hub: Hub, published: Staged, command: tuple[str, ...]) -> None:
    outcome = hub.run(*command)
    assert outcome.code == 0
    clear = hub.run(*command, "--clear")
    shown = outcome.out + outcome.err
    assert not [secret for secret in (key(1), key(2), "Warga", "Mawar", "Melati") if secret in shown]
    assert [secret for secret in (key(1), "Warga", "Mawar") if secret in clear.out]


def test_two_releases_are_compared_and_counted(hub: Hub, published: Staged) -> None:
    outcome = hub.run("compare", "penduduk", "1", "3", "--json", "--clear")
    assert [(row["operation"], row["key"], row["into_key"]) for row in outcome.json] == [("merge", key(1), key(2))]
    assert "1 merge" in outcome.err
    limited = hub.run("compare", "penduduk", "3", "0", "--json", "--limit", "1")
    assert len(limited.json) == 1
    assert "1 delete" in limited.err
    assert "no difference" in hub.run("compare", "penduduk", "2", "2").err


def test_a_dataset_is_shown_as_a_release_had_it(hub: Hub, published: Staged) -> None:
    (row,) = hub.run("as-of", "penduduk", "1", "--key", key(1), "--json", "--clear").json
    assert (row["nik"], row["alamat"]) == (key(1), "Jalan Mawar 1")
    assert len(hub.run("as-of", "penduduk", "2", "--json").json) == 2
    assert len(hub.run("as-of", "penduduk", "2999-12-31", "--json").json) == 1


def test_a_key_that_is_merged_is_told_where_to_look(hub: Hub, published: Staged) -> None:
    refused = hub.run("as-of", "penduduk", "3", "--key", key(1))
    assert refused.code == 1
    assert f"merged into {mask_id(key(2))}" in refused.err
    outcome = hub.run("history", "penduduk", key(1), "--clear")
    assert f"it is {key(2)} now" in outcome.err


def test_a_familys_history_tells_of_its_members(hub: Hub, published: Staged, catalogue: Catalogue) -> None:
    card = "3574010000000077"
    families = staged(hub.database, catalogue, "keluarga")
    families.runs = 50
    families.publish({card: {"alamat": "Jalan Mawar 1"}})
    published.publish(people(2) | people(5, no_kk=card))
    found = hub.run("history", "keluarga", card, "--json", "--clear").json
    assert [row["alamat"] for row in found["versions"]] == ["Jalan Mawar 1"]
    assert [(event["peristiwa"], event["nik"]) for event in found["events"]] == [("lahir/datang", key(5))]
    masked = hub.run("history", "keluarga", card)
    assert "lahir/datang" in masked.out
    assert key(5) not in masked.out


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("releases", "pendudk"), "did you mean 'penduduk'"),
        (("changes", "wilayah"), "has no release yet"),
        (("compare", "penduduk", "1", "9"), "has no release 9"),
        (("as-of", "penduduk", "kemarin"), "neither a release nor a date"),
        (("as-of", "penduduk", "2001-01-01"), "had no release by 2001-01-01"),
        (("history", "penduduk", key(9)), "no row 3574************ there"),
    ],
)
def test_a_mistake_is_told_with_its_fix(hub: Hub, published: Staged, command: tuple[str, ...], problem: str) -> None:
    outcome = hub.run(*command)
    assert outcome.code == 1
    assert problem in outcome.err
    assert "Fix: " in outcome.err
    assert key(9) not in outcome.err
