"""The command line itself: help, documentation, JSON, exit codes, masking."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from hub.cli import app
from schemas.masking import mask_id, mask_text
from tests.hub.commandline import APP, FEED, Hub
from tests.hub.conftest import ROWS, export
from tests.pipelines.residents import COLUMNS
from tests.workspaces import ROOT, write_csv

DOCUMENT = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


def commands(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    """Yield every command and sub-command with its name, as one types it."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


ROOT_GROUP = typer.main.get_command(app)
assert isinstance(ROOT_GROUP, TyperGroup)
COMMANDS = dict(commands(ROOT_GROUP))


def section(name: str) -> str:
    """Return the document's section of a command."""
    found = re.search(rf"^#+ `opdhub {re.escape(name)}`\n(.*?)(?=^#|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_the_command_does_with_an_example(hub: Hub, name: str) -> None:
    outcome = hub.run(*name.split(), "--help")
    text = " ".join(outcome.out.split())
    assert outcome.code == 0
    assert COMMANDS[name].help
    assert f"Example: opdhub {name}" in text
    assert "Usage: opdhub" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_is_documented_with_its_options_and_an_example(name: str) -> None:
    text = section(name)
    assert text, f"docs/commands.md has no section '## `opdhub {name}`'"
    assert f"opdhub {name}" in text
    assert "```" in text
    options = [option for item in COMMANDS[name].params for option in item.opts if option.startswith("--")]
    assert [option for option in options if f"`{option}" not in text] == []
    arguments = [item for item in COMMANDS[name].params if item.param_type_name == "argument"]
    assert [item.name for item in arguments if f"`{item.metavar or str(item.name).upper()}`" not in text] == []


def test_no_documented_command_is_missing() -> None:
    documented = re.findall(r"^#+ `opdhub ([a-z -]+)`$", DOCUMENT, re.MULTILINE)
    assert sorted(documented) == sorted(COMMANDS)


def test_a_command_that_is_none_is_a_usage_error(hub: Hub) -> None:
    outcome = hub.run("synk")
    assert (outcome.code, outcome.out) == (2, "")
    assert "No such command 'synk'" in outcome.err


def test_without_a_command_the_commands_are_shown(hub: Hub) -> None:
    outcome = hub.run()
    shown = outcome.out + outcome.err
    assert all(name.split()[0] in shown for name in COMMANDS)


# JSON


@pytest.mark.parametrize(
    "command",
    [("status",), ("status", APP), ("check",),
     ("quarantine", "list"), ("quarantine", "list", FEED), ("audit", "report"),
     ("quarantine", "show", FEED, "12"), ("connections", "list")],
)  # fmt: skip
def test_json_goes_to_stdout_and_nothing_else(csv_hub: Hub, command: tuple[str, ...]) -> None:
    outcome = csv_hub.run(*command, "--json")
    assert outcome.code == 0
    assert outcome.json
    assert outcome.err == ""


def test_sync_tells_its_account_in_json(csv_hub: Hub) -> None:
    write_csv(export(csv_hub), [*ROWS[1:], ROWS[0] | {"nama": "Nama Baru"}], COLUMNS)
    outcome = csv_hub.run("sync", APP, "--json", "--run-id", "second")
    assert outcome.code == 0
    assert outcome.json == [
        {"feed": FEED, "run_id": "second", "state": "published", "read": 13, "inserted": 0, "updated": 1,
         "unchanged": 11, "quarantined": 1, "deleted": 0}
    ]  # fmt: skip


def test_a_failed_sync_tells_so_in_json_and_by_its_exit_code(csv_hub: Hub) -> None:
    export(csv_hub).unlink()
    outcome = csv_hub.run("sync", FEED, "--json")
    assert outcome.code == 1
    (row,) = outcome.json
    assert (row["feed"], row["state"]) == (FEED, "failed")
    assert outcome.err == f"error: {row['error']}\n"


def test_a_run_that_is_repeated_returns_the_same_account(csv_hub: Hub) -> None:
    first = csv_hub.run("sync", FEED, "--run-id", "again", "--json")
    state = csv_hub.state()
    write_csv(export(csv_hub), ROWS[:3], COLUMNS)  # what the source has by now is another run's matter
    second = csv_hub.run("sync", FEED, "--run-id", "again", "--json")
    assert (first.code, second.code) == (0, 0)
    assert first.json == second.json
    assert csv_hub.state() == state


def test_integrate_makes_a_release_and_tells_it(csv_hub: Hub) -> None:
    outcome = csv_hub.run("integrate", "penduduk", "--json")
    (row,) = outcome.json
    assert outcome.code == 0
    assert (row["dataset"], row["number"], row["rows"], row["inserted"]) == ("penduduk", 1, 12, 12)


def test_db_upgrade_can_be_repeated(csv_hub: Hub) -> None:
    state = csv_hub.state()
    assert [csv_hub.run("db", "upgrade").code for _ in range(2)] == [0, 0]
    assert csv_hub.state() == state


def test_status_tells_which_datasets_are_held_back_and_why(csv_hub: Hub) -> None:
    with csv_hub.database.transaction() as connection:
        connection.exec_driver_sql("""
            INSERT INTO control.held_release (dataset, run_id, reasons)
            VALUES ('penduduk', 'uji', '["min_rows is 0, the limit 1"]')""")
    assert csv_hub.run("status", "--json").json["held"][0]["reasons"] == ["min_rows is 0, the limit 1"]
    told = csv_hub.run("status", "penduduk")
    assert told.code == 0
    assert "held back" in told.out and "min_rows" in told.out
    assert csv_hub.run("status", FEED, "--json").json["held"] == []
    assert csv_hub.run("integrate", "penduduk").code == 0
    assert csv_hub.run("status", "--json").json["held"] == []


def test_tables_are_for_people(csv_hub: Hub) -> None:
    assert FEED in csv_hub.run("status").out
    report = csv_hub.run("audit", "report", FEED)
    assert report.code == 0
    assert FEED in report.out


def test_the_report_that_is_listed_is_there(csv_hub: Hub) -> None:
    assert csv_hub.run("sync", FEED, "--run-id", "second").code == 0
    (row,) = [row for row in csv_hub.run("audit", "report", FEED, "--json").json if row["run_id"] == "second"]
    page = Path(row["report"]).read_bytes()
    assert row["evidence_sha256"].encode() in page


# personal data


def test_quarantine_masks_what_it_lists(csv_hub: Hub) -> None:
    personal = [ROWS[12][name] for name in ("nama", "telp", "lahir")]
    for options in ((), ("--json",)):
        out = csv_hub.run("quarantine", "list", FEED, *options).out
        assert mask_id("W00012") in out
        assert "nik: nik." in out
        assert not [text for text in personal if text in out]


def test_quarantine_shows_a_row_masked_unless_asked(csv_hub: Hub) -> None:
    masked = csv_hub.run("quarantine", "show", FEED, "12", "--json").json
    clear = csv_hub.run("quarantine", "show", FEED, "12", "--clear", "--json").json
    values = {row["column"]: row["original"] for row in clear}
    assert values == {name: ROWS[12][name] for name in COLUMNS if name != "ket"}
    for row in masked:
        assert row["original"] == mask_text(values[row["column"]])
    assert "W***" in [row["original"] for row in masked]


# connections


def test_connections_are_imported_readable_to_their_owner_only(csv_hub: Hub, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text("siak: mysql://u:pa55word@10.0.0.5:3306/siak\nwarga: fs:///other\n")
    file = tmp_path / "home" / "connections.yaml"
    file.chmod(0o644)
    (tmp_path / "home" / "connections.new").write_text("left by an interrupted call")
    outcome = csv_hub.run("connections", "import", str(new))
    assert (outcome.code, file.stat().st_mode & 0o777) == (0, 0o600)
    listed = csv_hub.run("connections", "list", "--json")
    assert {row["id"]: row["address"] for row in listed.json} == {
        "siak": "mysql://u:***@10.0.0.5:3306/siak",
        "warga": "fs:///other",
    }
    assert "pa55word" not in outcome.out + outcome.err + listed.out


def test_a_broken_connection_is_not_imported(csv_hub: Hub, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text("siak: mysqll://u:pa55word@10.0.0.5/siak\n")
    file = tmp_path / "home" / "connections.yaml"
    before = file.read_text()
    csv_hub.secrets.append("pa55word")
    assert "connection 'siak': 'mysqll' is not a kind" in csv_hub.told("connections", "import", str(new))
    assert file.read_text() == before


@pytest.mark.parametrize("as_json", [False, True])
def test_a_connection_of_the_environment_wins_over_the_file(csv_hub: Hub, tmp_path: Path, as_json: bool) -> None:
    other = tmp_path / "other folder"
    write_csv(other / "orang_2026.csv", ROWS[:12], COLUMNS)
    uri = f"fs://{other}".replace(" ", "%20")
    value = json.dumps({"conn_type": "fs", "extra": {"path": str(other)}}) if as_json else uri
    outcome = csv_hub.run("sync", FEED, "--json", AIRFLOW_CONN_WARGA=value)
    assert outcome.json[0]["read"] == 12


def test_pools_are_what_airflow_imports(csv_hub: Hub) -> None:
    outcome = csv_hub.run("connections", "pools")
    assert outcome.json == {"uji": {"slots": 1, "description": "", "include_deferred": True}}


# the program


def test_the_program_speaks_in_one_line_and_by_its_exit_code(csv_hub: Hub) -> None:
    def opdhub(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).parent / "opdhub"
        environment = {**os.environ, **csv_hub.env}
        return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)

    good = opdhub("quarantine", "list", "--json")
    assert (good.returncode, good.stderr, len(json.loads(good.stdout))) == (0, "", 1)
    bad = opdhub("sync", "dinas.wrga")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr == f"error: no application 'dinas.wrga' in the catalogue. Fix: did you mean '{APP}'?\n"
