"""inspect: drafts of the sample city's databases beside the catalogue's own YAML, and 500 tables in one go."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymysql

from benchmarks.source import Setting
from connectors.connection import Connection
from connectors.survey import survey
from pipelines.draft import Draft, draft
from pipelines.draft.check import mistakes
from schemas.application import AnyApplication
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from schemas.feed import SqlFeed
from simulator.build import CityTarget, build_city, drop_city
from simulator.databases import PREFIX

BENCH_PREFIX = PREFIX + "inspect_"
RESIDENTS = 3000
TABLES, COLUMNS, ROWS = 500, 10, 2000
LIMIT_SECONDS = 60


@dataclass(frozen=True)
class Score:
    """A draft held against the catalogue's own YAML.

    Attributes:
        feeds, feeds_right: feeds, and those whose table the draft gives the same dataset
        pairs, pairs_right: (field, source column), and those that the draft has too
        extra: fields that the draft maps and the catalogue does not
        keys_right: feeds with the same key
        cursors, cursors_right: feeds with a cursor, and those with the same in the draft
        check: what `opdhub check` would say of the draft

    """

    application: str
    feeds: int = 0
    feeds_right: int = 0
    pairs: int = 0
    pairs_right: int = 0
    extra: int = 0
    keys_right: int = 0
    cursors: int = 0
    cursors_right: int = 0
    check: int = 0

    @property
    def share(self) -> float:
        """Share of the catalogue's mapped columns that the draft proposes right."""
        return self.pairs_right / self.pairs if self.pairs else 1.0


def compare(drafted: Draft, application: AnyApplication, check: int = 0) -> Score:
    """Count what a draft has in common with an application; a literal has no column and does not count."""
    score = Score(application.id, check=check)
    for feed in application.feeds.values():
        if not isinstance(feed, SqlFeed):
            continue
        found = next((item for item in drafted.feeds if item.table == feed.table), None)
        truth = {(name, column) for name, how in feed.map.items() for column in how.sources}
        same = found is not None and found.dataset == feed.dataset
        told = {(item.field, column) for item in found.fields for column in item.columns} if found and same else set()
        mapped = {name for name, _ in truth}
        score = replace(
            score,
            feeds=score.feeds + 1,
            feeds_right=score.feeds_right + same,
            pairs=score.pairs + len(truth),
            pairs_right=score.pairs_right + len(truth & told),
            extra=score.extra + len({name for name, _ in told} - mapped),
            keys_right=score.keys_right + (found is not None and list(found.key) == feed.key),
            cursors=score.cursors + (feed.cursor is not None),
            cursors_right=score.cursors_right
            + (feed.cursor is not None and found is not None and found.cursor == feed.cursor.column),
        )
    return score


def score_all(
    catalogue: Catalogue, find: Callable[[str], Connection], say: Callable[[str], None] = lambda text: None
) -> list[Score]:
    """Draft every application that runs on a database, without its own YAML, and compare."""
    scores = []
    for application in catalogue.applications.values():
        if application.source.kind == "sql":
            drafted = draft(survey(find(application.connection)), catalogue, application.id)
            scores.append(compare(drafted, application, len(mistakes(drafted, catalogue))))
            say(f"{scores[-1].share:.2f} {application.id}")
    return scores


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """Return the figures over all applications."""
    pairs, feeds = sum(score.pairs for score in scores), sum(score.feeds for score in scores)
    cursors = sum(score.cursors for score in scores)
    return {
        "applications": len(scores),
        "mapped_right": round(sum(score.pairs_right for score in scores) / max(1, pairs), 3),
        "applications_over_90": sum(score.share >= 0.9 for score in scores),
        "datasets_right": round(sum(score.feeds_right for score in scores) / max(1, feeds), 3),
        "keys_right": round(sum(score.keys_right for score in scores) / max(1, feeds), 3),
        "cursors_right": round(sum(score.cursors_right for score in scores) / max(1, cursors), 3),
        "extra_fields": sum(score.extra for score in scores),
        "check_errors": sum(score.check for score in scores),
    }


def bench_inspect(setting: Setting) -> dict[str, Any]:
    """Return how much of the catalogue's mappings drafts have right, and the seconds for 500 tables of 10 columns."""
    mariadb = os.environ.get("OPDHUB_MARIADB_URL")
    if not mariadb:
        raise ConfigurationError("needs a MariaDB", where="OPDHUB_MARIADB_URL", fix="mysql://user:password@host:3306")
    catalogue = Catalogue.load(setting.catalogue)
    with tempfile.TemporaryDirectory() as folder:
        target = CityTarget(Path(folder), mariadb, prefix=BENCH_PREFIX, applications=setting.catalogue / "applications")
        setting.say("inspect: a small city")
        try:
            city = build_city(target, RESIDENTS)
            scores = score_all(catalogue, lambda name: Connection.from_uri(name, city.connections[name]), setting.say)
            setting.say(f"inspect: {TABLES} tables of {COLUMNS} columns")
            with wide_database(mariadb, f"{BENCH_PREFIX}siak", f"{BENCH_PREFIX}wide") as name:
                started = time.perf_counter()
                draft(survey(Connection.from_uri("wide", f"{mariadb}/{name}")), catalogue, "opd.wide")
                seconds = time.perf_counter() - started
        finally:
            drop_city(target)
    return summary(scores) | {"wide_seconds": round(seconds, 1), "limit_seconds": LIMIT_SECONDS}


@contextmanager
def wide_database(mariadb: str, source: str, name: str) -> Iterator[str]:
    """Yield a database of 500 tables, each with ten columns of SIAK's; dropped afterwards."""
    parts, dice = urlsplit(mariadb), random.Random(1)  # noqa: S311 - no secret
    server = pymysql.connect(
        host=parts.hostname or "127.0.0.1", port=parts.port or 3306, user=parts.username, password=parts.password or ""
    )
    with server, server.cursor() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_schema = %s", [source])
        columns = sorted({f"`{row[0]}`" for row in cursor.fetchall() if row[0] in _BIODATA})
        cursor.execute(f"CREATE OR REPLACE DATABASE `{name}` CHARACTER SET utf8mb4")
        try:
            for number in range(TABLES):
                some = ", ".join(dice.sample(columns, COLUMNS))
                statement = f"SELECT {some} FROM `{source}`.biodata_wni LIMIT {ROWS}"  # noqa: S608 - own names
                cursor.execute(f"CREATE TABLE `{name}`.tbl_{number} AS {statement}")
            yield name
        finally:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


_BIODATA = frozenset(
    ("id_biodata", "nik", "no_kk", "nama_lgkp", "tmpt_lhr", "tgl_lhr", "jenis_klmin", "agama", "stat_kwn", "pddk_akh",
     "jenis_pkrjn", "gol_drh", "stat_hbkel", "alamat", "no_rt", "no_rw", "no_kel", "telp", "flag_hapus", "created_by",
     "tgl_ubah", "nama_lgkp_ibu")
)  # fmt: skip
