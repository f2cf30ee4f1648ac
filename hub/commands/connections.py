"""`opdhub connections`: the file of connections that the command line and the embedded Airflow read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connectors.connection import Connection
from hub.commands.common import Json
from hub.connections import add_connections, connection_source, read_connections
from hub.console import print_json, say, show
from hub.settings import Settings
from hub.stack import Stack

app = typer.Typer(help="How sources are reached.", no_args_is_help=True)


@app.command("import", epilog="Example: opdhub connections import city-connections.yaml")
def import_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML: id: URI, as Airflow writes them.")],
) -> None:
    """Add the connections of a file to the hub's own, replacing those of the same id."""
    settings = Settings.from_environment()
    new = read_connections(file)
    for connection_id, uri in new.items():
        if isinstance(uri, dict):
            Connection.from_dict(connection_id, uri)
        else:
            Connection.from_uri(connection_id, str(uri))
    add_connections(settings.connections, new)
    say(f"{len(new)} connections added to {settings.connections}")


@app.command("list", epilog="Example: opdhub connections list")
def list_command(json: Json = False) -> None:
    """List the connections of the file, without their passwords."""
    settings = Settings.from_environment()
    find = connection_source(settings.connections)
    rows = [{"id": name, "address": find(name).masked} for name in sorted(read_connections(settings.connections))]
    show(rows, ["id", "address"], json)


@app.command("pools", epilog="Example: opdhub connections pools > pools.json && airflow pools import pools.json")
def pools_command() -> None:
    """Print the concurrency budget of each source host, as `airflow pools import` reads it."""
    slots = Stack(Settings.from_environment()).pools()
    print_json({name: {"slots": number, "description": "", "include_deferred": True} for name, number in slots.items()})
