"""`opdhub rules`: what records of several datasets must not say together, and where they do."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer

from hub.commands.common import Json, open_workspace, running_database
from hub.console import say, show
from hub.settings import Settings
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from schemas.masking import IDENTIFIERS, mask_id, mask_text
from schemas.yaml_file import suggest
from store.contradictions import close_of_gone_rules, finding, findings, open_counts

app = typer.Typer(help="Rules across datasets, and what contradicts them.", no_args_is_help=True)
Unmasked = Annotated[bool, typer.Option("--clear", help="Show personal values in clear: only with the right to.")]
Row = dict[str, Any]


@app.command("list", epilog="Example: opdhub rules list")
def list_command(json: Json = False) -> None:
    """List the rules with their open findings."""
    settings = Settings.from_environment()
    catalogue = Catalogue.read(settings.catalogue)
    with running_database(settings) as database:
        counts = open_counts(database)
    rows = [
        {
            "rule": rule.rule,
            "title": rule.title.en,
            "judul": rule.title.id,
            "severity": rule.severity,
            "datasets": ", ".join(dict.fromkeys(rule.records.values())),
            "ground": rule.ground,
            "open": counts.get(rule.rule, 0),
        }
        for rule in sorted(catalogue.rules.values(), key=lambda rule: rule.rule)
    ]
    show(rows, ["rule", "title", "severity", "datasets", "open"], json)


@app.command("check", epilog="Example: opdhub rules check meninggal_menerima_bantuan")
def check_command(
    rules: Annotated[list[str] | None, typer.Argument(metavar="[RULE…]", help="Only these; else every rule.")] = None,
    today: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day to judge by; else the city's today.")
    ] = None,
    json: Json = False,
) -> None:
    """Run rules now over the published datasets; findings are opened and closed as after a release.

    Without RULE, findings of rules that no longer exist are closed too.
    """
    from pipelines.contradictions import run_rules
    from pipelines.run import new_run_id

    with open_workspace(lambda catalogue: _require_rules(catalogue, rules or [])) as workspace:
        known, run = workspace.catalogue.rules, new_run_id("manual")
        if not rules:
            kept = {*known, *(name.removeprefix("rules.") for name in workspace.catalogue.broken)}
            with workspace.database.transaction() as connection:
                close_of_gone_rules(connection, run, kept)
        asked = [known[name] for name in rules or known]
        results = run_rules(workspace, asked, run, today.date() if today else None)
    told = [vars(result) | {"waits_for": ", ".join(result.waits_for)} for result in results]
    show(told, ["rule", "found", "opened", "closed", "waits_for"], json, title=f"run {run}")


@app.command("findings", epilog="Example: opdhub rules findings --opd dinsos_pppa --limit 20")
def findings_command(
    rule: Annotated[str | None, typer.Option(help="Only of this rule.")] = None,
    opd: Annotated[str | None, typer.Option(help="Only those that this department can correct.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Only those with a record of this dataset.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
    unmasked: Unmasked = False,
    json: Json = False,
) -> None:
    """List the open findings, newest first; personal keys and values are masked."""
    settings = Settings.from_environment()
    catalogue = Catalogue.read(settings.catalogue)
    with running_database(settings) as database:
        rows = findings(database, rule, opd, dataset, limit)
    if not rows:
        _require_known(catalogue, rule, opd, dataset)
    told = [row if unmasked else _masked(catalogue, row) for row in rows]
    show(told, ["finding", "rule", "opd", "dataset", "key", "other_dataset", "other_key", "found_at"], json)


@app.command("show", epilog="Example: opdhub rules show 17")
def show_command(
    number: Annotated[int, typer.Argument(metavar="FINDING", help="The number that 'findings' shows.")],
    unmasked: Unmasked = False,
    json: Json = False,
) -> None:
    """Show one finding: both records, what they say, who can correct it, and what to do."""
    settings = Settings.from_environment()
    catalogue = Catalogue.read(settings.catalogue)
    with running_database(settings) as database:
        row = finding(database, number)
    if row is None:
        raise ConfigurationError(f"no finding {number}", fix="'opdhub rules findings' shows the numbers")
    told = row if unmasked else _masked(catalogue, row)
    rule = catalogue.rules.get(row["rule"])
    if rule is not None:
        told |= {"title": rule.title.en, "ground": rule.ground, "to do": rule.explain.en}
        told |= {"judul": rule.title.id, "tindak lanjut": rule.explain.id}
    told = {name: value for name, value in told.items() if name != "shown"} | {
        f"shown {place}": value for place, value in told["shown"].items()
    }
    show([{"what": name, "value": value} for name, value in told.items()], ["what", "value"], json)


def _masked(catalogue: Catalogue, row: Row) -> Row:
    """Return a finding with the keys and values starred that its contracts call personal."""
    shown = {place: _masked_value(catalogue, row, place, value) for place, value in row["shown"].items()}
    key = _masked_key(catalogue, row["dataset"], row["key"])
    other = _masked_key(catalogue, row["other_dataset"], row["other_key"])
    return {**row, "key": key, "other_key": other, "shown": shown}


def _masked_key(catalogue: Catalogue, dataset: str | None, key: str | None) -> str | None:
    if dataset is None or key is None:
        return None
    contract = catalogue.contracts.get(dataset)
    fields = [contract.field(name) for name in contract.key] if contract else [None]
    is_personal = any(field is None or field.personal for field in fields)
    return mask_id(key) if is_personal else key


def _masked_value(catalogue: Catalogue, row: Row, place: str, value: Any) -> Any:
    """Mask a value `<record>.<field>`; one of a rule that is gone, of which nobody knows the dataset, too."""
    if value is None:
        return None
    record, _, name = place.partition(".")
    rule = catalogue.rules.get(row["rule"])
    contract = catalogue.contracts.get(rule.records.get(record, "")) if rule else None
    field = contract.field(name) if contract else None
    if field is not None and not field.personal:
        return value
    is_identifier = field is not None and field.type.name in IDENTIFIERS
    return mask_id(str(value)) if is_identifier else mask_text(str(value))


def _require_rules(catalogue: Catalogue, names: list[str]) -> None:
    for name in names:
        if f"rules.{name}" in catalogue.broken:
            told = [mistake for mistake in catalogue.mistakes if f"/rules/{name}.yaml" in mistake.where]
            raise told[0] if told else ConfigurationError(f"rule '{name}' cannot be run", fix="see: opdhub check")
        if name not in catalogue.rules:
            fix = suggest(name, set(catalogue.rules))
            raise ConfigurationError(f"no rule '{name}'", where="schemas/rules", fix=fix)


def _require_known(catalogue: Catalogue, rule: str | None, opd: str | None, dataset: str | None) -> None:
    """Raise ConfigurationError for a misspelt name: it must not look like good news."""
    departments = {name.partition(".")[0] for name in catalogue.applications}
    for what, name, known in (
        ("rule", rule, set(catalogue.rules)),
        ("department", opd, departments),
        ("dataset", dataset, set(catalogue.plans)),
    ):
        if name is not None and name not in known:
            raise ConfigurationError(f"no {what} '{name}' in the catalogue", fix=suggest(name, known))
    say("no open findings")
