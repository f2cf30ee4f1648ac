"""The command line in this process: Great Expectations is imported once a worker, not once a command."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.cli import main
from store.database import Database
from tests.workspaces import ROOT, Row, query, source_rows

APP = "dinas.warga"
FEED = "dinas.warga.orang"
YAML = "applications/dinas/warga.yaml"


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout, which must be one JSON document and nothing else."""
        return json.loads(self.out)


def run_cli(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    env: Mapping[str, str],
) -> Outcome:
    """Run `opdhub` with arguments; of the `OPDHUB_…` variables it sees those of `env` alone."""
    with monkeypatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("OPDHUB_", "AIRFLOW_CONN_"))]:
            if name != "OPDHUB_TEST_HOME":
                patch.delenv(name)
        for name, value in env.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["opdhub", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
    captured = capsys.readouterr()
    return Outcome(int(end.value.code or 0), captured.out, captured.err)


def write_schemas(catalogue: Path) -> None:
    """Begin a catalogue: the project's contracts and code lists, and a plan of one source."""
    (catalogue / "schemas" / "integration").mkdir(parents=True)
    for name in ("contracts", "codelists"):
        (catalogue / "schemas" / name).symlink_to(ROOT / "schemas" / name)
    (catalogue / "schemas" / "integration" / "penduduk.yaml").write_text(
        f"dataset: penduduk\nground: uji\nsources: [{FEED}]\n"
    )


def write_application(folder: Path, content: Row, connection: str) -> None:
    """Write the YAML of `dinas.warga` below `folder`, and its connection into the hub's file."""
    for file, text in (
        (folder / "catalogue" / YAML, content),
        (folder / "home" / "connections.yaml", {content["connection"]: connection}),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(text, sort_keys=False))


@dataclass
class Hub:
    """A hub of one application, `dinas.warga`, at a database of the test's own."""

    folder: Path
    database: Database
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    env: dict[str, str] = field(default_factory=dict)
    #: texts that no message may show
    secrets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        write_schemas(self.folder / "catalogue")
        self.env |= {
            "OPDHUB_HOME": str(self.folder / "home"),
            "OPDHUB_CATALOGUE": str(self.folder / "catalogue"),
            "OPDHUB_DATABASE_URL": self.database.address,
        }
        self.secrets.append(str(self.database.url.password))

    @property
    def yaml(self) -> Path:
        """The application's file."""
        return self.folder / "catalogue" / YAML

    def run(self, *arguments: str, **env: str) -> Outcome:
        """Run `opdhub`."""
        return run_cli(self.monkeypatch, self.capsys, arguments, self.env | env)

    def state(self) -> tuple[dict[str, Row], list[Row]]:
        """Return what is published: the feed's table, and every release."""
        releases = query(self.database, "SELECT dataset, release, rows FROM control.release ORDER BY 1, 2")
        return source_rows(self.database, FEED), releases

    def told(self, *arguments: str, **env: str) -> str:
        """Run a command that must fail; return its one message, having seen that it harmed and betrayed nothing."""
        before = self.state()
        outcome = self.run(*(arguments or ("sync", FEED)), **env)
        assert outcome.code == 1
        assert outcome.err.startswith("error: ")
        assert outcome.err.count("\n") == 1, outcome.err
        message = outcome.err.strip()
        assert "Traceback" not in outcome.out + message
        assert " Fix: " in message
        assert not re.search(r"\d{16}", outcome.out + message)
        assert not [secret for secret in self.secrets if secret in outcome.out + message]
        assert self.state() == before
        return message
