"""The model of `consumers/<opd>.yaml`: who may read which columns, for what purpose, until when."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

from pydantic import Field

from schemas.yaml_file import StrictModel, YamlFile


class Grant(StrictModel):
    """One dataset that a consumer reads; personal columns are masked unless named here."""

    dataset: str
    unmasked: list[str] = []


class Consumer(StrictModel):
    """A department's system that reads integrated datasets; `id` is the file's name."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    #: lawful purpose of the reading (UU 27/2022)
    purpose: str = Field(min_length=10)
    until: dt.date
    grants: Annotated[list[Grant], Field(min_length=1)]

    @property
    def role(self) -> str:
        """The consumer's role in PostgreSQL."""
        return f"opd_{self.id}"


def read_consumer(path: Path) -> tuple[Consumer, YamlFile]:
    """Read one consumer; raises ConfigurationErrors with file, line, key and fix."""
    file = YamlFile.read(path)
    file.content["id"] = path.stem
    return file.model(Consumer), file
