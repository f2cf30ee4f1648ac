"""What `opdhub sync --dry-run` shows."""

from __future__ import annotations

from typing import Any

import typer

from hub.console import bar, bars, complain, print_json, show
from pipelines.dry_run import DryRun, dry_run
from pipelines.workspace import Workspace
from schemas.errors import HubError

#: enough to meet what a feed of the city holds, little enough for a slow source
DRY_RUN_ROWS = 10_000


def show_dry_run(workspace: Workspace, feed_ids: list[str], as_json: bool) -> None:
    """Look at each feed and print what would be published; exits with 1 when one could not be read or would be held.

    Errors of one feed do not keep the others from being looked at.
    """
    found: list[dict[str, Any]] = []
    is_sound = True
    for feed_id in feed_ids:
        with bars() as progress:
            try:
                looked = dry_run(workspace, feed_id, lambda stage, name=feed_id: bar(progress, f"{name} {stage}"))  # type: ignore[misc]
            except HubError as error:
                complain(error)
                found.append({"feed": feed_id, "error": str(error)})
                is_sound = False
                continue
        found.append(vars(looked))
        is_sound = is_sound and not looked.gates
        if not as_json:
            _show(looked)
    if as_json:
        print_json(found)
    if not is_sound:
        raise typer.Exit(1)


def _show(looked: DryRun) -> None:
    title = f"{looked.feed} → {looked.dataset}{' (a sample)' if looked.is_sample else ''}: nothing was published"
    columns = ["read", "accepted", "quarantined", "inserted", "updated", "unchanged"]
    show([vars(looked)], columns, as_json=False, title=title)
    if looked.problems:
        columns = ["field", "rule", "severity", "rows", "message"]
        show(looked.problems, columns, as_json=False, title="what was found")
    for gate in looked.gates:
        show([gate], ["id", "limit", "value"], as_json=False, title="would be held back")
    if looked.shown:
        shown = [{"field": name, **_cells(looked, name)} for name in looked.shown[0]]
        show(shown, list(shown[0]), as_json=False, title="the first rows, personal values masked")


def _cells(looked: DryRun, name: str) -> dict[str, str | None]:
    return {f"row {number}": row[name] for number, row in enumerate(looked.shown, start=1)}
