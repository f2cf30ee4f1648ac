"""The page of authorities says what the plans say."""

from __future__ import annotations

import re

import pytest

from hub.authority_docs import authority_page
from schemas.catalogue import Catalogue
from tests.workspaces import ROOT

PAGE = (ROOT / "docs" / "authority.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_plans_say(catalogue: Catalogue) -> None:
    fix = "write it again: python -m hub.authority_docs > docs/authority.md"
    assert authority_page(catalogue) == PAGE, fix


def test_every_order_and_ground_stands_on_it(catalogue: Catalogue) -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
    assert sections.keys() == catalogue.plans.keys()
    for dataset, plan in catalogue.plans.items():
        assert f"Ground: {plan.ground}." in sections[dataset]
        assert re.findall(r"^\d+\. `([^`]+)`", sections[dataset], re.MULTILINE) == plan.sources
        rows = dict(re.findall(r"^\| `(\w+)` \| ([\d ]+) \|", sections[dataset], re.MULTILINE))
        orders = {name: [plan.sources[int(place) - 1] for place in text.split()] for name, text in rows.items()}
        assert orders == {name: authority.sources for name, authority in plan.fields.items()}


@pytest.mark.parametrize("text", ["to be signed", "`recent`", "`majority`"])
def test_what_the_page_explains_is_used(text: str) -> None:
    assert text in PAGE.partition("## aduan")[2]
