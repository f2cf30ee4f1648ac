"""What a plan says, held against its contract and the feeds that supply the dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from graphlib import CycleError, TopologicalSorter

from schemas.contract import Contract
from schemas.errors import ConfigurationError
from schemas.feed import Feed
from schemas.integration_plan import IntegrationPlan
from schemas.yaml_file import Loc, YamlFile, suggest


def plan_errors(
    plan: IntegrationPlan, contract: Contract, feeds: Mapping[str, Feed], unread: Set[str], file: YamlFile
) -> Iterator[ConfigurationError]:
    """Yield what is wrong with a plan.

    `feeds` are all of the catalogue; `unread` are applications and datasets whose files could not be read:
    that they are missing is told there.
    """
    supplying = {name for name, feed in feeds.items() if feed.dataset == plan.dataset}
    homeless = {name for name, feed in feeds.items() if feed.dataset in unread}
    for number, source in enumerate(plan.sources):
        if source not in supplying | homeless and source.rpartition(".")[0] not in unread:
            fix = suggest(source, supplying) if supplying else "name a feed whose dataset is this one"
            yield file.error(f"no feed '{source}' supplies {plan.dataset}", ("sources", number), fix)
    for feed in sorted(supplying - set(plan.sources)):
        yield file.error(f"feed '{feed}' is not ranked", ("sources",), f"add '- {feed}'")
    if not plan.ground.strip():
        fix = "add 'ground:', the law or agreement by which the first source has the last word"
        yield file.error("is missing", ("ground",), fix)
    for number, source in enumerate(plan.sources):
        if source in plan.sources[:number]:
            yield file.error(f"'{source}' stands twice", ("sources", number), "rank each source once")
    yield from _authority_errors(plan, contract, file)
    yield from _field_errors(plan, contract, file)
    for number, source in enumerate(plan.register_):
        if source not in plan.sources:
            yield file.error(f"'{source}' is not a source", ("register", number), suggest(source, set(plan.sources)))


def order_errors(
    plan: IntegrationPlan, plans: Mapping[str, IntegrationPlan], file: YamlFile
) -> Iterator[ConfigurationError]:
    """Yield what is wrong with the datasets after which one is integrated: each release starts those that follow."""
    others = set(plans) - {plan.dataset}
    for number, name in enumerate(plan.after):
        if name not in others:
            yield file.error(f"no other dataset '{name}'", ("after", number), suggest(name, others))
    if not plan.after:  # it stands in no circle, and most plans follow none
        return
    try:
        TopologicalSorter({name: other.after for name, other in plans.items()}).prepare()
    except CycleError as error:
        circle = error.args[1]
        if plan.dataset in circle:
            fix = "let one of them not wait: each release would start the others for ever"
            yield file.error(f"datasets follow each other in a circle: {' → '.join(circle)}", ("after",), fix)


def _authority_errors(plan: IntegrationPlan, contract: Contract, file: YamlFile) -> Iterator[ConfigurationError]:
    for name, authority in plan.fields.items():
        if name in contract.key:
            fix = f"remove '{name}': whom a row names, the identity decides"
            yield file.error("a field of the key has no order of its own", ("fields", name), fix)
        twice = sorted({source for source in authority.sources if authority.sources.count(source) > 1})
        if twice:
            yield file.error(f"'{twice[0]}' stands twice", ("fields", name), "rank each source once")
        for source in sorted(set(authority.sources) - set(plan.sources)):
            yield file.error(f"'{source}' is not a source", ("fields", name), suggest(source, set(plan.sources)))
        if authority.sources[0] != plan.sources[0] and not authority.ground.strip():
            fix = f"write {{sources: […], ground: …}}: why {authority.sources[0]} has the last word here"
            yield file.error("another source goes first, without a ground", ("fields", name), fix)
        if authority.tolerance and authority.silent != "majority":
            fix = "add 'silent: majority', or remove 'tolerance'"
            yield file.error("only a majority has a tolerance", ("fields", name, "tolerance"), fix)


def _field_errors(plan: IntegrationPlan, contract: Contract, file: YamlFile) -> Iterator[ConfigurationError]:
    """Yield names of fields that the contract does not have, and keys that are said to change without news."""
    names = {item.name for item in contract.fields}
    person = plan.person.named if plan.person else {}
    places: list[tuple[str, Loc]] = [
        *((name, ("fields", name)) for name in plan.fields),
        *((name, ("volatile", number)) for number, name in enumerate(plan.volatile)),
        *((name, ("person", what)) for what, name in person.items()),
        *([(plan.time, ("time",))] if plan.time is not None else []),
    ]
    for name, loc in places:
        if name not in names:
            yield file.error(f"contract has no field '{name}'", loc, suggest(name, names))
    time = contract.field(plan.time) if plan.time else None
    if time is not None and time.type.postgres != "date":
        yield file.error(f"'{time.name}' is not a date", ("time",), "name a date, or leave 'time' out")
    for number, name in enumerate(plan.volatile):
        if name in contract.key:
            problem = f"'{name}' is of the key, which cannot change without news"
            yield file.error(problem, ("volatile", number), f"remove '{name}'")
