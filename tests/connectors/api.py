"""A real HTTP API in a thread, in every style of paging and authentication that the connector knows."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.connection import Connection
from connectors.reading import Demand, Reading
from connectors.registry import read
from tests.connectors.helpers import Rows, application

TOKEN = "s3cret/+ä"
PEOPLE = [{"nik": f"{number:016d}", "nama": f"N{number}"} for number in range(5)]
ROWS: Rows = [(person["nik"], person["nama"]) for person in PEOPLE]
PAGINGS: dict[str, dict[str, Any]] = {
    "single": {},
    "page": {"param": "page", "page_size": 2, "total_path": "meta.total"},
    "page-without-total": {"param": "page", "page_size": 2},
    "offset": {"param": "offset", "page_size": 2, "total_path": "meta.total"},
    "offset-without-total": {"param": "offset", "page_size": 2},
    "cursor": {"param": "cursor", "page_size": 2, "next_path": "next"},
    "link_header": {"page_size": 2},
    "json_link": {"page_size": 2, "next_path": "links.next"},
}


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


#: status, headers (None leaves one out that is set otherwise), body; an iterable of blocks comes as chunks
Answer = tuple[int, dict[str, str | None], "str | bytes | Iterable[bytes]"]


class Api(ThreadingHTTPServer):
    """`answers` are given before any other, `serve` gives all of them; `cap` is the largest page it serves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.records: list[Any] = []
        self.paging, self.auth, self.cap = "single", "none", 1000
        self.answers: list[Any] = []
        self.serve: Callable[[Asked], Answer | None] | None = None
        self.asked: list[Asked] = []
        self.requests: list[str] = []
        self.raw: str | None = None
        self.next_host = ""
        self.is_packed = self.is_endless = False

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: Api
    protocol_version = "HTTP/1.1"
    #: headers and body leave together: apart, the second waits 40 ms for the first one's acknowledgement
    wbufsize = 64 * 1024

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test output clean."""

    def note(self) -> Asked:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.asked.append(Asked(self.command, parts.path, query, dict(self.headers), body))
        return self.server.asked[-1]

    def do_POST(self) -> None:
        asked = self.note()
        if self.served(asked):
            return None
        form = parse_qs(asked.body.decode())
        if form.get("client_secret") == [TOKEN] and form.get("client_id") == ["hub"]:
            return self.send(200, {}, json.dumps({"access_token": TOKEN, "expires_in": 60}))
        return self.send(401, {}, '{"error": "invalid_client"}')

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        asked = self.note()
        if self.served(asked):
            return None
        if not self.allowed(asked.query):
            return self.send(401, {}, '{"message": "Unauthenticated."}')
        if self.server.answers:
            return self.send(*self.server.answers.pop(0))
        if not asked.path.startswith("/api/warga"):
            return self.send(404, {}, "{}")
        if self.server.raw is not None:
            return self.send(200, {}, self.server.raw)
        return self.page(asked.query)

    def served(self, asked: Asked) -> bool:
        answer = self.server.serve(asked) if self.server.serve is not None else None
        if answer is not None:
            self.send(*answer)
        return answer is not None

    def allowed(self, query: dict[str, str]) -> bool:
        given = self.headers.get("Authorization", "")
        basic = "Basic " + base64.b64encode(f"hub:{TOKEN}".encode()).decode()
        return {
            "none": True,
            "header": self.headers.get("X-API-Key", "").encode("latin-1") == TOKEN.encode("latin-1"),
            "query": query.get("key") == TOKEN,
            "basic": given == basic,
            "bearer": given.encode("latin-1") == f"Bearer {TOKEN}".encode("latin-1"),
        }[self.server.auth]

    def page(self, query: dict[str, str]) -> None:
        self.send(200, *page_of(self.server, query))

    def send(self, status: int, headers: dict[str, str | None], text: str | bytes | Iterable[bytes]) -> None:
        body = text.encode() if isinstance(text, str) else text
        told: dict[str, str | None] = {"Content-Type": "application/json"}
        if isinstance(body, bytes):
            if self.server.is_packed and "gzip" in self.headers.get("Accept-Encoding", ""):
                body, told["Content-Encoding"] = gzip.compress(body), "gzip"
            told["Content-Length"] = str(len(body))
        elif "Content-Length" not in headers:
            told["Transfer-Encoding"] = "chunked"
        if self.server.is_endless:  # the end of the connection is the end of the answer
            told |= {"Content-Length": None, "Connection": "close"}
        self.send_response(status)
        for name, value in {**told, **headers}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        blocks, is_framed = [body] if isinstance(body, bytes) else body, "Transfer-Encoding" in told
        for block in blocks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block) if is_framed else block)
            if not isinstance(body, bytes):
                self.wfile.flush()
        if is_framed:
            self.wfile.write(b"0\r\n\r\n")


def page_of(api: Api, query: dict[str, str]) -> tuple[dict[str, str | None], str]:
    """Return headers and body of the page that a query asks for."""
    total = len(api.records)
    size = min(int(query.get("limit", total or 1)), api.cap)
    start = int(query.get("offset") or query.get("cursor") or (int(query.get("page", 1)) - 1) * size)
    shown, end = api.records[start : start + size], start + size
    more = end < total
    link = f"{api.next_host}/api/warga?limit={size}&offset={end}"
    body: dict[str, Any] = {"data": shown, "meta": {"total": total}}
    headers: dict[str, str | None] = {}
    if api.paging == "page":
        body["meta"]["total"] = -(-total // size)
    if api.paging == "cursor":
        body["next"] = str(end) if more else None
    if api.paging == "json_link":
        body["links"] = {"next": link if more else ""}
    if api.paging == "link_header" and more:
        headers["Link"] = f'<{link}>; rel="next"'
    return headers, json.dumps(body)


def connect(port: int, password: str = TOKEN) -> Connection:
    """Return a connection to the API on a port of this machine."""
    return Connection("app", "http", "127.0.0.1", port, login="hub", password=password, schema="api")


def start(
    port: int,
    paging: str = "single",
    demand: Demand | None = None,
    source: dict[str, Any] | None = None,
    password: str = TOKEN,
    **feed: Any,
) -> Reading:
    """Begin to read the feed `warga`, in a paging of PAGINGS."""
    style = {"style": paging.partition("-")[0], **PAGINGS[paging]}
    made = {"path": "/warga", "records": "data", "map": ["nik", "nama"], "pagination": style} | feed
    return read(application("rest", made, **source or {}), "warga", connect(port, password), demand)


@contextmanager
def served() -> Iterator[Api]:
    """Serve an API until the block ends."""
    api = Api()
    thread = Thread(target=api.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.shutdown()
        api.server_close()
