"""Reads docker-compose.yml as `docker compose` would, and what the embedded stack starts at the same paths."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from hub import services
from hub.services import Service, airflow_environment, airflow_services
from hub.settings import ROOT, Settings

HOME, PROJECT, CONNECTIONS = Path("/var/lib/opdhub"), Path("/opt/opdhub"), Path("/etc/opdhub/connections.yaml")
#: what .env would give, by variable; the embedded stack's name of the same secret beside it
SECRETS = {
    "OPDHUB_POSTGRES_PASSWORD": "postgres",
    "OPDHUB_FERNET_KEY": "fernet",
    "OPDHUB_AIRFLOW_SECRET_KEY": "airflow-api",
    "OPDHUB_AIRFLOW_JWT_SECRET": "airflow-jwt",
    "OPDHUB_AIRFLOW_ADMIN_PASSWORD": "airflow-admin",
}
VARIABLE = re.compile(r"\$\{(\w+)(:-|:\?)([^}]*)\}")


def read_compose() -> dict[str, Any]:
    """Return the file as it is written, anchors and merges resolved."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return content


def resolve(text: str, variables: Mapping[str, str]) -> str:
    """Fill in `${NAME:-default}` and `${NAME:?message}`; raises KeyError where `docker compose` would stop."""

    def value(match: re.Match[str]) -> str:
        name, kind, default = match.groups()
        return variables[name] if kind == ":?" or name in variables else default

    return VARIABLE.sub(value, text)


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """Return a service's environment with the secrets of a .env."""
    variables = {variable: f"secret {name}" for variable, name in SECRETS.items()}
    return {name: resolve(value, variables) for name, value in service["environment"].items()}


def native(salt: str = "secret") -> tuple[list[Service], dict[str, str]]:
    """Return the services and the environment that `opdhub up` would start at the containers' paths."""

    def secret(self: Settings, name: str) -> str:
        return f"{salt} {name}"

    with (
        patch.dict(os.environ, {}, clear=True),
        patch.object(Settings, "secret", secret),
        patch.object(services, "ROOT", PROJECT),
    ):
        variables = {"OPDHUB_CATALOGUE": str(PROJECT), "OPDHUB_CONNECTIONS": str(CONNECTIONS)}
        settings = Settings.from_environment({"OPDHUB_HOME": str(HOME), **variables})
        return airflow_services(settings), airflow_environment(settings)
