"""XML instead of JSON, SOAP among it, read as XML files are: each element of one name is a record."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

import requests

from connectors.drift import FeedPlace
from connectors.rest_answer import BROKEN_OFF, HTML_FIX, Page, check_status, declared_charset, kind_of
from connectors.rest_client import PassingError
from connectors.xml_format import Leaves
from schemas.errors import ConfigurationError, DriftError, HubError, RefusedError, RetryLaterError
from schemas.feed import RestFeed, Soap

SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
#: characters of a fault that are told; what follows may quote a record
FAULT_WORDS = 120
#: an XML declaration that names an encoding
DECLARED = re.compile(rb"\s*<\?xml[^>]*encoding[^>]*\?>")
CUT = frozenset(
    expat.errors.codes[text] for text in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN)
)


class XmlAnswers:
    """Reads the answers of one feed."""

    accept = "application/xml, text/xml"

    def __init__(self, feed: RestFeed, place: FeedPlace, where: str, may_be_empty: bool) -> None:
        """Prepare; `may_be_empty`: an answer without records is no sign of a wrong `record`."""
        style, self.feed, self.place, self.where = feed.pagination.style, feed, place, where
        if not feed.record:
            fix = "name the element that is one row, without its prefix"
            raise ConfigurationError("is missing", where=f"{place.where}.record", fix=fix)
        known = ("single", "page", "offset") if feed.soap else ("single", "page", "offset", "link_header")
        if style not in known or feed.pagination.total_path:
            fix = f"use style: {', '.join(known)}, without total_path: reading ends at a page without records"
            raise ConfigurationError("looks for JSON in XML", where=f"{place.where}.pagination", fix=fix)
        self._has_records = may_be_empty

    def look(self, response: requests.Response) -> None:
        """Nothing is told in the answers that their status does not tell."""

    def prepare(self, request: requests.Request, value: int) -> None:
        """Nothing is to be filled in: the parameters say which page is wanted."""

    def read(self, response: requests.Response) -> Page:
        """Return the page.

        Raises:
            PassingError: the answer broke off.
            DriftError: the API has no such path, the XML is not well-formed, or has no such records, or a landed leaf
                comes twice in one of them.
            ConfigurationError: it did not accept the request.
            RetryLaterError: the answer is a page for people.

        """
        check_status(response, self.place, self.where)
        if response.status_code == 204:
            return Page(response, [], {})
        leaves = Leaves(str(self.feed.record), self.place, "the answer")
        try:
            records = leaves.feed(_as_utf8(response), final=True)
        except DriftError as error:
            cause = error.__cause__
            if isinstance(cause, expat.ExpatError) and cause.code in CUT:
                raise PassingError(BROKEN_OFF) from None
            if _is_html(response):
                raise self._html(response) from None
            if cause is None:
                raise
            fix = "have the API mended, or ask it for JSON"
            raise self.place.error(f"the answer is no sound XML ({cause})", fix, key="format") from None
        if not records and leaves.seen[:1] in (["html"], ["HTML"]):
            raise self._html(response)
        if not self._has_records:
            leaves.finish()
        self._has_records |= bool(records)
        return Page(response, list(records), {})

    def _html(self, response: requests.Response) -> RetryLaterError:
        return RetryLaterError(f"answered {kind_of(response)}, not XML", where=self.where, fix=HTML_FIX)


class SoapAnswers(XmlAnswers):
    """Asks a SOAP operation for each page, and reads what it answers."""

    def __init__(self, feed: RestFeed, place: FeedPlace, where: str, params: Mapping[str, str], since: str) -> None:
        """Prepare; `since` is filled into the envelope.

        Raises:
            ConfigurationError: the envelope has a place that nothing fills.

        """
        super().__init__(feed, place, where, may_be_empty=bool(since))
        self.soap: Soap = feed.soap or Soap(action="", envelope="")
        self.params = dict(params)
        self.values = {"limit": str(feed.pagination.page_size), "since": since}
        unknown = set(re.findall(r"\{(\w+)\}", self.soap.envelope)) - {"page", "offset", "limit", "since"}
        if unknown:
            fix = "the places are {page}, {offset}, {limit} and {since}"
            problem = f"nothing fills {{{min(unknown)}}}"
            raise ConfigurationError(problem, where=f"{place.where}.soap.envelope", fix=fix)

    def prepare(self, request: requests.Request, value: int) -> None:
        """Put the envelope of the page (or offset) `value` into the request."""
        filled = self.values | {"page": str(value), "offset": str(value)}
        text = re.sub(r"\{(page|offset|limit|since)\}", lambda found: escape(filled[found[1]]), self.soap.envelope)
        request.method, request.params, request.data = "POST", dict(self.params), text.encode()
        if SOAP_12 in self.soap.envelope:
            kind = f'application/soap+xml; charset=utf-8; action="{self.soap.action}"'
            request.headers |= {"Content-Type": kind, "Accept": "application/soap+xml"}
        else:
            request.headers |= {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{self.soap.action}"'}

    def look(self, response: requests.Response) -> None:
        """Raise for a soap:Fault, which most servers send with status 500."""
        if b"Fault" not in response.content:
            return
        fault = Leaves("Fault", self.place, "the fault")
        try:
            said = fault.feed(_as_utf8(response), final=True)
        except DriftError:
            return
        if said and "Body" in fault.seen:
            raise self._fault(said[0])

    def _fault(self, said: Mapping[str, Any]) -> HubError:
        code = str(said.get("faultcode") or said.get("Code.Value") or "").rpartition(":")[2]
        words = str(said.get("faultstring") or said.get("Reason.Text") or "no words")
        words = re.sub(r"\d{6,}", "…", " ".join(words.split()))
        problem = f"answered with a fault: {words[:FAULT_WORDS]}" + (f" ({code[:40]})" if code else "")
        if "auth" in code.lower():
            return RefusedError(problem, where=self.where, fix="mend the connection's login or password")
        if code in ("Client", "Sender"):
            return ConfigurationError(problem, where=self.where, fix="mend soap.envelope: or soap.action:")
        return RetryLaterError(problem, where=self.where, fix="ask the owner of the service")


def _as_utf8(response: requests.Response) -> bytes:
    """Return the answer for a reader that believes the declaration, and without one in UTF-8.

    What is UTF-8 is read so, whatever is declared; what declares nothing is of the charset that Content-Type names.
    """
    body = response.content
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        charset = declared_charset(response)
        if charset is None or DECLARED.match(body) or body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return body
        with suppress(LookupError, UnicodeDecodeError):
            return body.decode(charset).encode()
        return body
    return DECLARED.sub(b"", body.removeprefix(codecs.BOM_UTF8), count=1)


def _is_html(response: requests.Response) -> bool:
    """Whether the answer is meant for people: HTML, or no markup at all."""
    begin = response.content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    is_markup = begin.startswith((b"<", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "html" in kind_of(response).lower() or begin.startswith((b"<!doctype html", b"<html")) or not is_markup
