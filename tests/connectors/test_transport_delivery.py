"""Deliveries as a run sees them: each trouble by its name, with the file's, from a folder and from a server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.connection import Connection
from connectors.reading import Demand, Reading
from connectors.registry import read
from schemas.application import AnyApplication
from schemas.errors import ConfigurationError, DriftError, RefusedError
from tests.connectors.file_server import Server
from tests.connectors.file_servers import served
from tests.connectors.helpers import application, rows_of

NOW = datetime(2026, 11, 20, tzinfo=UTC)
CAME = datetime(2026, 11, 2, tzinfo=UTC).timestamp()
SEPTEMBER, OCTOBER = b"nik,nama\n1,a\n", b"nik,nama\n1,a\n2,b\n"


class Folder(Server):
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.connection = Connection.from_uri("app", f"fs://{folder}")

    def put(self, name: str, content: bytes, came: float = CAME) -> None:
        super().put(name, content)
        os.utime(self.folder / name, (came, came))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "masuk")


@pytest.fixture(params=["fs", "http", "ftp"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A folder; a server that lists neither sizes nor times; one that lists both."""
    if request.param == "fs":
        yield Folder(tmp_path / "masuk")
    else:
        with served(request.param, tmp_path) as made:
            yield made


def monthly(**feed: Any) -> AnyApplication:
    delivery = {"every": "month", "due": "5d", "stamp": "%Y-%m"}
    made = {"file": "warga_*.csv", "format": "csv", "map": ["nik", "nama"], "delivery": delivery}
    return application("files", made | feed)


def open_(server: Server, now: datetime = NOW, files: dict[str, str] | None = None, **feed: Any) -> Reading:
    return read(monthly(**feed), "warga", server.connection, Demand(now=now, files=files or {}))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_file_that_is_due_is_read_and_its_period_told(folder: Folder) -> None:
    folder.put("warga_2026-09.csv", SEPTEMBER)
    folder.put("warga_2026-10.csv", OCTOBER)
    reading = open_(folder, files={digest(SEPTEMBER): "warga_2026-09.csv", digest(OCTOBER): "warga_2026-10.csv"})
    assert rows_of(reading) == [("1", "a"), ("2", "b")]
    told = {"state": "on time", "period": "2026-10", "due": "2026-11-06T00:00:00+07:00"}
    assert (reading.details["delivery"], reading.details["sha256"]) == (told, digest(OCTOBER))
    assert (reading.details["bytes"], reading.details["retries"]) == (len(OCTOBER), 0)


def test_a_late_file_is_read_and_called_late(folder: Folder) -> None:
    folder.put("warga_2026-10.csv", OCTOBER, NOW.timestamp())
    reading = open_(folder)
    assert (len(rows_of(reading)), reading.details["delivery"]["state"]) == (2, "late")


def test_before_it_is_due_the_last_one_is_read(place: Server) -> None:
    place.put("warga_2026-10.csv", OCTOBER)
    reading = open_(place, now=datetime(2026, 12, 2, tzinfo=UTC))
    assert (len(rows_of(reading)), reading.details["delivery"]["state"]) == (2, "not due")


def test_a_missing_file_is_told_with_its_period_and_the_newest_there_is(place: Server) -> None:
    place.put("warga_2026-09.csv", SEPTEMBER)
    message = (
        r"feeds.warga.delivery: the file of 2026-10 is missing, due since 2026-11-06 00:00; the newest is "
        r"'warga_2026-09.csv' in \w+://"
    )
    with pytest.raises(DriftError, match=message):
        open_(place)


def test_an_empty_file_is_told(place: Server) -> None:
    place.put("warga_2026-09.csv", SEPTEMBER)
    place.put("warga_2026-10.csv", b"")
    with pytest.raises(DriftError, match=r"file 'warga_2026-10.csv'.* is empty"):
        open_(place)


def test_two_files_of_one_period_are_told_both(place: Server) -> None:
    place.put("warga_2026-10.csv", OCTOBER)
    place.put("warga_2026-10 (1).csv", OCTOBER)
    with pytest.raises(DriftError, match=r"2 files hold 2026-10: 'warga_2026-10 \(1\).csv', 'warga_2026-10.csv'"):
        open_(place)


def test_a_renamed_file_is_told(place: Server) -> None:
    place.put("warga_2026-09.csv", SEPTEMBER)
    place.put("Data Warga 2026-10.csv", OCTOBER)
    with pytest.raises(DriftError, match=r"file of 2026-10 is missing.*; but 'Data Warga 2026-10.csv' lies there"):
        open_(place)
    with pytest.raises(DriftError, match=r"no file fits 'warga.csv' in .*, but 'warga_2026-09.csv' lies there|mend"):
        open_(place, file="warga.csv", delivery=None)


def test_the_files_of_another_feed_are_not_taken_for_renamed_ones(folder: Folder) -> None:
    made = monthly().model_dump(by_alias=True, exclude={"id"})
    other = made["feeds"]["warga"] | {"file": "wargi_*.csv"}
    feeds = type(monthly().feeds["warga"])
    folder.put("wargi_2026-10.csv", OCTOBER)
    both = monthly().model_copy(update={"feeds": {**monthly().feeds, "wargi": feeds.model_validate(other)}})
    with pytest.raises(DriftError, match=r"missing, due since .*; no file fits 'warga_\*.csv'"):
        read(both, "warga", folder.connection, Demand(now=NOW))


def test_last_months_file_sent_again_is_told_by_the_folder(place: Server) -> None:
    place.put("warga_2026-09.csv", SEPTEMBER)
    place.put("warga_2026-10.csv", SEPTEMBER)
    with pytest.raises(DriftError, match=r"'warga_2026-10.csv' is the file of 2026-09 again \('warga_2026-09.csv'\)"):
        open_(place)


def test_last_months_file_sent_again_is_told_by_earlier_runs(place: Server) -> None:
    place.put("warga_2026-10.csv", SEPTEMBER)
    with pytest.raises(DriftError, match="is the file of 2026-09 again"):
        open_(place, files={digest(SEPTEMBER): "warga_2026-09.csv"})


def test_the_same_content_under_two_names_is_told(folder: Folder) -> None:
    folder.put("warga_2026-10.csv", OCTOBER)
    folder.put("warga_terbaru.csv", OCTOBER)
    with pytest.raises(DriftError, match=r"files 'warga_2026-10.csv' and 'warga_terbaru.csv' have the same content"):
        open_(folder)


def test_a_stamp_that_cannot_be_read_names_the_key(folder: Folder) -> None:
    folder.put("warga_2026-10.csv", OCTOBER)
    with pytest.raises(ConfigurationError, match=r"feeds.warga.delivery.stamp: no period can be read by"):
        open_(folder, delivery={"every": "day", "due": "1d", "stamp": "%Y-%m"})


@pytest.mark.parametrize("file", ["../warga_*.csv", "/etc/*", "a/../*.csv", "..\\*.csv", "C:\\*.csv"])
def test_no_transport_leaves_its_folder(place: Server, file: str) -> None:
    with pytest.raises(ConfigurationError, match="leads out of the folder"):
        open_(place, file=file)


def test_a_file_beyond_the_limit_is_refused_before_it_is_copied(place: Server) -> None:
    place.put("warga_2026-10.csv", b"x" * (2 * 1024 * 1024))
    made = monthly()
    small = made.model_copy(update={"source": made.source.model_copy(update={"max_file_mb": 1})})
    with pytest.raises(DriftError, match=r"has 2 MB, the limit of source.max_file_mb is 1"):
        read(small, "warga", place.connection, Demand(now=NOW))


def test_a_file_that_may_not_be_read_is_refused(folder: Folder) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    folder.put("warga_2026-10.csv", OCTOBER)
    (folder.folder / "warga_2026-10.csv").chmod(0)
    with pytest.raises(RefusedError, match="may not be read"):
        open_(folder)
