"""One exchange with an HTTP server, bounded: how often, how long, how much, and to whom."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit
from weakref import WeakSet

import requests
from pyrate_limiter import Limiter, Rate, SingleBucketFactory, StateBucket, TokenBucket
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool

from schemas.errors import ConfigurationError, RetryLaterError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: one answer, from the request to its last byte: a server that drips a byte a second ends here
MAX_ANSWER_SECONDS = 300.0
#: one answer, unpacked: 100,000 records in a single answer have some 50 MB; a swollen gzip ends here too
MAX_ANSWER_BYTES = 100 * 1024 * 1024
#: to connect, and between two bytes
TIMEOUT_SECONDS = (10.0, 120.0)
MINUTE_MILLISECONDS = 60_000
BLOCK = 64 * 1024
DEFAULT_PORTS = {"http": 80, "https": 443}


class Wire(HTTPAdapter):
    """Sends one request at a time and reads its answer to the end.

    `details` gets queries (requests, those for tokens and redirects among them) and bytes (of the answers' bodies as
    they came, packed). A budget is spent evenly, never in bursts: what several processes take one after the other
    stays within it without their knowing of each other.
    """

    def __init__(self, where: str, details: dict[str, Any], per_minute: float | None) -> None:
        """Prepare; `where` names the connection in errors, `per_minute` is the budget of this reading alone."""
        self.where, self.details = where, details
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._limiter = _limiter(per_minute) if per_minute else None
        super().__init__(pool_connections=2, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools, whose sockets the deadline can close."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pools of a proxy, likewise."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._pools()
        return manager

    def _pools(self) -> dict[str, Any]:
        note = self._sockets.add
        return {"http": _noting(HTTPConnectionPool, note), "https": _noting(HTTPSConnectionPool, note)}

    def send(self, request: requests.PreparedRequest, *_: Any, **kwargs: Any) -> requests.Response:
        """Send, and read the whole answer.

        Raises:
            RetryLaterError: the answer took longer than MAX_ANSWER_SECONDS.
            ConfigurationError: it is larger than MAX_ANSWER_BYTES, or sends us to another host.
            requests.RequestException: the connection broke.

        """
        if self._limiter is not None:
            self._limiter.try_acquire("request")
        self.details["queries"] += 1
        with self._deadline():
            response = super().send(request, **{**kwargs, "stream": True, "timeout": TIMEOUT_SECONDS})
            self._read(response)
        if response.is_redirect:
            self._check_target(response)
        return response

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        """Hang up when time is over: a blocked recv in the block then fails, or ends as if the answer did."""
        is_over = Event()
        timer = Timer(MAX_ANSWER_SECONDS, self._hang_up, [is_over])
        timer.daemon = True
        timer.start()
        try:
            yield
        except requests.RequestException:
            if not is_over.is_set():
                raise
        finally:
            timer.cancel()
        if is_over.is_set():
            raise RetryLaterError(
                f"an answer took longer than {MAX_ANSWER_SECONDS:g} s",
                where=self.where,
                fix="ask for smaller pages (pagination.page_size:), or try in a quieter hour",
            )

    def _hang_up(self, is_over: Event) -> None:
        is_over.set()
        for end in list(self._sockets):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _read(self, response: requests.Response) -> None:
        blocks: list[bytes] = []
        size, is_whole = 0, False
        try:
            for block in response.iter_content(BLOCK):
                blocks.append(block)
                size += len(block)
                if size > MAX_ANSWER_BYTES:
                    raise ConfigurationError(
                        f"an answer is larger than {MAX_ANSWER_BYTES // 2**20} MB",
                        where=self.where,
                        fix="ask for smaller pages (pagination:), or have the cell that is so large left out",
                    )
            is_whole = True
            response._content = b"".join(blocks)  # what response.content would hold, had it a limit
        finally:
            self.details["bytes"] += response.raw.tell()
            if not is_whole:
                response.close()

    def _check_target(self, response: requests.Response) -> None:
        """Headers with a key would follow a redirect anywhere."""
        here, target = urlsplit(response.url), urljoin(response.url, response.headers["location"])
        if not is_same_place(here, urlsplit(target)):
            raise ConfigurationError(
                f"redirects to {urlsplit(target).scheme}://{urlsplit(target).hostname}, whom nobody gave the password",
                where=self.where,
                fix="mend the connection's address",
            )


def is_same_place(here: SplitResult, there: SplitResult) -> bool:
    """Whether credentials for one address may go to the other: the same server, or the same made safe by TLS."""
    if here.hostname != there.hostname or there.scheme not in DEFAULT_PORTS:
        return False
    ports = [part.port or DEFAULT_PORTS[part.scheme] for part in (here, there)]
    if here.scheme == there.scheme:
        return ports[0] == ports[1]
    return here.scheme == "http" and ports == [80, 443]


def _limiter(per_minute: float) -> Limiter:
    rate = Rate(1, max(1, round(MINUTE_MILLISECONDS / per_minute)), burst=1)
    return Limiter(SingleBucketFactory(StateBucket([rate], algorithm=TokenBucket()), schedule_leak=False), buffer_ms=0)


def _noting(pool: Any, note: Callable[[socket.socket], None]) -> Any:
    """Return a kind of pool whose connections tell their sockets."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            note(self.sock)

    return type("Pool", (pool,), {"ConnectionCls": Connection})
