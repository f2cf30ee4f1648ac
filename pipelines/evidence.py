"""Evidence of a run: one JSON of everything that was read, checked and decided, and its report page.

The JSON's sha256 stands in the hub database and on the page, so that a change of either shows.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from pipelines.report import render
from pipelines.workspace import FeedContext, Workspace
from schemas.contract import Contract
from store.landing import Batch, Landing
from store.runs import Account

LIBRARIES = ("opdhub", "great_expectations", "pandas", "sqlalchemy", "apache-airflow")


@dataclass(frozen=True)
class Sealed:
    """Where the report page is, and the digests of evidence and page; columns of control.feed_run and release."""

    report: str
    evidence_sha256: str
    report_sha256: str


#: what a report says of rows that a sweep found at the source and nowhere in the hub
UNSEEN = "rows at the source that no run has read: the next one reads everything"


def seal(
    workspace: Workspace,
    context: FeedContext,
    run_id: str,
    account: Account | None,
    error: str | None = None,
    unseen: int = 0,
) -> Sealed:
    """Write `evidence.json` and `report.html` of a feed's run; without an account nothing was published."""
    landed = workspace.landing.batch(context.id, run_id, "landing")
    verdict = workspace.landing.batch(context.id, run_id, "verdict")
    application = context.application
    evidence = {
        "kind": "feed",
        "subject": context.id,
        "title": f"{application.title} · {context.name}",
        "opd": application.opd,
        "owner": application.owner.model_dump(),
        "run_id": run_id,
        "published": account is not None,
        "error": error,
        "dataset": context.feed.dataset,
        "contract": _contract(context.contract),
        "warnings": [{"warning": UNSEEN, "rows": unseen}] if unseen else [],
        "read": _read(landed),
        "account": asdict(account) if account else None,
        "verdict": {key: verdict.details[key] for key in ("read", "accepted", "quarantined", "passed")},
        "gates": verdict.details["gates"],
        "results": verdict.details["results"],
        "completeness": verdict.details["completeness"],
        "software": _software(),
    }
    return write_evidence(workspace, context.id, run_id, evidence)


def write_evidence(workspace: Workspace, subject: str, run_id: str, evidence: dict[str, Any]) -> Sealed:
    """Write an evidence and its page below the run's folder in the landing zone."""
    content = json.dumps(evidence, indent=1, ensure_ascii=False, sort_keys=True).encode()
    digest = hashlib.sha256(content).hexdigest()
    workspace.landing.write(subject, run_id, "evidence.json", content)
    page = render(json.loads(content), digest).encode()
    path = workspace.landing.write(subject, run_id, "report.html", page)
    return Sealed(path, digest, hashlib.sha256(page).hexdigest())


def altered(landing: Landing, subject: str, run_id: str, sealed: Mapping[str, str | None]) -> list[str]:
    """Return what of a sealed run is no longer what it was: evidence, page or landed parts; empty when all is."""
    found = []
    for name, column in (("evidence.json", "evidence_sha256"), ("report.html", "report_sha256")):
        if _digest(landing, subject, run_id, name) != sealed[column]:
            found.append(name)
    if "evidence.json" not in found:
        evidence = json.loads(landing.read(subject, run_id, "evidence.json"))
        for part in evidence.get("read", {}).get("parts", []):
            if _digest(landing, subject, run_id, f"landing/{part['name']}") != part["sha256"]:
                found.append(f"landing/{part['name']}")
    return found


def _digest(landing: Landing, subject: str, run_id: str, name: str) -> str | None:
    try:
        return hashlib.sha256(landing.read(subject, run_id, name)).hexdigest()
    except FileNotFoundError:
        return None


def release_evidence(
    contract: Contract,
    run_id: str,
    *,
    release: dict[str, int] | None,
    error: str | None,
    results: list[dict[str, Any]],
    sources: list[dict[str, Any]],
    warnings: list[dict[str, Any]],
    gates: list[dict[str, Any]],
    identity: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the evidence of a dataset's release (number, rows, counts), or of one that was held back (None)."""
    return {
        "kind": "release",
        "subject": contract.dataset,
        "title": f"{contract.title} · " + (f"rilis {release['number']}" if release else "rilis ditahan"),
        "opd": "walidata",
        "owner": None,
        "run_id": run_id,
        "published": release is not None,
        "error": error,
        "dataset": contract.dataset,
        "contract": _contract(contract),
        "release": release,
        "sources": sources,
        "warnings": warnings,
        "gates": gates,
        "identity": identity,
        "results": results,
        "software": _software(),
    }


def _contract(contract: Contract) -> dict[str, str]:
    return {"dataset": contract.dataset, "version": contract.version, "sha256": contract.sha256}


def _read(landed: Batch) -> dict[str, Any]:
    return {**landed.details, "rows": landed.rows, "parts": [asdict(part) for part in landed.parts]}


def _software() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
