"""A look at a sample: fair to its size, and no worse than a real run."""

from __future__ import annotations

from dataclasses import replace

from pipelines.dry_run import dry_run
from pipelines.run import sync
from pipelines.workspace import Ask
from tests.pipelines.registers import FEED, WARGA, Register, person
from tests.workspaces import MakeWorkspace


def test_a_sample_is_not_held_back_for_being_small(make_workspace: MakeWorkspace) -> None:
    register = Register(make_workspace, expect={"min_rows": 30})
    register.write(*(person(n, n) for n in range(40)))
    looked = dry_run(replace(register.workspace, ask=Ask(limit=10)), FEED)
    assert (looked.read, looked.is_sample, looked.gates) == (10, True, [])
    assert "rows.enough" not in {problem["rule"] for problem in looked.problems}


def test_a_field_that_is_the_same_in_every_row_can_be_wrong_in_every_row(make_workspace: MakeWorkspace) -> None:
    literal = {**WARGA["map"], "nama_lengkap": {"literal": ""}}
    register = Register(make_workspace, map=literal, ignore=["nama"])
    register.write(*(person(n, n) for n in range(5)))
    looked = dry_run(replace(register.workspace, ask=Ask(limit=10)), FEED)
    assert looked.quarantined == 5


def test_a_sample_reads_no_keys_though_a_sweep_is_due(make_workspace: MakeWorkspace) -> None:
    register = Register(make_workspace, cursor={"column": "diubah", "lag": "1h", "sweep": "1h"})
    register.write(*(person(n, n) for n in range(5)))
    register.sync()
    with register.workspace.database.transaction() as connection:
        connection.exec_driver_sql("UPDATE control.feed_run SET extracted_at = extracted_at - interval '8 days'")
    register.delete(["W00001"])
    dry_run(replace(register.workspace, ask=Ask(limit=10)), FEED)
    assert sync(register.workspace, FEED, "later").deleted == 1
