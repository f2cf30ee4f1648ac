"""Run stages under a record: what runs, what failed and why stands in control.feed_run, whoever runs it."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import cast

from pipelines.drift import changes_of
from pipelines.evidence import seal
from pipelines.extract import extract
from pipelines.workspace import Progress, Workspace, silent
from schemas.errors import ConfigurationError, DriftError, GateError, HubError
from store.drift import note_drift
from store.landing import Batch
from store.runs import Account, begin_stage, fail, note, published_account
from store.tables import drop_staging

#: a folder's name holds 255 bytes
RUN_ID_CHARACTERS = 200
STAGES = ("extract", "standardize", "validate", "publish")
#: what a stage that runs again makes stale: publish must not meet the verdict of an earlier try
STALE = {"extract": ("standard", "verdict"), "standardize": ("verdict",), "validate": ("verdict",), "publish": ()}


def new_run_id(trigger: str) -> str:
    """Return an id that sorts by time, e.g. `manual-20261122T101500-4f2a`."""
    return f"{trigger}-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


def safe_run_id(run_id: str) -> str:
    """Return a scheduler's run id as one that folders and tables can carry.

    Raises ConfigurationError when nothing is left of it, or more than a folder's name may hold.
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", run_id).strip(".")
    if not 1 <= len(safe) <= RUN_ID_CHARACTERS:
        raise ConfigurationError(f"a run id has 1 to {RUN_ID_CHARACTERS} characters", where="run id", fix="shorten it")
    return safe


class StageRecord:
    """Context manager around one stage: notes its begin, and on any error the failure and its report."""

    def __init__(self, workspace: Workspace, feed_id: str, run_id: str, stage: str) -> None:
        """Prepare; nothing is written before `with`."""
        self._workspace, self._feed, self._run, self._stage = workspace, feed_id, run_id, stage
        self._held = ExitStack()

    def __enter__(self) -> None:
        """Note that the stage runs; raises GateError when another process works at the same run."""
        with ExitStack() as held:
            held.enter_context(self._workspace.database.run_lock(self._feed, self._run))
            begin_stage(self._workspace.database, self._run, self._feed, self._stage)
            self._held = held.pop_all()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Note why the stage failed; the error goes on to the caller."""
        try:
            if error is not None:
                self._fail(error)
        finally:
            self._held.close()

    def _fail(self, error: BaseException) -> None:
        # of an error that nobody foresaw only the kind is kept: its text may hold a whole row
        text = str(error) if isinstance(error, HubError) else f"{type(error).__name__}; its log has the rest"
        fail(self._workspace.database, self._run, self._feed, text)
        if isinstance(error, DriftError):
            note_drift(self._workspace.database, self._feed, self._run, error.changes)
        if isinstance(error, GateError) and self._stage == "publish":
            with self._workspace.database.transaction() as connection:
                drop_staging(connection, self._feed, self._run)
            sealed = seal(self._workspace, self._workspace.feed(self._feed), self._run, None, text)
            note(self._workspace.database, self._run, self._feed, **vars(sealed))


def run_stage(
    workspace: Workspace, feed_id: str, run_id: str, stage: str, progress: Progress = silent
) -> Account | None:
    """Run one stage of a feed; publish returns the row account.

    A run that has published is left as it is, for its landing is evidence. Raises HubError: what the stage
    raised, after it was recorded.
    """
    with workspace.database.transaction() as connection:
        done = published_account(connection, run_id, feed_id)
    if done is not None:
        return done if stage == "publish" else None
    with StageRecord(workspace, feed_id, run_id, stage):
        for output in STALE[stage]:
            workspace.landing.discard(feed_id, run_id, output)
        if stage == "publish":
            from pipelines.publish import publish

            return publish(workspace, feed_id, run_id)
        batch = _stage(stage)(workspace, feed_id, run_id, progress)
        if changes := changes_of(workspace, batch):
            note_drift(workspace.database, feed_id, run_id, changes)
    return None


def sync(
    workspace: Workspace, feed_id: str, run_id: str, progress: Callable[[str], Progress] = lambda stage: silent
) -> Account:
    """Run the four stages of a feed one after the other; `progress` makes a bar for a stage."""
    for stage in STAGES[:-1]:
        run_stage(workspace, feed_id, run_id, stage, progress(stage))
    return cast(Account, run_stage(workspace, feed_id, run_id, "publish", progress("publish")))


def _stage(stage: str) -> Callable[[Workspace, str, str, Progress], Batch]:
    """Return the function of a stage; what only it needs is imported here, for extract has no use for pandas."""
    if stage == "extract":
        return extract
    if stage == "standardize":
        from pipelines.standardize import standardize

        return standardize
    from pipelines.validate import validate  # 6 s of import

    return validate
