"""Connections for the command line: Airflow's own sources of them, read without Airflow.

The order is Airflow's: the environment (`AIRFLOW_CONN_<ID>`, a URI or JSON), then the connections file
(YAML, id → URI or mapping), which the embedded Airflow reads as its secrets backend.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from connectors.connection import Connection
from schemas.errors import ConfigurationError
from schemas.yaml_file import YamlFile, suggest


def connection_source(path: Path) -> Callable[[str], Connection]:
    """Return the function that finds a connection by id; it raises ConfigurationError when there is none."""

    def find(connection_id: str) -> Connection:
        variable = f"AIRFLOW_CONN_{connection_id.upper()}"
        if variable in os.environ:
            return _connection(connection_id, _parsed(variable, os.environ[variable]))
        known = read_connections(path)
        if connection_id not in known:
            raise ConfigurationError(
                f"connection '{connection_id}' is missing",
                where=str(path),
                fix=_how_to_add(connection_id, path, known),
            )
        return _connection(connection_id, known[connection_id])

    return find


def read_connections(path: Path) -> dict[str, Any]:
    """Return the connections file's content: id → URI or mapping; empty when there is no file."""
    return dict(YamlFile.read(path).content) if path.exists() else {}


def add_connections(path: Path, connections: dict[str, str]) -> None:
    """Add connections to the file, replacing those of the same id; only its owner may read it."""
    merged = {**read_connections(path), **connections}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        os.fchmod(file.fileno(), 0o600)  # a leftover of an interrupted call keeps the mode it had
        yaml.safe_dump(merged, file, sort_keys=True)
    temporary.replace(path)


def _connection(connection_id: str, value: Any) -> Connection:
    if isinstance(value, dict):
        return Connection.from_dict(connection_id, value)
    return Connection.from_uri(connection_id, str(value))


def _parsed(variable: str, text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:  # its text quotes no value
        fix = 'write {"conn_type": "mysql", "host": "…", "login": "…", "password": "…", "schema": "…"}, or a URI'
        raise ConfigurationError(f"is not JSON ({error})", where=variable, fix=fix) from None


def _how_to_add(connection_id: str, path: Path, known: dict[str, Any]) -> str:
    near = suggest(connection_id, set(known)) if known else ""
    line = f"add the line '{connection_id}: mysql://user:password@host:3306/database' to {path}"
    return f"{near} Or {line}" if near.startswith("did") else line
