"""What SQL Server and Oracle compile: no free server of them is at hand."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, oracle

from connectors.drift import FeedPlace
from connectors.reading import Demand
from connectors.sql_plan import make_plan
from connectors.sql_table import Described, SqlColumn
from schemas.errors import ConfigurationError
from tests.connectors.helpers import application


def compiled(dialect: sa.Dialect, after: tuple[str, ...], limit: int | None, **demand: Any) -> str:
    app = application(
        "sql", {"table": "warga", "map": ["nik", "b"], "cursor": {"column": "tgl"}, "where": {"b": ["x"]}}
    )
    feed: Any = app.feeds["warga"]
    place = FeedPlace.of(app, "warga", feed)
    columns = {
        "nik": SqlColumn("number", "", "number", True),
        "b": SqlColumn("other", "", "text", True),
        "tgl": SqlColumn("date", "", "date", True),
    }
    described = Described(columns, ("nik", "b", "tgl"), None, True)
    found = place.columns(dict.fromkeys(columns, ""), "table")
    plan = make_plan(place, feed, described, found, Demand(**demand), dialect, is_keyed=True)
    return " ".join(plan.text(after, limit).split())


def test_sql_server_compiles_keyset_window_and_chunk() -> None:
    text = compiled(mssql.dialect(), ("7", "Ç", "2024-01-31T10:00:00"), 500, since="2024-01-01")
    assert text.startswith("SELECT TOP 500 CAST(warga.nik AS NVARCHAR(max)) AS nik")
    assert "(warga.tgl >= '2024-01-01' OR warga.tgl IS NULL OR CAST(warga.tgl AS DATETIME2) < '0001-01-02')" in text
    assert "warga.nik >= 7 AND (warga.nik > 7 OR warga.nik = 7 AND warga.b > N'Ç'" in text
    assert "warga.b = N'Ç' AND warga.tgl > '2024-01-31T10:00:00')" in text
    assert text.endswith("ORDER BY warga.nik, warga.b, warga.tgl")


def test_oracle_compiles_keyset_window_and_chunk() -> None:
    text = compiled(oracle.dialect(), ("7", "a'b", "2024-01-31 10:00:00"), 500, since="2024-01-01", until="2024-02-01")
    assert "warga.tgl >= to_date('2024-01-01', 'YYYY-MM-DD') AND warga.tgl <= to_date('2024-02-01'" in text
    assert "warga.b > 'a''b'" in text
    assert "warga.tgl > to_date('2024-01-31 10:00:00', 'YYYY-MM-DD HH24:MI:SS')" in text
    assert "ORDER BY warga.nik, warga.b, warga.tgl" in text
    assert "500" in text


@pytest.mark.parametrize("dialect", [mssql.dialect(), oracle.dialect()])
def test_query_is_wrapped_and_unknown_columns_need_freeze(dialect: Any) -> None:
    query = "SELECT nik, 'a:b' AS b FROM x.dbo.warga"
    app = application("sql", {"query": query, "map": ["nik", "b"], "drift": "evolve"})
    feed: Any = app.feeds["warga"]
    place = FeedPlace.of(app, "warga", feed)
    described = Described({"nik": SqlColumn("number"), "b": SqlColumn()})
    found = place.columns({"nik": "", "b": ""}, "the query")
    plan = make_plan(place, feed, described, found, Demand(), dialect, is_keyed=True)
    assert plan.text().endswith(f"FROM (\n{query}\n) opdhub_query")
    more = place.columns({"nik": "", "b": "", "baru": ""}, "the query")
    with pytest.raises(ConfigurationError, match="drift: freeze only"):
        make_plan(place, feed, described, more, Demand(), dialect, is_keyed=True)
