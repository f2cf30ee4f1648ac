"""A rule across datasets, held against the contracts: records, fields, conditions, and what ties the records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from schemas.codelist import Codelist
from schemas.contract import Contract
from schemas.errors import ConfigurationError
from schemas.rule import Rule
from schemas.rule_condition import Condition, read_condition
from schemas.yaml_file import Loc, YamlFile, suggest


@dataclass(frozen=True)
class RuleConditions:
    """The conditions of a rule by what they decide."""

    #: between the records that are there
    joined: tuple[Condition, ...]
    #: of each record that may not be there, or that may be missing
    lacking: Mapping[str, tuple[Condition, ...]]


def rule_conditions(rule: Rule, contracts: Mapping[str, Contract], codelists: Mapping[str, Codelist]) -> RuleConditions:
    """Return the conditions of a rule that `rule_errors` has nothing against."""
    of_records = {name: contracts[dataset] for name, dataset in rule.records.items()}
    read = [condition for text in rule.where for condition in read_condition(text, of_records, codelists)]
    may_lack = [*rule.absent, *rule.or_absent]
    lacking = {name: tuple(one for one in read if name in one.records) for name in may_lack}
    return RuleConditions(tuple(one for one in read if not one.records & set(may_lack)), lacking)


def rule_errors(
    rule: Rule,
    contracts: Mapping[str, Contract],
    codelists: Mapping[str, Codelist],
    unread: Set[str],
    file: YamlFile,
) -> Iterator[ConfigurationError]:
    """Yield what is wrong with a rule; `unread` are datasets whose contract could not be read, told there."""
    if rule.datasets & unread:
        return
    unknown = [
        file.error(f"no dataset '{dataset}'", ("records", name), suggest(dataset, set(contracts)))
        for name, dataset in rule.records.items()
        if dataset not in contracts
    ]
    if unknown:
        yield from unknown
        return
    if misnamed := list(_name_errors(rule, file)):  # what else is wrong would follow from it
        yield from misnamed
        return
    yield from _field_errors(rule, contracts, file)
    of_records = {name: contracts[dataset] for name, dataset in rule.records.items()}
    read, errors = [], []
    for number, text in enumerate(rule.where):
        try:
            found = read_condition(text, of_records, codelists)
        except ConfigurationError as error:
            errors.append(file.error(error.problem, ("where", number), error.fix))
            continue
        read += found
        lacking = sorted(frozenset().union(*(one.records for one in found)) & {*rule.absent, *rule.or_absent})
        if len(lacking) > 1:
            problem = f"speaks of two records that are not there: {', '.join(lacking)}"
            errors.append(file.error(problem, ("where", number), "each has conditions of its own"))
    yield from errors or _tie_errors(rule, read, file)


def _name_errors(rule: Rule, file: YamlFile) -> Iterator[ConfigurationError]:
    for key, names in (("absent", rule.absent), ("or_absent", rule.or_absent)):
        for number, name in enumerate(names):
            if name not in rule.records:
                yield file.error(f"no record '{name}'", (key, number), suggest(name, set(rule.records)))
            elif name == rule.first:
                problem = f"'{name}' is the record in question, which is there"
                yield file.error(problem, (key, number), "name another record")
    for name in sorted(set(rule.absent) & set(rule.or_absent)):
        yield file.error(f"'{name}' stands under or_absent too", ("absent",), "keep one of them")


def _field_errors(rule: Rule, contracts: Mapping[str, Contract], file: YamlFile) -> Iterator[ConfigurationError]:
    places: list[tuple[str, str, Loc, Loc]] = [
        (rule.correct.record, rule.correct.field, ("correct", "record"), ("correct", "field"))
    ]
    for number, place in enumerate(rule.show):
        record, _, name = place.partition(".")
        places.append((record, name, ("show", number), ("show", number)))
    for record, name, at_record, at_field in places:
        there = [item for item in rule.joined if at_record[0] == "show" or item not in rule.or_absent]
        if record not in there:
            problem = f"'{record}' is not there" if record in rule.records else f"no record '{record}'"
            yield file.error(problem, at_record, suggest(record, there))
            continue
        contract = contracts[rule.records[record]]
        if contract.field(name) is None:
            fix = suggest(name, {item.name for item in contract.fields})
            yield file.error(f"contract {contract.dataset} has no field '{name}'", at_field, fix)


def _tie_errors(rule: Rule, conditions: list[Condition], file: YamlFile) -> Iterator[ConfigurationError]:
    """Yield records that no equality ties to the others: each of them would be held against every row."""
    lacking = {*rule.absent, *rule.or_absent}
    tied = {rule.first}
    ties = [one.tie for one in conditions if one.tie]
    for _ in rule.records:  # a record that is not there ties no others to each other
        tied |= {name for tie in ties if tie & (tied - lacking) for name in tie}
    for name in rule.records:
        if name not in tied:
            fix = f"add a condition such as {rule.first}.nik = {name}.nik"
            yield file.error("no equality ties it to the others", ("records", name), fix)
