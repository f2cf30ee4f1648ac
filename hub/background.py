"""Work beside the main thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def in_background(work: Callable[[], T]) -> Future[T]:
    """Start the work; `result()` waits for it and raises what it raised.

    The end of the program does not wait for it, unlike for an executor's: who presses Ctrl-C wants to leave.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it goes to whoever asks for the result
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future
