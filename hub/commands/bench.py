"""`opdhub bench`: how fast the hub is, beside the limit that the machine sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.commands.common import running_database
from hub.console import say, show, write_json
from hub.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("bench", epilog="Example: opdhub bench --only extract --json bench.json")(bench)


def bench(
    only: Annotated[str | None, typer.Option(help="One benchmark instead of all.")] = None,
    rows: Annotated[int, typer.Option(min=1000, help="Rows of the table that is moved.")] = 1_000_000,
    json: Annotated[Path | None, typer.Option("--json", dir_okay=False, help="Write the figures to this file.")] = None,
) -> None:
    r"""Measure; each benchmark is timed beside its limit in the same run, and needs OPDHUB_MARIADB_URL.

    extract: MariaDB → landing zone, beside the mysql client writing to /dev/null.
    way: MariaDB → published, each stage timed, beside mysql piped into psql \copy.
    parse: Airflow's DAGs from 99 applications, beside reading the same YAML (needs no MariaDB).
    inspect: drafts of a sample city's applications, beside the catalogue's own YAML; it has no limit.
    integrate: the register of 243,746 residents, from nothing and a day later (needs no MariaDB; ten minutes).
    match: people without an identifier, FEBRL and a register of the city's size (needs no MariaDB).
    """
    from benchmarks.registry import BENCHMARKS
    from benchmarks.source import Setting

    if only is not None and only not in BENCHMARKS:
        raise typer.BadParameter(f"'{only}' is no benchmark; there are: {', '.join(BENCHMARKS)}", param_hint="--only")
    settings = Settings.from_environment()
    with running_database(settings) as database:
        setting = Setting(rows, say, database, settings.catalogue)
        figures = {name: run(setting) for name, run in BENCHMARKS.items() if only in (None, name)}
    if json is not None:
        write_json(json, figures)
    table = [{"benchmark": name, **values} for name, values in figures.items()]
    for row in table:
        show([row], list(row), as_json=False)
