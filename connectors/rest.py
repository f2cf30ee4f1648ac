"""Read a resource of an HTTP API, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from connectors.connection import Connection
from connectors.drift import FeedPlace
from connectors.reading import Reading, batches_of
from connectors.rest_client import find, make_client, make_paginator
from connectors.rest_text import parse, rows_of
from schemas.application import Auth, RestApplication, RestFeed
from schemas.errors import ConfigurationError, HubError, RefusedError, RetryLaterError


def read_rest(application: RestApplication, feed_name: str, connection: Connection) -> Reading:
    """Begin to read; the first request goes out with the first batch.

    `details` gets pages (answers read), retries (requests repeated) and, where the API tells it, total.

    Raises, while iterating:
        RefusedError: 401 or 403, at once.
        RetryLaterError: no answer, 429 or 5xx after five attempts; HTML instead of JSON; a total not reached.
        DriftError: 404, no records at their path, unknown or missing keys, a page that repeats.

    """
    feed = application.feeds[feed_name]
    place = FeedPlace.of(application, feed_name, feed)
    source = _Resource(connection, application.source.auth, feed, place)
    address = f"{connection.base_url}/{feed.path.lstrip('/')}"
    query = f"{address}?{urlencode(source.params)}" if source.params else address
    batches = batches_of(feed.landed_columns, rows_of(source.records(), place), place.where)
    return Reading(query, batches, source.details)


class _Resource:
    """One reading of one resource; errors never chain requests' own, whose address may hold an API key."""

    def __init__(self, connection: Connection, auth: Auth, feed: RestFeed, place: FeedPlace) -> None:
        self.connection, self.auth, self.feed, self.place = connection, auth, feed, place
        self.where = f"connection '{connection.id}' ({connection.masked}/{feed.path.lstrip('/')})"
        self.details: dict[str, Any] = {"pages": 0, "retries": 0}
        self.params: dict[str, Any] = dict(feed.params)
        if feed.pagination.style != "single":
            self.params[feed.pagination.size_param] = feed.pagination.page_size
        self.last_page: Any = None
        self.count = 0

    def records(self) -> Iterator[Any]:
        """Give the records of all pages."""
        client = make_client(self.connection, self.auth, self._count_retry)
        paginator = make_paginator(self.feed.pagination)
        pages = client.paginate(
            self.feed.path.lstrip("/"),
            params=dict(self.params),
            paginator=paginator,
            data_selector=self.feed.records or "$",
            hooks={"response": [self._check]},
        )
        with client.session:
            while (page := self._next(pages)) is not None:
                self.details["pages"] += 1
                self.count += len(page)
                self._check_page(page, paginator.has_next_page)
                yield from page
        self._check_total()

    def _next(self, pages: Iterator[Any]) -> Any:
        """Return the next page, None after the last one."""
        try:
            return next(pages, None)
        except requests.HTTPError as error:
            raise self._http_error(error) from None
        except requests.RequestException as error:
            raise RetryLaterError(
                f"did not answer ({type(error).__name__})", where=self.where, fix="see whether it is up"
            ) from None
        except ValueError:  # from dlt's paginators, whose text quotes the answer: personal data
            raise self.place.error(
                "total_path: finds no number in the answer", "mend total_path:", key="pagination"
            ) from None

    def _count_retry(self) -> None:
        self.details["retries"] += 1

    def _check(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """Look at every answer before dlt does, and give it our own JSON, with numbers as text."""
        status, body = response.status_code, response.content  # read to the end, or the socket stays open
        if response.is_redirect:
            return
        if status in (401, 403):
            raise RefusedError(f"refused ({status})", where=self.where, fix="mend the connection's login or password")
        if status == 429 or status >= 500:
            raise requests.HTTPError(str(status), response=response)  # the session tries again
        if status in (404, 405, 410):
            raise self.place.error(f"the API has no '{self.feed.path}' ({status})", "mend path:", key="path")
        if status >= 400:
            raise ConfigurationError(f"did not accept the request ({status})", where=self.where, fix="mend params:")
        try:
            answer = parse(body)
        except ValueError:
            kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
            fix = "open the address: is it a maintenance or login page?"
            raise RetryLaterError(f"answered {kind}, not JSON", where=self.where, fix=fix) from None
        response.json = lambda **_: answer  # type: ignore[method-assign]
        self._check_records(response, answer)

    def _check_records(self, response: requests.Response, answer: Any) -> None:
        """A path that finds nothing would read as an empty source; a page that repeats would never end."""
        path = self.feed.records
        found = find(path or "$", answer)
        if not found:
            raise self.place.error(f"the answer has nothing at '{path}'", "mend records:", key="records")
        if path is None and not isinstance(answer, list):
            raise self.place.error("the answer is not a list", "add records: with the path of the list", key="records")
        if isinstance(found[0], list) and found[0] and found[0] == self.last_page:
            raise self.place.error("the same page came twice", "mend pagination: style and param", key="pagination")
        self.last_page = found[0]
        total = find(self.feed.pagination.total_path, answer) if self.feed.pagination.total_path else []
        if total:
            self.details["total"] = str(total[0])

    def _check_page(self, page: Any, has_next: bool) -> None:
        """Stop before credentials go to another host, and where a next path finds nothing though the page is full."""
        pagination = self.feed.pagination
        if has_next and pagination.style in ("link_header", "json_link"):
            host, own = urlsplit(page.request.url).hostname, urlsplit(self.connection.base_url).hostname
            if host != own:
                fix = "have the API name its own address"
                raise self.place.error(f"the next page lies on another host ({host})", fix, key="pagination")
        if pagination.style in ("cursor", "json_link") and self.details["pages"] == 1 and not has_next:
            full = len(page) >= pagination.page_size
            if full and not find(pagination.next_path or "next", page.response.json()):
                raise self.place.error(
                    f"a full page, but nothing at '{pagination.next_path}'", "mend next_path:", key="pagination"
                )

    def _check_total(self) -> None:
        """With offsets, rows that come or go between two pages shift the rest: the total shows it."""
        total = str(self.details.get("total", ""))
        if self.feed.pagination.style == "offset" and total.isdigit() and int(total) != self.count:
            raise RetryLaterError(
                f"tells a total of {total} records and gave {self.count}",
                where=self.where,
                fix="the data changed while it was read; try in a quieter hour",
            )

    def _http_error(self, error: requests.HTTPError) -> HubError:
        response = error.response
        status = response.status_code if response is not None else 0
        if status == 429 or status >= 500:
            return RetryLaterError(f"answered {status} again and again", where=self.where, fix="try in a quieter hour")
        if status == 404:
            return ConfigurationError("has no token endpoint", where=self.where, fix="mend source.auth.token_path")
        return RefusedError(f"gave no token ({status})", where=self.where, fix="mend the client id and secret")
