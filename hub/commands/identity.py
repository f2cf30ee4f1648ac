"""`opdhub identity`: who is who, where it is not certain, and what stewards decide."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer

from hub.commands.common import Json, running_database
from hub.console import say, show
from hub.settings import Settings
from pipelines.identity import decisions
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from schemas.masking import mask_numbers
from schemas.yaml_file import suggest

app = typer.Typer(help="Who is who: rows that nobody could decide, and what stewards decide.", no_args_is_help=True)
Dataset = Annotated[str, typer.Argument(help="An integrated dataset.")]
Feed = Annotated[str, typer.Argument(metavar="APP.FEED", help="The feed of the row.")]
RowKey = Annotated[str, typer.Argument(metavar="ROW", help="The row's key at its source.")]
Why = Annotated[str, typer.Option(help="The reason, for those who read it later.")]
Who = Annotated[str, typer.Option("--as", help="Who decides; without it, who is logged in here.")]
Clear = Annotated[bool, typer.Option("--clear", help="Show ids unmasked: only with the right to.")]


@app.command("review", epilog="Example: opdhub identity review penduduk")
def review(
    dataset: Dataset,
    feed: Annotated[str | None, typer.Option(help="Only rows of this feed.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 50,
    clear: Clear = False,
    json: Json = False,
) -> None:
    """List the rows that name nobody for certain, with the likeliest entity and the reason."""
    settings = _known(dataset)
    with running_database(settings) as database:
        rows = decisions.undecided(database, dataset, feed, limit)
    masked = [row | {name: _shown(row[name], clear) for name in ("row_key", "candidate")} for row in rows]
    show(masked, ["feed", "row_key", "candidate", "score", "reason"], json)


@app.command(
    "confirm", epilog="Example: opdhub identity confirm penduduk rsud_saleh.simrs_lama.pasien 001 3574… --why …"
)
def confirm(
    dataset: Dataset,
    feed: Feed,
    row: RowKey,
    key: Annotated[str, typer.Argument(help="The entity's id.")],
    why: Why,
    who: Who = "",
) -> None:
    """Decide that a row speaks of an entity."""
    with running_database(_known(dataset)) as database:
        _said(decisions.confirm(database, dataset, feed, row, key, who or getpass.getuser(), why), dataset)


@app.command(
    "split", epilog="Example: opdhub identity split penduduk rsud_saleh.simrs_lama.pasien 001 --why 'orang lain'"
)
def split(dataset: Dataset, feed: Feed, row: RowKey, why: Why, who: Who = "") -> None:
    """Decide that a row does not speak of the entity that it is linked to."""
    with running_database(_known(dataset)) as database:
        _said(decisions.split(database, dataset, feed, row, who or getpass.getuser(), why), dataset)


@app.command("merge", epilog="Example: opdhub identity merge penduduk 3574… 3574… --why 'perekaman ganda'")
def merge(
    dataset: Dataset,
    key: Annotated[str, typer.Argument(help="The id that goes; it redirects to the other.")],
    into: Annotated[str, typer.Argument(help="The id that stays.")],
    why: Why,
    who: Who = "",
) -> None:
    """Decide that two entities are one."""
    with running_database(_known(dataset)) as database:
        _said(decisions.merge(database, dataset, key, into, who or getpass.getuser(), why), dataset)


@app.command("undo", epilog="Example: opdhub identity undo 12")
def undo(decision: Annotated[int, typer.Argument(help="Its number.")], who: Who = "") -> None:
    """End a decision; the next integration decides by itself again."""
    with running_database(Settings.from_environment()) as database:
        ended = decisions.undo(database, decision, who or getpass.getuser())
    say(f"decision {decision} has ended; it shows with the next: opdhub integrate {ended['dataset']}")


@app.command("decisions", epilog="Example: opdhub identity decisions penduduk")
def list_decisions(dataset: Dataset, clear: Clear = False, json: Json = False) -> None:
    """List the decisions that hold."""
    with running_database(_known(dataset)) as database:
        rows = decisions.decisions(database, dataset)
    masked = [row | {name: _shown(row[name], clear) for name in ("row_key", "key", "into_key")} for row in rows]
    show(masked, ["decision", "kind", "feed", "row_key", "key", "into_key", "decided_by", "decided_at", "why"], json)


def _shown(key: Any, clear: bool) -> Any:
    """Return an entity's id, or a row's key at its source, which may be somebody's number, as it may be shown."""
    return key if clear or key is None else mask_numbers(key)


def _said(number: int, dataset: str) -> None:
    say(f"decision {number}; it shows with the next: opdhub integrate {dataset}")


def _known(dataset: str) -> Settings:
    settings = Settings.from_environment()
    plans = Catalogue.read(settings.catalogue).plans
    if dataset not in plans:
        raise ConfigurationError(f"no dataset '{dataset}'", fix=suggest(dataset, set(plans)))
    return settings
