"""`opdhub trace`: the way back from a published value to what the source wrote, and who decided."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape

from hub.commands.common import Json, running_database
from hub.console import print_json, say, show
from hub.settings import Settings
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from schemas.masking import LONG_NUMBER, digits, mask_numbers
from schemas.yaml_file import suggest
from store.trace import Said, Trace, trace

SOURCE = ("feed", "source_key", "original", "run_id", "extracted_at")
LINK = ("how", "score", "reason", "decided_by", "decided_at")
DECISION = ("kind", "key", "into_key", "feed", "row_key", "why", "decided_by", "decided_at", "ended_by")
Mask = Callable[[Any], Any]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("trace", epilog="Example: opdhub trace penduduk 3574911402850001 --field alamat")(trace_command)


def trace_command(
    dataset: Annotated[str, typer.Argument(help="An integrated dataset.")],
    key: Annotated[str, typer.Argument(help="The entity's key; of several fields as a|b.")],
    field: Annotated[str | None, typer.Option(help="Only this field.")] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Show other numbers unmasked: only with the right to.")
    ] = False,
    json: Json = False,
) -> None:
    """Show where the values of one entity come from: application, feed, run, source row and what it wrote.

    Then what other sources say, which rows of other datasets name the entity, and how each row came to be this
    entity's. Numbers of 12 digits or more, other than the key, are masked.
    """
    settings = Settings.from_environment()
    fields = _fields(settings, dataset, field)
    with running_database(settings) as database:
        found = trace(database, dataset, key)
    if found is None:
        raise ConfigurationError(
            f"no row has the key '{key}'", where=dataset, fix="look at the key's digits; one of several fields is a|b"
        )
    values = [said for said in found.values if said.field in fields]
    mask: Mask = (lambda value: value) if clear else _masking(found)
    if json:
        print_json(_as_json(found, values, mask))
        return
    if found.key != found.asked:
        say(f"{found.asked} was merged into {mask(found.key)}")
    _show_values(found, values, mask, field)
    if field is None:
        _show_identity(found, values, mask)


def _fields(settings: Settings, dataset: str, field: str | None) -> set[str]:
    """Return the fields to be shown; raises ConfigurationError with the nearest name of dataset or field."""
    catalogue = Catalogue.read(settings.catalogue)
    if dataset not in catalogue.plans:
        raise ConfigurationError(f"no dataset '{dataset}'", fix=suggest(dataset, set(catalogue.plans)))
    names = {item.name for item in catalogue.contracts[dataset].fields}
    if field is not None and field not in names:
        raise ConfigurationError(f"no field '{field}'", where=dataset, fix=suggest(field, names))
    return names if field is None else {field}


def _masking(found: Trace) -> Mask:
    """Return what stars the numbers in texts, however deep they lie; those that were asked for are shown."""
    own = {digits(number) for number in LONG_NUMBER.findall(found.asked)}

    def mask(value: Any) -> Any:
        if isinstance(value, str):
            return mask_numbers(value, own)
        if isinstance(value, dict):
            # a run's id has the digits of its time
            return {name: item if name == "run_id" else mask(item) for name, item in value.items()}
        return value

    return mask


def _as_json(found: Trace, values: list[Said], mask: Mask) -> dict[str, Any]:
    return {
        "dataset": found.dataset,
        "asked": found.asked,
        "key": mask(found.key),
        "values": [mask(asdict(said)) for said in values],
        "mentions": [mask(asdict(mention)) for mention in found.mentions],
        "decisions": [mask(asdict(decision)) for decision in found.decisions],
    }


def _show_values(found: Trace, values: list[Said], mask: Mask, field: str | None) -> None:
    won = [said for said in values if said.won]
    lost = [said for said in values if not said.won and said.source_value is not None]
    title = f"{found.dataset} {mask(found.key)}"
    if won or field is None:
        _table([_row(said, {"value": said.value}, mask) for said in won], ["field", "value", *SOURCE], title)
    else:
        say(f"{title}: no source has a value of {field}")
    if lost:
        rows = [
            _row(said, {"said": said.source_value, "differs": "" if said.source_value == said.value else "yes"}, mask)
            for said in lost
        ]
        _table(rows, ["field", "said", "differs", *SOURCE], "What other sources say")


def _show_identity(found: Trace, values: list[Said], mask: Mask) -> None:
    members = {
        (said.feed, said.source_key): {name: getattr(said, name) for name in ("feed", "source_key", *LINK)}
        for said in values
        if said.how is not None
    }
    mentions = [mask(asdict(item)) for item in found.mentions]
    decisions = [mask(asdict(item)) for item in found.decisions]
    for rows, columns, title in (
        (mentions, ["of_dataset", "feed", "row_key", *LINK], "Rows of other datasets that name it"),
        ([mask(row) for row in members.values()], ["feed", "source_key", *LINK], "How the rows came to be this one's"),
        (decisions, list(DECISION), "What stewards decided"),
    ):
        if rows:
            _table(rows, columns, title)


def _row(said: Said, what: dict[str, Any], mask: Mask) -> dict[str, Any]:
    row = asdict(said) | what | {"original": _written(said)}
    shown: dict[str, Any] = mask(row)
    return shown


def _written(said: Said) -> str:
    """Return what the source wrote as one text, control characters escaped."""
    if said.run_id is None:
        return "(the row is gone)"
    if said.original is None:
        return "(not kept)"
    if not said.original:
        return "(set by the mapping)"
    return ", ".join(f"{name}: {json_module.dumps(v, ensure_ascii=False)}" for name, v in said.original.items())


def _table(rows: list[dict[str, Any]], columns: list[str], title: str) -> None:
    """Show rows; what sources wrote may look like markup, and times are told to the second."""
    texts = [{name: None if row[name] is None else escape(_text(row[name])) for name in columns} for row in rows]
    show(texts, columns, as_json=False, title=escape(title))


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return value if isinstance(value, str) else f"{value:%Y-%m-%d %H:%M:%S %Z}"
