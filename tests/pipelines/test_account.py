"""Random histories of a source against a model of the promises in plain Python."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict

import pytest
import sqlalchemy as sa

from pipelines.run import sync
from schemas.errors import GateError
from store.runs import Account
from tests.pipelines.residents import FEED, Residents, resident
from tests.workspaces import MakeWorkspace, Row, run_record, source_rows

ROUNDS = 6
#: of the feed: most histories stay inside, some do not
MAX_QUARANTINED_PCT, MAX_DELETED_PCT, MIN_ROWS = 40, 15, 10


class Model:
    """What must be published, by the promises alone."""

    def __init__(self) -> None:
        self.published: dict[str, tuple[str, str]] = {}

    def sync(self, rows: list[Row]) -> Account | None:
        """Return the account of a sync, or None where a gate must stop it."""
        good: dict[str, list[tuple[str, str]]] = defaultdict(list)
        held = set()
        for row in rows:
            if row["id"] and len(row["nik"]) == 16:
                good[row["id"]].append((row["nik"], row["nama"]))
            elif row["id"]:
                held.add(row["id"])
        accepted = {}
        for key, contents in good.items():
            if len(set(contents)) == 1:
                accepted[key] = contents[0]
            else:
                held.add(key)
        quarantined = len(rows) - len(accepted)
        if 100 * quarantined > MAX_QUARANTINED_PCT * len(rows) or len(accepted) < MIN_ROWS:
            return None
        gone = self.published.keys() - accepted.keys() - held
        if self.published and len(gone) > max(1, math.floor(len(self.published) * MAX_DELETED_PCT / 100)):
            return None
        moved = Counter(
            "inserted" if key not in self.published else "unchanged" if self.published[key] == value else "updated"
            for key, value in accepted.items()
        )
        self.published = {key: v for key, v in self.published.items() if key not in gone} | accepted
        counts = {name: moved[name] for name in ("inserted", "updated", "unchanged")}
        return Account(read=len(rows), quarantined=quarantined, deleted=len(gone), **counts)


class History:
    """A source whose residents come, change, go, and are keyed in wrong."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.next = 0
        self.people: dict[int, Row] = {}
        self.come(50)

    def come(self, count: int) -> None:
        for _ in range(count):
            self.people[self.next] = resident(self.next)
            self.next += 1

    def step(self) -> None:
        """Let a day go by."""
        self.come(self.random.randrange(4))
        for number in self.random.sample(sorted(self.people), self.random.randrange(11)):
            del self.people[number]
        for number in self.random.sample(sorted(self.people), self.random.randrange(8)):
            self.people[number] = resident(number, nama=self.random.choice(["Ani Baru", "Budi Baru", "Cici Baru"]))

    def rows(self) -> list[Row]:
        """Return what the source shows today, with today's slips."""
        rows = [dict(row) for row in self.people.values()]
        for row in self.random.sample(rows, self.random.randrange(6)):
            row["nik"] = self.random.choice(["", "123", "35749100"])
        for row in self.random.sample(rows, self.random.randrange(3)):
            row["id"] = ""
        for row in self.random.sample(rows, self.random.randrange(6)):
            rows += [dict(row)] * self.random.randrange(1, 3)
        for row in self.random.sample(rows, self.random.randrange(5)):
            rows.append(row | {"nama": "Nama Lain"})
        if self.random.random() < 0.15:
            rows = rows[: self.random.randrange(len(rows))]
        self.random.shuffle(rows)
        return rows


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.usefixtures("small_parts")
def test_what_is_published_is_what_the_promises_say(make_workspace: MakeWorkspace, seed: int) -> None:
    expect = {"min_rows": MIN_ROWS, "max_quarantined_pct": MAX_QUARANTINED_PCT, "max_deleted_pct": MAX_DELETED_PCT}
    residents = Residents(make_workspace, expect=expect)
    database = residents.workspace.database
    history, model = History(seed), Model()
    for number in range(ROUNDS):
        rows, run = history.rows(), f"r{number}"
        residents.export(rows)
        expected = model.sync(rows)
        if expected is None:
            with pytest.raises(GateError):
                sync(residents.workspace, FEED, run)
            assert run_record(database, run, FEED)["state"] == "failed"
        else:
            assert sync(residents.workspace, FEED, run) == expected
            record = run_record(database, run, FEED)
            parts = [record[name] for name in ("inserted", "updated", "unchanged", "quarantined")]
            assert record["read"] == sum(parts) == len(rows)
        if model.published:
            found = {key: (row["nik"], row["nama_lengkap"]) for key, row in source_rows(database, FEED).items()}
            assert found == model.published
        history.step()


def test_the_histories_meet_every_kind_of_day() -> None:
    met: Counter[str] = Counter()
    for seed in range(5):
        history, model = History(seed), Model()
        for _ in range(ROUNDS):
            account = model.sync(history.rows())
            met.update(["stopped"] if account is None else [k for k, v in vars(account).items() if v])
            history.step()
    kinds = ("stopped", "inserted", "updated", "unchanged", "quarantined", "deleted")
    assert [kind for kind in kinds if met[kind] < 3] == []


@pytest.mark.parametrize("read", [9, 11, None])
def test_postgresql_refuses_an_account_that_does_not_hold(make_workspace: MakeWorkspace, read: int | None) -> None:
    with (
        pytest.raises(sa.exc.IntegrityError, match="violates check constraint"),
        make_workspace.database.transaction() as connection,
    ):
        connection.execute(
            sa.text("""
                INSERT INTO control.feed_run
                       (run_id, feed, state, stage, read, inserted, updated, unchanged, quarantined)
                VALUES ('r', 'f', 'published', 'publish', :read, 4, 3, 2, 1)"""),
            {"read": read},
        )
