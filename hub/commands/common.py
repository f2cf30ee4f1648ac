"""What several commands share: the workspace with a running database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from hub.connections import connection_source
from hub.console import say
from hub.settings import Settings
from hub.stack import Stack
from pipelines.workspace import Workspace
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from schemas.yaml_file import suggest
from store.database import Database

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@contextmanager
def running_database(settings: Settings) -> Iterator[Database]:
    """Yield the hub database; an embedded one runs for as long as somebody uses it."""
    stack = Stack(settings)
    try:
        if settings.database_url is None and not stack.postgres.running:
            stack.start_database(say)
        else:
            stack.start_database(lambda text: None)
        yield settings.database()
    finally:
        if not stack.processes.alive():  # a running stack, or what a crash left of one, keeps its database
            stack.postgres.release()


def require_known(settings: Settings, target: str | None) -> None:
    """Raise ConfigurationError, with the nearest name, when the catalogue has no such application or feed.

    For commands that found nothing under a name: a misspelt name must not look like good news.
    """
    if target is None:
        return
    catalogue = Catalogue.load(settings.catalogue)
    known = {*catalogue.applications, *catalogue.feeds(), *catalogue.plans}
    if target not in known:
        raise ConfigurationError(f"no application or feed '{target}' in the catalogue", fix=suggest(target, known))


@contextmanager
def open_workspace(check: Callable[[Catalogue], object]) -> Iterator[Workspace]:
    """Yield the hub as the settings describe it, its database running.

    `check` is called with the catalogue before anything is started: it raises when what is asked for is not
    there, or touched by a mistake. Mistakes elsewhere are only told.
    """
    settings = Settings.from_environment()
    catalogue = Catalogue.read(settings.catalogue)
    check(catalogue)
    if catalogue.mistakes:
        say(f"{len(catalogue.mistakes)} mistakes elsewhere in the catalogue, see: opdhub check")
    landing = settings.landing()
    with running_database(settings) as database:
        yield Workspace(catalogue, database, landing, connection_source(settings.connections))
