"""How a REST source is entered; dlt's authentication classes as a plain library, and a login of our own."""

from __future__ import annotations

import os
import re
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"  # read at import; dlt reports home otherwise

import requests
from dlt.sources.helpers.rest_client import auth as dlt_auth

from connectors.rest_client import Client, Entry, path_of
from connectors.rest_text import find, parse
from schemas.errors import ConfigurationError, RefusedError
from schemas.source import Auth

#: how servers say that login and password are not right; 419 and 422 are Laravel's
LOGIN_REFUSED = (400, 401, 403, 419, 422)
PASSWORD_FIELD = re.compile(rb"""<input[^>]+type\s*=\s*["']?password""", re.IGNORECASE)
#: seconds that a token is taken to hold where its server does not tell
TOKEN_SECONDS = 3600


def make_entry(client: Client, auth: Auth) -> Entry:
    """Return how `auth` lets requests in; nothing is sent yet."""
    if auth.style == "session":
        return Login(client, auth)
    if auth.style == "oauth2_client_credentials":
        return Token(client, auth)
    return Constant(_constant(client, auth))


def _constant(client: Client, auth: Auth) -> Any:
    login, password = client.connection.login, client.connection.password
    if auth.style == "api_key":
        return dlt_auth.APIKeyAuth(name=auth.name, api_key=password, location=auth.location)
    if auth.style == "basic":
        return dlt_auth.HttpBasicAuth(username=login, password=password)
    if auth.style == "bearer":
        return dlt_auth.BearerTokenAuth(token=password)
    return _unsigned


def _unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sign nothing; without any auth requests would look into ~/.netrc."""
    return request


class Constant:
    """A key or password that every request carries."""

    can_renew = False

    def __init__(self, auth: Any) -> None:
        """Keep what signs the requests."""
        self.auth = auth

    def ready(self) -> None:
        """Nothing is to be done."""

    def renew(self) -> None:
        """Nothing can be done."""

    def is_signed_out(self, response: requests.Response) -> bool:
        """Return False: a key that is refused stays refused."""
        return False


class Token(Constant):
    """OAuth2 client credentials; a token that expires is renewed before the request, or once after a 401."""

    can_renew = True

    def __init__(self, client: Client, auth: Auth) -> None:
        """Prepare; the first request gets the token."""
        self.client = client
        connection = client.connection
        super().__init__(
            dlt_auth.OAuth2ClientCredentials(
                access_token_url=f"{connection.base_url}/{auth.token_path.lstrip('/')}",
                client_id=connection.login,
                client_secret=connection.password,
                default_token_expiration=TOKEN_SECONDS,
                session=self,  # type: ignore[arg-type]  # of a session it uses post alone
            )
        )

    def renew(self) -> None:
        """Forget the token."""
        self.auth.access_token = None

    def is_signed_out(self, response: requests.Response) -> bool:
        """Whether the token is no longer accepted."""
        return response.status_code == 401

    def post(self, url: str, headers: dict[str, str], data: dict[str, str]) -> requests.Response:
        """Ask for a token; dlt calls this.

        Raises:
            RefusedError: the client id or secret is wrong.
            ConfigurationError: there is no token endpoint.

        """
        request = requests.Request("POST", url, headers=headers, data=data, auth=_unsigned)
        response = self.client.send(request, is_followed=False)
        where, status = self.client.where, response.status_code
        if status in (404, 405, 410):
            raise ConfigurationError("has no token endpoint", where=where, fix="mend source.auth.token_path")
        answer = _json(response)
        if status != 200 or not isinstance(answer, dict) or not answer.get("access_token"):
            raise RefusedError(f"gave no token ({status})", where=where, fix="mend the client id and secret")
        told = str(answer.get("expires_in"))
        seconds = int(told) if told.isdigit() else TOKEN_SECONDS
        made = {"access_token": str(answer["access_token"]), "expires_in": seconds}
        response.json = lambda **_: made  # type: ignore[method-assign]
        return response


class Login(Constant):
    """Login and password posted once; then the cookie counts, or the token that was answered."""

    can_renew = True

    def __init__(self, client: Client, auth: Auth) -> None:
        """Prepare; the first request logs in."""
        super().__init__(self._sign)
        self.client, self.settings = client, auth
        self.address = f"{client.connection.base_url}/{auth.login_path.lstrip('/')}"
        self.token = ""
        self.is_in = False

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request

    def renew(self) -> None:
        """Forget cookie and token."""
        self.client.session.cookies.clear()
        self.token, self.is_in = "", False

    def is_signed_out(self, response: requests.Response) -> bool:
        """Whether the answer is 401, 419, or the login page, wherever it stands."""
        at_login = bool(response.history) and path_of(response.url) == path_of(self.address)
        return response.status_code in (401, 419) or at_login or _asks_for_password(response)

    def ready(self) -> None:
        """Log in once.

        Raises:
            RefusedError: login or password is wrong: never tried again, or the account gets locked.
            ConfigurationError: there is no such login path.

        """
        if self.is_in:
            return
        connection, settings = self.client.connection, self.settings
        fields = {settings.login_field: connection.login, settings.password_field: connection.password}
        body = {"json": fields} if settings.login_as == "json" else {"data": fields}
        headers = {"Accept": "application/json, */*"}
        request = requests.Request("POST", self.address, headers=headers, auth=_unsigned, **body)
        self._check(self.client.send(request, is_followed=False))
        self.is_in = True

    def _check(self, response: requests.Response) -> None:
        where, status, fix = self.client.where, response.status_code, "mend the connection's login or password"
        is_back = response.is_redirect and path_of(response.headers["location"]) == path_of(self.address)
        if status in LOGIN_REFUSED or is_back or _asks_for_password(response):
            raise RefusedError(f"refused the login ({status})", where=where, fix=fix)
        if status >= 400:
            raise ConfigurationError(
                f"did not accept the login ({status})", where=where, fix="mend source.auth.login_path or login_as"
            )
        if self.settings.token_at is not None:
            found = find(self.settings.token_at, _json(response))
            self.token = str(found[0]) if found and isinstance(found[0], str) else ""
            if not self.token:
                raise RefusedError(f"gave no token at '{self.settings.token_at}'", where=where, fix=fix)
        elif not self.client.session.cookies:
            raise RefusedError("answered the login without a cookie", where=where, fix=fix)


def _asks_for_password(response: requests.Response) -> bool:
    """Whether the answer is a page with a form to log in, whatever its status."""
    return response.content[:100].lstrip()[:1] == b"<" and PASSWORD_FIELD.search(response.content) is not None


def _json(response: requests.Response) -> Any:
    """Return the answer, None where it is no JSON."""
    try:
        return parse(response.content)
    except ValueError:
        return None
