"""What every stage is given: the catalogue, the hub database, the landing zone, the connections."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from connectors.connection import Connection
from schemas.application import AnyApplication
from schemas.catalogue import Catalogue
from schemas.contract import Contract
from schemas.errors import ConfigurationError
from schemas.feed import Feed
from schemas.yaml_file import suggest
from store.database import Database
from store.landing import Landing

#: the city's clock, by which a date is in the future and a grant ends
JAKARTA = ZoneInfo("Asia/Jakarta")


class Progress(Protocol):
    """Called with the rows done so far, and the rows expected where that is known."""

    def __call__(self, done: int, total: int | None) -> None:
        """Show it."""


def silent(done: int, total: int | None) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class FeedContext:
    """A feed with its application and contract; `id` is `<opd>.<app>.<feed>`."""

    id: str
    name: str
    application: AnyApplication
    feed: Feed
    contract: Contract


@dataclass(frozen=True)
class Ask:
    """What a person asks of one run beyond the schedule's."""

    #: sources may be read outside their windows, this time: their owner agrees
    outside_window: bool = False
    #: read everything, though a cursor would tell the changes
    full: bool = False
    #: read again the rows whose cursor lies from `since` to `until`, as the source writes them; nothing is deleted
    since: str | None = None
    until: str | None = None
    #: a sample of so many rows, for a look before anything is published
    limit: int | None = None


@dataclass(frozen=True)
class Workspace:
    """The services of the hub, as parameters rather than globals."""

    catalogue: Catalogue
    database: Database
    landing: Landing
    connection: Callable[[str], Connection]
    ask: Ask = Ask()
    #: told what a person may wait for, such as a place at a busy host
    say: Callable[[str], None] = lambda text: None

    @classmethod
    def from_environment(cls, connection: Callable[[str], Connection], only: str | None = None) -> Workspace:
        """Open what OPDHUB_CATALOGUE, OPDHUB_DATABASE_URL and OPDHUB_LANDING_URL name.

        `connection` finds a connection by its id; `only` an application or dataset reads no more of the
        catalogue than that needs. Raises ConfigurationError for a missing variable; a mistake in the catalogue
        is raised by the feed or dataset that it touches.
        """
        return cls(
            Catalogue.read(Path(_variable("OPDHUB_CATALOGUE")), only),
            Database(_variable("OPDHUB_DATABASE_URL")),
            Landing(_variable("OPDHUB_LANDING_URL")),
            connection,
        )

    def feed(self, feed_id: str) -> FeedContext:
        """Return a feed by its id; raises ConfigurationError with the nearest id."""
        app_id, _, name = feed_id.rpartition(".")
        application = self.catalogue.application(app_id)
        if name not in application.feeds:
            raise ConfigurationError(
                f"application {app_id} has no feed '{name}'", fix=suggest(name, set(application.feeds))
            )
        feed = application.feeds[name]
        return FeedContext(feed_id, name, application, feed, self.catalogue.contracts[feed.dataset])


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ConfigurationError("is not set", where=name, fix="start Airflow with 'opdhub up', which sets it")
    return value
