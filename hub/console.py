"""How commands speak: progress and notes on the terminal, results as a table or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipelines.workspace import Progress as Report
from schemas.errors import HubError

#: notes and progress go to stderr, so that stdout holds the result alone
notes = Console(stderr=True, highlight=False)
#: a file or a pipe has no width: tables are written whole there
output = Console(highlight=False, width=None if sys.stdout.isatty() else 220)


def say(text: str) -> None:
    """Print a note."""
    notes.print(f"[dim]·[/] {text}")


def complain(error: HubError) -> None:
    """Print an error on one line."""
    notes.print("[bold red]error:[/]", end=" ")
    notes.print(" ".join(str(error).split()), markup=False, soft_wrap=True)


@contextmanager
def bars() -> Iterator[Progress]:
    """Show progress bars while the block runs; without a terminal only finished steps are told by `say`."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as progress:
        yield progress


def bar(progress: Progress, description: str) -> Report:
    """Return a progress function that draws one bar."""
    task = progress.add_task(description, total=None)

    def report(done: int, total: int | None) -> None:
        progress.update(task, completed=done, total=total)

    return report


def show(rows: list[dict[str, Any]], columns: list[str], as_json: bool, title: str = "") -> None:
    """Print rows as a table of `columns`, or whole as JSON."""
    if as_json:
        print_json(rows)
        return
    table = Table(title=title or None, header_style="bold", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
    for column in columns:
        numeric = any(isinstance(row.get(column), int) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
    for row in rows:
        table.add_row(*("" if row.get(c) is None else _text(row[c]) for c in columns))
    output.print(table)


def print_json(content: Any) -> None:
    """Print JSON to stdout."""
    json.dump(content, sys.stdout, indent=1, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def write_json(path: Path, content: Any) -> None:
    """Write JSON to a file in one step."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
    temporary.replace(path)


def _text(value: Any) -> str:
    return f"{value:,}".replace(",", ".") if isinstance(value, int) and not isinstance(value, bool) else str(value)
