"""Check a staged release: the contract's rules on every row that was made of several sources, and the set rules."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from pipelines.validate.checks import UNIQUE_KEY, Check, enough_rows, release_checks
from pipelines.validate.engine import RowEngine, check_table
from pipelines.validate.results import Results
from pipelines.validate.rows import to_frame
from pipelines.workspace import Workspace
from schemas.contract import Contract
from store.database import execute
from store.tables import TableName


def validate_release(
    workspace: Workspace, contract: Contract, table: TableName, today: dt.date, is_whole: bool
) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
    """Return one dictionary a check, and by rule the keys of the staged rows that break an error rule.

    Each source row was checked when its feed was published; here are the rows that several of them made together.
    """
    results = Results()
    broken: dict[str, list[str]] = {}
    enough = [enough_rows(1)] if is_whole else []
    results.add(check_table(workspace.database.url, table.schema, table.name, [UNIQUE_KEY, *enough]))
    checks = release_checks(contract, today)
    if checks:
        engine = RowEngine(checks)
        columns = [name for check in checks for name in check.columns]
        for part in workspace.database.parts(table.identifier, columns):
            outcomes = engine.run(to_frame(part, columns))
            results.add(outcomes)
            keys = part.column("_key")
            for outcome in outcomes:
                if outcome.rows:
                    found = [keys[row].as_py() for row in outcome.rows]
                    broken.setdefault(_rule(outcome.check), []).extend(found)
    return results.as_json(), broken


def keep_last_good(connection: sa.Connection, staging: TableName, table: TableName, keys: list[str]) -> int:
    """Put in the place of broken staged rows what is published of their entity; return how many have nothing.

    Such an entity is not in the release: it was never right.
    """
    names = {"staging": staging.identifier, "table": table.identifier}
    params = {"keys": keys}
    execute(connection, "DELETE FROM {staging} WHERE _key = ANY (%(keys)s)", params, **names)
    columns = ", ".join(
        f'"{column["name"]}"' for column in sa.inspect(connection).get_columns(staging.name, staging.schema)
    )
    kept = execute(
        connection,
        f"INSERT INTO {{staging}} ({columns}) SELECT {columns} FROM {{table}} WHERE _key = ANY (%(keys)s)",  # noqa: S608
        params,
        **names,
    )
    return len(set(keys)) - kept.rowcount


def _rule(check: Check) -> str:
    return f"{check.field}: {check.id}" if check.field else check.id
