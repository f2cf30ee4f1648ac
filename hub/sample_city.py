"""The sample city as the hub uses it: build it where the sources can be reached, and tell the connections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hub.connections import add_connections
from hub.console import bar, bars, say
from hub.embedded_postgres import EmbeddedPostgres, require_free_port
from hub.settings import ROOT, Settings, make_home
from schemas.errors import ConfigurationError

if TYPE_CHECKING:  # every command would load pandas for it: a second, and 60 MB
    from simulator.build import CitySummary, CityTarget


def city_target(settings: Settings) -> CityTarget:
    """Return where the city goes: the given MariaDB, the embedded PostgreSQL when it runs, files below home."""
    from simulator.build import CityTarget

    embedded = settings.database_url is None and EmbeddedPostgres(settings).running
    return CityTarget(
        folder=settings.home / "city",
        mariadb_url=settings.mariadb_url,
        postgres_url=settings.embedded_url("postgres") if embedded else None,
        rest_url=f"http://127.0.0.1:{settings.city_port}",
        sftp_port=settings.sftp_port,
        applications=ROOT / "applications",
    )


def require_city_ports(settings: Settings) -> None:
    """Raise ConfigurationError when another program listens where the city's REST or SFTP server would."""
    require_free_port(settings.city_port, "OPDHUB_CITY_PORT", "the sample city")
    if (settings.home / "city" / "sftp").exists():
        require_free_port(settings.sftp_port, "OPDHUB_SFTP_PORT", "the sample city's SFTP")


def build(settings: Settings, residents: int, seed: int, wilayah: Path | None = None) -> CitySummary:
    """Build the city and add its connections to the hub's; with `wilayah`, a real dump replaces that source.

    Raises ConfigurationError when the dump is given without a MariaDB to load it into.
    """
    from simulator.build import build_city
    from simulator.real import load_dump

    if wilayah is not None and settings.mariadb_url is None:
        raise ConfigurationError(
            "the dump needs a MariaDB", where="--wilayah", fix="set OPDHUB_MARIADB_URL=mysql://user:password@host:3306"
        )
    make_home(settings.home)
    with bars() as progress:
        report = bar(progress, "sample city")
        summary = build_city(city_target(settings), residents, seed, lambda what, done, total: report(done, total))
    for note in summary.notes:
        say(note)
    connections = dict(summary.connections)
    if wilayah is not None and settings.mariadb_url is not None:
        connections["wilayah"] = load_dump(settings.mariadb_url, wilayah)
    add_connections(settings.connections, connections)
    return summary


def tick(settings: Settings, days: int) -> CitySummary:
    """Let the city live on for some days; raises ConfigurationError like `simulator.tick.tick_city`."""
    from simulator.tick import tick_city

    with bars() as progress:
        report = bar(progress, "sample city")
        return tick_city(city_target(settings), days, lambda what, done, total: report(done, total))
