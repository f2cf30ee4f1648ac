"""What enters the image: every package and the catalogue, and nothing else of the working copy."""

from __future__ import annotations

import tomllib

from hub.settings import ROOT

CATALOGUE = {"applications", "consumers", "schemas"}
FILES = {"pyproject.toml", "README.md", "LICENSE", "requirements.lock", "requirements-uv.lock", "deploy/migrate"}


def test_only_packages_and_catalogue_enter_the_image() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert rules[0] == "*"
    assert {line[1:] for line in rules if line.startswith("!")} == packages | CATALOGUE | FILES


def test_the_files_that_the_image_needs_are_there() -> None:
    for name in ("pyproject.toml", "requirements.lock", "requirements-uv.lock", "deploy/migrate"):
        assert (ROOT / name).is_file()
