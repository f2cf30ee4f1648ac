"""Which dataset a table belongs to, and how much it matters to the hub."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.draft.compose import composites
from pipelines.draft.leftover import leftovers
from pipelines.draft.match import Matcher, Pair, Table, field_weight, take
from pipelines.draft.names import Words
from pipelines.draft.profile import Profile, profile, read_dates
from schemas.types.nik import FEMALE_OFFSET

if TYPE_CHECKING:
    from connectors.survey.model import SurveyTable
    from schemas.contract import Contract, ContractField

#: below it a table is of no use to any shared schema
RELEVANT = 0.25
#: weight of mapped fields that is plenty of evidence
ENOUGH = 3.0
#: one sure pair tells more of the dataset than two doubtful ones
SURE = 1.6
#: a field of so few datasets is particular to each of them
PARTICULAR = 2
#: part of the best score that a dataset which takes more of the columns must have
WIDER = 0.6
#: share of the rows whose value must go with the sex in the NIK, in a sample of some rows
SEXED, SEVERAL = 0.9, 12
#: datasets that are looked at closely
CANDIDATES = 6
#: share of the rows whose NIK must hold the date of a column
BORN = 0.4
#: a key found by its values makes a table relevant, whatever its columns are called
IDENTIFIED = 0.6
#: further tables are drafted as feeds from this part of the best one's score on
BESIDE_BEST = 0.5


@dataclass(frozen=True)
class Ranked:
    """A table held against its best dataset.

    Attributes:
        score: relevance, 0 to 1
        reason: why it is no feed; "" where it is one
        others: further datasets that it could belong to, with their scores

    """

    table: SurveyTable
    view: Table
    dataset: str
    score: float
    pairs: tuple[Pair, ...]
    others: tuple[tuple[str, float], ...] = ()
    reason: str = ""


class Ranker:
    """Holds tables against every contract."""

    def __init__(self, matcher: Matcher, contracts: Mapping[str, Contract], opd: str) -> None:
        """Keep the contracts, and the department whose application this is."""
        self.matcher, self.contracts, self.opd = matcher, contracts, opd
        self.spread = Counter(item.name for contract in contracts.values() for item in contract.fields)

    def rank(self, table: SurveyTable) -> Ranked:
        """Find the dataset that a table fits best."""
        view = self.view(table)
        first = {name: self.matcher.pairs(view, contract) for name, contract in self.contracts.items()}
        rough = {name: self._score(table, view, self.contracts[name], take(pairs)) for name, pairs in first.items()}
        near = sorted(rough, key=lambda name: -rough[name])[:CANDIDATES]
        found = []
        for name in near:
            pairs = take([*first[name], *composites(self.matcher, view, self.contracts[name])])
            found.append((self._score(table, view, self.contracts[name], pairs), name, pairs))
        found.sort(key=lambda item: -item[0])
        score, dataset, pairs = self._wider(found)
        pairs = [*pairs, *leftovers(self.matcher, view, self.contracts[dataset], pairs)]
        others = tuple((name, round(other, 2)) for other, name, _ in found[1:4] if other >= 0.75 * score)
        return Ranked(
            table, view, dataset, score, tuple(pairs), others, self._reason(table, view, score, dataset, pairs)
        )

    def view(self, table: SurveyTable) -> Table:
        """Return the table's columns as words and profiles."""
        language = self.matcher.language
        names = [column.name for column in table.columns]
        shared = language.shared(names)
        profiles = tuple(profile(column) for column in table.columns)
        return Table(
            columns=tuple(names),
            entity=frozenset(language.spell(table.name)),
            shared=shared,
            words=tuple(language.words(name, shared) for name in names),
            leaves=tuple(language.words(name.rpartition(".")[2], shared) for name in names),
            comments=tuple(
                frozenset(language.spell(column.comment)) if len(column.comment) < 60 else frozenset()
                for column in table.columns
            ),
            profiles=profiles,
            gone=frozenset(n for n, column in enumerate(profiles) if self._is_mark(column)),
            born=births(profiles),
            sexed=sexes(profiles),
        )

    def _wider(self, found: list[tuple[float, str, list[Pair]]]) -> tuple[float, str, list[Pair]]:
        """Return the best dataset, or one that takes all its columns and more where nothing is particular to the best.

        What every list of persons has makes no list of the elderly.
        """
        best = found[0]
        if any(self.spread[pair.field] <= PARTICULAR and pair.score > 0.5 for pair in best[2]):
            return best
        own = _columns(best[2])
        wider = [item for item in found[1:] if item[0] > WIDER * best[0] and _columns(item[2]) > own]
        return max(wider, key=lambda item: (len(_columns(item[2])), item[0]), default=best)

    def _is_mark(self, column: Profile) -> bool:
        """Say whether a column is a mark of the system's own: row taken away, or the second of its last change."""
        language = self.matcher.language
        words = frozenset(language.raw(column.name)) | frozenset(language.spell(column.name))
        if words & language.habits.cursor["changed"] and column.clock > 0.5:
            return True
        return bool(words & language.habits.marks["gone"]) and column.distinct <= 3 and column.clean("boolean") > 0.9

    def _score(self, table: SurveyTable, view: Table, contract: Contract, pairs: Sequence[Pair]) -> float:
        weights = {item.name: field_weight(item, self.spread[item.name]) for item in contract.fields}
        found = float(sum(weights[pair.field] * pair.score**SURE for pair in pairs))
        covered = min(1.0, found / sum(weights[item.name] * self._expected(item, contract) for item in contract.fields))
        explained = sum(pair.score for pair in pairs) / max(4, len(view.columns))
        mass = 1 - math.exp(-found / ENOUGH)
        named: float = self._table_name(table, contract.dataset) ** 2
        usual = contract.dataset in self.matcher.experience.offices.get(self.opd, ())
        return 0.47 * covered + 0.15 * explained + 0.2 * mass + 0.13 * named + 0.05 * float(usual)

    def _expected(self, item: ContractField, contract: Contract) -> float:
        """Return how much the lack of a field counts: half where hardly any source of the dataset has it."""
        known = len(self.matcher.experience.tables.get(contract.dataset, ()))
        if item.required or known < 2:
            return 1.0
        supplied = sum(dataset == contract.dataset for dataset, _ in self.matcher.experience.columns.get(item.name, ()))
        return max(0.5, min(1.0, supplied / known))

    def _table_name(self, table: SurveyTable, dataset: str) -> float:
        language = self.matcher.language
        words = frozenset(language.spell(table.name)) | frozenset(language.spell(table.comment[:60]))
        known = [language.words(dataset), *self.matcher.experience.tables.get(dataset, ())]
        return max(language.likeness(words, other) for other in known)

    def _reason(self, table: SurveyTable, view: Table, score: float, dataset: str, pairs: list[Pair]) -> str:
        if table.problem:
            return table.problem
        if table.rows == 0:
            return "empty"
        words = frozenset(self.matcher.language.spell(table.name)) | _plain(table.name)
        for reason, marks in self.matcher.language.habits.tables.items():
            if words & marks and score < 1.8 * RELEVANT:
                return reason
        key = self.contracts[dataset].key
        sure = any(pair.field in key and pair.fit.mark > IDENTIFIED for pair in pairs) and len(pairs) > 3
        if score < RELEVANT and not sure:
            return f"little in common with the shared schemas ({len(pairs)} of {len(view.columns)} columns)"
        return ""


def _columns(pairs: Sequence[Pair]) -> set[int]:
    return {place for pair in pairs for place in pair.columns}


def births(profiles: Sequence[Profile]) -> frozenset[int]:
    """Return the places of the columns whose dates are those inside a NIK of the same row."""
    niks = [column for column in profiles if column.clean("nik") > 0.5]
    dated = [place for place, column in enumerate(profiles) if niks and column.dates > 0.5 and column.clock < 0.5]
    found = set()
    for place in dated:
        dates = read_dates(profiles[place])
        for nik in niks:
            both = [(day, text) for day, text in zip(dates, nik.sample, strict=True) if day and text and len(text) > 11]
            same = sum(f"{day:%d%m%y}" == _birth_digits(text) for day, text in both)
            if both and same > BORN * len(both):
                found.add(place)
    return frozenset(found)


def sexes(profiles: Sequence[Profile]) -> frozenset[int]:
    """Return the places of the columns with two values that go with the sex inside a NIK of the same row."""
    found = set()
    for nik in (column for column in profiles if column.clean("nik") > 0.5):
        women = [None if text is None or not text[6:7].isdigit() else text[6] >= "4" for text in nik.sample]
        for place, column in enumerate(profiles):
            pairs = Counter(
                (text, woman) for text, woman in zip(column.sample, women, strict=True) if text and woman is not None
            )
            total = sum(pairs.values())
            if not 2 <= column.distinct <= 6 or total < SEVERAL:
                continue
            most = Counter[bool]()
            for text in {text for text, _ in pairs}:
                woman = pairs[text, True] > pairs[text, False]
                most[woman] += pairs[text, woman]
            if sum(most.values()) > SEXED * total and min(most[True], most[False]) > 0.1 * total:
                found.add(place)
    return frozenset(found)


def _birth_digits(nik: str) -> str:
    day = nik[6:8]
    return f"{int(day) - FEMALE_OFFSET:02}{nik[8:12]}" if day.isdigit() and int(day) > FEMALE_OFFSET else nik[6:12]


def _plain(name: str) -> Words:
    return frozenset(name.lower().replace(".", "_").replace("/", "_").split("_"))
