"""`opdhub audit`: the reports of runs and releases, and whether they are still what was sealed."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.commands.common import Json, require_known, running_database
from hub.console import show
from hub.settings import Settings
from pipelines.evidence import altered
from store.runs import sealed_runs

app = typer.Typer(help="The evidence of runs.", no_args_is_help=True)

Target = Annotated[
    str | None, typer.Argument(metavar="[APP[.FEED]|DATASET]", help="Only of this application, feed or dataset.")
]


@app.command("report", epilog="Example: opdhub audit report dispendukcapil.siak")
def report(
    target: Target = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many runs.")] = 20,
    json: Json = False,
) -> None:
    """List where the validation reports of the newest runs and releases are: one HTML page each, readable offline."""
    settings = Settings.from_environment()
    with running_database(settings) as database:
        rows = sealed_runs(database, limit, target)
    if not rows:
        require_known(settings, target)
    show(rows, ["feed", "state", "at", "report", "evidence_sha256"], json)


@app.command("verify", epilog="Example: opdhub audit verify dispendukcapil.siak")
def verify(
    target: Target = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many runs.")] = 1000,
    json: Json = False,
) -> None:
    """Compare evidence, report page and landed parts of runs with the digests that were recorded.

    Exits with 1 when a byte of any of them was changed, or one of them is gone.
    """
    settings = Settings.from_environment()
    landing = settings.landing()
    with running_database(settings) as database:
        sealed = sealed_runs(database, limit, target)
    if not sealed:
        require_known(settings, target)
    rows = [
        {
            "feed": run["feed"],
            "run_id": run["run_id"],
            "verdict": "altered" if (found := altered(landing, run["feed"], run["run_id"], run)) else "unaltered",
            "altered": ", ".join(found),
        }
        for run in sealed
    ]
    show(rows, ["feed", "run_id", "verdict", "altered"], json)
    if any(row["altered"] for row in rows):
        raise typer.Exit(1)
