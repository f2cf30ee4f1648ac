"""Read a resource of an HTTP API, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connectors import reading as limits
from connectors.connection import Connection
from connectors.drift import FeedPlace
from connectors.reading import Demand, Reading, Row, chunks_of, regroup, text_schema
from connectors.rest_answer import JsonAnswers, Page
from connectors.rest_auth import make_entry
from connectors.rest_client import Client
from connectors.rest_pages import Pager
from connectors.rest_rows import RecordRows
from connectors.rest_since import moment_text
from connectors.rest_text import find
from connectors.rest_xml import SoapAnswers, XmlAnswers
from connectors.resume import RestartError
from schemas.application import RestApplication
from schemas.errors import RetryLaterError

if TYPE_CHECKING:
    import pyarrow as pa
    import requests


def read_rest(application: RestApplication, feed_name: str, connection: Connection, demand: Demand) -> Reading:
    """Begin to read; the first request goes out with the first batch.

    `details` gets pages (answers read), queries (requests sent), retries (of them repeated), bytes (of the answers'
    bodies, as they came), repeated (records that came twice, the same byte for byte, and are given once), absent
    (columns that the few changed records did not have) and, where the API tells it, total. The position is page,
    offset, cursor or link of the next page, and what the pages before it have shown.

    Raises, while iterating:
        RefusedError: the credentials are not accepted, at once.
        RetryLaterError: no answer, 429 or 5xx after five attempts; HTML instead of JSON; too slow. What was read
            until then is given first.
        RestartError: records came or went while they were read, so that others were skipped.
        DriftError: 404, no records at their path, unknown or missing keys, pages that repeat or never end.
        ConfigurationError: another 4xx, a redirect to another host, an answer that is too large.

    """
    feed = application.feeds[feed_name]
    place = FeedPlace.of(application, feed_name, feed, demand.baseline)
    source = _Resource(application, place, feed_name, connection, demand)
    address = source.pager.address
    query = f"{address}?{urlencode(source.params)}" if source.params else address
    if feed.soap is not None:
        query = f"{address} {feed.soap.action}".rstrip()
    return Reading(query, source.batches(), source.details, position=source.position)


class _Resource:
    """One reading of one resource."""

    def __init__(
        self, application: RestApplication, place: FeedPlace, feed_name: str, connection: Connection, demand: Demand
    ) -> None:
        feed, source = application.feeds[feed_name], application.source
        self.feed, self.place, self.demand = feed, place, demand
        self.where = f"connection '{connection.id}' ({connection.masked}/{feed.path.lstrip('/')})"
        self.details: dict[str, Any] = {"pages": 0, "queries": 0, "retries": 0, "bytes": 0, "repeated": 0}
        self.position: dict[str, Any] = {}
        self.params = dict(feed.params)
        since = "" if demand.since is None else demand.since
        if demand.since is not None and feed.since is not None:
            since = moment_text(demand.since, feed.since.format, place)
            self.params[feed.since.param] = since
        budget = source.requests_per_minute
        # the other processes that the source lets in at the same time take their part of it
        per_minute = budget / source.max_concurrency if budget else None
        self.client = Client(connection, self.where, self.details, per_minute)
        self.entry = make_entry(self.client, source.auth)
        is_in_query = source.auth.style == "api_key" and source.auth.location == "query"
        self.pager = Pager(feed, place, connection.base_url, source.auth.name if is_in_query else None)
        self.rows = RecordRows(place, feed, demand, self.details)
        self.answers: JsonAnswers | XmlAnswers = JsonAnswers(feed, place, self.where)
        if feed.soap is not None:
            self.answers = SoapAnswers(feed, place, self.where, self.params, since)
        elif feed.format == "xml":
            self.answers = XmlAnswers(feed, place, self.where, may_be_empty=demand.since is not None)
        self.client.look = self.answers.look
        self._last: list[bytes] = []
        self._repeats = False
        self.covered = int(demand.position.get("covered", 0))
        self.given = int(demand.position.get("given", 0))
        self.total = demand.position.get("total")

    def batches(self) -> Iterator[pa.Table]:
        """Give the rows; where the source fails in the middle, what came before it first, to go on from there."""
        failures: list[RetryLaterError] = []
        yield from regroup(self._until(failures), text_schema(self.rows.columns))
        for failure in failures:
            raise failure

    def _until(self, failures: list[RetryLaterError]) -> Iterator[pa.RecordBatch]:
        try:
            with self.client.session:
                yield from self._chunks()
        except RecursionError:
            problem, fix = "the answer is nested too deeply", "have it sent without what nests in itself"
            raise self.place.error(problem, fix) from None
        except RestartError:
            self.position.clear()
            raise
        except RetryLaterError as error:
            failures.append(error)

    def _chunks(self) -> Iterator[pa.RecordBatch]:
        begin = self.demand.position
        if begin.get("done") or self._is_enough():
            return
        request = self.pager.first(self.params, begin)
        skip, is_first, has_next = int(begin.get("skip", 0)), not begin, True
        while has_next:
            before = self._state()
            page = self._page(request)
            records, different = self._fresh(page)
            self.pager.move(request, page.response, page.records, different)
            self._check(page, is_first)
            self.covered += different
            rows = list(self.rows.rows(records, page.is_doubled))
            has_next = self.pager.has_next
            if not has_next:
                self._finish()
            yield from self._given(rows, skip, before, self._state() if has_next else {"done": True})
            if self._is_enough():
                return
            skip, is_first = 0, False

    def _given(
        self, rows: list[Row], skip: int, before: dict[str, Any], after: dict[str, Any]
    ) -> Iterator[pa.RecordBatch]:
        """Give the rows of one page; between two chunks of it, the position is the page and the rows to skip."""
        left = None if self.demand.limit is None else self.demand.limit - self.given
        end = len(rows) if left is None else min(len(rows), skip + left)
        size = min(limits.CHUNK_ROWS, limits.PART_ROWS)  # what chunks_of gives at once, so that each has its position
        for start in range(skip, end, size):
            stop = min(end, start + size)
            self.given += stop - start
            state = after if stop == len(rows) else {**before, "skip": stop}
            for chunk in chunks_of(self.rows.columns, rows[start:stop], self.place.where):
                self.position.clear()
                self.position.update({**state, "given": self.given} if "done" not in state else state)
                yield chunk

    def _is_enough(self) -> bool:
        return self.demand.limit is not None and self.given >= self.demand.limit

    def _state(self) -> dict[str, Any]:
        state = {"records": self.rows.count, "covered": self.covered, "unseen": sorted(self.rows.unseen)}
        return {**self.pager.position, **state, "total": self.total}

    def _page(self, request: requests.Request) -> Page:
        """Ask for a page, and once more where it holds a record twice: was a part of it sent twice, another not?"""
        page = self._ask(request)
        different = len(set(page.marks))
        if different < len(page.marks) and not self._repeats:
            self.details["retries"] += 1
            again = self._ask(request)
            self._repeats = again.marks == page.marks
            page = again if len(set(again.marks)) >= different else page
        self.details["pages"] += 1
        return page

    def _ask(self, request: requests.Request) -> Page:
        request.headers = {"Accept": self.answers.accept}
        self.answers.prepare(request, self.pager.value)
        return self.client.ask(self.entry, lambda: request, self.answers.read)

    def _fresh(self, page: Page) -> tuple[list[Any], int]:
        """Return the records that neither this page nor the last one had before, and how many different ones came."""
        marks = page.marks
        if marks and marks == self._last:
            raise self.place.error("the same page came twice", "mend pagination: style and param", key="pagination")
        seen = set(self._last)
        records = []
        for mark, record in zip(marks, page.records, strict=True):
            if mark not in seen:
                records.append(record)
                seen.add(mark)
        self.details["repeated"] += len(marks) - len(records)
        self._last = marks or self._last
        return records, len(set(marks))

    def _check(self, page: Page, is_first: bool) -> None:
        """Stop where a next path finds nothing though the page is full, or where records went in the meantime."""
        pagination = self.feed.pagination
        if is_first and pagination.style in ("cursor", "json_link") and not self.pager.has_next:
            full = len(page.records) >= pagination.page_size
            if full and not find(pagination.next_path or "next", page.whole):
                problem = f"a full page, but nothing at '{pagination.next_path}'"
                raise self.place.error(problem, "mend next_path:", key="pagination")
        told = find(pagination.total_path, page.whole) if pagination.total_path else []
        before, self.total = self.total, str(told[0]) if told else None
        if self.total is not None:
            self.details["total"] = self.total
        if pagination.style in ("page", "offset") and _is_less(self.total, before):
            raise self._changed(f"told a total of {before} records, and then of {self.total}")

    def _finish(self) -> None:
        """With offsets, rows that come or go between two pages shift the rest: the total shows it."""
        self.rows.finish()
        total = str(self.details.get("total", ""))
        if self.feed.pagination.style == "offset" and total.isdigit() and int(total) != self.covered:
            raise self._changed(f"tells a total of {total} records and gave {self.covered}")

    def _changed(self, problem: str) -> RestartError:
        return RestartError(problem, where=self.where, fix="the data changed while it was read; try in a quieter hour")


def _is_less(total: str | None, before: str | None) -> bool:
    with suppress(ValueError):
        return total is not None and before is not None and int(total) < int(before)
    return False
