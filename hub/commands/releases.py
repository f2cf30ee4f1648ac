"""`opdhub releases`, `changes`, `compare`, `as-of`, `history`: what a dataset was, is, and how it got there."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Annotated, Any

import typer

from hub.commands.common import Json, running_database
from hub.console import print_json, say, show
from hub.settings import Settings
from schemas.catalogue import Catalogue
from schemas.contract import Contract
from schemas.errors import ConfigurationError
from schemas.masking import IDENTIFIERS, mask_id, mask_text
from schemas.yaml_file import suggest
from store import releases as store
from store.database import Database

Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="An integrated dataset, such as penduduk.")]
Number = Annotated[int, typer.Argument(min=0, help="A release; 0 is the time before the first.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many rows.")]
Unmasked = Annotated[bool, typer.Option("--clear", help="Show personal values in clear: only with the right to.")]
Row = dict[str, Any]
#: of a family event, what holds a person's number or address
FAMILY_VALUES = {"nik": mask_id, "dari": mask_text, "ke": mask_text}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("releases", epilog="Example: opdhub releases penduduk")(releases_command)
    app.command("changes", epilog="Example: opdhub changes penduduk --after 3000 --limit 20 --json")(changes_command)
    app.command("compare", epilog="Example: opdhub compare penduduk 3 7")(compare_command)
    app.command("as-of", epilog="Example: opdhub as-of penduduk 2026-05-31 --key 3574011402850001")(as_of_command)
    app.command("history", epilog="Example: opdhub history keluarga 3574011402850002")(history_command)


def releases_command(dataset: Dataset, json: Json = False) -> None:
    """List a dataset's releases with what each changed, and those that were held back."""
    with _opened(dataset) as (database, _):
        rows = store.releases(database, dataset)
    if not rows and not json:
        say(f"{dataset} has no release yet")
    shown = [row | {"reasons": json_text.dumps(row["reasons"], ensure_ascii=False)} if row["reasons"] else row
             for row in rows]  # fmt: skip
    columns = ["release", "at", "state", "rows", "inserted", "updated", "deleted", "merged", "run_id"]
    show(rows if json else shown, [*columns, *(["reasons"] if any(row["reasons"] for row in rows) else [])], json)


def changes_command(
    dataset: Dataset,
    after: Annotated[int, typer.Option(min=0, help="Only what came after this number.")] = 0,
    limit: Limit = 50,
    unmasked: Unmasked = False,
    json: Annotated[bool, typer.Option("--json", help="Print each change as one line of JSON.")] = False,
) -> None:
    """Show a dataset's change feed: each number once, without a gap, in the order of the releases."""
    with _opened(dataset) as (database, contract):
        told = (_change(contract, row, unmasked) for row in store.changes(database, dataset, after, limit))
        _tell(told, ["change", "release", "at", "operation", "key", "changed", "into_key"], json)


def compare_command(
    dataset: Dataset, a: Number, b: Number, limit: Limit = 50, unmasked: Unmasked = False, json: Json = False
) -> None:
    """Show what differs between two releases, forwards or backwards; then how much of each kind."""
    with _opened(dataset) as (database, contract):
        counts: dict[str, int] = {}

        def counted() -> Iterator[Row]:
            for row in store.compare(database, dataset, a, b):
                counts[row["operation"]] = counts.get(row["operation"], 0) + 1
                yield row

        every = counted()
        rows = [_change(contract, row, unmasked) for row in islice(every, limit)]
        for _ in every:  # the rest is only counted
            pass
    show(rows if json else [_flat(row) for row in rows], ["operation", "key", "changed", "into_key"], json)
    say(", ".join(f"{number} {operation}" for operation, number in sorted(counts.items())) or "no difference")


def as_of_command(
    dataset: Dataset,
    when: Annotated[str, typer.Argument(metavar="DATE|RELEASE", help="A day (its end), a time, or a release.")],
    key: Annotated[str | None, typer.Option(help="Only this row.")] = None,
    limit: Limit = 50,
    unmasked: Unmasked = False,
    json: Json = False,
) -> None:
    """Show a dataset as it was published on a day, at a time or by a release."""
    with _opened(dataset) as (database, contract):
        number = store.release_of(database, dataset, when)
        found = list(store.as_of(database, dataset, number, key, limit))
        say(f"{dataset}, release {number}")
        if key is not None and not found:
            raise _no_row(database, contract, key)
    rows = [_masked(contract, row, unmasked) for row in found]
    show(rows, [field.name for field in contract.fields], json)


def history_command(
    dataset: Dataset,
    key: Annotated[str, typer.Argument(help="The key of a row.")],
    unmasked: Unmasked = False,
    json: Json = False,
) -> None:
    """Show every version of one row; of a family card also what happened to its members."""
    with _opened(dataset) as (database, contract):
        versions = store.history(database, dataset, key)
        if not versions:
            raise _no_row(database, contract, key)
        events = store.family_events(database, key) if dataset == "keluarga" else []
        current = store.current_key(database, dataset, key)
    rows = [_masked(contract, row, unmasked) for row in versions]
    told = [
        {name: _mask(FAMILY_VALUES.get(name), value, unmasked) for name, value in event.items()} for event in events
    ]
    if json:
        print_json({"versions": rows, "events": told, "current_key": _mask_key(contract, current, unmasked)})
        return
    changing = [field.name for field in contract.fields if len({repr(row[field.name]) for row in versions}) > 1]
    show(rows, ["_release", "valid_from", "valid_until", *(changing or [contract.fields[0].name])], json)
    if events:
        show(told, ["at", "peristiwa", "nik", "dari", "ke"], json, title="members")
    if current != key:
        say(f"merged: it is {_mask_key(contract, current, unmasked)} now")


@contextmanager
def _opened(dataset: str) -> Iterator[tuple[Database, Contract]]:
    settings = Settings.from_environment()
    # a mistake in an application is no reason not to look back
    contracts = Catalogue.read(settings.catalogue).contracts
    if dataset not in contracts:
        raise ConfigurationError(f"no dataset '{dataset}'", fix=suggest(dataset, set(contracts)))
    with running_database(settings) as database:
        yield database, contracts[dataset]


def _tell(rows: Iterable[Row], columns: list[str], json: bool) -> None:
    """Print rows as a table, or one JSON object a line."""
    if not json:
        show([_flat(row) for row in rows], columns, json)
        return
    for row in rows:
        sys.stdout.write(json_text.dumps(row, ensure_ascii=False, default=str) + "\n")


def _flat(row: Row) -> Row:
    return row | {"changed": ", ".join(row["changed"])}


def _no_row(database: Database, contract: Contract, key: str) -> ConfigurationError:
    current = store.current_key(database, contract.dataset, key)
    shown = _mask_key(contract, key)
    if current != key:
        fix = f"it is merged into {_mask_key(contract, current)}: 'opdhub history {contract.dataset} KEY' tells when"
        return ConfigurationError(f"no row {shown} there", where=contract.dataset, fix=fix)
    return ConfigurationError(f"no row {shown} there", where=contract.dataset, fix="check the key")


def _change(contract: Contract, row: Row, unmasked: bool) -> Row:
    """Return an entry of the change feed, or of a comparison, as it is shown."""
    if unmasked:
        return row
    shown = row | {name: row[name] and _mask_key(contract, row[name]) for name in ("key", "into_key")}
    return shown | {name: row[name] and _masked(contract, row[name], unmasked) for name in ("before", "after")}


def _masked(contract: Contract, row: Row, unmasked: bool) -> Row:
    """Return a row with its personal values masked, as a consumer without any clear field sees them."""
    if unmasked:
        return row
    shown = dict(row)
    if "_key" in row:
        shown["_key"] = _mask_key(contract, row["_key"])
    known = {field.name for field in contract.fields}
    for name in [name for name in row if not name.startswith("_") and name not in ("valid_from", "valid_until")]:
        field = contract.field(name)
        if name not in known:
            del shown[name]  # nobody knows any more whose it was
        elif field is not None and field.personal:
            how = mask_id if field.type.name in IDENTIFIERS else mask_text
            shown[name] = None if field.type.postgres != "text" else _mask(how, row[name], unmasked)
    return shown


def _mask_key(contract: Contract, key: str, unmasked: bool = False) -> str:
    is_personal = any(field.personal for field in contract.fields if field.name in contract.key)
    return mask_id(key) if is_personal and not unmasked else key


def _mask(how: Any, value: Any, unmasked: bool) -> Any:
    return value if unmasked or how is None or value is None else how(value)
