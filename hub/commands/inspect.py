"""`opdhub inspect`: look at a live source and draft its application file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from hub.commands.common import Json
from hub.connections import connection_source
from hub.console import bar, bars, notes, output, print_json, say
from hub.settings import Settings
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from pipelines.draft import Draft, FeedDraft

APP_ID = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9][a-z0-9_]*")
#: tables that are listed; a database of 500 would fill the screen with logs and menus
LISTED = 30
NUMBERS = ("relevance", "rows", "mapped")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    example = "Example: opdhub inspect warga --output applications/dinas_contoh/warga.yaml"
    app.command("inspect", epilog=example)(inspect)


def inspect(
    connection: Annotated[str, typer.Argument(help="Id of a connection; add one with: opdhub connections import.")],
    app: Annotated[str | None, typer.Option(help="Id <opd>.<app> of the application that is drafted.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this table, resource or file pattern; repeatable.")
    ] = None,
    path: Annotated[list[str] | None, typer.Option(help="A resource of an API, such as /v1/warga; repeatable.")] = None,
    sample: Annotated[int, typer.Option(min=20, max=2000, help="Rows that are read of each table.")] = 200,
    out: Annotated[
        Path | None, typer.Option("--output", dir_okay=False, help="Write the YAML here; without it, to stdout.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Overwrite the file.")] = False,
    json: Json = False,
) -> None:
    """Draft an application's YAML from the structure and a sample of a database, an API or a folder.

    Reads only, and never a whole table. What is shown and written holds no value of a person: of the sample only
    codes that several rows share. Exits with 1 when nothing there fits a shared schema.
    """
    from connectors.survey import survey
    from pipelines.draft import draft

    settings = Settings.from_environment()
    if out is not None and out.exists() and not force:
        raise ConfigurationError("is there already", where=str(out), fix="give another file, or --force")
    source = connection_source(settings.connections)(connection)
    catalogue = Catalogue.read(settings.catalogue)
    app_id = _app_id(app, out, connection, catalogue)
    with bars() as progress:
        found = survey(
            source, only=only or (), paths=path or (), sample_rows=sample, progress=bar(progress, "read the source")
        )
        drafted = draft(found, catalogue, app_id, bar(progress, "compare with the shared schemas"))
    if json:
        print_json(drafted.as_json())
    else:
        (output if out is not None else notes).print(_table(drafted))
        for note in drafted.notes:
            say(note)
    if not drafted.yaml:
        fix = "name tables with --only, resources with --path, or describe a new dataset in schemas/contracts/"
        raise ConfigurationError("nothing there fits a shared schema", where=f"connection '{connection}'", fix=fix)
    _deliver(drafted, catalogue, out, json)


def _deliver(drafted: Draft, catalogue: Catalogue, out: Path | None, json: bool) -> None:
    """Write the YAML, and say what is left to do."""
    from pipelines.draft.check import mistakes

    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(drafted.yaml, encoding="utf-8")
        say(f"written to {out}; then: opdhub check, opdhub sync {drafted.app_id} --dry-run")
    elif not json:
        output.print(drafted.yaml, end="", markup=False, soft_wrap=True)
    for error in mistakes(drafted, catalogue):
        say(f"the draft does not pass the check yet: {error.problem}. {error.fix}")
    for feed in drafted.feeds:
        if feed.active:
            say(f"add to schemas/integration/{feed.dataset}.yaml: - {drafted.app_id}.{feed.name}")


def _app_id(app: str | None, out: Path | None, connection: str, catalogue: Catalogue) -> str:
    """Return the id of the drafted application: as given, by the file's place, or of who has the connection."""
    if app is not None:
        if not APP_ID.fullmatch(app):
            raise ConfigurationError(f"'{app}' is no id of an application", where="--app", fix="write <opd>.<app>")
        return app
    if out is not None and APP_ID.fullmatch(f"{out.parent.name}.{out.stem}"):
        return f"{out.parent.name}.{out.stem}"
    owners = [known.id for known in catalogue.applications.values() if known.connection == connection]
    return owners[0] if owners else "opd." + (re.sub("[^a-z0-9_]+", "_", connection.lower()) or "baru")


def _table(drafted: Draft) -> Table:
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1))
    for column in ("relevance", "table", "rows", "dataset", "mapped", "key", "cursor", "remark"):
        table.add_column(column, justify="right" if column in NUMBERS else "left", overflow="fold")
    for feed in drafted.feeds:
        columns = sum(len(item.columns) for item in feed.fields)
        mapped = f"{columns} of {columns + len(feed.ignored)}"
        key, remark = ", ".join(feed.key), _remark(feed)
        _row(table, f"{feed.score:.2f}", feed.table, feed.rows, feed.dataset, mapped, key, feed.cursor, remark)
    for item in drafted.left_out[:LISTED]:
        _row(table, f"{item.score:.2f}", item.table, item.rows, f"({item.dataset})", "", "", "", item.reason)
    hidden = len(drafted.left_out) - LISTED
    if hidden > 0:
        _row(table, "", f"… {hidden} more", None, "", "", "", "", "see the end of the YAML")
    return table


def _remark(feed: FeedDraft) -> str:
    if feed.missing:
        return "fill in: " + ", ".join(feed.missing)
    return "" if feed.active else feed.notes[0]


def _row(table: Table, *cells: object) -> None:
    """Add a row; numbers with dots, and no text of a source read as markup."""
    table.add_row(
        *(Text(f"{cell:,}".replace(",", ".") if isinstance(cell, int) else str(cell or "")) for cell in cells)
    )
