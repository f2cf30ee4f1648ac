"""Exports behind SFTP: who is trusted, who is let in, and what stays on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any

import paramiko
import pytest
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL

from connectors.connection import Connection
from connectors.reading import Reading
from connectors.registry import read
from schemas.errors import ConfigurationError, DriftError, RefusedError, RetryLaterError
from simulator import sftp
from simulator.sftp_fallback import Folder, Login
from tests.connectors.conftest import free_port
from tests.connectors.helpers import application, rows_of
from tests.connectors.sources import SftpSource, other_key
from tests.services import skip_or_fail

PASSWORD = "p@ss/w%rd:'"


@pytest.fixture(params=["OpenSSH", "Python"])
def bank(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpSource]:
    """A folder behind each server, and a temporary folder of the test's own."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    port = free_port()
    made = SftpSource(tmp_path / "city", port)
    with sftp.serving(tmp_path / "city", port, request.param == "OpenSSH") as name:
        if name != request.param:
            skip_or_fail("OpenSSH's server (sshd) is not installed")
        yield made
    assert not list((tmp_path / "tmp").iterdir()), "a copy was left behind"


def open_(connection: Connection, **feed: Any) -> Reading:
    made = {"file": "mutasi_*.csv", "format": "csv", "map": ["nik", "nama"]} | feed
    return read(application("files", made), "warga", connection)


def put(bank: SftpSource, name: str, text: str = "nik,nama\n1,a\n") -> Path:
    file = bank.folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_the_newest_file_by_name_is_copied_read_and_removed(bank: SftpSource) -> None:
    put(bank, "mutasi_2026-01.csv")
    file = put(bank, "mutasi_2026-02.csv", "nik,nama\n2,é\n")
    put(bank, "~$mutasi_2026-03.csv")
    put(bank, "mutasi_2026-04.csv.tmp")
    reading = open_(bank.connection)
    assert rows_of(reading) == [("2", "é")]
    assert reading.details["file"] == reading.query == "mutasi_2026-02.csv"
    assert reading.details["modified"] == int(file.stat().st_mtime)


def test_a_pattern_may_lead_through_folders(bank: SftpSource) -> None:
    put(bank, "2025/mutasi_9.csv")
    put(bank, "2026/mutasi_1.csv", "nik,nama\n3,c\n")
    put(bank, "2027")
    assert open_(bank.connection, file="*/mutasi_*.csv").details["file"] == "2026/mutasi_1.csv"
    with pytest.raises(ConfigurationError, match=r"'\*\*' is not read"):
        open_(bank.connection, file="**/mutasi.csv")


def test_a_large_file_arrives_whole(bank: SftpSource) -> None:
    rows = [(f"{number:016d}", "x" * 90) for number in range(30_000)]
    put(bank, "mutasi_1.csv", "nik,nama\n" + "".join(f"{nik},{nama}\n" for nik, nama in rows))
    assert rows_of(open_(bank.connection)) == rows


def test_no_file_and_a_broken_one_are_drift_and_leave_nothing_behind(bank: SftpSource) -> None:
    with pytest.raises(DriftError, match=r"no file fits 'mutasi_\*.csv' in sftp://"):
        open_(bank.connection)
    put(bank, "mutasi_1.csv", "")
    with pytest.raises(DriftError, match="is empty"):
        open_(bank.connection)
    put(bank, "mutasi_2.csv", "nik,nama,telepon\n")
    with pytest.raises(DriftError, match="unknown column 'telepon'"):
        open_(bank.connection)


def test_a_folder_that_is_not_there_is_told(bank: SftpSource) -> None:
    with pytest.raises(ConfigurationError, match=r"the folder is not there.*mend the last part"):
        open_(replace(bank.connection, schema=f"{bank.connection.schema}/none"))


def test_without_a_host_key_no_secret_is_sent_and_the_servers_key_is_shown(bank: SftpSource) -> None:
    put(bank, "mutasi_1.csv")
    extra = dict(bank.connection.extra)
    host_key = extra.pop("host_key")
    with pytest.raises(ConfigurationError, match=r"has no host_key; the server shows ssh-ed25519 SHA256:") as told:
        open_(replace(bank.connection, extra=extra))
    assert f"host_key: {host_key}" in str(told.value)
    assert rows_of(open_(replace(bank.connection, extra=extra | {"no_host_key_check": "true"}))) == [("1", "a")]


@pytest.mark.parametrize("form", ["{1}", "{0} {1}", "{0} {1} root@bank", "[bank]:22 {0} {1}"])
def test_a_host_key_is_taken_in_every_form_that_programs_write(bank: SftpSource, form: str) -> None:
    put(bank, "mutasi_1.csv")
    line = form.format(*bank.connection.extra["host_key"].split())
    assert rows_of(open_(replace(bank.connection, extra={**bank.connection.extra, "host_key": line})))


def test_another_host_key_stops_everything(bank: SftpSource) -> None:
    other = paramiko.RSAKey.generate(2048)
    extra = {**bank.connection.extra, "host_key": f"ssh-rsa {other.get_base64()}", "no_host_key_check": "true"}
    with pytest.raises(ConfigurationError, match="another host key than recorded: ssh-ed25519 SHA256:"):
        open_(replace(bank.connection, extra=extra))


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"host_key": "ssh-ed25519 rahasia"}, "host_key is no public key"),
        ({"private_key": "rahasia"}, "the private key cannot be read"),
        ({"private_key": "", "key_file": "/nowhere/key"}, "key_file cannot be read"),
        ({"private_key": ""}, "neither password nor key"),
    ],
)
def test_a_wrong_extra_is_told_without_its_content(bank: SftpSource, extra: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as told:
        open_(replace(bank.connection, extra={**bank.connection.extra, **extra}))
    assert "rahasia" not in str(told.value)


def test_another_key_or_user_is_refused(bank: SftpSource) -> None:
    for changes in ({"extra": {**bank.connection.extra, "private_key": other_key()}}, {"login": "nobody_here"}):
        with pytest.raises(RefusedError, match="refused"):
            open_(replace(bank.connection, **changes))


def test_a_server_that_is_silent_is_for_later(bank: SftpSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.transport.base.CONNECT_SECONDS", 0.3)
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(RetryLaterError, match="did not answer"):
            open_(replace(bank.connection, port=silent.getsockname()[1]))


def test_nothing_can_be_written(bank: SftpSource) -> None:
    put(bank, "mutasi_1.csv")
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507
    key = bank.folder.parents[1] / "sftp" / "user_ed25519"
    connection = bank.connection
    client.connect(connection.host, connection.port or 0, connection.login, key_filename=str(key))
    with client, client.open_sftp() as session:
        for change in (
            partial(session.remove, f"{connection.path}/mutasi_1.csv"),
            partial(session.mkdir, f"{connection.path}/new"),
            partial(session.rename, f"{connection.path}/mutasi_1.csv", f"{connection.path}/other.csv"),
            partial(session.truncate, f"{connection.path}/mutasi_1.csv", 0),
            partial(session.open, f"{connection.path}/mutasi_1.csv", "a"),
            partial(session.open, f"{connection.path}/new.csv", "w"),
        ):
            with pytest.raises(OSError, match=r"."):
                change()
    assert [file.name for file in bank.folder.iterdir()] == ["mutasi_1.csv"]


class PasswordLogin(Login):
    """Lets in with a password, as the servers of banks do."""

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        return AUTH_SUCCESSFUL if (username, password) == ("opd@hub", PASSWORD) else AUTH_FAILED


def test_a_password_lets_in_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    made = SftpSource(tmp_path, 0)

    def serve(connection: socket) -> None:
        transport = paramiko.Transport(connection)
        host = paramiko.Ed25519Key.from_private_key_file(str(tmp_path / "sftp" / "host_ed25519"))
        transport.add_server_key(host)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Folder, tmp_path)
        transport.start_server(server=PasswordLogin(tmp_path / "sftp"))
        transport.join()

    put(made, "mutasi_1.csv")
    extra = {"host_key": made.connection.extra["host_key"]}
    with sftp.listening(0, serve) as port:
        connection = replace(made.connection, port=port, login="opd@hub", password=PASSWORD, extra=extra)
        assert rows_of(open_(connection)) == [("1", "a")]
        with pytest.raises(RefusedError, match="refused") as told:
            open_(replace(connection, password="wrong"))
    assert PASSWORD not in str(told.value)
    assert "wrong" not in str(told.value).replace(str(tmp_path), "")


def test_the_path_of_a_connection() -> None:
    def path(uri: str) -> str:
        return Connection.from_uri("c", uri).path

    assert path("sftp://u:p@h/srv/data%20x") == "/srv/data x"
    assert (path("sftp://u:p@h/~/masuk"), path("sftp://u:p@h/~/"), path("sftp://u:p@h/~")) == ("masuk", ".", ".")
    assert path("sftp://u:p@h") == "/"
    assert Connection.from_uri("c", "sftp://u:rahasia@h:22/a?private_key=k").masked == "sftp://u:***@h:22/a"
