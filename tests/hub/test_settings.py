"""Settings: defaults for root and for a user, ports, secrets that are made once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hub.settings import SYSTEM_HOME, Settings
from schemas.errors import ConfigurationError
from tests.workspaces import ROOT

#: makes a secret the moment a file appears, so that several processes do it at once
RACE = """
import sys, time
from pathlib import Path
from hub.settings import Settings
settings, start = Settings.from_environment({"OPDHUB_HOME": sys.argv[1]}), Path(sys.argv[1], "start")
print("ready", flush=True)
while not start.exists():
    pass
print(settings.secret("postgres"))
"""


def settings(home: Path, **environ: str) -> Settings:
    return Settings.from_environment({"OPDHUB_HOME": str(home), **environ})


def test_the_defaults_lie_below_the_home(tmp_path: Path) -> None:
    made = settings(tmp_path)
    assert made == Settings(
        home=tmp_path, catalogue=ROOT, landing_url=str(tmp_path / "landing"), database_url=None, mariadb_url=None,
        connections=tmp_path / "connections.yaml", postgres_port=15432, airflow_port=8080, city_port=8420,
        sftp_port=8422,
    )  # fmt: skip
    assert made.hub_url() == f"postgresql://opdhub:{made.secret('postgres')}@127.0.0.1:15432/opdhub"


@pytest.mark.skipif(os.geteuid() != 0, reason="the home of root")
def test_root_keeps_its_hub_where_postgresql_may_enter() -> None:
    assert Settings.from_environment({"XDG_DATA_HOME": "/root/data"}).home == SYSTEM_HOME


def test_a_user_keeps_the_hub_in_his_own_data(tmp_path: Path) -> None:
    """Run as another user where the tests run as root, in a child process that gives its rights away."""
    code = (
        "import os, sys; from hub.settings import Settings; os.geteuid() or os.setuid(65534);"
        "print(Settings.from_environment({}).home);"
        "print(Settings.from_environment({'XDG_DATA_HOME': '/srv/data'}).home)"
    )
    environment = {**os.environ, "HOME": "/srv/somebody"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == ["/srv/somebody/.local/share/opdhub", "/srv/data/opdhub"], done.stderr


def test_empty_variables_count_as_not_set(tmp_path: Path) -> None:
    names = ("CATALOGUE", "LANDING_URL", "DATABASE_URL", "MARIADB_URL", "CONNECTIONS", "AIRFLOW_PORT")
    assert settings(tmp_path, **{f"OPDHUB_{name}": "" for name in names}) == settings(tmp_path)


PORTS = ["OPDHUB_AIRFLOW_PORT", "OPDHUB_POSTGRES_PORT", "OPDHUB_CITY_PORT", "OPDHUB_SFTP_PORT"]


@pytest.mark.parametrize("variable", PORTS)
@pytest.mark.parametrize("text", ["80a", "80", "1023", "65536", "-8080", "²", "8080.0"])
def test_a_text_that_is_no_port_is_refused(tmp_path: Path, variable: str, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(tmp_path, **{variable: text})
    assert str(caught.value) == f"{variable}: '{text}' is no port. Fix: a number from 1024 to 65535"


def test_a_port_is_taken(tmp_path: Path) -> None:
    made = settings(tmp_path, OPDHUB_AIRFLOW_PORT="1024", OPDHUB_CITY_PORT="65535")
    assert (made.airflow_port, made.city_port) == (1024, 65535)


def test_a_home_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigurationError, match=r"OPDHUB_HOME: .*/file is no folder"):
        settings(tmp_path / "file" / "home")


def test_a_secret_needs_a_home_that_can_be_written() -> None:
    with pytest.raises(ConfigurationError, match="OPDHUB_HOME: /proc/opdhub cannot be written"):
        settings(Path("/proc/opdhub")).secret("postgres")


def test_a_secret_is_made_once_and_readable_to_its_owner_only(tmp_path: Path) -> None:
    made = settings(tmp_path / "home")
    first = made.secret("fernet")
    assert len(first) >= 43
    assert made.secret("fernet") == settings(tmp_path / "home").secret("fernet") == first
    assert made.secret("postgres") != first
    folder = tmp_path / "home" / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {
        "fernet": 0o600,
        "postgres": 0o600,
    }


def test_processes_that_make_a_secret_at_once_get_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RACE, str(tmp_path)]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)]
    assert [racer.stdout.readline() for racer in racers if racer.stdout] == ["ready\n"] * 3
    (tmp_path / "start").touch()
    told = {racer.communicate(timeout=30)[0] for racer in racers}
    secrets = tmp_path / "secrets"
    assert told == {(secrets / "postgres").read_text() + "\n"}
    assert [file.name for file in secrets.iterdir()] == ["postgres"]
    assert stat.S_IMODE((secrets / "postgres").stat().st_mode) == 0o600
