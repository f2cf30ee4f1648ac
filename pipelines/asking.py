"""What a run asks of its source: everything, what changed since the last run, or a window of the past."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from connectors.reading import Demand
from pipelines.watermark import is_number, is_time
from pipelines.workspace import JAKARTA, FeedContext, Workspace
from schemas.change import Baseline, SchemaChange
from schemas.codelist import Codelist
from schemas.errors import ConfigurationError, GateError
from schemas.window import Window
from store.drift import drift_of
from store.runs import RunState, run_state

Mode = Literal["full", "changes", "window"]
#: names of earlier files that a new delivery is compared with: five years of monthly files
FILES_KNOWN = 60


@dataclass(frozen=True)
class Plan:
    """What a run reads: the rows of `demand`, and with `sweep` also all keys, to find what was deleted."""

    mode: Mode
    demand: Demand
    sweep: bool
    #: sha256 of all that decides what a row becomes, as the published rows were read; None: all must be read again
    described: str | None
    #: the newest cursor value of earlier runs
    watermark: str | None = None


def plan_run(workspace: Workspace, context: FeedContext, now: dt.datetime) -> Plan:
    """Decide what to ask.

    Without a cursor always everything. With one: everything at first, after the mapping or the contract changed, and
    when a steward asks for it (`opdhub sync --full`); else what changed, and every `cursor.sweep` all keys too.

    Raises:
        ConfigurationError: a window of the past is asked of a feed without a cursor.
        GateError: a full snapshot outside `source.full_window`.

    """
    ask, cursor = workspace.ask, context.feed.cursor
    state = run_state(workspace.database, context.id, FILES_KNOWN)
    baseline = Baseline(_types(workspace, context, state), _accepted(workspace, context))
    described = description_digest(context, workspace.catalogue.codelists, baseline.accepted)

    def demand(**asked: Any) -> Demand:
        return Demand(baseline=baseline, files=state.files, now=now, limit=ask.limit, **asked)

    if ask.since is not None:
        _require_window(context, ask.since, ask.until)
        # the rows outside the window are what they were: under the digest of before, if that has changed
        return Plan("window", demand(since=ask.since, until=ask.until), False, state.described, state.watermark)
    may_be_whole = _may_be_whole(context, now) or ask.outside_window
    if cursor is None or ask.full or state.watermark is None or state.described != described:
        if not may_be_whole:
            raise _not_now(context, now)
        return Plan("full", demand(), False, described)
    since = behind(state.watermark, cursor.lag, context)
    is_due = state.swept_at is None or now - state.swept_at >= cursor.sweep
    # a look at a sample reads no keys: it deletes nothing
    is_swept = is_due and may_be_whole and ask.limit is None
    return Plan("changes", demand(since=since), is_swept, described, state.watermark)


def _require_window(context: FeedContext, since: str, until: str | None) -> None:
    """Raise ConfigurationError for a window that no cursor of the feed can have."""
    if context.feed.cursor is None:
        fix = "add cursor: {column: …} to the feed, or read it whole without --since"
        raise ConfigurationError("has no cursor, so no window of it can be read", where=context.id, fix=fix)
    for option, text in (("--since", since), ("--until", until)):
        if text is not None and not (is_time(text) or is_number(text)):
            fix = "write it as the source does: 2026-03-01, 2026-03-01 13:45:00, or a number"
            raise ConfigurationError(f"'{text}' is neither a time nor a number", where=option, fix=fix)
    if until is None:
        return
    counts = is_number(since) and is_number(until)
    if int(since) > int(until) if counts else since[:10] > until[:10]:
        raise ConfigurationError("is before --since", where="--until", fix="give the earlier one as --since")


def behind(watermark: str, lag: dt.timedelta | int, context: FeedContext) -> str:
    """Return the cursor text that lies `lag` before a watermark; raises ConfigurationError where they do not fit."""
    if is_number(watermark):
        if isinstance(lag, int):
            return str(int(watermark) - lag)
        if lag:
            raise ConfigurationError(
                "the cursor counts, its lag is a time",
                where=f"{context.id}: cursor.lag",
                fix="give a count, like lag: 1000",
            )
        return watermark
    if isinstance(lag, int) and lag:
        raise ConfigurationError(
            "the cursor is a time, its lag a count", where=f"{context.id}: cursor.lag", fix="give a time, like lag: 2h"
        )
    moment = dt.datetime.fromisoformat(watermark)
    earlier = moment - (lag if isinstance(lag, dt.timedelta) else dt.timedelta(0))
    if len(watermark) == 10:  # a date: the whole day may still grow
        return earlier.date().isoformat()
    return earlier.isoformat(sep="T" if "T" in watermark else " ")


def description_digest(
    context: FeedContext, codelists: Mapping[str, Codelist], accepted: Iterable[SchemaChange] = ()
) -> str:
    """Return the sha256 of what decides what a source row becomes: YAML, contract, code lists, accepted changes."""
    said = [context.feed.model_dump_json(exclude={"example", "description", "expect"}), context.contract.sha256]
    for item in context.contract.fields:
        if item.name in context.feed.map and item.codelist is not None and item.codelist in codelists:
            said.append(json.dumps(sorted(codelists[item.codelist].codes.items())))
    said += sorted(str(change) for change in accepted)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _accepted(workspace: Workspace, context: FeedContext) -> frozenset[Any]:
    return frozenset(row["change"] for row in drift_of(workspace.database, context.id, is_open=False))


def _types(workspace: Workspace, context: FeedContext, state: RunState) -> dict[str, str]:
    """Return the types that the source declared in the last published run, whose landing may have been cleared."""
    if state.run_id is None:
        return {}
    try:
        return dict(workspace.landing.batch(context.id, state.run_id, "landing").details.get("columns_found") or {})
    except GateError:
        return {}


def _may_be_whole(context: FeedContext, now: dt.datetime) -> bool:
    window: Window | None = context.application.source.full_window
    return window is None or now.astimezone(JAKARTA).time() in window


def _not_now(context: FeedContext, now: dt.datetime) -> GateError:
    window, local = context.application.source.full_window, now.astimezone(JAKARTA)
    return GateError(
        f"the whole feed may be read within {window} only, and it is {local:%H:%M}",
        where=context.id,
        fix="wait for that hour; if its owner agrees: opdhub sync --outside-window, or the DAG run's parameter",
    )
