"""The model of `schemas/integration/<dataset>.yaml`: which feeds make a dataset, who has the last word."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from schemas.yaml_file import StrictModel, YamlFile


class IntegrationPlan(StrictModel):
    """Sources of a dataset in order of authority: per field, the first that has a value wins."""

    dataset: str
    description: str = ""
    sources: Annotated[list[str], Field(min_length=1)]
    #: another order of authority for single fields; sources left out never supply that field
    fields: dict[str, list[str]] = {}

    def authority(self, field: str) -> list[str]:
        """Return the feed ids that may supply `field`, the strongest first."""
        return self.fields.get(field, self.sources)


def read_integration_plan(path: Path) -> tuple[IntegrationPlan, YamlFile]:
    """Read one plan; raises ConfigurationErrors with file, line, key and fix."""
    file = YamlFile.read(path)
    return file.model(IntegrationPlan), file
