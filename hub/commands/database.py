"""`opdhub db`: the hub database."""

from __future__ import annotations

import typer

from hub.commands.common import running_database
from hub.console import say
from hub.settings import Settings
from hub.stack import Stack
from schemas.catalogue import Catalogue

app = typer.Typer(help="The hub database.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `db upgrade` a subcommand while it is the only one."""


@app.command("upgrade", epilog="Example: opdhub db upgrade")
def upgrade() -> None:
    """Bring the hub's schemas, views, roles and grants to what this version and the catalogue say."""
    settings = Settings.from_environment()
    catalogue = Catalogue.load(settings.catalogue)
    with running_database(settings):
        Stack(settings).apply_grants(catalogue, say)
    say("the hub database is up to date")
