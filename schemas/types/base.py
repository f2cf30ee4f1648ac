"""What a value type is: a scalar reference that cleans one text, and the same over a column."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd

#: Texts that real systems send for "no value", compared after strip and lower-case.
MISSING = frozenset({"", "-", "--", "null", "none", "nan", "n/a", "tidak ada", "tdk ada", "belum ada", "kosong"})


class InvalidValueError(ValueError):
    """A text that is not a value of its type; `code` names the problem, e.g. `nik.length`."""

    def __init__(self, code: str) -> None:
        """Keep the problem's code, a key of the type's `problems`."""
        self.code = code
        super().__init__(code)


class DoubtfulValueError(InvalidValueError):
    """A value that can be used but needs a look: `value` is kept, `code` is a warning that travels with it."""

    def __init__(self, value: object, code: str) -> None:
        """Keep the value beside the problem's code; the code's severity must be `warning`."""
        self.value = value
        super().__init__(code)


@dataclass(frozen=True)
class Cleaned:
    """A cleaned column: typed `values` beside `problems`, both with the index of the input.

    A row has a value, or a problem, or neither (the source sent nothing). An error leaves the value missing.
    A warning keeps it where there is one to keep (`DoubtfulValueError`): a bad phone number is a warning
    without a value, a stale region code a warning beside today's code.
    """

    values: pd.Series[Any]
    problems: pd.Series[Any]


@dataclass(frozen=True)
class Problem:
    """What a problem code means to a person; `error` quarantines the row, `warning` travels with it."""

    indonesian: str
    english: str
    severity: str = "error"


class ValueType(ABC):
    """A value type: its name in contracts, how it is stored, and how a text becomes a value."""

    name: ClassVar[str]
    #: pandas dtype of `Cleaned.values`: "str", "Int64", "Float64", "datetime64[s]" or "boolean"
    dtype: ClassVar[str] = "str"
    #: column type in PostgreSQL
    postgres: ClassVar[str] = "text"
    #: logicalType that a contract's property must have
    logical: ClassVar[str] = "string"
    #: problem code -> meaning; every code that `clean` raises stands here
    problems: ClassVar[dict[str, Problem]] = {}

    @abstractmethod
    def clean(self, text: str, formats: Sequence[str] = ()) -> object:
        """Return the value of one stripped, non-missing text, or None where it says "no value" (a zero date).

        Raises InvalidValueError with a code of `problems`, or DoubtfulValueError when a value comes with the
        warning. This is the reference that any faster `clean_column` is tested against.
        """

    def check_formats(self, formats: Sequence[str]) -> None:
        """Raise ConfigurationError for a `format` that this type does not know; most know none."""
        if formats:
            raise ConfigurationError(f"a value of type {self.name} takes no format", fix="remove 'format'")

    def clean_column(self, column: pd.Series[Any], formats: Sequence[str] = ()) -> Cleaned:
        """Clean a column of stripped texts (missing where the source sent nothing).

        Works over the distinct texts only, since most columns repeat themselves.
        """
        import pandas as pd  # 50 MB that an extraction, which reads contracts too, has no use for

        places, texts = pd.factorize(column)
        values: list[object] = []
        problems: list[str | None] = []
        for text in texts:
            value, problem = self._outcome(text, formats)
            values.append(value)
            problems.append(problem)
        # arrays of the final dtype are made from the distinct values: a detour over `map` and float64
        # rounds amounts above 2**53
        typed: Any = pd.array(values, dtype=cast(Any, self.dtype))
        named: Any = pd.array(problems, dtype=cast(Any, "str"))
        return Cleaned(
            pd.Series(typed.take(places, allow_fill=True), index=column.index, name=column.name),
            pd.Series(named.take(places, allow_fill=True), index=column.index),
        )

    def _outcome(self, text: str, formats: Sequence[str]) -> tuple[object, str | None]:
        try:
            return self.clean(text, formats), None
        except DoubtfulValueError as doubt:
            return doubt.value, doubt.code
        except InvalidValueError as error:
            return None, error.code
