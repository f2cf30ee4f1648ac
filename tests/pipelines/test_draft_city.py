"""Drafts of the sample city's databases, held against the catalogue's own YAML."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.inspect import Score, compare, summary
from connectors.connection import Connection
from connectors.survey import survey
from pipelines.draft import draft
from pipelines.draft.check import mistakes
from pipelines.draft.experience import learn, learn_language
from schemas.catalogue import Catalogue
from simulator.build import CityTarget, build_city

ENOUGH = 0.9
Drafted = Callable[[str], Score]


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Drafted:
    """Drafts an application of a small city in SQLite files, and compares."""
    city = build_city(CityTarget(tmp_path_factory.mktemp("city")), residents=1000, seed=3)

    def score(app_id: str) -> Score:
        application = catalogue.applications[app_id]
        found = survey(Connection.from_uri(application.connection, city.connections[application.connection]))
        made = draft(found, catalogue, app_id)
        return compare(made, application, len(mistakes(made, catalogue)))

    return score


@pytest.mark.parametrize(
    "app_id",
    ["dispendukcapil.siak", "bkpsdm.simpeg", "dinkes_ppkb.epuskesmas", "rsud_ar_rozy.simrs", "diskominfo.view"],
)
def test_nine_of_ten_mapped_columns_are_proposed_right(drafted: Drafted, app_id: str) -> None:
    score = drafted(app_id)
    assert score.feeds_right == score.feeds
    assert score.share >= ENOUGH
    assert score.check == 0


def test_a_table_with_names_that_say_nothing_is_known_by_its_values(drafted: Drafted) -> None:
    score = drafted("rsud_saleh.simrs_lama")
    assert score.feeds_right == score.feeds
    assert score.share >= 0.6


def test_what_is_learnt_leaves_the_application_itself_out(catalogue: Catalogue) -> None:
    language = learn_language(catalogue, "rsud_saleh.simrs_lama")
    known = learn(catalogue, language, "rsud_saleh.simrs_lama")
    whole = learn(catalogue, language, "")
    assert sum(map(len, known.columns.values())) < sum(map(len, whole.columns.values()))


def test_an_empty_draft_scores_nothing(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "warga.csv").write_text("a,b\n1,?\n")
    found = survey(Connection.from_uri("siak", f"fs://{tmp_path}"))
    application = catalogue.applications["dispendukcapil.siak"]
    score = compare(draft(found, catalogue, application.id), application)
    assert (score.pairs_right, score.share) == (0, 0)
    assert summary([score])["mapped_right"] == 0
