"""The structure of a PostgreSQL database, from pg_catalog: four queries, for servers since 9.3."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from connectors.survey.model import SurveyColumn, SurveyTable
from connectors.survey.sql_catalog import Found, feed_keys

# partitions are read through their parent; what belongs to an extension (spatial_ref_sys) is not the application's
TABLES = """
SELECT c.oid, n.nspname, c.relname, CAST(c.relkind AS text), c.reltuples, obj_description(c.oid, 'pg_class'),
       n.nspname = COALESCE(current_schema(), 'public')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT {is_partition}
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d
                  WHERE d.classid = CAST('pg_class' AS regclass) AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
"""
COLUMNS = """
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), t.typname, NOT a.attnotnull,
       col_description(a.attrelid, a.attnum),
       (SELECT string_agg(quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder)
        FROM pg_enum e WHERE e.enumtypid = t.oid)
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = ANY(CAST(:oids AS oid[])) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""
KEYS = """
SELECT indrelid, indisprimary, CAST(indkey AS text), {key_columns}
FROM pg_index
WHERE indrelid = ANY(CAST(:oids AS oid[])) AND indisunique AND indisvalid AND indpred IS NULL AND indexprs IS NULL
ORDER BY indrelid, indexrelid
"""
REFERENCES = """
SELECT conrelid, conkey, confrelid, confkey
FROM pg_constraint WHERE conrelid = ANY(CAST(:oids AS oid[])) AND contype = 'f' ORDER BY conrelid, conname
"""


def describe_postgres(opened: sa.Connection) -> list[Found]:
    """Return the tables and views of every schema that is not the server's own."""
    version = opened.dialect.server_version_info or (10,)
    since_10, since_11 = version >= (10,), version >= (11,)
    tables = _ask(opened, TABLES.format(is_partition="c.relispartition" if since_10 else "false"))
    asked = {"oids": [row[0] for row in tables]}
    columns, kinds = defaultdict[int, dict[int, SurveyColumn]](dict), defaultdict[int, dict[str, str]](dict)
    for oid, number, name, declared, type_, nullable, comment, codes in _ask(opened, COLUMNS, asked):
        declared = f"enum({codes})" if codes else declared
        columns[oid][number] = SurveyColumn(name, declared, nullable, comment or "")
        kinds[oid][name] = "binary" if type_ == "bytea" else "other"
    primary, unique = dict[int, tuple[str, ...]](), defaultdict[int, list[tuple[str, ...]]](list)
    # columns that an index merely carries along (INCLUDE) stand behind those of the key
    for oid, is_primary, numbers, count in _ask(
        opened, KEYS.format(key_columns="indnkeyatts" if since_11 else "indnatts"), asked
    ):
        key = tuple(columns[oid][int(number)].name for number in numbers.split()[:count] if int(number) > 0)
        if is_primary:
            primary[oid] = key
        elif key:
            unique[oid].append(key)
    names = {row[0]: row[2] if row[6] else f"{row[1]}.{row[2]}" for row in tables}
    references = defaultdict[int, list[tuple[str, str]]](list)
    for oid, own, other, others in _ask(opened, REFERENCES, asked):
        for number, at in zip(own, others, strict=True):
            if other in names:
                references[oid].append((columns[oid][number].name, f"{names[other]}.{columns[other][at].name}"))
    found = []
    for oid, schema, name, kind, rows, comment, is_own in tables:
        beside = None if is_own else schema
        described = SurveyTable(
            names[oid],
            "view" if kind in "vm" else "table",
            tuple(columns[oid].values()),
            int(rows) if rows >= 0 and kind not in "vf" else None,
            primary.get(oid, ()),
            tuple(unique[oid]),
            tuple(references[oid]),
            comment or "",
            feed_keys(name, beside),
        )
        found.append(Found(described, name, beside, kinds[oid], oid in primary))
    return found


def _ask(opened: sa.Connection, statement: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    return list(map(tuple, opened.execute(sa.text(statement), parameters or {})))
