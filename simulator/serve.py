"""What the sample city serves: `python -m simulator.serve --data DIR --port N --sftp-port M`.

The REST applications, and the drop folders behind SFTP where an application has one.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import hmac
import itertools
import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from schemas.feed import Pagination
from schemas.source import Auth
from simulator import sftp
from simulator.paging import Resource, page_of
from simulator.sftp_keys import has_sftp

REFUSED = {"error": "unauthorized"}


@dataclass(frozen=True)
class Api:
    """One application's API; `requests` numbers the requests from 1."""

    auth: Auth
    login: str
    password: str
    unavailable_every: int
    requests: Iterator[int]

    @property
    def token(self) -> str:
        """The token that the OAuth2 endpoint issues."""
        return sha256(f"token {self.password}".encode()).hexdigest()


def create_app(folder: Path) -> Starlette:
    """Make the ASGI application of the city built into `folder`; raises OSError when there is none."""
    settings = json.loads((folder / "rest" / "apis.json").read_text(encoding="utf-8"))
    routes = [Route("/health", _health)]
    for name, content in settings.items():
        api = Api(
            Auth.model_validate(content["auth"]), content["login"], content["password"],
            content["unavailable_every"], itertools.count(1),
        )  # fmt: skip
        routes.append(Route(f"/{name}{api.auth.token_path}", _token_endpoint(api), methods=["POST"]))
        for feed, item in content["resources"].items():
            path, paging = folder / "rest" / name / f"{feed}.json", Pagination.model_validate(item["pagination"])
            served = _Served(path, Resource(item["records"], paging, []))
            served.today()  # a city without its records is told at the start
            routes.append(Route(f"/{name}/{item['path'].lstrip('/')}", _resource_endpoint(api, served)))
    return Starlette(routes=routes)


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _token_endpoint(api: Api) -> Any:
    async def endpoint(request: Request) -> Response:
        form = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        if "authorization" in request.headers:
            # RFC 6749, 2.3.1: the two are form-encoded before they are joined
            client, secret = (unquote(part) for part in _basic(request))
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if api.auth.style != "oauth2_client_credentials" or not _same((client, secret), (api.login, api.password)):
            return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse({"access_token": api.token, "token_type": "Bearer", "expires_in": 3600})

    return endpoint


class _Served:
    """The records of one file, read again after the city has written them anew."""

    def __init__(self, path: Path, resource: Resource) -> None:
        self._path, self._resource, self._written = path, resource, 0

    def today(self) -> Resource:
        """Return the resource with the file's records of now."""
        written = self._path.stat().st_mtime_ns
        if written != self._written:
            records = json.loads(self._path.read_text(encoding="utf-8"))
            self._resource, self._written = replace(self._resource, records=records), written
        return self._resource


def _resource_endpoint(api: Api, served: _Served) -> Any:
    async def endpoint(request: Request) -> Response:
        if not _may_enter(api, request):
            return JSONResponse(REFUSED, 401)
        number = next(api.requests)
        if api.unavailable_every and number % api.unavailable_every == 0:
            return JSONResponse({"error": "busy"}, 503, headers={"Retry-After": "1"})
        try:
            body, headers = page_of(served.today(), request.url)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(body, headers=headers)

    return endpoint


def _may_enter(api: Api, request: Request) -> bool:
    style, name = api.auth.style, api.auth.name
    if style == "none":
        return True
    if style == "api_key":
        given = request.headers.get(name) if api.auth.location == "header" else request.query_params.get(name)
        return _same((given or "",), (api.password,))
    if style == "basic":
        return _same(_basic(request), (api.login, api.password))
    secret = api.token if style == "oauth2_client_credentials" else api.password
    return _same((request.headers.get("authorization", ""),), (f"Bearer {secret}",))


def _basic(request: Request) -> tuple[str, str]:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    try:
        login, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (login, password) if scheme.lower() == "basic" else ("", "")


def _same(given: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, wanted, strict=True))


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m simulator.serve", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of a built city")
    parser.add_argument("--port", type=int, default=8420)
    parser.add_argument("--sftp-port", type=int, default=8422)
    parser.add_argument("--host", default="127.0.0.1", help="where REST listens; SFTP stays on 127.0.0.1")
    options = parser.parse_args()
    # uvicorn passes a signal on when it has ended: the default would skip what ends SFTP
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    app = create_app(options.data)
    with contextlib.ExitStack() as stack:
        if has_sftp(options.data):
            name = stack.enter_context(sftp.serving(options.data, options.sftp_port))
            print(f"SFTP at 127.0.0.1:{options.sftp_port}, served by {name}", flush=True)
        uvicorn.run(app, host=options.host, port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
