"""A file server of each kind, holding one folder."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import requests
from moto.server import ThreadedMotoServer

from connectors.connection import Connection
from simulator import sftp
from tests.connectors.conftest import free_port
from tests.connectors.file_server import PASSWORD, Server
from tests.connectors.ftp_server import Ftp
from tests.connectors.samba import Smb
from tests.connectors.sources import SftpSource
from tests.faults import Fault, FaultProxy, proxied

KINDS = ["sftp", "ftp", "smb", "s3", "http"]


class Sftp(Server):
    """OpenSSH, or the Python one where it is not installed."""

    def __init__(self, city: Path) -> None:
        self.made = SftpSource(city, free_port())
        super().__init__(self.made.folder)
        self.connection, self.wrong = self.made.connection, self.made.wrong  # type: ignore[assignment,method-assign]

    @contextmanager
    def serving(self) -> Iterator[None]:
        with sftp.serving(self.folder.parents[1], self.connection.port or 0):
            yield


class S3(Server):
    """moto's server, which checks who asks; it is given the files one by one."""

    bucket = "keluar"

    @contextmanager
    def serving(self) -> Iterator[None]:
        self.port = free_port()
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=self.port, verbose=False)
        server.start()
        try:
            self.connection = Connection("app", "s3", self.bucket, None, "anyone", "anything", "opd/warga")
            self.connection = self.at(self.port)
            requests.post(f"http://127.0.0.1:{self.port}/moto-api/reset-auth", data="inf", timeout=5)
            self._client("s3").create_bucket(Bucket=self.bucket)
            users = self._client("iam")
            users.create_user(UserName="hub")
            rights = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
            users.put_user_policy(UserName="hub", PolicyName="s3", PolicyDocument=policy)
            key = users.create_access_key(UserName="hub")["AccessKey"]
            self.connection = replace(self.connection, login=key["AccessKeyId"], password=key["SecretAccessKey"])
            requests.post(f"http://127.0.0.1:{self.port}/moto-api/reset-auth", data="0", timeout=5)
            yield
        finally:
            requests.post(f"http://127.0.0.1:{self.port}/moto-api/reset", timeout=5)
            server.stop()

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=self.connection.login,
            aws_secret_access_key=self.connection.password,
        )

    def put(self, name: str, content: bytes) -> None:
        self._client("s3").put_object(Bucket=self.bucket, Key=f"opd/warga/{name}", Body=content)

    def at(self, port: int) -> Connection:
        return replace(self.connection, extra={"endpoint_url": f"http://127.0.0.1:{port}"})

    @contextmanager
    def faulty(self, faults: Sequence[Fault], repeat_last: bool = False) -> Iterator[tuple[Connection, FaultProxy]]:
        with proxied("127.0.0.1", self.port, faults, repeat_last) as proxy:
            yield self.at(proxy.port), proxy


class Http(Server):
    """The standard library's server, with Range and a password."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        port = free_port()
        self.connection = Connection("app", "http", "127.0.0.1", port, "opd@hub", PASSWORD, "keluar")

    @contextmanager
    def serving(self, ranges: bool = True) -> Iterator[None]:
        handler = partial(Ranged, directory=str(self.folder.parent), ranges=ranges)
        with QuietServer(("127.0.0.1", self.connection.port or 0), handler) as server:
            thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            try:
                yield
            finally:
                server.shutdown()


class QuietServer(ThreadingHTTPServer):
    """Says nothing of clients that hang up."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Let it be."""


class Ranged(SimpleHTTPRequestHandler):
    """Answers Range and If-Range, which the standard library's handler does not."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, ranges: bool, **options: Any) -> None:
        self.ranges = ranges
        super().__init__(*args, **options)

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        told = base64.b64encode(f"opd@hub:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {told}":
            return True
        self.send_error(401)
        return False

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        asked = self.headers.get("Range", "")
        if not (self.ranges and asked and file.is_file()):
            super().do_GET()
            return
        if self.headers.get("If-Range") != self.date_time_string(int(file.stat().st_mtime)):
            super().do_GET()
            return
        content = file.read_bytes()
        begin = int(asked.removeprefix("bytes=").partition("-")[0])
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        self.wfile.write(content[begin:])

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served(kind: str, folder: Path) -> Iterator[Server]:
    """Serve an empty folder in one of the KINDS."""
    with ExitStack() as stack:
        made: Any
        if kind == "sftp":
            made = Sftp(folder / "city")
        elif kind == "ftp":
            made = Ftp(folder / "ftp" / "keluar")
        elif kind == "smb":
            made = Smb(folder)
        elif kind == "s3":
            made = S3(folder / "none")
        else:
            made = Http(folder / "http" / "keluar")
        stack.enter_context(made.serving())
        yield made
