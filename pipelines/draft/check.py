"""Whether a draft passes the catalogue's check, as soon as its feeds are ranked."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.draft.model import Draft
from schemas.application import read_application
from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError, ConfigurationErrors

if TYPE_CHECKING:
    from schemas.integration_plan import IntegrationPlan


def mistakes(draft: Draft, catalogue: Catalogue) -> list[ConfigurationError]:
    """Return what `opdhub check` would say of the draft's file, put in the place of the application that has its id.

    Its feeds count as ranked: that line stands in another file, which the draft's first lines name.
    """
    opd, _, app = draft.app_id.partition(".")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / opd / f"{app}.yaml"
        path.parent.mkdir()
        path.write_text(draft.yaml, encoding="utf-8")
        try:
            application, file = read_application(path)
        except ConfigurationErrors as several:
            return list(several.errors)
        except ConfigurationError as error:
            return [error]
        changed = replace(
            catalogue,
            applications=catalogue.applications | {draft.app_id: application},
            files=catalogue.files | {draft.app_id: file},
            plans={name: _ranked(plan, draft) for name, plan in catalogue.plans.items()},
        )
        return [error for error in changed.contradictions() if error.where.startswith(folder)]


def _ranked(plan: IntegrationPlan, draft: Draft) -> IntegrationPlan:
    own = [f"{draft.app_id}.{feed.name}" for feed in draft.feeds if feed.active and feed.dataset == plan.dataset]
    others = [source for source in plan.sources if source.rpartition(".")[0] != draft.app_id]
    return plan.model_copy(update={"sources": [*others, *own]})
