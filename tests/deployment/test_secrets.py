"""deploy/make-secrets: a new .env for one server."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

from hub.settings import ROOT
from tests.deployment.compose import SECRETS, VARIABLE


def make_secrets(target: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(ROOT / "deploy/make-secrets"), str(target)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def values(target: Path) -> dict[str, str]:
    lines = [line for line in target.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_makes_every_secret_for_its_owner_alone(tmp_path: Path) -> None:
    target = tmp_path / ".env"
    assert make_secrets(target).returncode == 0
    assert target.stat().st_mode & 0o777 == 0o600
    made = {name: value for name, value in values(target).items() if value}
    assert set(made) == set(SECRETS)
    assert len(set(made.values())) == len(made)
    assert len(base64.urlsafe_b64decode(made.pop("OPDHUB_FERNET_KEY"))) == 32
    assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in made.values())


def test_leaves_an_env_file_alone(tmp_path: Path) -> None:
    target = tmp_path / ".env"
    target.write_text("mine")
    assert make_secrets(target).returncode == 1
    assert target.read_text() == "mine"


def test_example_names_every_variable_of_the_compose_file_without_a_value() -> None:
    asked = {match[1] for match in VARIABLE.finditer((ROOT / "docker-compose.yml").read_text())}
    example = values(ROOT / ".env.example")
    assert set(example) == asked
    assert not any(example.values())
