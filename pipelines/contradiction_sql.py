"""The statements of a rule across datasets: what it finds, which findings are new, and which are gone."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from schemas.catalogue import Catalogue
from schemas.errors import ConfigurationError
from schemas.rule import Rule
from schemas.rule_check import RuleConditions, rule_conditions
from schemas.rule_condition import Condition
from store.database import comma
from store.tables import hub_table

#: keys only: a provenance of 20 fields is larger than the rest of a row
FIND = """
    CREATE TEMPORARY TABLE found ON COMMIT DROP AS
        SELECT DISTINCT ON ({key}, {other}) {key} AS key, {other} AS other, {keys} FROM {records} WHERE {conditions}
        ORDER BY {key}, {other}, {order}
"""
#: what is found no more closes, and what is new opens with all that is told of it
KEEP = """
    WITH closed AS (
        UPDATE control.contradiction c SET closed_run = %(run)s, closed_at = clock_timestamp()
        WHERE c.rule = %(rule)s AND c.closed_at IS NULL AND (
            c.dataset <> %(dataset)s OR coalesce(c.other_dataset, %(other)s) IS DISTINCT FROM %(other)s OR NOT EXISTS (
                SELECT FROM found f WHERE f.key = c.key AND coalesce(f.other, '') = coalesce(c.other_key, '')))
        RETURNING 1),
    opened AS (
        INSERT INTO control.contradiction
            (rule, severity, dataset, key, other_dataset, other_key, opd, feed, shown, found_run)
        SELECT %(rule)s, %(severity)s, %(dataset)s, f.key, CASE WHEN f.other IS NOT NULL THEN %(other)s END, f.other,
               split_part(coalesce({supplier}, %(first_source)s), '.', 1), {supplier}, jsonb_build_object({shown}),
               %(run)s
        FROM (SELECT * FROM found WHERE NOT EXISTS (
            SELECT FROM control.contradiction c
            WHERE c.rule = %(rule)s AND c.closed_at IS NULL AND c.dataset = %(dataset)s AND c.key = found.key
              AND coalesce(c.other_key, '') = coalesce(found.other, '')
              AND coalesce(c.other_dataset, '') = CASE WHEN found.other IS NULL THEN '' ELSE %(other)s END)) f
        {details}
        RETURNING 1)
    SELECT (SELECT count(*) FROM found) AS found, (SELECT count(*) FROM opened) AS opened,
           (SELECT count(*) FROM closed) AS closed
"""
#: a record that waits in quarantine is not missing: its supplier has been told already
WAITING = "NOT EXISTS (SELECT FROM waiting w WHERE w.feed = ANY ({feeds}) AND w.key = {key})"
TRUE = sql.SQL("true")


@dataclass(frozen=True)
class RuleSql:
    """A rule's two statements; `keep` works on the temporary table that `find` makes.

    They take the parameters run and today beside `params`.
    """

    find: tuple[str, dict[str, sql.Composable]]
    keep: tuple[str, dict[str, sql.Composable]]
    params: dict[str, str | None]
    #: dataset → fields that its table must have
    fields: dict[str, set[str]]


def rule_sql(rule: Rule, catalogue: Catalogue) -> RuleSql:
    """Write the statements of a rule; raises ConfigurationError where a dataset has no plan."""
    conditions = rule_conditions(rule, catalogue.contracts, catalogue.codelists)
    corrected = rule.records[rule.correct.record]
    if corrected not in catalogue.plans:
        raise ConfigurationError(f"no plan for dataset '{corrected}'", where=rule.rule, fix="see: opdhub check")
    first, other = _key(rule.first), _key(rule.other) if rule.other else sql.SQL("NULL::text")
    origin = sql.SQL("{} -> {} ->> 0").format(
        sql.Identifier(rule.correct.record, "_provenance"), sql.Literal(rule.correct.field)
    )
    find: dict[str, sql.Composable] = {
        "key": first,
        "other": other,
        "keys": comma([sql.SQL("{} AS {}").format(_key(name), _found(name)) for name in rule.joined]),
        "order": comma([_key(name) for name in rule.joined]),
        "records": _records(rule, conditions),
        "conditions": sql.SQL(" AND ").join([TRUE, *_where(rule, conditions, catalogue)]),
    }
    keep: dict[str, sql.Composable] = {
        "supplier": sql.SQL("({})").format(origin),
        "shown": comma([item for place in rule.show for item in _shown(place)]),
        "details": sql.SQL(" ").join(
            sql.SQL("LEFT JOIN {} AS {} ON {} = f.{}").format(
                hub_table(rule.records[name]).identifier, sql.Identifier(name), _key(name), _found(name)
            )
            for name in rule.joined
        ),
    }
    params = {
        "rule": rule.rule,
        "severity": rule.severity,
        "dataset": rule.dataset,
        "other": rule.records[rule.other] if rule.other else None,
        "first_source": catalogue.plans[corrected].authority(rule.correct.field).sources[0],
    }
    return RuleSql((FIND, find), (KEEP, keep), params, _fields(rule, conditions))


def _key(name: str) -> sql.Identifier:
    return sql.Identifier(name, "_key")


def _found(name: str) -> sql.Identifier:
    """Return the column of `found` that holds a record's key."""
    return sql.Identifier(f"of_{name}")


def _records(rule: Rule, conditions: RuleConditions) -> sql.Composable:
    there = [name for name in rule.joined if name not in rule.or_absent]
    tables = {
        name: sql.SQL("{} AS {}").format(hub_table(d).identifier, sql.Identifier(name))
        for name, d in rule.records.items()
    }
    joined = sql.SQL(" CROSS JOIN ").join(tables[name] for name in there)
    for name in rule.or_absent:
        ties = [_text(one) for one in conditions.lacking[name] if one.tie]
        joined += sql.SQL(" LEFT JOIN {} ON {}").format(tables[name], sql.SQL(" AND ").join([TRUE, *ties]))
    return joined


def _where(rule: Rule, conditions: RuleConditions, catalogue: Catalogue) -> list[sql.Composable]:
    where: list[sql.Composable] = [_text(one) for one in conditions.joined]
    for name in rule.absent:
        inner = sql.SQL(" AND ").join(_text(one) for one in conditions.lacking[name])
        table = hub_table(rule.records[name]).identifier
        where.append(sql.SQL("NOT EXISTS (SELECT FROM {} AS {} WHERE {})").format(table, sql.Identifier(name), inner))
        where += _lacking(rule, name, conditions.lacking[name], catalogue)
    for name in rule.or_absent:
        hold = [_text(one) for one in conditions.lacking[name] if not one.tie]
        missing: list[sql.Composable] = [sql.SQL("{} IS NULL").format(_key(name))]
        missing += _lacking(rule, name, conditions.lacking[name], catalogue)
        there = sql.SQL(" AND ").join([sql.SQL("{} IS NOT NULL").format(_key(name)), *hold])
        where.append(sql.SQL("({} OR ({}))").format(there, sql.SQL(" AND ").join(missing)))
    return where


def _lacking(rule: Rule, name: str, conditions: tuple[Condition, ...], catalogue: Catalogue) -> list[sql.Composable]:
    """Return what else must hold before a record counts as missing: it was looked for, and does not wait."""
    needed = {place for one in conditions for place in one.needs if place[0] != name}
    found: list[sql.Composable] = [sql.SQL("{} IS NOT NULL").format(sql.Identifier(*place)) for place in sorted(needed)]
    dataset = rule.records[name]
    key, plan = catalogue.contracts[dataset].key, catalogue.plans.get(dataset)
    wanted = [text for one in conditions if (text := one.opposite(name, key[0])) is not None]
    if plan is not None and len(key) == 1 and wanted:
        feeds = sql.Literal(plan.register_ or plan.sources)
        found.append(sql.SQL(WAITING).format(feeds=feeds, key=sql.SQL(wanted[0])))
    return found


def _text(condition: Condition) -> sql.Composable:
    """Return a condition as SQL; every word of it is of `schemas.rule_words`."""
    return sql.SQL(condition.sql)


def _shown(place: str) -> tuple[sql.Composable, sql.Composable]:
    record, _, field = place.partition(".")
    return sql.Literal(place), sql.Identifier(record, field)


def _fields(rule: Rule, conditions: RuleConditions) -> dict[str, set[str]]:
    every = [*conditions.joined, *(one for some in conditions.lacking.values() for one in some)]
    places = {place for one in every for place in one.places}
    places |= {(record, field) for record, _, field in (place.partition(".") for place in rule.show)}
    fields: dict[str, set[str]] = {dataset: {"_key"} for dataset in rule.datasets}
    for record, field in places:
        fields[rule.records[record]].add(field)
    return fields
