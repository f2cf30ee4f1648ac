"""Sessions and tokens: had once, had anew once when they end in the middle, never tried again when refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from schemas.errors import ConfigurationError, RefusedError
from tests.connectors.api import PEOPLE, ROWS, TOKEN, Answer, Api, Asked, page_of, start
from tests.connectors.helpers import Rows, rows_of

FORM = '<html><form action="/api/login"><input name="username"><input type="password" name="password"></form></html>'


class Door:
    """Lets in who has logged in, and forgets everybody after so many pages."""

    def __init__(self, api: Api, way_out: str, as_json: bool = False, token_at: str | None = None) -> None:
        self.api, self.way_out, self.as_json, self.token_at = api, way_out, as_json, token_at
        self.logins = self.pages = 0
        self.pages_a_login = 2
        api.serve, api.records, api.paging = self.serve, PEOPLE, "page"

    def serve(self, asked: Asked) -> Answer:
        if asked.path == "/api/login":
            return self.login(asked) if asked.method == "POST" else (200, {"Content-Type": "text/html"}, FORM)
        given = asked.headers.get("Authorization", "") if self.token_at else asked.headers.get("Cookie", "")
        if str(self.logins) not in given or self.pages >= self.pages_a_login * self.logins:
            return {
                "401": (401, {}, "{}"),
                "419": (419, {}, "{}"),
                "redirect": (302, {"Location": "/api/login"}, ""),
                "page": (200, {"Content-Type": "text/html"}, FORM),
            }[self.way_out]  # type: ignore[return-value]
        self.pages += 1
        return (200, *page_of(self.api, asked.query))

    def login(self, asked: Asked) -> Answer:
        self.logins += 1
        told = json.loads(asked.body) if self.as_json else parse_qs(asked.body.decode())
        if told not in ({"user": "hub", "sandi": TOKEN}, {"user": ["hub"], "sandi": [TOKEN]}):
            return 422, {}, '{"message": "salah"}'
        if self.token_at:
            return 200, {}, json.dumps({"data": {"token": f"t{self.logins}"}})
        return 302, {"Location": "/api/home", "Set-Cookie": f"sesi={self.logins}; Path=/"}, ""


def auth(**changes: Any) -> dict[str, Any]:
    return {"style": "session", "login_field": "user", "password_field": "sandi", **changes}


def fetch(api: Api, password: str = TOKEN, **changes: Any) -> Rows:
    return rows_of(start(api.port, "page", source={"auth": auth(**changes)}, password=password))


@pytest.mark.parametrize("way_out", ["401", "419", "redirect", "page"])
@pytest.mark.parametrize("style", ["cookie", "json", "token"])
def test_session_that_ends_in_the_middle_is_had_anew(api: Api, way_out: str, style: str) -> None:
    changes = {"json": {"login_as": "json"}, "token": {"token_at": "data.token"}}.get(style, {})
    door = Door(api, way_out, style == "json", changes.get("token_at"))
    assert fetch(api, **changes) == ROWS
    assert door.logins == 2


@pytest.mark.parametrize("way_out", ["401", "redirect", "page"])
def test_session_that_is_never_accepted_is_refused_after_one_login(api: Api, way_out: str) -> None:
    door = Door(api, way_out)
    door.pages_a_login = 0
    with pytest.raises(RefusedError):
        fetch(api)
    assert door.logins == 1


def test_session_that_ends_with_every_page_is_had_anew_each_time(api: Api) -> None:
    door = Door(api, "401")
    door.pages_a_login = 1
    assert fetch(api) == ROWS
    assert door.logins == 3


REFUSALS: dict[str, Answer] = {
    "401": (401, {}, "{}"),
    "403": (403, {}, "{}"),
    "422": (422, {}, "{}"),
    "back": (302, {"Location": "/api/login?error=1", "Set-Cookie": "sesi=x"}, ""),
    "form": (200, {"Content-Type": "text/html", "Set-Cookie": "sesi=x"}, FORM),
    "no cookie": (200, {}, '{"ok": false}'),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_wrong_password_is_refused_at_once_and_never_tried_again(api: Api, refusal: str) -> None:
    api.serve = lambda asked: REFUSALS[refusal]
    with pytest.raises(RefusedError) as caught:
        fetch(api, password="rahasia")
    assert len(api.asked) == 1
    assert "rahasia" not in str(caught.value)


def test_login_without_a_token_where_one_should_be_is_refused(api: Api) -> None:
    api.serve = lambda asked: (200, {"Set-Cookie": "sesi=x"}, '{"message": "salah"}')
    with pytest.raises(RefusedError, match=r"no token at 'data.token'"):
        fetch(api, token_at="data.token")
    assert len(api.asked) == 1


def test_login_path_that_is_not_there_is_a_configuration_error(api: Api) -> None:
    api.serve = lambda asked: (404, {}, "")
    with pytest.raises(ConfigurationError, match=r"404.*login_path"):
        fetch(api)


def test_busy_login_is_asked_again(api: Api) -> None:
    door = Door(api, "401")
    busy: list[Answer] = [(503, {}, ""), (503, {}, "")]
    api.serve = lambda asked: busy.pop() if busy else door.serve(asked)
    assert fetch(api) == ROWS


class Tokens:
    """An OAuth2 server whose tokens hold for so many pages."""

    def __init__(self, api: Api, expires_in: Any) -> None:
        self.api, self.expires_in, self.given, self.pages = api, expires_in, 0, 0
        api.serve, api.records, api.paging = self.serve, PEOPLE, "page"
        self.pages_a_token = 2

    def serve(self, asked: Asked) -> Answer:
        if asked.path == "/api/oauth/token":
            self.given += 1
            return 200, {}, json.dumps({"access_token": f"t{self.given}", "expires_in": self.expires_in})
        is_known = asked.headers.get("Authorization") == f"Bearer t{self.given}"
        if not is_known or self.pages >= self.given * self.pages_a_token:
            return 401, {}, "{}"
        self.pages += 1
        return (200, *page_of(self.api, asked.query))


OAUTH = {"auth": {"style": "oauth2_client_credentials"}}


@pytest.mark.parametrize("expires_in", [3600, "3600", None, "soon"])
def test_token_that_is_refused_in_the_middle_is_renewed_once(api: Api, expires_in: Any) -> None:
    tokens = Tokens(api, expires_in)
    assert rows_of(start(api.port, "page", source=OAUTH)) == ROWS
    assert tokens.given == 2


def test_token_that_expires_is_renewed_before_it_is_refused(api: Api) -> None:
    tokens = Tokens(api, 0)
    tokens.pages_a_token = 1
    assert rows_of(start(api.port, "page", source=OAUTH)) == ROWS
    assert tokens.given == 3
    assert not [asked for asked in api.asked if asked.headers.get("Authorization") == "Bearer None"]


def test_token_that_is_never_accepted_is_refused_after_one(api: Api) -> None:
    tokens = Tokens(api, 3600)
    tokens.pages_a_token = 0
    with pytest.raises(RefusedError, match="401"):
        rows_of(start(api.port, "page", source=OAUTH))
    assert tokens.given == 1


@pytest.mark.parametrize("answer", ["<html>", "[]", '{"access_token": null}'])
def test_token_endpoint_that_gives_none_is_refused(api: Api, answer: str) -> None:
    api.serve = lambda asked: (200, {}, answer)
    with pytest.raises(RefusedError, match="gave no token"):
        rows_of(start(api.port, source=OAUTH))
    assert len(api.asked) == 1


def test_missing_token_endpoint_is_a_configuration_error(api: Api) -> None:
    api.serve = lambda asked: (404, {}, "")
    with pytest.raises(ConfigurationError, match="token_path"):
        rows_of(start(api.port, source=OAUTH))
