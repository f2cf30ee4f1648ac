"""validate: run every check over a standard batch, stage the accepted rows, decide whether to publish."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipelines.validate.checks import UNIQUE_KEY, enough_rows, one_row_each, row_checks
from pipelines.validate.duplicates import remove_duplicates, warn_shared
from pipelines.validate.engine import RowEngine, check_table
from pipelines.validate.results import Results
from pipelines.validate.rows import FINDING, Origin, accepted, findings, quarantine_rows, to_frame, with_originals
from pipelines.workspace import JAKARTA, FeedContext, Progress, Workspace, silent
from store.landing import Batch, BatchWriter
from store.tables import SOURCE_COLUMNS, count_source, create_staging, staging_table

#: of a feed with a dozen rows, two people under one NIK are no broken source
FEW = 10
Writers = dict[str, BatchWriter]


@dataclass(frozen=True)
class Gate:
    """A bound of the feed: outside it nothing is published."""

    id: str
    limit: float
    value: float
    passed: bool


class Case:
    """One feed's run under judgement: where its rows come from and where the accepted ones are staged."""

    def __init__(self, workspace: Workspace, context: FeedContext, run_id: str) -> None:
        """Look up the standard batch; raises GateError when there is none."""
        self.workspace, self.context, self.run_id = workspace, context, run_id
        self.origin = Origin(context, run_id)
        self.table = staging_table(context.id, run_id)
        self.standard = workspace.landing.batch(context.id, run_id, "standard")
        self.landed = workspace.landing.batch(context.id, run_id, "landing")


class Filled:
    """Counts, over the parts, the rows in which each field has a value."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._rows: Counter[str] = Counter()

    def add(self, part: pa.Table) -> None:
        """Add a standard part."""
        for name in part.column_names:
            self._rows[name] += part.num_rows - part.column(name).null_count

    def as_json(self, context: FeedContext, read: int) -> list[dict[str, Any]]:
        """Return, for each mapped field, the rows with a value and without."""
        names = [field.name for field in context.contract.fields if field.name in context.feed.map]
        return [{"field": name, "filled": self._rows[name], "empty": read - self._rows[name]} for name in names]


def validate(workspace: Workspace, feed_id: str, run_id: str, progress: Progress = silent) -> Batch:
    """Judge a standard batch; leaves the stages `findings`, `quarantine` and `verdict`, and the staged rows.

    The verdict's details hold `results` (a dictionary a check), `gates`, `read`, `accepted`, `quarantined`
    and `passed`. A verdict that did not pass is refused by publish.
    """
    context = workspace.feed(feed_id)
    case = Case(workspace, context, run_id)
    with workspace.database.transaction() as connection:
        create_staging(connection, case.table, context.contract, SOURCE_COLUMNS)
    writers = {name: workspace.landing.writer(feed_id, run_id, name) for name in ("findings", "quarantine")}
    results, filled = Results(), Filled()
    read, quarantined = _judge_rows(case, writers, results, filled, progress)
    enough, refused, shared = _judge_whole(case, writers, results)
    for writer in writers.values():
        writer.commit({})
    gates = _gates(case, read, quarantined + refused, shared, enough)
    details: dict[str, Any] = {
        "results": results.as_json(),
        "gates": [vars(gate) for gate in gates],
        "completeness": filled.as_json(context, read),
        "read": read,
        "accepted": read - quarantined - refused,
        "quarantined": quarantined + refused,
        "passed": all(gate.passed for gate in gates),
        "staging": case.table.name,
    }
    return workspace.landing.writer(feed_id, run_id, "verdict").commit(details)


def _judge_rows(case: Case, writers: Writers, results: Results, filled: Filled, progress: Progress) -> tuple[int, int]:
    """Check every part's rows and stage the accepted ones; return the rows read and those quarantined."""
    context, landing = case.context, case.workspace.landing
    landed, standard = case.landed, case.standard
    today = dt.datetime.fromisoformat(landed.details["extracted_at"]).astimezone(JAKARTA).date()
    checks = row_checks(context.contract, context.feed, today)
    engine = RowEngine(checks)
    columns = [name for check in checks for name in check.columns]
    fields = [field.name for field in context.contract.fields]
    first, quarantined = 0, 0
    for landed_part, part in zip(landing.parts(landed), landing.parts(standard), strict=True):
        outcomes = engine.run(to_frame(part, columns))
        results.add(outcomes)
        filled.add(part)
        found = findings(outcomes, landed_part, part, case.origin)
        results.add_examples(found.to_pylist())
        refused = quarantine_rows(found, landed_part, first, case.origin)
        _write(writers, found, refused)
        case.workspace.database.load(accepted(found, part, fields), case.table.schema, case.table.name)
        first += part.num_rows
        quarantined += refused.num_rows
        progress(first, standard.rows)
    return first, quarantined


def _judge_whole(case: Case, writers: Writers, results: Results) -> tuple[bool, int, int]:
    """Check the staged rows together; return whether they are enough, how many more were refused, and share a key."""
    url, table, contract = case.workspace.database.url, case.table, case.context.contract
    results.add(check_table(url, table.schema, table.name, [UNIQUE_KEY]))
    refused = _told(case, remove_duplicates(case.workspace.database, table, case.origin), writers)
    results.add_examples([{**item, "rule": UNIQUE_KEY.id} for item in refused.to_pylist()])
    results.refuse(UNIQUE_KEY, refused.num_rows)
    is_whole = case.landed.details.get("mode", "full") == "full"
    enough = enough_rows(case.context.feed.expect.min_rows if is_whole else 0)
    outcomes = check_table(url, table.schema, table.name, [enough, one_row_each(contract)])
    results.add(outcomes)
    shared = _told(case, warn_shared(case.workspace.database, table, contract, case.origin), writers)
    results.add_examples(shared.to_pylist())
    return next(item.failed == 0 for item in outcomes if item.check == enough), refused.num_rows, shared.num_rows


def _told(case: Case, found: pa.Table, writers: Writers) -> pa.Table:
    """Write findings on staged rows, with their originals from the landing; those with an error go to quarantine."""
    landing, landed = case.workspace.landing, case.landed
    first, told = 0, [FINDING.empty_table()]
    for part in landed.parts if found.num_rows else []:
        rows = found.column("row_number").to_numpy()
        here = found.filter(pa.array((rows >= first) & (rows < first + part.rows)))
        if here.num_rows:
            originals = landing.part(landed, part)
            here = with_originals(here, originals, first, case.origin)
            _write(writers, here, quarantine_rows(here, originals, first, case.origin))
            told.append(here)
        first += part.rows
    return pa.concat_tables(told)


def _write(writers: Writers, found: pa.Table, refused: pa.Table) -> None:
    if found.num_rows:
        writers["findings"].write(found)
    if refused.num_rows:
        writers["quarantine"].write(refused)


def _gates(case: Case, read: int, quarantined: int, shared: int, enough: bool) -> list[Gate]:
    """Bound what a run brings; one that reads changes alone is held against what is published already.

    Of three changed rows one may be wrong without the feed being so.
    """
    expect, landed = case.context.feed.expect, case.landed
    if landed.details.get("mode", "full") == "full":
        whole = max(read, 1)
        few = Gate("min_rows", expect.min_rows, read - quarantined, enough)
    else:
        with case.workspace.database.transaction() as connection:
            published = count_source(connection, case.context.id)
        whole = max(read, published, 1)
        few = Gate("min_rows", expect.min_rows, published, published >= expect.min_rows)
    # name, limit, the rows of that kind, and up to how many of them are no matter
    bounds = [
        ("max_quarantined_pct", expect.max_quarantined_pct, quarantined, 0),
        ("max_shared_pct", expect.max_shared_pct, shared, FEW),
        ("max_future_pct", expect.max_future_pct, landed.details.get("future", 0), FEW),
    ]
    judged = [few]
    for name, limit, rows, harmless in bounds:
        share = 100 * rows / whole
        judged.append(Gate(name, limit, round(share, 3), share <= limit or rows <= harmless))
    return judged
