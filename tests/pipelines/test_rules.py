"""Rules of the contracts, run by Great Expectations on the sample city; and a rule that cannot run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipelines.run import run_stage, sync
from pipelines.workspace import Ask
from schemas.application import RestApplication
from schemas.catalogue import Catalogue
from schemas.contract import Rule
from schemas.errors import GateError
from simulator.build import CityTarget, build_city
from store.runs import quarantined
from tests.pipelines.residents import FEED, Residents, resident
from tests.workspaces import ROOT, MakeWorkspace, run_record, source_rows

CATALOGUE = Catalogue.load(ROOT)
#: of each contract the feed that maps most of it, among those that need no server
FEEDS = sorted(
    max(feeds, key=lambda feed: len(CATALOGUE.feeds()[feed].map))
    for plan in CATALOGUE.plans.values()
    if (feeds := [
        feed for feed in plan.sources
        if not isinstance(CATALOGUE.application(feed.rpartition(".")[0]), RestApplication)
    ])
)  # fmt: skip


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A small sample city in SQLite files, CSV and XLSX, and its connections."""
    folder = tmp_path_factory.mktemp("city") / "made"
    connections = build_city(CityTarget(folder), residents=400, seed=3).connections
    behind_sftp = {name: f"fs://{folder}/drops/{name}" for name, uri in connections.items() if uri.startswith("sftp:")}
    return folder, connections | behind_sftp


@pytest.mark.parametrize("feed_id", FEEDS)
def test_every_rule_of_a_feed_runs_on_the_sample_city(
    make_workspace: MakeWorkspace, city: tuple[Path, dict[str, str]], feed_id: str
) -> None:
    folder, connections = city
    application = CATALOGUE.application(feed_id.rpartition(".")[0])
    feed = application.feeds[feed_id.rpartition(".")[2]]
    relaxed = feed.model_copy(update={"expect": feed.expect.model_copy(update={"min_rows": 1})})
    made = application.model_copy(update={"feeds": {**application.feeds, feed_id.rpartition(".")[2]: relaxed}})
    workspace = make_workspace.over(
        replace(CATALOGUE, applications=CATALOGUE.applications | {application.id: made}), connections
    )
    account = sync(replace(workspace, ask=Ask(outside_window=True)), feed_id, "r1")
    assert account.inserted == len(source_rows(workspace.database, feed_id)) > 0

    results = json.loads(workspace.landing.read(feed_id, "r1", "evidence.json"))["results"]
    ran = {item["expectation_config"]["meta"]["id"]: item["result"]["element_count"] for item in results}
    for rule in CATALOGUE.contracts[feed.dataset].rules:
        if all(name in feed.map for key, name in rule.kwargs.items() if key.startswith("column")):
            assert ran[rule.id] == account.read, rule.id

    faults = pd.read_parquet(folder / "faults.parquet")
    table = getattr(feed, "table", None)
    known = faults[faults["application"].eq(application.id) & (faults["feed"].eq(table) if table else True)]
    assert account.quarantined <= len(known)
    if len(feed.key) == 1:
        assert {row["source_key"] for row in quarantined(workspace.database, feed_id)} - {None} <= set(known["key"])


@pytest.mark.parametrize(
    ("expectation", "kwargs"),
    [
        ("expect_column_values_to_match_regex", {"column": "nama_lengkap", "regex": "(never closed"}),
        ("expect_column_values_to_be_between", {"column": "nama_lengkap", "min_value": 1}),
        ("expect_nik_to_agree_with_sex", {"column_A": "tanggal_lahir", "column_B": "jenis_kelamin"}),
    ],
)
def test_a_rule_that_raises_is_an_error_of_the_pipeline_not_a_failed_row(
    make_workspace: MakeWorkspace, catalogue: Catalogue, expectation: str, kwargs: dict[str, object]
) -> None:
    contract = catalogue.contracts["penduduk"]
    rule = Rule("broken_rule", expectation, kwargs, "warning", "id", "en")
    residents = Residents(make_workspace, {"penduduk": replace(contract, rules=(*contract.rules, rule))})
    residents.export([resident(n) for n in range(9)])
    for stage in ("extract", "standardize"):
        run_stage(residents.workspace, FEED, "r1", stage)
    with pytest.raises(GateError, match="check broken_rule could not run"):
        run_stage(residents.workspace, FEED, "r1", "validate")
    assert run_record(residents.workspace.database, "r1", FEED)["state"] == "failed"
    with pytest.raises(GateError, match="verdict of run r1 has not finished"):
        run_stage(residents.workspace, FEED, "r1", "publish")
