"""The catalogue: every application, contract, code list, plan, rule and consumer, checked against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from schemas.application import AnyApplication, read_application
from schemas.application_check import application_errors, feed_errors, register_errors
from schemas.codelist import Codelist, read_codelist
from schemas.consumer import Consumer, read_consumer
from schemas.contract import Contract, ContractField, read_contract
from schemas.errors import ConfigurationError, ConfigurationErrors
from schemas.feed import Feed
from schemas.integration_plan import IntegrationPlan, read_integration_plan, register_plan
from schemas.plan_check import order_errors, plan_errors
from schemas.rule import Rule, read_rule
from schemas.rule_check import rule_errors
from schemas.yaml_file import Loc, YamlFile, suggest

T = TypeVar("T")


class Collect(Protocol):
    """Reads the files of a pattern, with `ids` only these, and keeps the mistakes of those that cannot be read."""

    def __call__(self, pattern: str, read: Callable[[Path], T], ids: set[str] | None) -> Iterator[T]:
        """Yield what was read."""
        ...


@dataclass(frozen=True)
class Catalogue:
    """What the hub knows of the city's data; made by `Catalogue.load` or `Catalogue.read`."""

    applications: dict[str, AnyApplication]
    contracts: dict[str, Contract]
    codelists: dict[str, Codelist]
    plans: dict[str, IntegrationPlan]
    consumers: dict[str, Consumer]
    files: dict[str, YamlFile] = field(repr=False)
    #: ids of files that could not be read: what only follows from that is not reported again
    broken: set[str] = field(default_factory=set, repr=False)
    root: Path = Path()
    #: the rules across datasets that can be run
    rules: dict[str, Rule] = field(default_factory=dict)
    #: what is wrong in the files; `application` and `plan` refuse what a mistake touches
    mistakes: list[ConfigurationError] = field(default_factory=list, repr=False)

    @classmethod
    def load(cls, root: Path) -> Catalogue:
        """Read `applications/`, `consumers/` and `schemas/` below `root` and check them together.

        Raises ConfigurationErrors with every mistake: file, line, key and the likely fix.
        """
        catalogue = cls.read(root)
        if catalogue.mistakes:
            raise ConfigurationErrors(catalogue.mistakes)
        return catalogue

    @classmethod
    def read(cls, root: Path, only: str | None = None) -> Catalogue:
        """Read like `load`, but keep the mistakes: one broken file must not stop the other 98 applications.

        With `only`, the id of an application or a dataset, read no more than a run of it needs: half a second less
        at the start of each of some 500 tasks.
        """
        errors: list[ConfigurationError] = []
        files: dict[str, YamlFile] = {}
        broken: set[str] = set()

        def collect(pattern: str, read: Callable[[Path], T], ids: set[str] | None) -> Iterator[T]:
            for path in sorted(root.glob(pattern)):
                try:
                    if ids is None or _id(path) in ids:
                        yield read(path)
                except ConfigurationError as error:
                    broken.add(_id(path))
                    errors.extend(error.errors if isinstance(error, ConfigurationErrors) else [error])

        applications, plans, consumers = {}, {}, {}
        # a run of an application needs none; that of a dataset also the register's, and those of its rules' records
        wanted: set[str] | None = set() if only is not None and "." in only else None
        for plan, file in collect("schemas/integration/*.yaml", read_integration_plan, wanted):
            plans[plan.dataset] = plan
            if only in (None, plan.dataset):
                files[f"plan:{plan.dataset}"] = file
        ranked = {source.rpartition(".")[0] for source in (plans[only].sources if only in plans else ())}
        wanted = None if only is None else ranked | {only}
        for application, file in collect("applications/*/*.yaml", read_application, wanted):
            applications[application.id] = application
            files[application.id] = file
        supplied = {feed.dataset for application in applications.values() for feed in application.feeds.values()}
        rules = _read_rules(collect, only, files)
        needed = {dataset for rule in rules.values() for dataset in rule.datasets} | supplied
        register = register_plan(plans.values())
        wanted = None if only is None else needed | {only} | ({register.dataset} if register else set())
        contracts = {item.dataset: item for item in collect("schemas/contracts/*.odcs.yaml", read_contract, wanted)}
        lists = {f"codelists.{item.codelist}" for contract in contracts.values() for item in contract.fields}
        wanted = None if only is None else lists
        codelists = {item.name: item for item in collect("schemas/codelists/*.csv", read_codelist, wanted)}
        for consumer, file in collect("consumers/*.yaml", read_consumer, None if only is None else set()):
            consumers[consumer.id] = consumer
            files[f"consumer:{consumer.id}"] = file
        catalogue = cls(applications, contracts, codelists, plans, consumers, files, broken, root, rules, errors)
        errors.extend(catalogue.contradictions())
        _drop_unsound(rules, contracts, broken, errors)
        return catalogue

    def application(self, app_id: str) -> AnyApplication:
        """Return an application.

        Raises ConfigurationError: with the nearest id, or with the mistakes in its file and in the contracts
        and code lists that it uses.
        """
        opd, _, app = app_id.partition(".")
        self._refuse_mistakes({self.root / "applications" / opd / f"{app}.yaml"})
        if app_id not in self.applications:
            raise ConfigurationError(
                f"no application '{app_id}' in the catalogue", fix=suggest(app_id, set(self.applications))
            )
        application = self.applications[app_id]
        feeds: list[Feed] = list(application.feeds.values())
        lists = {how.lookup.list_ for feed in feeds for how in feed.map.values() if how.lookup}
        contracts = {self.root / "schemas/contracts" / f"{feed.dataset}.odcs.yaml" for feed in feeds}
        self._refuse_mistakes(contracts | {self.root / "schemas/codelists" / f"{name}.csv" for name in lists})
        return application

    def plan(self, dataset: str) -> IntegrationPlan:
        """Return the plan of a dataset; raises ConfigurationError like `application`."""
        plan, contract = f"schemas/integration/{dataset}.yaml", f"schemas/contracts/{dataset}.odcs.yaml"
        self._refuse_mistakes({self.root / plan, self.root / contract})
        if dataset not in self.plans:
            raise ConfigurationError(f"no plan for dataset '{dataset}'", fix=suggest(dataset, set(self.plans)))
        return self.plans[dataset]

    def _refuse_mistakes(self, paths: set[Path]) -> None:
        found = [mistake for mistake in self.mistakes if Path(mistake.where.rsplit(":", 1)[0]) in paths]
        found += [mistake for mistake in self.mistakes if Path(mistake.where) in paths]
        if found:
            raise ConfigurationErrors(found)

    def feeds(self) -> dict[str, Feed]:
        """Return every feed by its id `<opd>.<app>.<feed>`."""
        return {f"{app.id}.{name}": feed for app in self.applications.values() for name, feed in app.feeds.items()}

    def contradictions(self) -> Iterator[ConfigurationError]:
        """Yield what the files say against each other."""
        for app in self.applications.values():
            for name, feed in app.feeds.items():
                yield from self._check_feed(feed, ("feeds", name), self.files[app.id])
            yield from application_errors(app, self.contracts, self.files[app.id])
        yield from register_errors(self.applications, self.files)
        for plan in self.plans.values():
            if (file := self.files.get(f"plan:{plan.dataset}")) is not None:  # else its feeds were not read
                yield from self._check_plan(plan, file)
        for consumer in self.consumers.values():
            yield from self._check_consumer(consumer, self.files[f"consumer:{consumer.id}"])
        for rule in self.rules.values():
            at = self.files[f"rule:{rule.rule}"]
            yield from rule_errors(rule, self.contracts, self.codelists, self.broken, at)
        for contract in self.contracts.values():
            for item in contract.fields:
                is_unreadable = f"codelists.{item.codelist}" in self.broken
                if item.codelist is not None and item.codelist not in self.codelists and not is_unreadable:
                    yield _no_codelist(contract, item.name, item.codelist, set(self.codelists))

    def _check_feed(self, feed: Feed, loc: Loc, file: YamlFile) -> Iterator[ConfigurationError]:
        contract = self.contracts.get(feed.dataset)
        if feed.dataset in self.broken:
            return
        if contract is None:
            problem = f"no contract for dataset '{feed.dataset}'"
            yield file.error(problem, (*loc, "dataset"), suggest(feed.dataset, set(self.contracts)))
            return
        yield from feed_errors(feed, loc, file)
        known = {item.name for item in contract.fields}
        for name, how in feed.map.items():
            target = contract.field(name)
            here = (*loc, "map", name)
            if target is not None:
                yield from _wrong_formats(target, how.format, (*here, "format"), file)
            if target is None:
                yield file.error(f"contract {feed.dataset} has no field '{name}'", here, suggest(name, known))
            elif target.codelist and target.codelist not in self.codelists:
                continue  # told at the contract
            elif target.codelist and (how.lookup is None or how.lookup.list_ != target.codelist):
                yield file.error("the field holds codes", here, f"add 'lookup: {target.codelist}'")
            elif how.lookup and not target.codelist:
                yield file.error("the field holds no codes", here, "remove 'lookup'")
            elif how.lookup and target.codelist in self.codelists:
                names = self.codelists[target.codelist].names
                for code in set(how.lookup.codes.values()) - set(names):
                    problem = f"code list {target.codelist} has no code '{code}'"
                    yield file.error(problem, (*here, "lookup"), suggest(code, set(names)))
        for item in contract.fields:
            if item.required and item.name not in feed.map:
                problem = f"required field '{item.name}' of contract {feed.dataset} is not mapped"
                yield file.error(problem, (*loc, "map"), f"add '{item.name}: <source column>'")
        for column in feed.ignore:
            if any(column in how.sources for how in feed.map.values()):
                yield file.error(f"column '{column}' is mapped and ignored", (*loc, "ignore"), "keep one of them")
            elif column in feed.key or column in feed.where or (feed.cursor and column == feed.cursor.column):
                place = "key" if column in feed.key else "where" if column in feed.where else "cursor"
                yield file.error(f"column '{column}' of {place}: is ignored", (*loc, "ignore"), f"remove '{column}'")

    def _check_plan(self, plan: IntegrationPlan, file: YamlFile) -> Iterator[ConfigurationError]:
        if plan.dataset in self.broken:
            return
        contract = self.contracts.get(plan.dataset)
        if contract is None:
            yield file.error(
                f"no contract for dataset '{plan.dataset}'", ("dataset",), suggest(plan.dataset, set(self.contracts))
            )
            return
        feeds = self.feeds()
        homeless = {feed.dataset for feed in feeds.values()} - set(self.contracts)  # told at the feed
        yield from plan_errors(plan, contract, feeds, self.broken | homeless, file)
        yield from order_errors(plan, self.plans, file)
        register = register_plan(self.plans.values())
        if plan.register_ and register is not None and register.dataset != plan.dataset:
            yield file.error(f"{register.dataset} is the register already", ("register",), "a city has one register")

    def _check_consumer(self, consumer: Consumer, file: YamlFile) -> Iterator[ConfigurationError]:
        for number, grant in enumerate(consumer.grants):
            loc: Loc = ("grants", number)
            contract = self.contracts.get(grant.dataset)
            if grant.dataset in self.broken:
                continue
            if contract is None:
                yield file.error(
                    f"no dataset '{grant.dataset}'", (*loc, "dataset"), suggest(grant.dataset, set(self.contracts))
                )
                continue
            for column in grant.unmasked:
                if contract.field(column) is None:
                    names = {item.name for item in contract.fields}
                    yield file.error(f"no column '{column}'", (*loc, "unmasked"), suggest(column, names))


def _wrong_formats(target: ContractField, formats: list[str], loc: Loc, file: YamlFile) -> Iterator[ConfigurationError]:
    try:
        target.type.check_formats(formats)
    except ConfigurationError as error:
        yield file.error(error.problem, loc, error.fix)


def _no_codelist(contract: Contract, name: str, codelist: str, known: set[str]) -> ConfigurationError:
    file = YamlFile.read(contract.path)
    properties = [item["name"] for item in file.content["schema"][0]["properties"]]
    loc: Loc = ("schema", 0, "properties", properties.index(name), "customProperties")
    return file.error(f"property {name}: no code list '{codelist}'", loc, suggest(codelist, known))


def _read_rules(collect: Collect, only: str | None, files: dict[str, YamlFile]) -> dict[str, Rule]:
    """Return the rules, with `only` those that look at that dataset; a run of an application needs none."""
    rules = {}
    for rule, file in collect("schemas/rules/*.yaml", read_rule, set() if only is not None and "." in only else None):
        if only is None or only in rule.datasets:
            rules[rule.rule] = rule
            files[f"rule:{rule.rule}"] = file
    return rules


def _drop_unsound(
    rules: dict[str, Rule], contracts: Mapping[str, Contract], broken: set[str], mistakes: list[ConfigurationError]
) -> None:
    """Take out the rules that cannot be run: their mistakes are told, and the others go on."""
    wrong = {Path(mistake.where.rsplit(":", 1)[0]) for mistake in mistakes}
    for name, rule in list(rules.items()):
        if any(path.stem == name and path.parent.name == "rules" for path in wrong) or rule.datasets - set(contracts):
            broken.add(f"rules.{name}")
            del rules[name]


def _id(path: Path) -> str:
    """Return the id that a file gives: `<opd>.<app>` for applications, the dataset for contracts."""
    if path.name.endswith(".odcs.yaml"):
        return path.name.removesuffix(".odcs.yaml")
    return f"{path.parent.name}.{path.stem}"
