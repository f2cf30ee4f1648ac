"""`opdhub connections pools`: the pools that the embedded stack makes by REST, for `airflow pools import`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.commands.connections import app
from hub.settings import ROOT
from schemas.application import read_application


def test_prints_the_pools_as_airflow_imports_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPDHUB_HOME", str(tmp_path))
    monkeypatch.setattr("hub.stack.Stack.pools", lambda self: {"db-a": 2, "api-b": 1})
    result = CliRunner().invoke(app, ["pools"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "db-a": {"slots": 2, "description": "", "include_deferred": True},
        "api-b": {"slots": 1, "description": "", "include_deferred": True},
    }


def test_every_host_of_the_catalogue_has_a_pool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPDHUB_HOME", str(tmp_path))
    monkeypatch.delenv("OPDHUB_CATALOGUE", raising=False)
    pools = json.loads(CliRunner().invoke(app, ["pools"]).stdout)
    sources = [read_application(path)[0].source for path in ROOT.glob("applications/*/*.yaml")]
    assert set(pools) == {source.host_pool for source in sources}
    assert all(pools[source.host_pool]["slots"] <= source.max_concurrency for source in sources)
