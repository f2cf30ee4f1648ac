"""A consumer that follows the change feed from zero ends with the dataset, wherever it stops and starts."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pandas as pd
import pytest

from benchmarks.population import publish_city
from pipelines.identity.decisions import merge, undo
from pipelines.integrate import integrate
from schemas.catalogue import Catalogue
from schemas.consumer import Consumer, Grant
from simulator.derive import Changed
from simulator.population import truth_by_day
from simulator.state import changes
from store.database import Database, execute
from store.grants import apply_grants
from tests.pipelines.staged import Staged, key, people, staged
from tests.workspaces import MakeWorkspace, Row, query

TICKS = 10
FEED = "SELECT * FROM {feed} WHERE change > {at} ORDER BY change LIMIT {limit}"


@dataclass
class Follower:
    """Keeps a copy of a dataset by its change feed alone; what it has kept survives its stops."""

    database: Database
    feed: str
    role: str | None = None
    at: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    redirected: dict[str, str] = field(default_factory=dict)

    def step(self, limit: int) -> int:
        """Read and apply the next entries; return how many there were."""
        with self.database.transaction() as connection:
            if self.role:
                execute(connection, "SET LOCAL ROLE {role}", role=self.role)
            statement = FEED.format(feed=self.feed, at=self.at, limit=limit)
            entries = [dict(row) for row in connection.exec_driver_sql(statement).mappings()]
        # an entry that came after a later one was read would be a gap here
        assert [row["change"] for row in entries] == list(range(self.at + 1, self.at + 1 + len(entries)))
        for entry in entries:
            self.apply(entry)
            self.at = entry["change"]
        return len(entries)

    def apply(self, entry: Row) -> None:
        """Do to the copy what one entry tells, having seen that it fits."""
        assert self.rows.get(entry["key"]) == entry["before"]
        if entry["after"] is None:
            del self.rows[entry["key"]]
        else:
            self.rows[entry["key"]] = entry["after"]
        if entry["operation"] == "merge":
            self.redirected[entry["key"]] = entry["into_key"]
        else:
            self.redirected.pop(entry["key"], None)


@dataclass
class Population:
    """Residents that come, change, go and turn out to be one, by a seed."""

    chance: random.Random
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    merged: set[int] = field(default_factory=set)

    def tick(self, hub: Staged) -> set[str]:
        """Change something; return the keys that may have changed."""
        touched = set()
        for number in self.chance.sample(range(120), self.chance.randrange(40)):
            act = self.chance.choice(["set", "set", "drop", "merge", "back"])
            touched.add(key(number))
            if act == "drop":
                self.rows.pop(key(number), None)
            elif act == "merge" and self.rows.keys() - {key(number)} and number not in self.merged:
                into = int(self.chance.choice(sorted(self.rows.keys() - {key(number)}))[-10:])
                hub.merge(number, into)
                self.merged.add(number)
                self.rows.pop(key(number), None)
            elif number not in self.merged or act == "back":
                if number in self.merged:
                    hub.undo(number)
                    self.merged.discard(number)
                alamat, agama = self.chance.choice("ABC"), self.chance.choice(["1", None])
                telepon = str(self.chance.randrange(9))
                self.rows |= people(number, alamat=alamat, agama=agama, telepon=telepon)
        return touched


def follow(followers: list[Follower], seed: int, ended: threading.Event) -> None:
    """Let one follower after the other read a little and stop, in an order of chance, until there is nothing new."""
    chance = random.Random(seed)  # noqa: S311
    while not ended.is_set():
        chance.choice(followers).step(chance.choice([1, 2, 7, 50]))
    for follower in followers:
        while follower.step(100):
            pass


@pytest.mark.parametrize("seed", range(3))
def test_a_follower_ends_with_the_dataset_wherever_it_stops(
    database: Database, catalogue: Catalogue, seed: int
) -> None:
    hub = staged(database, catalogue)
    names = [item.name for item in hub.contract.fields]
    reader = Consumer(
        id=f"uji_ikut_{seed}", title="Uji", purpose="pemadanan data uji", until="2999-12-31",  # type: ignore[arg-type]
        grants=[Grant(dataset="penduduk", unmasked=names)],
    )  # fmt: skip
    apply_grants(database, {reader.id: reader}, {"penduduk": hub.contract})
    followers = [Follower(database, "hub.penduduk_changes") for _ in range(3)]
    followers += [Follower(database, "pub.penduduk_changes", reader.role)]
    ended, population = threading.Event(), Population(random.Random(seed))  # noqa: S311
    with ThreadPoolExecutor() as threads, ExitStack() as stack:
        stack.callback(ended.set)
        following = threads.submit(follow, followers, seed, ended)
        for tick in range(TICKS):
            touched = population.tick(hub)
            if tick % 2:
                changed = {name: row for name, row in population.rows.items() if name in touched}
                hub.publish(changed, touched)
            else:
                hub.publish(population.rows)
    following.result()
    assert len(hub.rows()) > 20
    told = {name: {k: v for k, v in row.items() if k != "telepon"} for name, row in hub.rows().items()}
    for follower in followers:
        assert follower.rows == told
        assert follower.at == hub.changes()[-1]["change"]
    assert {row["operation"] for row in hub.changes()} == {"insert", "update", "delete", "merge"}


def city_days(residents: int, seed: int, days: int) -> Iterator[tuple[dict[str, pd.DataFrame], Changed]]:
    """Yield a city's truth on its first day and on each of so many days after, and which rows changed when."""
    before: dict[str, pd.DataFrame] = {}
    changed: Changed = {}
    for day, truth in enumerate(islice(truth_by_day(residents, seed), days + 1)):
        if day:
            changed = changes(before, truth, changed, day)
        yield truth, changed
        before = truth


def test_a_follower_ends_with_the_residents_after_ten_days_of_the_city(make_workspace: MakeWorkspace) -> None:
    """What the sources hold on each day is published and integrated; a steward merges two residents and undoes it."""
    workspace = make_workspace.over(make_workspace.catalogue, {})
    database, contract = workspace.database, workspace.catalogue.contracts["penduduk"]
    told = [item.name for item in contract.fields if item.name not in workspace.catalogue.plan("penduduk").volatile]
    followers = [Follower(database, "hub.penduduk_changes") for _ in range(3)]
    ended, decision = threading.Event(), 0
    with ThreadPoolExecutor() as threads, ExitStack() as stack:
        stack.callback(ended.set)
        following = None
        for day, (truth, changed) in enumerate(city_days(400, 11, TICKS)):
            publish_city(workspace, truth, 11, f"sync-{day}", changed, {"penduduk"})
            if day == 3:
                first, second = sorted(truth["penduduk"]["nik"])[:2]
                decision = merge(database, "penduduk", first, second, "ana", "orang yang sama")
            if day == 6:
                undo(database, decision, "ana")
            integrate(workspace, "penduduk", f"integrate-{day}")
            following = following or threads.submit(follow, followers, day, ended)
    assert following is not None
    following.result()
    rows = query(database, "SELECT _key, to_jsonb(t) AS row FROM hub.penduduk t")
    for follower in followers:
        assert follower.rows == {row["_key"]: {name: row["row"][name] for name in told} for row in rows}
    operations = query(database, "SELECT operation, count(*) FROM hub.penduduk_changes WHERE release > 1 GROUP BY 1")
    assert {row["operation"] for row in operations} >= {"insert", "update", "merge"}
