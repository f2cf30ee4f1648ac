"""`opdhub sync` and `opdhub integrate`: the same stages that Airflow runs, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from hub.commands.common import Json, open_workspace
from hub.console import bar, bars, complain, show
from pipelines.run import new_run_id, safe_run_id, sync
from pipelines.workspace import Workspace
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError, HubError
from schemas.yaml_file import suggest


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("sync", epilog="Example: opdhub sync kemendagri.wilayah")(sync_command)
    app.command("integrate", epilog="Example: opdhub integrate penduduk")(integrate_command)


def sync_command(
    target: Annotated[str, typer.Argument(metavar="APP[.FEED]", help="An application, or one feed of it.")],
    run_id: Annotated[str, typer.Option(help="Continue or repeat the run of this id.")] = "",
    outside_window: Annotated[
        bool, typer.Option("--outside-window", help="Read the source outside its hours; ask its owner first.")
    ] = False,
    json: Json = False,
) -> None:
    """Pull an application: extract, standardise, validate, publish each of its feeds.

    Exits with 1 when a feed failed; what was published before stays then.
    """
    with open_workspace(lambda catalogue: feeds_of(catalogue, target)) as opened:
        workspace = replace(opened, outside_window=outside_window)
        run = safe_run_id(run_id) if run_id else new_run_id("manual")
        rows = [_sync_feed(workspace, feed_id, run) for feed_id in feeds_of(workspace.catalogue, target)]
    columns = ["feed", "state", "read", "inserted", "updated", "unchanged", "quarantined", "deleted"]
    show(rows, columns, json, title=f"run {run}")
    if any(row["state"] != "published" for row in rows):
        raise typer.Exit(1)


def feeds_of(catalogue: Catalogue, target: str) -> list[str]:
    """Return the feed ids that `<opd>.<app>` or `<opd>.<app>.<feed>` names.

    Raises ConfigurationError with the nearest id, or with the mistakes in the application's files.
    """
    opd, _, rest = target.partition(".")
    name, _, wanted = rest.partition(".")
    application = catalogue.application(f"{opd}.{name}" if name else opd)
    if wanted and wanted not in application.feeds:
        fix = suggest(wanted, set(application.feeds))
        raise ConfigurationError(f"application {application.id} has no feed '{wanted}'", fix=fix)
    return [f"{application.id}.{feed}" for feed in application.feeds if wanted in ("", feed)]


def _sync_feed(workspace: Workspace, feed_id: str, run_id: str) -> dict[str, Any]:
    with bars() as progress:
        try:
            account = sync(workspace, feed_id, run_id, lambda stage: bar(progress, f"{feed_id} {stage}"))
        except HubError as error:
            complain(error)
            return {"feed": feed_id, "run_id": run_id, "state": "failed", "error": str(error)}
    return {"feed": feed_id, "run_id": run_id, "state": "published", **vars(account)}


def integrate_command(
    dataset: Annotated[str, typer.Argument(help="A dataset of schemas/integration/.")], json: Json = False
) -> None:
    """Make a new release of an integrated dataset from what its sources have published."""
    from pipelines.integrate import integrate

    with open_workspace(lambda catalogue: catalogue.plan(dataset)) as workspace:
        release = integrate(workspace, dataset, new_run_id("manual"))
    row = vars(release)
    show([row], list(row), json)
