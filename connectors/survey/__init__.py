"""What a live source holds: structure and a sample of every table, resource or group of files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from connectors.survey.model import Survey, SurveyColumn, SurveyTable

if TYPE_CHECKING:
    from connectors.connection import Connection

__all__ = ["Survey", "SurveyColumn", "SurveyTable", "survey"]

SQL_KINDS = ("mysql", "postgres", "sqlite", "mssql", "oracle")


def _silent(done: int, total: int | None) -> None:
    """Tell nobody."""


def survey(
    connection: Connection,
    *,
    only: Sequence[str] = (),
    paths: Sequence[str] = (),
    sample_rows: int = 200,
    progress: Callable[[int, int | None], None] = _silent,
) -> Survey:
    """Look at a source: read only, with a sample of `sample_rows` rows each, and never a whole table.

    `only` names tables, resources or file patterns (with * for any text); `paths` names resources of an API that
    no document tells of. progress is told how many are done, and of how many. A table that cannot be sampled stays
    in the survey with its `problem`.

    Raises:
        RefusedError: the source refused the credentials.
        RetryLaterError: the source does not answer.
        ConfigurationError: the connection lacks something, or nothing fits a name of `only`.

    """
    if connection.kind in SQL_KINDS:
        from connectors.survey.sql import survey_sql

        return survey_sql(connection, only=only, sample_rows=sample_rows, progress=progress)
    if connection.kind == "http":
        from connectors.survey.rest import survey_rest

        return survey_rest(connection, only=only, paths=paths, sample_rows=sample_rows, progress=progress)
    from connectors.survey.files import survey_files

    return survey_files(connection, only=only, sample_rows=sample_rows, progress=progress)
