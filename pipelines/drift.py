"""What a stage has met that the source did not have before: columns, types, codes."""

from __future__ import annotations

import json
import re

import pyarrow.compute as pc

from pipelines.workspace import Workspace
from schemas.change import SchemaChange
from schemas.codelist import UNKNOWN_CODE
from store.landing import Batch

#: what can be a code; a longer text, or one with many digits, may be somebody's name or number in the wrong column
CODE = re.compile(r"(?!.*\d{6})[\w ./+-]{1,20}")
#: of one run
CODES_TOLD = 50


def changes_of(workspace: Workspace, batch: Batch) -> list[SchemaChange]:
    """Return the changes that a stage's output tells: those that extract let through, the codes that validate met."""
    if batch.stage == "verdict":
        return new_codes(workspace, batch.feed, batch.run_id)
    told = batch.details.get("changes") or []
    return [SchemaChange(item["kind"], item["column"], item["before"], item["after"]) for item in told]


def new_codes(workspace: Workspace, feed_id: str, run_id: str) -> list[SchemaChange]:
    """Return the codes that no code list knows, each once with its source column, in the order met."""
    found: dict[SchemaChange, None] = {}
    for part in workspace.landing.parts(workspace.landing.batch(feed_id, run_id, "findings")):
        unknown = part.filter(pc.equal(part.column("rule"), UNKNOWN_CODE)).column("original")
        for text in unknown.unique().to_pylist():
            for column, code in json.loads(text).items():
                if code is not None and CODE.fullmatch(code.strip()):
                    found[SchemaChange("code", column, after=code.strip())] = None
    return list(found)[:CODES_TOLD]
