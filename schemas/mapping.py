"""The closed vocabulary that says how one contract field is made of source columns."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from schemas.yaml_file import StrictModel


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


TextList = Annotated[list[str], BeforeValidator(_as_list)]


def _as_text(value: Any) -> Any:
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, dict) else value


class Lookup(StrictModel):
    """A code list, and the codes that mean something else in this one system."""

    list_: str = Field(alias="list")
    codes: Annotated[dict[str, str], BeforeValidator(_as_text)] = {}


class Split(StrictModel):
    """Cut a text at a separator and take one part, counted from 1."""

    by: str
    part: int = Field(ge=1)


def _as_lookup(value: Any) -> Any:
    return {"list": value} if isinstance(value, str) else value


class FieldMap(StrictModel):
    """How one contract field is made: one origin, then the steps that apply to its text.

    Origins: `column`, `columns` (with `template` or `join`), `coalesce`, `literal`.
    Steps, in this order: `null_values`, `split`, `lookup`, and `format` for the value type.
    """

    column: str | None = None
    columns: list[str] | None = None
    coalesce: list[str] | None = None
    literal: str | None = None
    template: str | None = None
    join: str | None = None
    null_values: TextList = []
    split: Split | None = None
    lookup: Annotated[Lookup | None, BeforeValidator(_as_lookup)] = None
    format: TextList = []

    @model_validator(mode="after")
    def _one_origin(self) -> FieldMap:
        origins = [self.column, self.columns, self.coalesce, self.literal]
        if sum(origin is not None for origin in origins) != 1:
            raise ValueError("has no single origin; give exactly one of column, columns, coalesce, literal")
        if self.columns is not None and (self.template is None) == (self.join is None):
            raise ValueError("columns needs either template or join; give one of them")
        if self.columns is None and (self.template or self.join):
            raise ValueError("template and join need columns; write columns: [a, b]")
        if self.columns is not None and self.template is not None:
            try:
                self.template.format(*self.columns)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                raise ValueError(
                    f"template does not fit {len(self.columns)} columns ({error}); number them {{0}}, {{1}}"
                ) from error
        return self

    @property
    def sources(self) -> list[str]:
        """The source columns this field reads, in order."""
        if self.column is not None:
            return [self.column]
        return list(self.columns or self.coalesce or [])


def _as_field_map(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


FieldMapping = Annotated[FieldMap, BeforeValidator(_as_field_map)]
