"""Errors named by what the caller must do, each with the problem, the place and the fix."""

from __future__ import annotations

import re

from schemas.change import SchemaChange
from schemas.masking import mask_id


def without_numbers(text: str) -> str:
    """Return a message in which 12 or more digits in a row, which may be somebody's number, are starred."""
    return re.sub(r"\d{12,}", lambda match: mask_id(match[0]), text)


class HubError(Exception):
    """The base of every error that a person reads: what is wrong, where, and how to mend it."""

    def __init__(self, problem: str, *, where: str = "", fix: str = "") -> None:
        """Keep the three parts; `str()` joins them into one line."""
        problem, where, fix = without_numbers(problem), where, without_numbers(fix)
        self.problem, self.where, self.fix = problem, where, fix
        place = f"{where}: " if where else ""
        mend = f"{'' if problem.endswith(('.', '?')) else '.'} Fix: {fix}" if fix else ""
        super().__init__(f"{place}{problem}{mend}")


class RetryLaterError(HubError):
    """The source or a service did not answer; the same call may succeed later."""


class RefusedError(HubError):
    """The source refused the credentials: never try again, or the account gets locked."""


class ConfigurationError(HubError):
    """A file of the catalogue, a connection or a setting is wrong: somebody must mend it."""


class DriftError(HubError):
    """The source no longer has the table or columns that its YAML describes; `changes` are those to be accepted."""

    def __init__(self, problem: str, *, where: str = "", fix: str = "", changes: tuple[SchemaChange, ...] = ()) -> None:
        """Keep the changes beside the text."""
        self.changes = changes
        super().__init__(problem, where=where, fix=fix)


class GateError(HubError):
    """The data arrived but must not be published: a gate or the row account failed."""


class ConfigurationErrors(ConfigurationError):
    """Several mistakes of one check, told together."""

    def __init__(self, errors: list[ConfigurationError]) -> None:
        """Keep the single errors; `str()` puts each on a line of its own."""
        self.errors = errors
        super().__init__("\n".join(str(error) for error in errors))
