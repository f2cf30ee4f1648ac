"""`opdhub check`: the catalogue, contracts and grants, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.commands.common import Json
from hub.console import output, print_json
from hub.settings import Settings
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationErrors


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("check", epilog="Example: opdhub check --catalogue ../my-catalogue")(check)


def check(
    catalogue: Annotated[
        Path | None, typer.Option(help="Folder with applications/, consumers/ and schemas/; default: this project's.")
    ] = None,
    json: Json = False,
) -> None:
    """Check every YAML file and what they say about each other; connects to nothing.

    Each mistake is told with file, line, key and the likely fix. Exits with 1 when there is one.
    """
    root = catalogue or Settings.from_environment().catalogue
    try:
        loaded = Catalogue.load(root)
    except ConfigurationErrors as several:
        if json:
            mistakes = [{"where": e.where, "problem": e.problem, "fix": e.fix} for e in several.errors]
            print_json({"errors": len(mistakes), "mistakes": mistakes})
            raise typer.Exit(1) from None
        raise
    registered = sum(application.register_no is not None for application in loaded.applications.values())
    counts = {
        "applications": registered,
        # reference data of others, and what the city has not registered yet
        "outside_register": len(loaded.applications) - registered,
        "feeds": len(loaded.feeds()),
        "contracts": len(loaded.contracts),
        "codelists": len(loaded.codelists),
        "datasets": len(loaded.plans),
        "rules": len(loaded.rules),
        "consumers": len(loaded.consumers),
        "errors": 0,
    }
    if json:
        print_json(counts)
    else:
        output.print(", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items()))
