"""Guess how a resource hands out its pages; a guess counts when the second page holds other records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from connectors.rest_text import Number
from connectors.survey.rest_http import Answer, Api
from connectors.survey.rest_records import Record, json_path, walk

PAGE_PARAMS = ("page", "halaman", "hal", "pageNumber", "page_number", "pageNo", "_page", "p")
OFFSET_PARAMS = ("offset", "start", "skip", "startIndex", "_offset", "from")
CURSOR_PARAMS = (
    "cursor", "next_cursor", "nextCursor", "page_token", "_page_token", "pageToken", "nextToken", "next_token",
    "next_page_token", "nextPageToken", "after", "continuation", "continuationToken", "starting_after", "token",
)  # fmt: skip
SIZE_PARAMS = (
    "limit", "per_page", "page_size", "pageSize", "perPage", "size", "_count", "count", "length", "rows", "paginate",
    "_limit", "take", "max", "top", "jumlah",
)  # fmt: skip
#: without its signs and case
TOTALS = frozenset({
    "total", "totalcount", "totalrecords", "recordstotal", "totalelements", "totalitems", "totalrows", "totaldata",
    "totalresults", "numfound", "jumlah", "jumlahdata", "count", "records", "rowcount", "recordcount", "itemcount",
})  # fmt: skip
NEXT_WORDS = ("next", "selanjutnya", "berikutnya", "continuation")
#: page sizes that APIs set where nobody asks for another
USUAL_SIZES = frozenset({5, 10, 12, 15, 20, 24, 25, 30, 40, 50, 60, 75, 80, 100, 150, 200, 250, 500, 1000, 5000})


@dataclass(frozen=True)
class Page:
    """One answer and its records."""

    answer: Answer
    records: list[Record]


@dataclass(frozen=True)
class Paging:
    """The YAML keys of `pagination`, records of further pages, and the total where the API tells it."""

    keys: dict[str, Any]
    more: list[Record]
    total: int | None = None
    note: str = ""


class Prober:
    """Guesses the paging of one resource, by a few requests more."""

    def __init__(
        self, api: Api, path: str, params: Mapping[str, str], way: Sequence[str], known: Sequence[str], rows: int,
        liked: dict[str, None],
    ) -> None:  # fmt: skip
        """Take a resource.

        `way` leads to its records; `known` are the query parameters that the API's document names; `liked` those that
        other resources answered to, which this one adds to; `rows` is the size of the sample.
        """
        self.api, self.path, self.params, self.way, self.rows = api, path, dict(params), way, rows
        self.known, self.liked = tuple(known), liked

    def probe(self, first: Page) -> Paging:
        """Return the paging of the resource whose first page, asked for without parameters, this is."""
        total = _total(first)
        links = self._by_link(first) or self._by_cursor(first)
        if links:
            return self._sized(links, first)
        count = len(first.records)
        is_named = any(name in self.known for name in (*PAGE_PARAMS, *OFFSET_PARAMS))
        # `total` of one page's size is all there is; `count` of one page's size may be the page's own
        is_all = total is not None and total[1] == count and "count" not in total[0][-1].lower()
        is_more = total is not None and total[1] > count
        if count and not is_all and (is_more or is_named or count in USUAL_SIZES):
            numbered = self._by_page(first) or self._by_offset(first)
            if numbered:
                style = numbered.keys["style"]
                counted = {"total_path": json_path(total[0])} if total and total[1] > count else {}
                keys = {**numbered.keys, **counted} if style == "offset" or counted else numbered.keys
                found = Paging(keys, numbered.more, total[1] if total else None)
                return self._sized(found, first)
        note = ""
        if total and count < total[1]:
            note = f"gives {count} of {total[1]} records, and no way to the others was found"
        return Paging({"style": "single"}, [], total[1] if total else None, note)

    def _page(self, params: Mapping[str, str] | None = None, address: str = "") -> Page | None:
        """Return a page, None where the API has none."""
        answer = self.api.get(address or self.path, {} if address else {**self.params, **(params or {})})
        value = answer.content
        for key in self.way:
            value = value.get(key) if isinstance(value, dict) else None
        if answer.status != 200 or not isinstance(value, list):
            return None
        return Page(answer, [item for item in value if isinstance(item, dict)])

    def _by_link(self, first: Page) -> Paging | None:
        keys: dict[str, Any] = {"style": "link_header"}
        address = first.answer.next_link
        if not address:
            for way, text in _next_values(first):
                if not isinstance(text, Number) and (text.startswith(("http://", "https://", "/", "?"))):
                    keys, address = {"style": "json_link", "next_path": json_path(way)}, text
                    break
        if not address:
            return None
        page = self._page(address=urljoin(f"{self.api.base}/{self.path.lstrip('/')}", address))
        if page is None or not page.records or page.records == first.records:
            return None
        asked = dict(parse_qsl(urlsplit(address).query))
        size = next((name for name in SIZE_PARAMS if asked.get(name) == str(len(first.records))), None)
        return Paging({**keys, "size_param": size} if size else keys, page.records)

    def _by_cursor(self, first: Page) -> Paging | None:
        for way, text in _next_values(first):
            names = [name for name in self.known if name in CURSOR_PARAMS]
            for name in self._liked_first([*names, way[-1], *CURSOR_PARAMS]):
                page = self._page({name: str(text)})
                if page and page.records and not _same(page, first):
                    self._like(name)
                    return Paging({"style": "cursor", "param": name, "next_path": json_path(way)}, page.records)
        return None

    def _by_page(self, first: Page) -> Paging | None:
        for name in self._names(PAGE_PARAMS):
            one, two = self._page({name: "1"}), self._page({name: "2"})
            if one is None or (two is not None and _same(one, two)) or not one.records:
                continue
            if _same(one, first) and two is not None and two.records:
                self._like(name)
                return Paging({"style": "page", "param": name}, two.records)
            zero = self._page({name: "0"}) if not _same(one, first) else None
            if zero and _same(zero, first):
                return Paging({"style": "page", "param": name, "first_page": 0}, one.records)
        return None

    def _by_offset(self, first: Page) -> Paging | None:
        count = len(first.records)
        for name in self._names(OFFSET_PARAMS):
            page, inside = self._page({name: str(count)}), None
            if page and page.records and not _same(page, first):
                inside = self._page({name: str(count - 1)}) if count > 1 else page
            # an offset steps by records: the one before it is the first page's last
            if page and inside and (count == 1 or inside.records[:1] == first.records[-1:]):
                self._like(name)
                return Paging({"style": "offset", "param": name}, page.records)
        return None

    def _names(self, usual: Sequence[str]) -> list[str]:
        """Return the names to try: those that the document has, where it has any."""
        known = [name for name in self.known if name in usual]
        return self._liked_first(known or usual[:3])

    def _sized(self, found: Paging, first: Page) -> Paging:
        """Find the parameter of the page size, by a page as large as the sample."""
        count = len(first.records)
        known = [name for name in self.known if name in SIZE_PARAMS]
        names = [found.keys["size_param"]] if "size_param" in found.keys else known or list(SIZE_PARAMS)
        want = self.rows if self.rows != count else self.rows + 1
        for name in self._liked_first(names):
            page = self._page({name: str(want)})
            if page and page.records and len(page.records) != count:
                got = len(page.records)
                is_capped = found.total is not None and got < min(want, found.total)
                more = page.records[count:] if got > count else found.more
                self._like(name)
                keys = {**found.keys, "size_param": name, "page_size": got if is_capped else want}
                return Paging(keys, more, found.total, found.note)
        return Paging({**found.keys, "page_size": count}, found.more, found.total, found.note)

    def _liked_first(self, names: Iterable[str]) -> list[str]:
        """Return each name once, and first those that other resources of the API answered to."""
        return sorted(dict.fromkeys(names), key=lambda name: name not in self.liked)

    def _like(self, name: str) -> None:
        self.liked[name] = None


def _same(page: Page, other: Page) -> bool:
    return page.records == other.records


def _next_values(first: Page) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give the texts of the answer whose name says that they lead to the next page."""
    for path, value in walk(first.answer.content):
        if isinstance(value, str) and value and any(word in step.lower() for step in path[-2:] for word in NEXT_WORDS):
            yield path, value


def _total(first: Page) -> tuple[tuple[str, ...], int] | None:
    """Return the way to the number of all records, and the number: never below what one page has."""
    found = [
        (path, int(value))
        for path, value in walk(first.answer.content)
        if path and isinstance(value, str) and value.isdigit() and len(value) < 10
        and path[-1].lower().replace("_", "").replace("-", "") in TOTALS and int(value) >= len(first.records)
    ]  # fmt: skip
    return max(found, key=lambda one: one[1], default=None)
