"""What the documents show is what the program takes and says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from connectors.connection import Connection
from pipelines.standardize import standard_row
from pipelines.workspace import FeedContext
from schemas.application import read_application
from schemas.catalogue import Catalogue
from schemas.mapping import FieldMap, _as_field_map
from tests.workspaces import ROOT, MakeWorkspace

APPLICATIONS = (ROOT / "docs" / "applications.md").read_text(encoding="utf-8")
TROUBLES = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", APPLICATIONS, re.DOTALL)
SHOWN = [block for block in BLOCKS if block.startswith("# applications/")]
SOURCE = "".join(
    path.read_text(encoding="utf-8")
    for folder in ("schemas", "connectors", "pipelines", "store", "hub")
    for path in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.split()[1])
def test_an_application_shown_passes_the_check(make_workspace: MakeWorkspace, block: str) -> None:
    content = yaml.safe_load(block)
    workspace = make_workspace({"dinas.contoh": content}, {})
    assert workspace.catalogue.application("dinas.contoh").title == content["title"]


def test_the_example_shown_is_true(tmp_path: Path, catalogue: Catalogue) -> None:
    (block,) = [block for block in SHOWN if "example:" in block]
    file = tmp_path / "dinas" / "contoh.yaml"
    file.parent.mkdir()
    file.write_text(block)
    application, _ = read_application(file)
    feed = application.feeds["penduduk"]
    assert feed.example
    context = FeedContext("dinas.contoh.penduduk", "penduduk", application, feed, catalogue.contracts[feed.dataset])
    row = standard_row(feed.example.in_, context, catalogue.codelists)
    assert {name: value for name, value in row.values.items() if value is not None} == feed.example.out


def test_every_word_of_the_mapping_has_an_example_that_is_taken() -> None:
    (block,) = [block for block in BLOCKS if block.startswith("# map")]
    shown = {name: FieldMap.model_validate(_as_field_map(how)) for name, how in yaml.safe_load(block).items()}
    used = {word for how in shown.values() for word in how.model_fields_set}
    assert used == set(FieldMap.model_fields)


def test_the_connections_shown_are_taken() -> None:
    (block,) = [block for block in BLOCKS if block.startswith("warga: mysql")]
    for name, value in yaml.safe_load(block).items():
        assert Connection.from_dict(name, value) if isinstance(value, dict) else Connection.from_uri(name, value)


@pytest.mark.parametrize("message", re.findall(r"^### `(.+)`$", TROUBLES, re.MULTILINE))
def test_a_message_explained_is_one_that_the_program_says(message: str) -> None:
    pieces = [piece.strip(" '") for piece in message.split("…")]
    assert [piece for piece in pieces if piece and piece not in SOURCE] == []
