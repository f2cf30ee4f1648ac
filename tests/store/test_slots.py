"""At most so many readings of a source host at a time, whoever begins them."""

from __future__ import annotations

from threading import Event, Lock, Thread

import pytest

from schemas.errors import RetryLaterError
from store.database import Database
from store.slots import host_slot


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.slots.POLL_SECONDS", 0.01)


def test_no_more_hold_a_place_than_there_are(database: Database) -> None:
    lock, inside, most, done = Lock(), [0], [0], Event()

    def read() -> None:
        with host_slot(database, "db-uji", 2):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            done.wait(0.05)
            with lock:
                inside[0] -= 1

    threads = [Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [2]


def test_another_host_has_places_of_its_own_and_a_failed_reading_gives_its_back(database: Database) -> None:
    with host_slot(database, "db-satu", 1), host_slot(database, "db-dua", 1):
        pass
    with pytest.raises(ValueError, match="broken"), host_slot(database, "db-satu", 1):
        raise ValueError("broken")
    with host_slot(database, "db-satu", 1):
        pass


def test_who_waits_is_told_once_and_sent_away_in_the_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.slots.WAIT_SECONDS", 0.1)
    told: list[int] = []
    with (
        host_slot(database, "db-uji", 1),
        pytest.raises(RetryLaterError, match="all 1 places of host 'db-uji'"),
        host_slot(database, "db-uji", 1, lambda: told.append(1)),
    ):
        pass
    assert told == [1]
