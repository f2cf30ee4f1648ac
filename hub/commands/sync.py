"""`opdhub sync` and `opdhub integrate`: the same stages that Airflow runs, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from hub.commands.common import Json, open_workspace
from hub.commands.dry_run import DRY_RUN_ROWS, show_dry_run
from hub.console import bar, bars, complain, say, show
from pipelines.run import new_run_id, safe_run_id, sync
from pipelines.workspace import Ask, Workspace
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError, HubError, RefusedError
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
    full: Annotated[bool, typer.Option("--full", help="Read everything, though a cursor would tell changes.")] = False,
    since: Annotated[
        str | None, typer.Option(help="Read again what changed from this cursor value on; nothing is deleted.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="With --since: up to this cursor value.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be published, publish nothing.")] = False,
    rows: Annotated[
        int | None, typer.Option(min=1, help=f"With --dry-run: read at most so many rows ({DRY_RUN_ROWS}).")
    ] = None,
    json: Json = False,
) -> None:
    """Pull an application: extract, standardise, validate, publish each of its feeds.

    A feed with a cursor is asked for what changed since its last run. Exits with 1 when a feed failed; what was
    published before stays then.
    """
    if until is not None and since is None:
        raise typer.BadParameter("needs --since", param_hint="--until")
    if rows is not None and not dry_run:
        raise typer.BadParameter("needs --dry-run", param_hint="--rows")
    if full and since is not None:
        raise typer.BadParameter("reads everything; leave --since away", param_hint="--full")
    with open_workspace(lambda catalogue: feeds_of(catalogue, target)) as opened:
        ask = Ask(outside_window, full, since, until, (rows or DRY_RUN_ROWS) if dry_run else None)
        workspace = replace(opened, ask=ask, say=say)
        if dry_run:
            show_dry_run(workspace, feeds_of(workspace.catalogue, target), json)
            return
        run = safe_run_id(run_id) if run_id else new_run_id("manual")
        accounts: list[dict[str, Any]] = []
        for feed_id in feeds_of(workspace.catalogue, target):
            if any(row["state"] == "refused" for row in accounts):  # each further try may lock the account
                accounts.append({"feed": feed_id, "run_id": run, "state": "not tried"})
            else:
                accounts.append(_sync_feed(workspace, feed_id, run))
    columns = ["feed", "state", "read", "inserted", "updated", "unchanged", "quarantined", "deleted"]
    show(accounts, columns, json, title=f"run {run}")
    if any(row["state"] != "published" for row in accounts):
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
            state = "refused" if isinstance(error, RefusedError) else "failed"
            return {"feed": feed_id, "run_id": run_id, "state": state, "error": str(error)}
    return {"feed": feed_id, "run_id": run_id, "state": "published", **vars(account)}


def integrate_command(
    dataset: Annotated[str, typer.Argument(help="A dataset of schemas/integration/.")],
    whole: Annotated[
        bool, typer.Option("--whole", help="Make every entity anew, not those alone whose rows have changed.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a new release of an integrated dataset from what its sources have published."""
    from pipelines.integrate import integrate

    with open_workspace(lambda catalogue: catalogue.plan(dataset)) as workspace:
        release = integrate(workspace, dataset, new_run_id("manual"), whole=whole)
    row = vars(release)
    show([row], list(row), json)
