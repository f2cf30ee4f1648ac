"""The model of `schemas/integration/<dataset>.yaml`: which feeds make a dataset, who has the last word, and why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from schemas.yaml_file import StrictModel, YamlFile

#: what decides between the other sources where the first has no value: the next in order, the newest, or the most
Silent = Literal["next", "recent", "majority"]


class FieldAuthority(StrictModel):
    """Who has the last word on one field; sources left out never supply it."""

    sources: Annotated[list[str], Field(min_length=1)]
    #: law, regulation or agreement by which the first source has the last word
    ground: str = ""
    silent: Silent = "next"
    #: majority: values count as one when they differ by no more: a share of the value (0.1), or days of a date
    tolerance: float = Field(default=0, ge=0)


def _as_authority(value: Any) -> Any:
    return {"sources": value} if isinstance(value, list) else value


class PersonFields(StrictModel):
    """Which fields of a dataset name a resident, by what they hold."""

    nik: str
    name: str
    birth_date: str | None = None
    sex: str | None = None
    address: str | None = None
    region: str | None = None
    mother: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """Return what is held → field, of those that the dataset has."""
        return {what: field for what, field in self if field is not None}


class Gates(StrictModel):
    """Bounds of a release: outside them it is held back. Shares are percentages of a feed's rows, or of the release."""

    #: a release may be smaller than the one before it by so much
    max_shrink_pct: float = Field(default=5, ge=0, le=100)
    #: rows of a feed that name a resident by a NIK that is missing, broken or not registered
    max_unidentified_pct: float = Field(default=20, ge=0, le=100)
    #: rows of a feed that share the dataset's key with another row of it
    max_shared_pct: float = Field(default=10, ge=0, le=100)
    #: entities of which the first source says two things
    max_contradiction_pct: float = Field(default=5, ge=0, le=100)
    #: rows of a feed whose `time` lies in the future
    max_future_pct: float = Field(default=1, ge=0, le=100)


class IntegrationPlan(StrictModel):
    """How a dataset is made of feeds: order of authority, legal ground, identity, gates."""

    dataset: str
    description: str = ""
    #: law, regulation or agreement behind the order of the sources
    ground: str = ""
    #: in order of authority; the first has the last word
    sources: Annotated[list[str], Field(min_length=1)]
    silent: Silent = "next"
    #: the field that says when a row was true, for `recent`; without it the time at which the hub saw the row change
    time: str | None = None
    #: another order of authority for single fields
    fields: dict[str, Annotated[FieldAuthority, BeforeValidator(_as_authority)]] = {}
    #: fields that change without news: they are published, and neither make a version nor an entry of the change feed
    volatile: list[str] = []
    #: the fields by which a row names a resident
    person: PersonFields | None = None
    #: the sources whose rows make an entity; others only add to one. Without it every source does
    register_: list[str] = Field(default=[], alias="register")
    gates: Gates = Gates()
    #: datasets whose new release makes this one anew: its rows name residents whom it may know only now
    after: list[str] = []

    def authority(self, field: str) -> FieldAuthority:
        """Return who may supply `field`, the strongest first, and what decides when that one is silent."""
        return self.fields.get(field) or FieldAuthority(sources=self.sources, ground=self.ground, silent=self.silent)


def register_plan(plans: Iterable[IntegrationPlan]) -> IntegrationPlan | None:
    """Return the plan of the register of people, whom the rows of other datasets name; None where there is none."""
    return next((plan for plan in plans if plan.register_), None)


def read_integration_plan(path: Path) -> tuple[IntegrationPlan, YamlFile]:
    """Read one plan; raises ConfigurationErrors with file, line, key and fix."""
    file = YamlFile.read(path)
    return file.model(IntegrationPlan), file
