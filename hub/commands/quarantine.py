"""`opdhub quarantine`: the rows that were not published, with reason and original values."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.commands.common import Json, require_known, running_database
from hub.console import show
from hub.settings import Settings
from schemas.errors import ConfigurationError
from schemas.masking import mask_id, mask_text
from store.runs import quarantined

app = typer.Typer(help="The rows that were not published, and why.", no_args_is_help=True)


@app.command("list", epilog="Example: opdhub quarantine list dispendukcapil.siak")
def list_command(
    target: Annotated[
        str | None, typer.Argument(metavar="[APP[.FEED]]", help="Only of this application or feed.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 50,
    json: Json = False,
) -> None:
    """List the quarantined rows of each feed's newest run; keys and values are masked."""
    settings = Settings.from_environment()
    with running_database(settings) as database:
        rows = quarantined(database, target, limit)
    if not rows:
        require_known(settings, target)
    masked = [
        {
            "feed": row["feed"],
            "row": row["row_number"],
            "key": mask_id(row["source_key"] or ""),
            "reasons": ", ".join(
                f"{reason['field']}: {reason['rule']}" if reason["field"] else reason["rule"]
                for reason in row["reasons"]
            ),
            "original": {name: None if text is None else mask_text(text) for name, text in row["original"].items()},
        }
        for row in rows
    ]
    show(masked, ["feed", "row", "key", "reasons"], json)


@app.command("show", epilog="Example: opdhub quarantine show dispendukcapil.siak.biodata 17")
def show_command(
    feed: Annotated[str, typer.Argument(help="The feed.")],
    row: Annotated[int, typer.Argument(help="The row number that 'list' shows.")],
    clear: Annotated[bool, typer.Option("--clear", help="Show the values unmasked: only with the right to.")] = False,
    json: Json = False,
) -> None:
    """Show one quarantined row with the values that the source sent."""
    settings = Settings.from_environment()
    with running_database(settings) as database:
        found = [item for item in quarantined(database, feed, 1_000_000) if item["row_number"] == row]
    values = [
        {"column": name, "original": text if clear or text is None else mask_text(text)}
        for item in found
        for name, text in item["original"].items()
    ]
    if not values:
        require_known(settings, feed)
        raise ConfigurationError(
            f"no row {row} of {feed} is in quarantine", fix=f"'opdhub quarantine list {feed}' shows the numbers"
        )
    reasons = ", ".join(f"{reason['field'] or 'key'}: {reason['rule']}" for reason in found[0]["reasons"])
    show(values, ["column", "original"], json, title=f"{feed}, row {row}: {reasons}")
