"""People whose NIK is hidden are looked for by all else; the measure tells right, wrong and missing links by damage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.population import publish_city
from hub.city_published import city_tables
from hub.integration_hidden import CLEAN, HiddenPeople, hidden_rows
from pipelines.integrate import integrate
from pipelines.workspace import FeedContext, Workspace
from schemas.catalogue import Catalogue
from schemas.integration_plan import PersonFields, register_plan
from simulator.derive import Derived, derive_table
from simulator.population import build_truth
from tests.workspaces import MakeWorkspace, query

RESIDENTS, SEED = 2500, 21
TRUTH = build_truth(RESIDENTS, SEED)


def patients(catalogue: Catalogue) -> Iterator[tuple[FeedContext, PersonFields, Derived]]:
    """Yield the feeds that add to a resident and make none."""
    plan = register_plan(catalogue.plans.values())
    assert plan is not None and plan.person is not None
    for name, context, table in city_tables(catalogue):
        if context.id in plan.sources and context.id not in plan.register_:
            yield context, plan.person, derive_table(name, table, TRUTH[table.truth], SEED)


@pytest.fixture
def hub(make_workspace: MakeWorkspace) -> Workspace:
    """A hub that has integrated the residents, and so has learned how people are matched."""
    workspace = make_workspace.over(make_workspace.catalogue, {})
    publish_city(workspace, TRUTH, SEED, "sync", datasets={"penduduk"})
    integrate(workspace, "penduduk", "integrate")
    return workspace


def test_damaged_records_and_some_clean_ones_are_tried(catalogue: Catalogue) -> None:
    context, person, made = next(patients(catalogue))
    residents = set(made.truth["nik"])
    rows = hidden_rows(context, person, made, residents)
    damages = [damage for _, damage in rows.values()]
    assert damages.count(("clean",)) == CLEAN
    assert sum("name_typo" in damage for damage in damages) >= 3
    assert {owner for owner, _ in rows.values()} <= residents
    assert not any(kind.startswith("nik") for damage in damages for kind in damage)
    assert {owner for owner, _ in hidden_rows(context, person, made, set()).values()} == {None}


def test_people_are_found_by_all_else_than_their_nik(hub: Workspace) -> None:
    plan = register_plan(hub.catalogue.plans.values())
    assert plan is not None
    residents = {row["nik"] for row in query(hub.database, "SELECT nik FROM hub.penduduk")}
    hidden = HiddenPeople(hub.database, plan)
    for context, person, made in patients(hub.catalogue):
        hidden.add(context, person, made, residents)
    score = hidden.score()
    assert score is not None
    assert score["records"] > 150
    assert score["f1"] > 0.95
    lines = {line["damage"]: line["records"] for line in score["by_damage"]}
    assert {"clean", "name_typo", "name_title"} <= lines.keys()
    # the same links, had they been others' records
    hidden.told = {name: ("3574910101909999", damage) for name, (_, damage) in hidden.told.items()}
    wrong = hidden.score()
    assert wrong is not None and (wrong["precision"], wrong["recall"]) == (0.0, 0.0)


def test_without_a_model_nothing_is_measured(hub: Workspace) -> None:
    plan = register_plan(hub.catalogue.plans.values())
    assert plan is not None
    query(hub.database, "DELETE FROM control.match_model RETURNING dataset")
    hidden = HiddenPeople(hub.database, plan)
    context, person, made = next(patients(hub.catalogue))
    hidden.add(context, person, made, set())
    assert hidden.score() is None
