"""What one transport alone has to mind: old FTP servers, certificates, redirects, index pages, links, prefixes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from connectors.connection import Connection
from connectors.transport import open_session
from connectors.transport.fetch import fetch
from connectors.transport.listing import look
from schemas.errors import ConfigurationError, DriftError, RefusedError, RetryLaterError
from tests.connectors.file_server import PASSWORD
from tests.connectors.file_servers import Http, QuietServer, served
from tests.connectors.ftp_server import Ftp
from tests.connectors.ftps_server import ftps, make_certificate
from tests.connectors.test_transport import MEGABYTE, content_of, copied, newest
from tests.faults import Fault


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.transport.fetch.BACKOFF_SECONDS", 0.005)


@pytest.mark.parametrize("without", ["MLSD MLST", "MLSD MLST MDTM", "MLSD MLST MDTM SIZE"])
def test_an_old_ftp_server_is_read_name_by_name(tmp_path: Path, without: str) -> None:
    server = Ftp(tmp_path / "keluar", without)
    (tmp_path / "keluar" / "warga_3.csv").mkdir()
    server.put("warga_1.csv", b"old")
    server.put("warga_2.csv", b"new")
    with server.serving():
        if "SIZE" in without:  # what is no file shows when it is asked for
            (tmp_path / "keluar" / "warga_3.csv").rmdir()
        server.handler.passive_ports = None
        content, fetched = copied(server.direct)
    assert (content, fetched.file.size) == (b"new", None if "SIZE" in without else 3)
    assert (fetched.file.modified is None) == ("MDTM" in without)


def test_an_ftp_server_without_rest_sends_from_the_begin_again(tmp_path: Path) -> None:
    server = Ftp(tmp_path / "keluar", "REST")
    content = content_of(3 * MEGABYTE)
    server.put("warga_1.csv", content)
    with server.serving(), server.faulty([Fault(cut_after=MEGABYTE, is_reset=False)] * 3) as (connection, proxy):
        assert copied(connection)[0] == content
    assert proxy.bytes > len(content)


def test_names_of_an_old_encoding_are_read_by_the_extra(tmp_path: Path) -> None:
    server = Ftp(tmp_path / "keluar")
    server.handler.encoding = "cp1252"
    server.put("warga_é.csv", b"x")
    with server.serving():
        server.handler.passive_ports = None
        with pytest.raises(ConfigurationError, match=r"names that are not UTF-8.*encoding=cp1252"):
            copied(server.direct)
        assert copied(replace(server.direct, extra={"encoding": "cp1252"}))[0] == b"x"


def test_ftps_hides_login_and_files_and_takes_one_session(tmp_path: Path) -> None:
    (tmp_path / "keluar").mkdir()
    (tmp_path / "keluar" / "warga_1.csv").write_bytes(b"secret")
    certificate = make_certificate(tmp_path / "server.pem")
    with ftps(tmp_path / "keluar", certificate) as server:
        address = ("127.0.0.1", server.server_address[1], "hub", PASSWORD, "keluar")
        trusted = Connection("app", "ftp", *address, {"tls": True, "ca_file": str(certificate)})  # type: ignore[arg-type]
        assert copied(trusted)[0] == b"secret"
        assert server.notes == ["login", "session taken", "session taken"]
        server.notes.clear()
        for extra in ({"tls": "true"}, {"tls": "true", "ca_file": str(make_certificate(tmp_path / "other.pem"))}):
            with pytest.raises(ConfigurationError, match=r"certificate is not trusted.*ca_file"):
                copied(replace(trusted, extra=extra))
        assert server.notes == []
        with pytest.raises(RefusedError, match="refused"):
            copied(replace(trusted, password="wrong"))
        assert copied(replace(trusted, extra={"tls": "1", "no_certificate_check": "true"}))[0] == b"secret"


def test_a_server_without_tls_gets_no_password_by_ftps(tmp_path: Path) -> None:
    server = Ftp(tmp_path / "keluar")
    with server.serving(), pytest.raises(ConfigurationError, match="offers no TLS"):
        copied(replace(server.connection, extra={"tls": "true"}))


class Pages(BaseHTTPRequestHandler):
    """Answers from a table: path → status, headers, body."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, table: dict[str, Any], seen: list[Any]) -> None:
        self.table, self.seen = table, seen
        super().__init__(*args)

    def do_GET(self) -> None:
        self.seen.append((self.command, self.path, dict(self.headers)))
        status, headers, body = self.table.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            if value is not None:
                self.send_header(name, value)
        if headers.get("Content-Length", "") is None:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def site(table: dict[str, Any], **changes: Any) -> Iterator[tuple[Connection, list[Any]]]:
    seen: list[Any] = []
    with QuietServer(("127.0.0.1", 0), partial(Pages, table=table, seen=seen)) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        made = Connection("app", "http", "127.0.0.1", server.server_address[1], schema="data")
        try:
            yield replace(made, **changes), seen
        finally:
            server.shutdown()


def test_links_that_lead_elsewhere_are_no_files_of_an_index_page() -> None:
    links = [
        "warga_1.csv", "./warga_2.csv?x=1", "/data/warga_3.csv", "../warga_4.csv", "http://other/data/warga_5.csv",
        "sub/warga_6.csv", "/etc/warga_7.csv", "%2e%2e%2fwarga_8.csv", "warga%201.csv", "sub/", "#x", "mailto:a@b",
    ]  # fmt: skip
    page = "".join(f'<a href="{link}">x</a>' for link in links).encode()
    with site({"/data/": (200, {}, page)}) as (connection, _), open_session(connection) as session:
        children = session.children("")
    files = [child.file.name for child in children if child.is_folder is None]
    assert files == ["warga_1.csv", "warga_2.csv", "warga_3.csv", "warga 1.csv"]
    assert [child.file.name for child in children if child.is_folder] == ["sub"]


def test_credentials_never_follow_a_redirect_to_another_host() -> None:
    moved = {"/data/a.csv": (302, {"Location": "http://localhost:1/a.csv"}, b"")}
    with (
        site(moved, login="hub", password=PASSWORD) as (connection, seen),
        pytest.raises(ConfigurationError, match="moved to another host"),
    ):
        copied(connection, "a.csv")
    assert len(seen) == 1
    same = {"/data/a.csv": (302, {"Location": "/data/b.csv"}, b""), "/data/b.csv": (200, {}, b"x")}
    with site(same) as (connection, _):
        assert copied(connection, "a.csv")[0] == b"x"


def test_headers_of_the_extra_are_sent_and_no_secret_is_told() -> None:
    table = {"/data/a.csv": (403, {}, b"")}
    with (
        site(table, extra={"headers": {"X-Api-Key": PASSWORD}}) as (connection, seen),
        pytest.raises(RefusedError, match=r"'a.csv' may not be read") as told,
    ):
        copied(connection, "a.csv")
    assert seen[0][2]["X-Api-Key"] == PASSWORD
    assert PASSWORD not in str(told.value)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_web_server_is_asked_again_and_left_for_later(status: int) -> None:
    with (
        site({"/data/a.csv": (status, {}, b"")}) as (connection, seen),
        pytest.raises(RetryLaterError, match=rf"did not answer \({status}"),
    ):
        copied(connection, "a.csv")
    assert len(seen) == 5


def test_an_answer_whose_end_nobody_can_see_is_not_taken() -> None:
    with (
        site({"/data/a.csv": (200, {"Content-Length": None}, b"half")}) as (connection, _),
        pytest.raises(ConfigurationError, match=r"tells no size of 'a.csv'"),
    ):
        copied(connection, "a.csv")


def test_a_web_server_without_range_sends_from_the_begin_again(tmp_path: Path) -> None:
    server = Http(tmp_path / "keluar")
    content = content_of(3 * MEGABYTE)
    server.put("warga_1.csv", content)
    cut = Fault(cut_after=2 * MEGABYTE, is_reset=False)
    with server.serving(ranges=False), server.faulty([cut, cut]) as (connection, _):
        assert copied(connection)[0] == content


def test_links_out_of_the_folder_are_refused_over_sftp(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.csv").write_bytes(b"secret")
    with served("sftp", tmp_path) as server:
        server.put("data.csv", b"x")
        (server.folder / "warga_1.csv").symlink_to(server.folder / "data.csv")
        assert copied(server.connection)[0] == b"x"
        (server.folder / "warga_2.csv").symlink_to(tmp_path / "elsewhere.csv")
        with pytest.raises(ConfigurationError, match=r"'warga_2.csv' is a link out of the folder"):
            copied(server.connection)
        (server.folder / "warga_3.csv").symlink_to(tmp_path / "gone.csv")
        (server.folder / "warga_2.csv").unlink()
        assert copied(server.connection)[0] == b"x"


def test_a_share_needs_a_login_and_links_of_it_are_followed_nowhere(tmp_path: Path) -> None:
    with served("smb", tmp_path) as server:
        (tmp_path / "elsewhere.csv").write_bytes(b"secret")
        (server.folder / "warga_2.csv").symlink_to(tmp_path / "elsewhere.csv")
        server.put("warga_1.csv", b"x")
        assert copied(server.connection)[0] == b"x"
        with pytest.raises(ConfigurationError, match="has no login"):
            copied(replace(server.connection, login=""))


def test_a_prefix_ends_where_a_folder_does_and_folder_objects_are_no_files(tmp_path: Path) -> None:
    with served("s3", tmp_path) as server:
        for name in ("", "warga_1.csv", "../warga2/warga_9.csv", "sub/warga_8.csv"):
            server.put(name, b"x")
        with open_session(server.connection) as session:
            assert [file.name for file in look(session, "*").fitting] == ["warga_1.csv"]
        empty = replace(server.connection, schema="opd/none")
        with pytest.raises(DriftError, match=r"none of \[\]"):
            fetch(empty, "*", newest)


@pytest.mark.parametrize("status", [403, 404])
def test_a_missing_file_of_a_site_without_an_index_is_a_missing_file(status: int) -> None:
    with site({"/data/": (status, {}, b"")}) as (connection, _):
        with pytest.raises(DriftError, match="none of"):
            copied(connection, "a.csv")
        with pytest.raises((ConfigurationError, RefusedError), match=r"name an address that lists|may not be read"):
            copied(connection, "*.csv")


@pytest.mark.parametrize(("kind", "above"), [("smb", "data"), ("ftp", ""), ("http", ""), ("s3", "")])
def test_the_folder_may_be_the_whole_share_server_or_bucket(tmp_path: Path, kind: str, above: str) -> None:
    with served(kind, tmp_path) as server:
        server.put("warga_1.csv", b"x")
        folder = "opd/*/" if kind == "s3" else "keluar/"
        assert copied(replace(server.connection, schema=above), f"{folder}warga_*.csv")[0] == b"x"


def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(tempfile.TemporaryDirectory[str]):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            (Path(self.name) / "warga_1.csv").symlink_to("/dev/full")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", Full)
    with served("http", tmp_path) as server:
        server.put("warga_1.csv", b"x")
        with pytest.raises(RetryLaterError, match=r"the temporary folder is full .*TMPDIR"):
            copied(server.connection)
