"""The model of `schemas/rules/<rule>.yaml`: what records of several datasets must not say together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from schemas.yaml_file import StrictModel, YamlFile

NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def _name(text: str) -> str:
    if not NAME.fullmatch(text):  # an unquoted name of SQL, so that conditions can use it
        raise ValueError(f"'{text}' is no name; use up to 31 of a-z, 0-9 and _, a letter first")
    return text


def _place(text: str) -> str:
    if text.count(".") != 1:
        raise ValueError(f"'{text}' names no field of a record; write <record>.<field>")
    return text


Alias = Annotated[str, AfterValidator(_name)]
#: `<record>.<field>`
Place = Annotated[str, AfterValidator(_place)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Bilingual(StrictModel):
    """A text for people, in both languages."""

    id: Text
    en: Text


class Correct(StrictModel):
    """The field that is to be corrected: who supplied it is told of the finding."""

    record: Alias
    field: str


class Rule(StrictModel):
    """A rule across datasets; what its conditions may say is in `schemas.rule_condition`."""

    rule: str
    title: Bilingual
    #: legal ground, or the demand that the rule serves
    ground: Text
    severity: Literal["error", "warning"]
    #: name in the conditions → dataset. The first is the record in question, the second the one that contradicts it;
    #: further ones connect them
    records: Annotated[dict[Alias, str], Field(min_length=1)]
    #: all must hold; a condition on a field without a value does not
    where: Annotated[list[Text], Field(min_length=1)]
    #: records that are not there
    absent: list[Alias] = []
    #: records that contradict either way: they are there and all conditions hold, or they are not there at all
    or_absent: list[Alias] = []
    correct: Correct
    #: fields told beside the keys
    show: list[Place] = []
    #: what is to be done
    explain: Bilingual

    @model_validator(mode="before")
    @classmethod
    def _no_list_given_empty(cls, content: Any) -> Any:
        """Let `absent:` without a value be none."""
        return content if not isinstance(content, dict) else {k: [] if v is None else v for k, v in content.items()}

    @property
    def dataset(self) -> str:
        """The dataset of the record in question."""
        return self.records[self.first]

    @property
    def first(self) -> str:
        """The name of the record in question."""
        return next(iter(self.records))

    @property
    def other(self) -> str | None:
        """The name of the record that contradicts, unless it is one that is not there."""
        second = next(iter(list(self.records)[1:]), None)
        return None if second in self.absent else second

    @property
    def joined(self) -> list[str]:
        """The names of the records that a finding has, or may have: all but the absent ones."""
        return [name for name in self.records if name not in self.absent]

    @property
    def datasets(self) -> set[str]:
        """Every dataset that the rule looks at."""
        return set(self.records.values())


def read_rule(path: Path) -> tuple[Rule, YamlFile]:
    """Read one rule; raises ConfigurationErrors with file, line, key and fix."""
    file = YamlFile.read(path)
    rule = file.model(Rule)
    if rule.rule != path.stem:
        raise file.error(f"'{rule.rule}' is not the file's name", ("rule",), f"write 'rule: {path.stem}'")
    return rule, file
