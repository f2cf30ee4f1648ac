"""Files behind a web address: one by its path, or those that an index page links to.

`requests`, not fsspec, so that a file that changed between two parts is noticed (If-Range) and a password never goes
on to the host that a redirect names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from itertools import islice
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

import requests
from requests.auth import HTTPBasicAuth

from connectors.calendar import SourceFile
from connectors.connection import Connection
from connectors.transport import base, tls
from connectors.transport.base import BrokenError, Child, at
from schemas.errors import ConfigurationError, HubError, RefusedError

BLOCK_BYTES = 64 * 1024
#: an index page is no larger
INDEX_BYTES = 8 * 1024 * 1024


@contextmanager
def session(connection: Connection) -> Iterator[HttpSession]:
    """Prepare the requests, and tell every failure by what the caller must do.

    Raises:
        ConfigurationError: no such address, or a certificate that nobody vouches for.
        RefusedError: the server refused the credentials or the file.
        BrokenError: the server does not answer, hung up, or is busy.

    """
    with requests.Session() as client:
        client.trust_env = False  # a .netrc of this machine is no login of the department's
        client.verify = tls.ca_file(connection)
        client.headers["Accept-Encoding"] = "identity"  # sizes and Range count the file's own bytes
        if connection.login:
            client.auth = HTTPBasicAuth(connection.login.encode(), connection.password.encode())
        headers = connection.extra.get("headers") or {}
        client.headers.update({str(name): str(value) for name, value in headers.items()})
        try:
            yield HttpSession(client, connection)
        except requests.RequestException as error:
            raise _explained(error, connection) from error


class HttpSession:
    """Requests below one address."""

    def __init__(self, client: requests.Session, connection: Connection) -> None:
        """Take the address; nothing is asked yet."""
        self.client, self.connection, self.root = client, connection, connection.base_url + "/"
        self._marks: dict[str, str] = {}
        self._has_missed = False

    def _ask(self, method: str, name: str, **headers: str) -> requests.Response:
        """Follow redirects within the host, as from http to https, and no others."""
        address, host = self.root + quote(name), urlsplit(self.root).hostname
        for _ in range(5):
            timeout = (base.CONNECT_SECONDS, base.ANSWER_SECONDS)
            answer = self.client.request(
                method, address, headers=headers, timeout=timeout, stream=True, allow_redirects=False
            )
            if not answer.is_redirect:
                return self._checked(answer, name)
            address = urljoin(address, answer.headers["location"])
            answer.close()
            if urlsplit(address).hostname != host:
                break
        fix = "name the new address in the connection, if it is the department's"
        raise ConfigurationError(f"'{name}' has moved to another host", where=at(self.connection), fix=fix)

    def _checked(self, answer: requests.Response, name: str) -> requests.Response:
        code = answer.status_code
        if code in (401, 407):
            raise base.refused(self.connection, f"{code} {answer.reason}")
        if code == 403:
            raise base.forbidden(self.connection, f"'{name}'")
        if code == 429 or code >= 500:
            raise BrokenError(f"{code} {answer.reason}")
        return answer

    def children(self, folder: str) -> list[Child]:
        """Take the links of an index page that lead to files right below it."""
        address = folder + "/" if folder else ""
        try:
            index = self._ask("GET", address)
        except RefusedError:
            if self._has_missed:  # a file that was asked for by name is gone; many servers show no index
                return []
            raise
        with index as answer:
            if answer.status_code != 200:
                if folder or self._has_missed:
                    return []
                raise base.no_folder(self.connection, "name an address that lists its files, or name the file itself")
            page = islice(answer.iter_content(BLOCK_BYTES), INDEX_BYTES // BLOCK_BYTES)
            text = b"".join(page).decode(answer.encoding or "utf-8", "replace")
        links = _Links()
        links.feed(text)
        here = urlsplit(self.root + quote(address))
        made = []
        for link in dict.fromkeys(links.found):
            parts = urlsplit(urljoin(here.geturl(), link))
            below = parts.path.removeprefix(here.path)
            if parts.netloc != here.netloc or below == parts.path or not below or "/" in below.rstrip("/"):
                continue
            name = unquote(below.rstrip("/"))
            if name not in (".", "..") and "/" not in name and "\\" not in name:
                made.append(Child(SourceFile(address + name), is_folder=True if below.endswith("/") else None))
        return made

    def file(self, name: str) -> SourceFile | None:
        """Return size and time of one file; by a GET that is not read where the server knows no HEAD."""
        answer = self._ask("HEAD", name)
        if answer.status_code in (405, 501):
            answer = self._ask("GET", name)
        with answer:
            if answer.status_code in (404, 410):
                self._has_missed = True
                return None
            if answer.status_code >= 400:
                raise BrokenError(f"{answer.status_code} {answer.reason}")
            told = answer.headers
            if answer.request.method == "HEAD":
                answer.content  # noqa: B018 - empty; having read it, the connection is used again
        length = told.get("content-length", "")
        self._marks[name] = _mark(told)
        return SourceFile(name, int(length) if length.isdigit() else None, _moment(told.get("last-modified")))

    def blocks(self, file: SourceFile, offset: int) -> Iterator[bytes]:
        """Read a file from a byte on; what a server without Range sends once more is passed over."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        mark = self._marks.get(file.name)
        if headers and mark:
            headers["If-Range"] = mark
        with self._ask("GET", file.name, **headers) as answer:
            skip = 0
            if answer.status_code == 200:
                skip = offset
                if mark and _mark(answer.headers) != mark:
                    raise base.changed(file.name, self.connection)
            elif answer.status_code == 416 and offset and file.size is None:
                return
            elif answer.status_code != 206 or not _begins_at(answer.headers.get("content-range", ""), offset):
                raise BrokenError(f"{answer.status_code} {answer.reason}")
            if not {"content-length", "transfer-encoding"} & {name.lower() for name in answer.headers}:
                fix = "have the server send Content-Length"
                problem = f"tells no size of '{file.name}': a broken answer would look whole"
                raise ConfigurationError(problem, where=at(self.connection), fix=fix)
            for block in answer.iter_content(BLOCK_BYTES):
                fresh, skip = block[skip:], max(0, skip - len(block))
                if fresh:
                    yield fresh


class _Links(HTMLParser):
    """Collects the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _mark(told: Any) -> str:
    """Return what tells one state of a file from the next: a strong ETag, else the time of its last change."""
    etag = str(told.get("etag", ""))
    return etag if etag and not etag.startswith("W/") else str(told.get("last-modified", ""))


def _begins_at(content_range: str, offset: int) -> bool:
    match = re.match(r"bytes (\d+)-", content_range)
    return match is not None and int(match[1]) == offset


def _moment(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except ValueError:
        return None


def _explained(error: requests.RequestException, connection: Connection) -> HubError | BrokenError:
    text = " ".join(str(error).split())
    if isinstance(error, requests.exceptions.SSLError) and "certificate" in text.lower():
        return tls.untrusted(connection, text[-120:])
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        fix = "write it as https://host/folder"
        return ConfigurationError(f"is no web address ({type(error).__name__})", where=at(connection), fix=fix)
    if "NameResolutionError" in text or "getaddrinfo" in text:
        return base.unknown_host(connection, "no address")
    return BrokenError(text, isinstance(error, requests.Timeout) or "timed out" in text.lower())
