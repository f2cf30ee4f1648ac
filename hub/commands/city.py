"""`opdhub city`: the sample city."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from hub import sample_city
from hub.commands.common import Json, running_database
from hub.console import bar, bars, print_json, say, show
from hub.services import city_service
from hub.settings import Settings
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from simulator import MOST_DAYS

app = typer.Typer(help="The sample city: invented people in dirty applications.", no_args_is_help=True)

Residents = Annotated[int, typer.Option(min=100, max=1_000_000, help="Residents of the sample city.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same city.")]
Wilayah = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="A dump of the real regions (wilayah.sql) as a source, in MariaDB."),
]


@app.command("build", epilog="Example: opdhub city build --residents 5000 --seed 1")
def build(residents: Residents = 5000, seed: Seed = 1, wilayah: Wilayah = None, json: Json = False) -> None:
    """Build the city's sources, replacing an earlier city, and add their connections to the hub's."""
    settings = Settings.from_environment()
    with running_database(settings):
        summary = sample_city.build(settings, residents, seed, wilayah)
    if json:
        print_json({key: value for key, value in vars(summary).items() if key != "connections"})
    else:
        say(f"{residents} residents, {sum(summary.rows.values())} source rows in {summary.seconds} s")


@app.command("serve", epilog="Example: opdhub city serve")
def serve() -> None:
    """Serve the REST applications and SFTP folders of a city that has been built, until Ctrl-C."""
    settings = Settings.from_environment()
    service = city_service(settings)
    if not (settings.home / "city" / "rest").exists():
        raise ConfigurationError("there is no city yet", where=str(settings.home), fix="build one: opdhub city build")
    sample_city.require_city_ports(settings)
    say(f"serving at http://127.0.0.1:{settings.city_port}, Ctrl-C stops")
    # a polite kill or a closed terminal must not leave the server behind with its ports
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        subprocess.run(service.command, env=service.environment, check=False)  # noqa: S603
    except KeyboardInterrupt:
        say("stopped")


@app.command("tick", epilog="Example: opdhub city tick --days 3")
def tick(
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="Days that pass.")] = 1, json: Json = False
) -> None:
    """Let the city live on: births, moves, new requests, late commits, deletions, a renamed column, a missing file."""
    settings = Settings.from_environment()
    with running_database(settings):
        summary = sample_city.tick(settings, days)
    if json:
        print_json({key: value for key, value in vars(summary).items() if key != "connections"})
    else:
        say(f"day {summary.day}: {sum(summary.rows.values())} source rows, written in {summary.seconds} s")
        if summary.behind:
            say("not as the hub expects: " + ", ".join(summary.behind))


@app.command("score", epilog="Example: opdhub city score --json")
def score(
    integration: Annotated[
        bool, typer.Option("--integration", help="Measure matching, survivorship and the rules across datasets.")
    ] = False,
    json: Json = False,
) -> None:
    """Measure what the hub made of the faults in the city: recall and precision, by kind of fault."""
    if integration:
        _score_integration(json)
        return
    from hub.city_published import score_city
    from hub.city_score import summary

    settings = Settings.from_environment()
    catalogue = Catalogue.load(settings.catalogue)
    with running_database(settings) as database, bars() as progress:
        counts, skipped = score_city(catalogue, database, settings.home / "city", bar(progress, "score"))
    result = summary(counts) | {"left_out": skipped}
    if json:
        print_json(result)
        return
    kinds = result["by_kind"] | result["undetectable_from_one_source"]
    rows = [{"kind": kind, **item} for kind, item in kinds.items()]
    show(rows, ["kind", "faults", "repaired", "told", "withheld", "missed", "recall"], json, title="faults by kind")
    say(f"recall {result['recall']}, precision {result['precision']} ({result['false_alarms']} false alarms)")
    if skipped:
        say("left out: " + ", ".join(skipped))


def _score_integration(json: bool) -> None:
    """Print what the hub made of damaged identities, of sources that disagree, and of contradictions."""
    from hub.integration_score import score_integration

    settings = Settings.from_environment()
    catalogue = Catalogue.load(settings.catalogue)
    with running_database(settings) as database, bars() as progress:
        result = score_integration(catalogue, database, settings.home / "city", bar(progress, "score"))
    if json:
        print_json(result)
        return
    matching, chosen, rules = result["matching"], result["survivorship"], result["rules"]
    figures = ["damage", "records", "precision", "recall", "f1"]
    show(matching["by_damage"], figures, json, title="matching by damage")
    if hidden := matching["nik_hidden"]:
        show(hidden["by_damage"], figures, json, title="with every NIK hidden")
    datasets = [{"dataset": name, **item} for name, item in chosen["by_dataset"].items()]
    show(datasets, ["dataset", "rows", "without_truth", "fields", "right", "share_right"], json, title="survivorship")
    show(chosen["wrong_by_field"][:10], ["dataset", "field", "fields", "wrong"], json, title="fields wrong most often")
    show(
        rules["by_rule"],
        ["rule", "known", "found", "right", "by_fault", "unseen", "recall", "precision"],
        json,
        title="rules",
    )
    say(
        f"matching: F1 {matching['f1']}, precision {matching['precision']}, recall {matching['recall']}"
        f" of {matching['records']} records"
    )
    if hidden:
        say(f"with every NIK hidden: F1 {hidden['f1']}, precision {hidden['precision']}, recall {hidden['recall']}")
    say(f"survivorship: {chosen['share_right']} of {chosen['fields']} fields are right")
    say(f"rules: recall {rules['recall']}, precision {rules['precision']}")
    if rules["not_measured"]:
        say("rules that the city cannot measure: " + ", ".join(rules["not_measured"]))
