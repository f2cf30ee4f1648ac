"""`opdhub up`, `down`, `demo` and `status`: the embedded stack."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.memory import PeakMemory
from hub import demo as demonstration
from hub import sample_city
from hub.background import in_background
from hub.commands.city import Residents, Seed, Wilayah
from hub.commands.common import Json, require_known, running_database
from hub.console import bar, bars, complain, notes, output, print_json, say, show, write_json
from hub.settings import Settings
from hub.stack import Stack
from schemas.catalogue import Catalogue
from store.releases import held_back
from store.runs import recent_runs


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("demo", epilog="Example: opdhub demo --residents 5000 --exit")(demo)
    app.command("up", epilog="Example: opdhub up")(up)
    app.command("down", epilog="Example: opdhub down")(down)
    app.command("status", epilog="Example: opdhub status dispendukcapil.siak")(status)


def up() -> None:
    """Start PostgreSQL, Airflow and, when one was built, the sample city; run until Ctrl-C or `opdhub down`."""
    settings = Settings.from_environment()
    catalogue = Catalogue.read(settings.catalogue)
    for mistake in catalogue.mistakes:  # one broken file does not keep the other applications from running
        complain(mistake)
    stack = Stack(settings)
    stack.require_stopped()
    with _stopped_at_the_end(stack):
        stack.start_database(say)
        stack.apply_grants(catalogue, say)
        stack.start_city(say)
        stack.start_airflow(say)
        _tell_addresses(stack)
        _wait(stack)


def down() -> None:
    """Stop what `opdhub up` or `opdhub demo` started, and nothing else."""
    stopped = Stack(Settings.from_environment()).stop(seconds=20)
    say(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")


def demo(
    residents: Residents = 5000,
    seed: Seed = 1,
    wilayah: Wilayah = None,
    leave: Annotated[bool, typer.Option("--exit", help="Stop everything at the end instead of staying up.")] = False,
    json: Annotated[Path | None, typer.Option("--json", dir_okay=False, help="Write the result to this file.")] = None,
) -> None:
    """Build the sample city, start the stack, pull every application through Airflow, show the result.

    Exits with 0 only when every DAG run succeeded and every row account holds.
    """
    started = time.monotonic()
    settings = Settings.from_environment()
    catalogue = Catalogue.load(settings.catalogue)
    stack = Stack(settings)
    stack.require_stopped()
    with _stopped_at_the_end(stack), PeakMemory() as memory:
        stack.start_database(say)
        if stack.postgres.pid is not None:
            memory.watch(stack.postgres.pid)
        stack.apply_grants(catalogue, say)
        say(f"building the sample city: {residents} residents, seed {seed}")
        # neither needs the other, and there are two cores
        built = in_background(lambda: sample_city.build(settings, residents, seed, wilayah))
        api = stack.start_airflow(say)
        built.result()
        stack.start_city(say)
        database = settings.database()
        say(f"{len(catalogue.applications)} applications through Airflow: extract, standardize, validate, publish")
        with bars() as progress:
            runs = demonstration.run_applications(api, catalogue, bar(progress, "applications"))
            say(f"{len(catalogue.plans)} datasets integrated from what was published")
            states = demonstration.wait_datasets(api, catalogue, database, bar(progress, "datasets"))
        result: dict[str, Any] = {
            "applications": demonstration.application_rows(database, runs),
            "datasets": demonstration.dataset_rows(database, states),
            "seconds": round(time.monotonic() - started, 1),
            "peak_memory_mb": memory.peak_mb,
        }
        good = _tell_result(result)
        if json is not None:
            write_json(json, result)
        if not leave:
            _tell_addresses(stack)
            _wait(stack)
    if not good:
        raise typer.Exit(1)


def status(
    target: Annotated[
        str | None, typer.Argument(metavar="[APP[.FEED]|DATASET]", help="Only of this application, feed or dataset.")
    ] = None,
    json: Json = False,
) -> None:
    """Show what runs, the newest run of each feed, and the datasets whose release is held back."""
    settings = Settings.from_environment()
    stack = Stack(settings)
    alive = [*stack.processes.alive(), *(["postgres"] if stack.postgres.running else [])]
    with running_database(settings) as database:
        rows = recent_runs(database, 1000, target)
        held = [row for row in held_back(database) if target in (None, row["dataset"])]
    if not rows and not held:
        require_known(settings, target)
    newest = list({row["feed"]: row for row in reversed(rows)}.values())
    newest.sort(key=lambda row: row["feed"])
    if json:
        print_json({"processes": alive, "feeds": newest, "held": held})
        return
    output.print(f"running: {', '.join(alive) or 'nothing'}")
    columns = [
        "feed",
        "state",
        "stage",
        "started_at",
        "read",
        "inserted",
        "updated",
        "unchanged",
        "quarantined",
        "error",
    ]
    if newest or not held:
        show(newest, columns, as_json=False)
    if held:
        show(held, ["dataset", "held_at", "reasons"], as_json=False, title="held back: the last good release stays")


@contextlib.contextmanager
def _stopped_at_the_end(stack: Stack) -> Iterator[None]:
    """Stop the stack however the block ends: by itself, by an error, by Ctrl-C, a polite kill or a closed terminal."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        for number in before:  # a second Ctrl-C must not leave half of it running
            signal.signal(number, signal.SIG_IGN)
        with contextlib.suppress(OSError):  # the terminal may be gone
            say("stopping; tasks at work get up to 20 s")
        stopped = stack.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
        if stopped:
            with contextlib.suppress(OSError):
                say(f"stopped {', '.join(stopped)}")


def _wait(stack: Stack) -> None:
    """Wait until somebody stops the stack, and tell when a process of it died."""
    expected = set(stack.processes.alive())
    with contextlib.suppress(KeyboardInterrupt):
        while expected:
            time.sleep(1)
            if not expected - set(stack.processes.alive()):
                continue
            time.sleep(5)  # 'opdhub down' ends them one after the other
            gone = expected - set(stack.processes.alive())
            if gone == expected:
                return
            for name in gone:
                notes.print(f"[bold red]error:[/] {name} ended; its log is {stack.logs / name}.log")
            expected -= gone


def _tell_addresses(stack: Stack) -> None:
    notes.print(
        f"[bold]Airflow[/]  {stack.address}  (user admin, password in {stack.settings.home}/secrets/airflow-admin)"
    )
    notes.print(f"[bold]Reports[/]  {stack.settings.landing_url}  ('opdhub audit report' lists them)")
    notes.print("Ctrl-C or 'opdhub down' stops everything.")


def _tell_result(result: dict[str, Any]) -> bool:
    """Print the tables; return whether everything succeeded and every account holds."""
    columns = ["id", "state", "read", "inserted", "updated", "unchanged", "quarantined", "deleted"]
    show(result["applications"], columns, as_json=False, title="Applications")
    show(result["datasets"], ["id", "state", "rows", "release"], as_json=False, title="Integrated datasets")
    for row in result["applications"]:
        if row["error"]:
            notes.print(f"[bold red]error:[/] {row['error']}")
    say(f"{result['seconds']} s, {result['peak_memory_mb']} MB of memory at the peak")
    return all(
        row["state"] == "success"
        and row["read"] == row["inserted"] + row["updated"] + row["unchanged"] + row["quarantined"]
        for row in result["applications"]
    ) and all(row["state"] == "success" for row in result["datasets"])
