"""`opdhub city`: the sample city."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from hub import sample_city
from hub.commands.common import Json, running_database
from hub.console import print_json, say
from hub.embedded_postgres import require_free_port
from hub.services import city_service
from hub.settings import Settings
from schemas.errors import ConfigurationError

app = typer.Typer(help="The sample city: invented people in dirty applications.", no_args_is_help=True)

Residents = Annotated[int, typer.Option(min=100, max=1_000_000, help="Residents of the sample city.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same city.")]
Wilayah = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="A dump of the real regions (wilayah.sql) as a source, in MariaDB."),
]


@app.command("build", epilog="Example: opdhub city build --residents 5000 --seed 1")
def build(residents: Residents = 5000, seed: Seed = 1, wilayah: Wilayah = None, json: Json = False) -> None:
    """Build the city's sources, replacing an earlier city, and add their connections to the hub's."""
    settings = Settings.from_environment()
    with running_database(settings):
        summary = sample_city.build(settings, residents, seed, wilayah)
    if json:
        print_json({key: value for key, value in vars(summary).items() if key != "connections"})
    else:
        say(f"{residents} residents, {sum(summary.rows.values())} source rows in {summary.seconds} s")


@app.command("serve", epilog="Example: opdhub city serve")
def serve() -> None:
    """Serve the REST applications of a city that has been built, until Ctrl-C."""
    settings = Settings.from_environment()
    service = city_service(settings)
    if not (settings.home / "city" / "rest").exists():
        raise ConfigurationError("there is no city yet", where=str(settings.home), fix="build one: opdhub city build")
    require_free_port(settings.city_port, "OPDHUB_CITY_PORT", "the sample city")
    say(f"serving at http://127.0.0.1:{settings.city_port}, Ctrl-C stops")
    try:
        subprocess.run(service.command, env=service.environment, check=False)  # noqa: S603
    except KeyboardInterrupt:
        say("stopped")
