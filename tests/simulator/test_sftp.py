"""The city's SFTP server: its keys, its choice of a program, and its end."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import paramiko
import pytest

from simulator import sftp
from simulator.sftp_keys import connection_uri, has_sftp, user_name

ROOT = Path(__file__).parents[2]


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A city of one bank, with a REST server that has nothing to serve."""
    (tmp_path / "drops" / "bank").mkdir(parents=True)
    (tmp_path / "drops" / "bank" / "mutasi.csv").write_text("nik\n1\n")
    (tmp_path / "rest").mkdir()
    (tmp_path / "rest" / "apis.json").write_text(json.dumps({}))
    return tmp_path


def connect(city: Path, port: int) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507
    client.connect("127.0.0.1", port, user_name(), key_filename=str(city / "sftp" / "user_ed25519"), timeout=10)
    return client


def test_the_connection_names_folder_host_key_and_private_key(city: Path) -> None:
    assert not has_sftp(city)
    uri = urlsplit(connection_uri(city, city / "drops" / "bank #1", 8422))
    extra = {name: values[0] for name, values in parse_qs(uri.query).items()}
    assert has_sftp(city)
    assert (uri.scheme, uri.username, uri.port, unquote(uri.path)) == (
        "sftp", user_name(), 8422, f"{city}/drops/bank #1",
    )  # fmt: skip
    assert extra["host_key"] == (city / "sftp" / "host_ed25519.pub").read_text()
    assert extra["private_key"] == (city / "sftp" / "user_ed25519").read_text()
    assert {stat.S_IMODE(file.stat().st_mode) for file in (city / "sftp").iterdir()} == {0o600}


def test_a_later_build_keeps_the_keys_and_another_city_has_others(city: Path, tmp_path: Path) -> None:
    first = connection_uri(city, city / "drops", 8422)
    assert connection_uri(city, city / "drops", 8422) == first
    (tmp_path / "other").mkdir()
    assert parse_qs(urlsplit(connection_uri(tmp_path / "other", city, 8422)).query) != parse_qs(urlsplit(first).query)


def test_where_openssh_does_not_let_the_hub_in_python_serves(city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection_uri(city, city / "drops", 0)
    monkeypatch.setattr(sftp, "_sshd", lambda: Path("/bin/false"))
    with sftp.serving(city, 0) as name:
        assert name == "Python"


def test_python_shows_nothing_outside_of_the_drop_folders(city: Path) -> None:
    connection_uri(city, city / "drops", 0)
    (city / "drops" / "bank" / "link").symlink_to(city / "sftp" / "user_ed25519")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with sftp.serving(city, port, is_openssh=False), connect(city, port) as client, client.open_sftp() as session:
        assert session.listdir(f"{city}/drops") == ["bank"]
        for path in ("/etc", f"{city}/sftp", f"{city}/drops/../sftp"):
            with pytest.raises(PermissionError):
                session.listdir(path)
        for path in (f"{city}/sftp/user_ed25519", f"{city}/drops/bank/link"):
            with pytest.raises(PermissionError):
                session.open(path)
        with pytest.raises(FileNotFoundError):
            session.stat(f"{city}/drops/none")


def test_rest_and_sftp_begin_and_end_together(city: Path) -> None:
    connection_uri(city, city / "drops", 0)
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    command = [sys.executable, "-m", "simulator.serve", "--data", str(city), "--port", str(ports[0])]
    process = subprocess.Popen([*command, "--sftp-port", str(ports[1])], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        _wait(ports[0], process)
        with connect(city, ports[1]) as client, client.open_sftp() as session:
            assert session.listdir(f"{city}/drops/bank") == ["mutasi.csv"]
            process.terminate()
            assert process.wait(15) == 0
    finally:
        process.kill()
        said, _ = process.communicate()
    assert f"SFTP at 127.0.0.1:{ports[1]}, served by " in said
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def _wait(port: int, process: subprocess.Popen[str]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server does not answer")
