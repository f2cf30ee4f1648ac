"""Patience with an HTTP API: what passes is asked again, what does not is told at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import requests
import tenacity

from connectors.connection import Connection
from connectors.rest_wire import Wire
from schemas.errors import ConfigurationError, RefusedError, RetryLaterError

ATTEMPTS = 5
#: waits of 0.5, 1, 2 and 4 seconds; an application behind a city network rarely needs more to come back
BACKOFF_SECONDS = 0.5
#: a Retry-After beyond this is left to the next run
MAX_WAIT_SECONDS = 60
#: what a server says that may answer in a moment
BUSY = frozenset({408, 425, 429})
BROKEN = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)

Answer = TypeVar("Answer")


class PassingError(Exception):
    """What may be gone when asked again, after `wait` seconds where the server tells them."""

    def __init__(self, problem: str, fix: str = "see whether it is up", wait: float | None = None) -> None:
        """Keep the words for the error of the last attempt."""
        super().__init__(problem)
        self.problem, self.fix, self.wait = problem, fix, wait


class SignedOutError(Exception):
    """The server no longer knows the token or the session."""


class Entry(Protocol):
    """How requests are let in (connectors.rest_auth)."""

    #: signs a request
    auth: Any
    #: whether a session or token that has ended can be had anew
    can_renew: bool

    def ready(self) -> None:
        """Log in, if that is to be done and was not."""

    def renew(self) -> None:
        """Forget session and token."""

    def is_signed_out(self, response: requests.Response) -> bool:
        """Whether this answer is that of a server that does not know us."""


class Client:
    """Requests to one connection. Errors never chain requests' own, whose address may hold a key."""

    def __init__(self, connection: Connection, where: str, details: dict[str, Any], per_minute: float | None) -> None:
        """Prepare; nothing is sent yet. `details` gets retries, queries and bytes."""
        self.connection, self.where, self.details = connection, where, details
        self.session = requests.Session()
        self.wire = Wire(where, details, per_minute)
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, self.wire)
        #: looks at every answer before it counts as busy: a fault in words says more than its status
        self.look: Callable[[requests.Response], None] = lambda _: None
        self.is_trusted = False

    def ask(self, entry: Entry, request: Callable[[], requests.Request], read: Callable[[Any], Answer]) -> Answer:
        """Return what `read` makes of the answer; `read` may raise PassingError for one that broke off.

        A session or a token that ends in the middle is had anew once; one that was never accepted is not.

        Raises:
            RefusedError: the credentials are wrong.
            RetryLaterError: no answer, 429 or 5xx after five attempts, or a wait beyond MAX_WAIT_SECONDS.
            ConfigurationError: the certificate is not trusted, or the answer too large.

        """
        while True:
            try:
                answer = self._patiently(lambda: read(self._let_in(entry, request())))
            except SignedOutError as error:
                if not (entry.can_renew and self.is_trusted):
                    raise self.refused(str(error)) from None
                self.is_trusted = False
                entry.renew()
                continue
            self.is_trusted = True
            return answer

    def _let_in(self, entry: Entry, request: requests.Request) -> requests.Response:
        entry.ready()
        request.auth = entry.auth
        response = self.send(request)
        if entry.is_signed_out(response):
            raise SignedOutError(str(response.status_code))
        if response.status_code in (401, 403):
            raise self.refused(str(response.status_code))
        return response

    def refused(self, status: str) -> RefusedError:
        """Make the error for credentials that are not accepted."""
        return RefusedError(f"refused ({status})", where=self.where, fix="mend the connection's login or password")

    def send(self, request: requests.Request, is_followed: bool = True) -> requests.Response:
        """Send once.

        Raises:
            PassingError: it may work in a moment.
            RetryLaterError, ConfigurationError: as `ask`.

        """
        try:
            prepared = self.session.prepare_request(request)
            settings: Any = self.session.merge_environment_settings(prepared.url or "", {}, None, None, None)
            response = self.session.send(prepared, allow_redirects=is_followed, **settings)
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE" not in str(error).upper():
                raise PassingError("broke off (SSLError)") from None
            fix = "have a valid certificate installed, or give its authority in REQUESTS_CA_BUNDLE"
            raise ConfigurationError("has a certificate that nobody vouches for", where=self.where, fix=fix) from None
        except BROKEN as error:
            raise PassingError(f"did not answer ({type(error).__name__})") from None
        except (requests.RequestException, UnicodeError) as error:
            raise ConfigurationError(
                f"cannot be asked ({type(error).__name__})", where=self.where, fix="mend the connection's address"
            ) from None
        self.look(response)
        self._check_busy(response)
        return response

    def _check_busy(self, response: requests.Response) -> None:
        status, wait = response.status_code, retry_after(response.headers.get("Retry-After"))
        if status not in BUSY and status < 500:
            return
        if wait is not None and wait > MAX_WAIT_SECONDS:
            when = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=wait)
            raise RetryLaterError(
                f"answered {status} and may be asked again at {when:%Y-%m-%d %H:%M:%S} UTC",
                where=self.where,
                fix="run it after that, or lower source.requests_per_minute",
            )
        raise PassingError(f"answered {status}", "try in a quieter hour", wait)

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            retry=tenacity.retry_if_exception_type(PassingError),
            wait=_wait,
            before_sleep=lambda _: self._count_retry(),
            reraise=True,
        )
        try:
            return attempts(ask)
        except PassingError as error:
            raise RetryLaterError(f"{error.problem} {ATTEMPTS} times", where=self.where, fix=error.fix) from None

    def _count_retry(self) -> None:
        self.details["retries"] += 1


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    told = error.wait if isinstance(error, PassingError) else None
    return max(told or 0.0, BACKOFF_SECONDS * 2.0 ** (state.attempt_number - 1))


def retry_after(header: str | None) -> float | None:
    """Return the seconds that a Retry-After asks for, given as seconds or as an HTTP date; None where it is neither."""
    text = (header or "").strip()
    if re.fullmatch(r"\d+", text):
        return min(float(text), 366 * 86400.0)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())


def path_of(address: str) -> str:
    """Return the path of an address without a slash at the end."""
    return urlsplit(address).path.rstrip("/")
