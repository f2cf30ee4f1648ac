"""Ask an API that nobody has described: one gentle request at a time, and never twice with a refused secret."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from connectors.connection import Connection
from connectors.rest_auth import make_entry
from connectors.rest_client import Client, PassingError
from connectors.survey.place import where_of
from connectors.survey.rest_records import read_json, whole_part
from schemas.errors import ConfigurationError, RefusedError, RetryLaterError
from schemas.source import Auth

#: seconds to connect, and between two pieces of an answer
PATIENCE = (10, 30)
#: an answer is read so far and no further; what was sent whole of its records is used
MOST_BYTES = 8 * 1024 * 1024
#: seconds that a busy API may ask to be left alone before it is asked a second and last time
MOST_WAIT = 5.0
REDIRECTS = 3
#: keys of `source.auth` that a connection's extras may name too
LOGIN_KEYS = ("login_path", "login_field", "password_field", "login_as", "token_at")
AUTH_FIX = (
    "mend login and password, or tell how the API is entered by an extra: api_key_header or api_key_param (the name"
    " that carries the password), token_path (OAuth2), login_path (session)"
)


@dataclass(frozen=True)
class Answer:
    """What came back; `problem` says in words why there is no JSON in it."""

    status: int
    content: Any = field(repr=False, default=None)
    #: the address of the next page in a Link header
    next_link: str = ""
    problem: str = ""
    #: the scheme that a refusal asks for: Basic, Bearer
    scheme: str = ""
    is_cut: bool = False
    #: of what is no JSON: XML, or a document in YAML
    body: bytes = field(repr=False, default=b"")


class Api:
    """One API and the way in; secrets go to its own host alone."""

    def __init__(self, connection: Connection, auth: Mapping[str, Any]) -> None:
        """Take a connection and the keys of `source.auth` in an application's YAML."""
        self.connection, self.base = connection, connection.base_url
        self.where, self.has_entered = where_of(connection), False
        counted = {"retries": 0, "queries": 0, "bytes": 0}
        self._client = Client(connection, self.where, counted, None)
        self._entry = make_entry(self._client, Auth.model_validate(auth))

    def get(self, path: str, params: Mapping[str, str] | None = None, *, is_known: bool = True) -> Answer:
        """GET a path below the base address, or a whole address on its host; `is_known`: bring the secret.

        Raises:
            RefusedError: the first request with the secret was refused.
            RetryLaterError: the API does not answer.
            ConfigurationError: its certificate is not trusted.

        """
        url = path if "://" in path else f"{self.base}/{path.lstrip('/')}"
        if urlsplit(url).netloc != urlsplit(self.base).netloc:
            return Answer(0, problem=f"lies on another host ({urlsplit(url).hostname})")
        answer = self._ask(url, dict(params or {}), is_known)
        if answer.status in (429, 503):
            time.sleep(answer.content or 0.5)
            answer = self._ask(url, dict(params or {}), is_known)
        if is_known and not self.has_entered and answer.status in (401, 403):
            scheme = f", it asks for {answer.scheme}" if answer.scheme else ""
            raise RefusedError(f"refused ({answer.status}{scheme})", where=self.where, fix=AUTH_FIX)
        self.has_entered |= is_known and answer.status == 200
        return answer

    def _ask(self, url: str, params: dict[str, str], is_known: bool) -> Answer:
        for _ in range(REDIRECTS):
            try:
                if is_known:
                    self._entry.ready()
                with requests.Session() as session:
                    session.cookies.update(self._client.session.cookies if is_known else {})
                    response = session.get(
                        url,
                        params=params,
                        auth=self._entry.auth if is_known else _unsigned,
                        headers={"Accept": "application/json"},
                        timeout=PATIENCE,
                        stream=True,
                        allow_redirects=False,
                    )
                    if not response.is_redirect:
                        return _answer(response)
                    url, params = urljoin(url, response.headers["Location"]), {}
            except PassingError as error:  # of the login or the token endpoint
                raise RetryLaterError(error.problem, where=self.where, fix=error.fix) from None
            except requests.exceptions.SSLError:
                fix = "have a valid certificate installed, or give its authority in REQUESTS_CA_BUNDLE"
                raise ConfigurationError("has no certificate that holds", where=self.where, fix=fix) from None
            except (requests.ConnectionError, requests.Timeout) as error:
                if self.has_entered and isinstance(error, requests.Timeout):
                    return Answer(0, problem=f"did not answer within {PATIENCE[1]} s")
                raise RetryLaterError(
                    f"did not answer ({type(error).__name__})", where=self.where, fix="see whether it is up"
                ) from None
            except (requests.RequestException, UnicodeError) as error:  # its text may hold an address with the key
                return Answer(0, problem=f"cannot be asked ({type(error).__name__})")
            if urlsplit(url).netloc != urlsplit(self.base).netloc:
                return Answer(0, problem=f"leads to another host ({urlsplit(url).hostname})")
        return Answer(0, problem="redirects in a circle")


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sign nothing: without it, requests would look for a login in ~/.netrc."""
    return request


def _answer(response: requests.Response) -> Answer:
    status = response.status_code
    if status in (429, 503):
        given = response.headers.get("Retry-After", "")
        wait = min(float(given), MOST_WAIT) if given.isdigit() else 0.5
        return Answer(status, wait, problem=f"is busy ({status})")
    scheme = response.headers.get("WWW-Authenticate", "").partition(" ")[0]
    if status in (401, 403):
        return Answer(status, problem="the login may not read it", scheme=scheme)
    if status != 200:
        words = "the API has no such path" if status in (404, 405, 410) else "did not accept the request"
        return Answer(status, problem=f"{words} ({status})")
    body, is_cut = _body(response)
    try:
        kind, _, rest = response.headers.get("Content-Type", "").partition(";")
        charset = response.encoding if "charset" in rest.lower() else None
        content = read_json(whole_part(body) if is_cut else body, charset)
    except ValueError:
        return Answer(
            status,
            problem=f"answered {kind or 'no content type'}, not JSON",
            is_cut=is_cut,
            body=body,
        )
    return Answer(status, content, str(response.links.get("next", {}).get("url", "")), is_cut=is_cut)


def _body(response: requests.Response) -> tuple[bytes, bool]:
    read = bytearray()
    for piece in response.iter_content(64 * 1024):
        read += piece
        if len(read) > MOST_BYTES:
            return bytes(read), True
    return bytes(read), False


def auth_of(connection: Connection) -> dict[str, str]:
    """Guess `source.auth` from what the connection has: extras by name, else login and password, else a token."""
    extra = connection.extra
    if extra.get("api_key_header"):
        return {"style": "api_key", "name": str(extra["api_key_header"])}
    if extra.get("api_key_param"):
        return {"style": "api_key", "name": str(extra["api_key_param"]), "location": "query"}
    if extra.get("token_path"):
        return {"style": "oauth2_client_credentials", "token_path": str(extra["token_path"])}
    if extra.get("login_path"):
        return {"style": "session"} | {name: str(extra[name]) for name in LOGIN_KEYS if extra.get(name)}
    if connection.login and connection.password:
        return {"style": "basic"}
    return {"style": "bearer" if connection.password else "none"}


def split_query(path: str) -> tuple[str, dict[str, str]]:
    """Return a path without its query, and the query as `params`."""
    parts = urlsplit(path)
    return parts._replace(query="", fragment="").geturl(), dict(parse_qsl(parts.query, keep_blank_values=True))
