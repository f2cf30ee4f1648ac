"""dlt's RESTClient as a plain library: authentication, pagination and patience for one feed."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"  # read at import; dlt reports home otherwise

import requests
from dlt.common import jsonpath
from dlt.sources.helpers.requests import Client
from dlt.sources.helpers.rest_client import auth as dlt_auth
from dlt.sources.helpers.rest_client import paginators as pages
from dlt.sources.helpers.rest_client.client import RESTClient

from connectors.connection import Connection
from schemas.application import Auth, Pagination

ATTEMPTS = 5
#: waits of 0.5, 1, 2 and 4 seconds; an application behind a city network rarely needs more to come back
BACKOFF_SECONDS = 0.5
#: a Retry-After beyond this is left to the next run
MAX_WAIT_SECONDS = 60
TIMEOUT_SECONDS = (10, 120)


def make_client(connection: Connection, auth: Auth, count_retry: Callable[[], None]) -> RESTClient:
    """Make the client; `count_retry` is called for every answer (or silence) that is asked for again."""

    def passing(response: requests.Response | None, error: BaseException | None) -> bool:
        answer = getattr(error, "response", None) if isinstance(error, requests.HTTPError) else response
        broken = requests.ConnectionError | requests.Timeout | requests.exceptions.ChunkedEncodingError
        busy = answer is not None and (answer.status_code == 429 or answer.status_code >= 500)
        again = busy or isinstance(error, broken)
        if again:
            count_retry()
        return again

    session = Client(
        request_timeout=TIMEOUT_SECONDS,
        raise_for_status=False,
        status_codes=(),
        exceptions=(),
        request_max_attempts=ATTEMPTS,
        retry_condition=passing,
        request_backoff_factor=BACKOFF_SECONDS,
        request_max_retry_delay=MAX_WAIT_SECONDS,
    ).session
    session.headers["Accept"] = "application/json"
    return RESTClient(connection.base_url, auth=_auth(connection, auth, session), session=session)


def _auth(connection: Connection, auth: Auth, session: requests.Session) -> Any:
    if auth.style == "api_key":
        return dlt_auth.APIKeyAuth(name=auth.name, api_key=connection.password, location=auth.location)
    if auth.style == "basic":
        return dlt_auth.HttpBasicAuth(username=connection.login, password=connection.password)
    if auth.style == "bearer":
        return dlt_auth.BearerTokenAuth(token=connection.password)
    if auth.style == "oauth2_client_credentials":
        return dlt_auth.OAuth2ClientCredentials(
            access_token_url=f"{connection.base_url}/{auth.token_path.lstrip('/')}",
            client_id=connection.login,
            client_secret=connection.password,
            session=session,
        )
    return None


def make_paginator(pagination: Pagination) -> pages.BasePaginator:
    """Return dlt's paginator for the declared style.

    For `page`, total_path may be the number of pages or of records: reading ends at an empty page too.
    """
    if pagination.style == "page":
        return pages.PageNumberPaginator(
            base_page=pagination.first_page, page_param=pagination.param, total_path=pagination.total_path
        )
    if pagination.style == "offset":
        return OffsetByRows(
            limit=pagination.page_size,
            offset_param=pagination.param,
            limit_param=pagination.size_param,
            total_path=pagination.total_path,
        )
    if pagination.style == "cursor":
        return pages.JSONResponseCursorPaginator(
            cursor_path=pagination.next_path or "next", cursor_param=pagination.param
        )
    if pagination.style == "link_header":
        return pages.HeaderLinkPaginator()
    if pagination.style == "json_link":
        return JsonLink(pagination.next_path or "next")
    return pages.SinglePagePaginator()


class OffsetByRows(pages.OffsetPaginator):
    """Steps by the rows received: a server that caps the page size would make dlt's own step skip rows."""

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        """Move on by the length of this page."""
        self.value_step = len(data or [])
        super().update_state(response, data)


class JsonLink(pages.JSONLinkPaginator):
    """Ends at an empty address too, not only at null."""

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        """Take the next address from the answer."""
        super().update_state(response, data)
        self._next_reference = self._next_reference or None


def find(path: str, answer: Any) -> list[Any]:
    """Return what a JSON path finds in an answer."""
    return jsonpath.find_values(path, answer)
