"""What an API answered, understood: JSON records, or why there are none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import requests

from connectors.drift import FeedPlace
from connectors.rest_client import PassingError
from connectors.rest_text import find, find_records, parse_answer
from schemas.errors import ConfigurationError, RetryLaterError
from schemas.feed import RestFeed

BROKEN_OFF = "sent the begin of an answer and no more"
HTML_FIX = "open the address: is it a maintenance or login page?"


@dataclass(frozen=True)
class Page:
    """One answer: its records, and the whole of it, in which totals and next pages are looked up."""

    response: requests.Response
    records: list[Any]
    whole: Any
    #: some object names a key twice, with different values
    is_doubled: bool = False

    @cached_property
    def marks(self) -> list[bytes]:
        """A digest of each record; it is the same where their texts are."""
        texts = (repr(record).encode(errors="surrogatepass") for record in self.records)
        return [hashlib.blake2b(text, digest_size=16).digest() for text in texts]


class JsonAnswers:
    """Reads the answers of one feed."""

    accept = "application/json"

    def __init__(self, feed: RestFeed, place: FeedPlace, where: str) -> None:
        """Prepare; `where` names the connection in errors."""
        self.feed, self.place, self.where = feed, place, where
        self._has_parent = any(name.startswith("^.") for name in feed.source_columns)
        self._has_records = False

    def look(self, response: requests.Response) -> None:
        """Nothing is told in the answers that their status does not tell."""

    def prepare(self, request: requests.Request, value: int) -> None:
        """Nothing is to be filled in: the parameters say which page is wanted."""

    def read(self, response: requests.Response) -> Page:
        """Return the page, whose response gives dlt's paginators our own JSON, with numbers as text.

        Raises:
            PassingError: the answer broke off.
            DriftError: the API has no such path, or no records where they should be.
            ConfigurationError: it did not accept the request.
            RetryLaterError: the answer is no JSON.

        """
        check_status(response, self.place, self.where)
        if response.status_code == 204:
            return Page(response, [], {})
        parsed = self._parsed(response)
        response.json = lambda **_: parsed.value  # type: ignore[method-assign]
        return Page(response, self._records(parsed.value), parsed.value, parsed.is_doubled)

    def _parsed(self, response: requests.Response) -> Any:
        body = response.content
        try:
            return parse_answer(body, declared_charset(response))
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data":
                raise PassingError(BROKEN_OFF) from None
            fix = "have the API answer in UTF-8, or name its charset in Content-Type"
            raise self.place.error("the answer is not UTF-8, and names no charset that it is", fix) from None
        except ValueError:
            if not body.strip() or body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
                raise PassingError(BROKEN_OFF) from None
            raise RetryLaterError(f"answered {kind_of(response)}, not JSON", where=self.where, fix=HTML_FIX) from None

    def _records(self, answer: Any) -> list[Any]:
        """Return the records; a path that finds nothing would read as an empty source."""
        path = self.feed.records
        if path is None and not isinstance(answer, list):
            raise self.place.error("the answer is not a list", "add records: with the path of the list", key="records")
        records = find_records(path or "$", answer, self._has_parent)
        if not records and path is not None and not self._has_records and not self._is_there(path, answer):
            raise self.place.error(f"the answer has nothing at '{path}'", "mend records:", key="records")
        self._has_records |= bool(records)
        return records

    def _is_there(self, path: str, answer: Any) -> bool:
        """Whether the path finds something: a list, even an empty one; or an empty list on the way to it."""
        if find(path, answer):
            return True
        around, star, _ = path.partition("[*]")
        found = find(around, answer) if star else []
        return bool(found) and not any(found)


def check_status(response: requests.Response, place: FeedPlace, where: str) -> None:
    """Raise for an answer that is an error: DriftError for a path that is gone, else ConfigurationError."""
    status = response.status_code
    if status in (404, 405, 410):
        path = getattr(place.feed, "path", "")
        raise place.error(f"the API has no '{path}' ({status})", "mend path:", key="path")
    if status >= 300:
        raise ConfigurationError(f"did not accept the request ({status})", where=where, fix="mend params:")


def declared_charset(response: requests.Response) -> str | None:
    """Return the charset that Content-Type names."""
    for part in response.headers.get("Content-Type", "").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None


def kind_of(response: requests.Response) -> str:
    """Return the content type as it is told to people."""
    return response.headers.get("Content-Type", "no content type").partition(";")[0].strip()[:60]
