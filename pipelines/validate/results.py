"""Add the outcomes of the parts up to one validation result, with masked examples."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from pipelines.validate.checks import Check
from pipelines.validate.engine import Outcome
from schemas.masking import shape

#: of each check, so that a page stays short
EXAMPLES = 3


@dataclass
class Tally:
    """The sums of one check over the parts seen so far."""

    check: Check
    configuration: dict[str, Any]
    evaluated: int = 0
    missing: int = 0
    failed: int = 0
    observed: Any = None
    refused: int | None = None
    examples: list[dict[str, Any]] = dataclass_field(default_factory=list)


class Results:
    """Collects outcomes; the order is that of the checks."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._tallies: dict[str, Tally] = {}

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Add a part's outcomes."""
        for item in outcomes:
            key = f"{item.check.field}:{item.check.id}"
            tally = self._tallies.setdefault(key, Tally(item.check, item.configuration))
            tally.evaluated += item.evaluated
            tally.missing += item.missing
            tally.failed += item.failed
            tally.observed = item.observed if item.observed is not None else tally.observed

    def add_examples(self, found: list[dict[str, Any]]) -> None:
        """Keep the first few findings of each check as examples, no value in clear."""
        for item in found:
            tally = self._tallies.get(f"{item['field']}:{item['rule']}")
            if tally is not None and len(tally.examples) < EXAMPLES:
                tally.examples.append({"row": item["row_number"], "value": _masked(item["original"])})

    def as_json(self) -> list[dict[str, Any]]:
        """Return one dictionary a check, in the words of Great Expectations' validation result."""
        return [_as_json(tally) for tally in self._tallies.values()]

    def refuse(self, check: Check, rows: int) -> None:
        """Note how many of the rows that a check speaks of were refused, where that is not all of them."""
        self._tallies[f"{check.field}:{check.id}"].refused = rows


def _masked(original: str) -> str:
    """Return a finding's original texts by column, as what they look like."""
    cells: dict[str, str | None] = json.loads(original)
    return "; ".join(f"{name}={shape(text or '')}" for name, text in cells.items())


def _as_json(tally: Tally) -> dict[str, Any]:
    check = tally.check
    result: dict[str, Any] = {
        "element_count": tally.evaluated,
        "missing_count": tally.missing,
        "unexpected_count": tally.failed,
        "unexpected_percent_total": round(100 * tally.failed / tally.evaluated, 4) if tally.evaluated else 0.0,
        "partial_unexpected_list": tally.examples,
    }
    if tally.refused is not None:
        result["refused_count"] = tally.refused
    if tally.observed is not None:
        result["observed_value"] = tally.observed
    return {
        "success": tally.failed == 0,
        "expectation_config": {
            **tally.configuration,
            "meta": {
                "id": check.id,
                "field": check.field,
                "severity": check.severity,
                "message_id": check.indonesian,
                "message_en": check.english,
            },
        },
        "result": result,
    }
