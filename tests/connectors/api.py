"""A real HTTP API in a thread, in every style of paging and authentication that the connector knows."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "s3cret/+ä"


class Api(ThreadingHTTPServer):
    """`answers` are (status, headers, body) given before any other; `cap` is the largest page it serves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.records: list[Any] = []
        self.paging, self.auth, self.cap = "single", "none", 1000
        self.answers: list[tuple[int, dict[str, str], str]] = []
        self.requests: list[str] = []
        self.raw: str | None = None
        self.next_host = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: Api
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test output clean."""

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form.get("client_secret") == [TOKEN] and form.get("client_id") == ["hub"]:
            return self.send(200, {}, json.dumps({"access_token": TOKEN, "expires_in": 60}))
        return self.send(401, {}, '{"error": "invalid_client"}')

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        if not self.allowed(query):
            return self.send(401, {}, '{"message": "Unauthenticated."}')
        if self.server.answers:
            return self.send(*self.server.answers.pop(0))
        if not urlsplit(self.path).path.startswith("/api/warga"):
            return self.send(404, {}, "{}")
        if self.server.raw is not None:
            return self.send(200, {}, self.server.raw)
        return self.page(query)

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
        api, total = self.server, len(self.server.records)
        size = min(int(query.get("limit", total or 1)), api.cap)
        start = int(query.get("offset") or query.get("cursor") or (int(query.get("page", 1)) - 1) * size)
        shown, end = api.records[start : start + size], start + size
        more = end < total
        link = f"{api.next_host}/api/warga?limit={size}&offset={end}"
        body: dict[str, Any] = {"data": shown, "meta": {"total": total}}
        headers: dict[str, str] = {}
        if api.paging == "page":
            body["meta"]["total"] = -(-total // size)
        if api.paging == "cursor":
            body["next"] = str(end) if more else None
        if api.paging == "json_link":
            body["links"] = {"next": link if more else ""}
        if api.paging == "link_header" and more:
            headers["Link"] = f'<{link}>; rel="next"'
        self.send(200, headers, json.dumps(body))

    def send(self, status: int, headers: dict[str, str], text: str) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


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
