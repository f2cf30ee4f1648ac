"""`opdhub drift`: what sources have changed, and what a steward says of it."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from hub.commands.common import Json, require_known, running_database
from hub.console import say, show
from hub.settings import Settings
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from schemas.yaml_file import suggest
from store.drift import accept_drift, approve_deletions, drift_of

app = typer.Typer(help="What sources have changed, and what a steward accepts of it.", no_args_is_help=True)
Feed = Annotated[str, typer.Argument(metavar="APP.FEED", help="A feed.")]
Why = Annotated[str, typer.Option(help="The reason, for those who read it later.")]
Who = Annotated[str, typer.Option("--as", help="Who decides; without it, who is logged in here.")]
#: kinds of changes with which a source can be read differently; a new code is for its YAML to explain
ACCEPTABLE = ("added", "removed", "renamed", "retyped")


@app.command("list", epilog="Example: opdhub drift list dispendukcapil.siak")
def list_command(
    target: Annotated[str | None, typer.Argument(metavar="[APP[.FEED]]", help="Only of these.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are accepted.")] = False,
    json: Json = False,
) -> None:
    """List the changes that runs have met and nobody has accepted."""
    settings = Settings.from_environment()
    with running_database(settings) as database:
        found = drift_of(database, target, is_open=None if every else True)
    if not found:
        require_known(settings, target)
    rows = [
        {
            "feed": row["feed"],
            "column": row["column_name"],
            "change": row["change"].words,
            "first_seen": row["first_seen"],
            "accepted_by": row["accepted_by"],
            "why": row["why"],
        }
        for row in found
    ]
    show(rows, ["feed", "column", "change", "first_seen", *(["accepted_by", "why"] if every else [])], json)


@app.command("accept", epilog="Example: opdhub drift accept dinkes.simpus.pasien no_telp --why 'kolom baru, tak perlu'")
def accept_command(
    feed: Feed,
    columns: Annotated[
        list[str] | None, typer.Argument(metavar="[COLUMN…]", help="These columns; without, all that are open.")
    ] = None,
    why: Why = "",
    who: Who = "",
) -> None:
    """Accept changes of a source: a new column is ignored, one that is gone is read as empty, a renamed one follows.

    It holds from the next run on. To take a new column, map it in the YAML instead.
    """
    settings = Settings.from_environment()
    _require_feed(settings, feed)
    with running_database(settings) as database:
        rows = [row for row in drift_of(database, feed, is_open=True) if row["kind"] in ACCEPTABLE]
        unknown = sorted(set(columns or []) - {row["column_name"] for row in rows})
        if unknown or not rows:
            names = {row["column_name"] for row in rows}
            fix = suggest(unknown[0], names) if unknown and names else "see: opdhub drift list"
            what = f"of column '{unknown[0]}'" if unknown else "that waits to be accepted"
            raise ConfigurationError(f"has no change {what}", where=feed, fix=fix)
        for row in rows:
            if not columns or row["column_name"] in columns:
                accept_drift(database, feed, row["change"], who or getpass.getuser(), why)
                say(f"accepted: {row['change'].words}")


@app.command("deletions", epilog="Example: opdhub drift deletions dinsos.dtks.kpm 412 --why 'pemutakhiran 2026'")
def deletions_command(
    feed: Feed,
    rows: Annotated[int, typer.Argument(min=1, help="So many rows may go; more stop the run again.")],
    why: Why,
    who: Who = "",
) -> None:
    """Let the next run delete more published rows than expect.max_deleted_pct allows, once.

    With dataset.<name> as the feed: let the next release be smaller than gates.max_shrink_pct allows.
    """
    settings = Settings.from_environment()
    _require_feed(settings, feed)
    with running_database(settings) as database:
        approve_deletions(database, feed, rows, who or getpass.getuser(), why)
    say(f"one run of {feed} may delete up to {rows} rows")


def _require_feed(settings: Settings, feed: str) -> None:
    catalogue = Catalogue.load(settings.catalogue)
    known = {*catalogue.feeds(), *(f"dataset.{name}" for name in catalogue.plans)}
    if feed not in known:
        raise ConfigurationError(f"no feed '{feed}' in the catalogue", fix=suggest(feed, known))
