"""The catalogue holds the 99 applications of the city's register, each told in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.application import AnyApplication
from schemas.application_check import rank
from schemas.catalogue import Catalogue

ROOT = Path(__file__).parents[2]
CATALOGUE = Catalogue.load(ROOT)
APPLICATIONS = CATALOGUE.applications


def test_every_number_of_the_register_has_one_application() -> None:
    numbers = [app.register_no for app in APPLICATIONS.values() if app.register_no is not None]
    assert sorted(numbers) == list(range(1, 100))


@pytest.mark.parametrize("app", APPLICATIONS.values(), ids=lambda app: app.id)
def test_an_application_is_told_in_full(app: AnyApplication) -> None:
    assert app.owner.unit
    assert app.owner.email.endswith(".example")
    assert app.steward
    assert app.schedule is not None
    assert app.freshness is not None
    assert app.source.host_pool
    assert "applications.csv no." in app.description or app.register_no is None
    for feed in app.feeds.values():
        assert feed.example is not None
        assert set(feed.example.out) == set(feed.map)


@pytest.mark.parametrize("app", APPLICATIONS.values(), ids=lambda app: app.id)
def test_an_application_has_the_highest_class_of_what_it_supplies(app: AnyApplication) -> None:
    classes = [
        field.classification
        for feed in app.feeds.values()
        for field in CATALOGUE.contracts[feed.dataset].fields
        if field.name in feed.map
    ]
    assert app.classification == max(classes, key=rank)


def test_guessed_technology_is_called_so() -> None:
    guessed = [app for app in APPLICATIONS.values() if "Technology inferred" in app.description]
    assert len(guessed) > 60


def test_every_contract_is_supplied() -> None:
    assert {feed.dataset for feed in CATALOGUE.feeds().values()} == set(CATALOGUE.contracts) == set(CATALOGUE.plans)
    assert len(CATALOGUE.contracts) >= 36
