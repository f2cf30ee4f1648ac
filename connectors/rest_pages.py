"""From page to page: dlt's paginators as a plain library, a place to go on from, and an end to what has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests
from dlt.sources.helpers.rest_client import paginators as pages

from connectors.drift import FeedPlace
from connectors.rest_wire import is_same_place
from schemas.feed import Pagination, RestFeed

#: pages of one reading; a paging that never ends is found by its repeats long before, unless each link is a new one
MAX_PAGES = 100_000


class Pager:
    """Which page is asked for next, and where an interrupted reading goes on."""

    def __init__(self, feed: RestFeed, place: FeedPlace, base: str, secret_param: str | None) -> None:
        """Prepare; `secret_param` is the query parameter that carries a key, and is never noted."""
        self.feed, self.place, self.base, self.secret_param = feed, place, base, secret_param
        self.address = f"{base}/{feed.path.lstrip('/')}"
        self._paginator: pages.BasePaginator = pages.SinglePagePaginator()
        self._seen: set[int] = set()
        self._pages = 0

    def first(self, params: Mapping[str, str], position: Mapping[str, Any]) -> requests.Request:
        """Return the request of the first page, or of the one that a position names."""
        pagination = self.feed.pagination
        self._paginator = _paginator(pagination, position)
        request = requests.Request("GET", self.address, params=dict(params))
        if pagination.style != "single":
            request.params[pagination.size_param] = pagination.page_size
        self._paginator.init_request(request)
        if "cursor" in position:
            request.params[pagination.param] = position["cursor"]
        if "link" in position:
            self._follow(request, str(position["link"]))
        return request

    @property
    def value(self) -> int:
        """The page's number or offset, as far as it has one."""
        return int(getattr(self._paginator, "current_value", self.feed.pagination.first_page))

    @property
    def has_next(self) -> bool:
        """Whether there is another page."""
        return self._paginator.has_next_page

    def move(self, request: requests.Request, response: requests.Response, records: list[Any], rows: int) -> None:
        """Turn `request` into that of the next page; `rows` are the different records of this one.

        Raises:
            DriftError: the next page is on another host, was there already, or is one too many; no total in the answer.

        """
        self._pages += 1
        if isinstance(self._paginator, OffsetByRows):
            self._paginator.value_step = rows
        try:
            self._paginator.update_state(response, records)
        except ValueError:  # its text quotes the answer: personal data
            fix, key = "mend total_path:", "pagination"
            raise self.place.error("total_path: finds no number in the answer", fix, key) from None
        if not self.has_next:
            return
        if isinstance(self._paginator, HeaderLink | JsonLink):
            self._follow(request, self._paginator.reference)
        else:
            self._paginator.update_request(request)
        self._check_progress()

    def _check_progress(self) -> None:
        mark = hash(repr(self.position))
        if mark in self._seen:
            fix = "mend pagination:, or have the API mended: its next pages turn in a circle"
            raise self.place.error("the next page is one that was read before", fix, key="pagination")
        self._seen.add(mark)
        if self._pages >= MAX_PAGES:
            fix = "ask for larger pages (page_size:), or for fewer records (params:)"
            raise self.place.error(f"has more than {MAX_PAGES} pages", fix, key="pagination")

    @property
    def position(self) -> dict[str, Any]:
        """Where the next page is: page, offset, cursor or link (path and query); empty for a single page."""
        paginator = self._paginator
        if isinstance(paginator, OffsetByRows):
            return {"offset": paginator.current_value}
        if isinstance(paginator, pages.PageNumberPaginator):
            return {"page": paginator.current_value}
        if isinstance(paginator, Cursor) and paginator.reference:
            return {"cursor": paginator.reference}
        if isinstance(paginator, HeaderLink | JsonLink) and paginator.reference:
            parts = urlsplit(self._own(self.address, paginator.reference))
            return {"link": f"{parts.path}?{parts.query}" if parts.query else parts.path}
        return {}

    def _follow(self, request: requests.Request, link: str) -> None:
        request.url, request.params = self._own(request.url, link), {}

    def _own(self, current: str, link: str) -> str:
        """Return a link with the base's own scheme and host, which proxies before an application often hide from it.

        Raises:
            DriftError: it leads to another host, to which the credentials must not go.

        """
        base, target = urlsplit(self.base), urlsplit(urljoin(current, link))
        hidden = target.scheme == "http" and base.scheme == "https" and target.port in (None, 80)
        same = is_same_place(base, target) or (hidden and base.hostname == target.hostname)
        if not same:
            fix = "have the API name its own address"
            problem = f"the next page lies on another host ({target.hostname})"
            raise self.place.error(problem, fix, key="pagination")
        query = target.query
        if self.secret_param is not None:  # each request is given it anew
            kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != self.secret_param]
            query = urlencode(kept)
        return target._replace(scheme=base.scheme, netloc=base.netloc, query=query, fragment="").geturl()


class OffsetByRows(pages.OffsetPaginator):
    """Steps by the rows received: a server that caps the page size would make dlt's own step skip rows."""


class _Reference:
    """Ends at an empty reference too, not only at null."""

    _next_reference: Any
    _has_next_page: bool

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        """Take the next reference from the answer."""
        super().update_state(response, data)  # type: ignore[misc]
        if not self._next_reference:
            self._next_reference = None
            self._has_next_page = False

    @property
    def reference(self) -> str:
        """The next cursor or address, empty at the end."""
        return str(self._next_reference or "")


class Cursor(_Reference, pages.JSONResponseCursorPaginator):
    """A cursor in the answer."""


class HeaderLink(_Reference, pages.HeaderLinkPaginator):
    """An address in the Link header."""


class JsonLink(_Reference, pages.JSONLinkPaginator):
    """An address in the answer."""


def _paginator(pagination: Pagination, position: Mapping[str, Any]) -> pages.BasePaginator:
    """Return dlt's paginator for the declared style.

    For `page`, total_path may be the number of pages or of records: reading ends at an empty page too.
    """
    if pagination.style == "page":
        return pages.PageNumberPaginator(
            base_page=pagination.first_page,
            page=int(position.get("page", pagination.first_page)),
            page_param=pagination.param,
            total_path=pagination.total_path,
        )
    if pagination.style == "offset":
        return OffsetByRows(
            limit=pagination.page_size,
            offset=int(position.get("offset", 0)),
            offset_param=pagination.param,
            limit_param=pagination.size_param,
            total_path=pagination.total_path,
        )
    if pagination.style == "cursor":
        return Cursor(cursor_path=pagination.next_path or "next", cursor_param=pagination.param)
    if pagination.style == "link_header":
        return HeaderLink()
    if pagination.style == "json_link":
        return JsonLink(pagination.next_path or "next")
    return pages.SinglePagePaginator()
