"""Each application's own example: the fixture that its author wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.standardize import standard_row
from pipelines.workspace import FeedContext
from schemas.catalogue import Catalogue
from tests.workspaces import ROOT

CATALOGUE = Catalogue.load(Path(ROOT))


@pytest.mark.parametrize("feed_id", sorted(CATALOGUE.feeds()))
def test_the_example_of_a_feed_becomes_what_its_author_says(feed_id: str) -> None:
    app_id, _, name = feed_id.rpartition(".")
    application = CATALOGUE.application(app_id)
    feed = application.feeds[name]
    assert feed.example is not None, f"{feed_id} has no example"
    context = FeedContext(feed_id, name, application, feed, CATALOGUE.contracts[feed.dataset])
    told = {feed.cursor.column} if feed.cursor else set()  # becomes nothing, so an example need not have it
    assert set(feed.example.in_) | told == set(feed.landed_columns)
    assert set(feed.example.out) == set(feed.map)
    row = standard_row(feed.example.in_, context, CATALOGUE.codelists)
    assert row.problems == {}
    expected = {field.name: feed.example.out.get(field.name) for field in context.contract.fields}
    assert row.values == {name: None if value is None else str(value) for name, value in expected.items()}
