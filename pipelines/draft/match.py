"""Which column becomes which field: every pair is scored by name and by content, then the best pairs are taken."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.draft.content import SEX, Content, Fit
from pipelines.draft.experience import Experience
from pipelines.draft.names import Language, Words
from pipelines.draft.profile import Profile
from schemas.contract import Contract, ContractField

#: below it a pair is not proposed: a steward is helped more by an unmapped column than by a wrong one
LEAST = 0.36
#: what a name alone can say, the same name in the same dataset
BY_NAME = 0.93
ELSEWHERE = 0.94
#: a word of which departments hand over a smaller share of the columns speaks against a column
CHORE = 0.15
#: types whose values never speak for one field by themselves
QUIET = frozenset(("money", "integer", "decimal", "boolean"))


@dataclass(frozen=True)
class Pair:
    """Columns (by their places in the table) proposed for a field: mostly one, several with a `template`.

    Attributes:
        score: confidence, 0 to 1
        name: how far the name speaks for it, 0 to 1
        split: separator and part (from 1) of the column's text that is taken

    """

    columns: tuple[int, ...]
    field: str
    score: float
    name: float
    fit: Fit
    template: str | None = None
    split: tuple[str, int] | None = None
    elimination: bool = False

    @property
    def why(self) -> str:
        """What the proposal rests on, in words."""
        if self.elimination:
            return "the only column left that could be it"
        if self.template is not None:
            return f"{len(self.columns)} columns together"
        by_content = self.fit.mark >= 0.25 or (self.fit.mark >= 0.1 and self.fit.fit >= 0.8)
        if self.name >= 0.4 and by_content:
            return "name and content"
        return "name" if self.name >= 0.4 else self.fit.why or "content"


@dataclass(frozen=True)
class Table:
    """A surveyed table's columns as the draft sees them: words of the names, profiles of the values.

    Attributes:
        entity: the words of the table's name
        shared: the words that most of the columns carry
        words, leaves, comments: words of each name, of its last part, and of the source's comment
        gone: places of the marks that the system sets itself, for rows taken away or changed: no field
        born: places of the columns whose dates are those inside a NIK of the same row
        sexed: places of the columns whose values go with the sex inside a NIK of the same row

    """

    columns: tuple[str, ...]
    entity: Words
    shared: Words
    words: tuple[Words, ...]
    leaves: tuple[Words, ...]
    comments: tuple[Words, ...]
    profiles: tuple[Profile, ...]
    gone: frozenset[int] = frozenset()
    born: frozenset[int] = frozenset()
    sexed: frozenset[int] = frozenset()

    def told(self, place: int, target: ContractField) -> bool | None:
        """Say whether a NIK of the row tells what stands in a column; None where it tells nothing of such a field."""
        if target.type.name == "date":
            return place in self.born if self.born else None
        return True if target.codelist == SEX and place in self.sexed else None


class Matcher:
    """Scores columns against the fields of contracts."""

    def __init__(
        self, language: Language, experience: Experience, content: Content, contracts: Iterable[Contract]
    ) -> None:
        """Keep what is known of names and values."""
        self.names = {target.name for contract in contracts for target in contract.fields}
        self._fields: dict[str, set[str]] = {}
        self.language, self.experience, self.content = language, experience, content
        self._words: dict[str, Words] = {}
        self._names: dict[tuple[Words, str, str], float] = {}

    def pairs(self, table: Table, contract: Contract, least: float = LEAST, only: int | None = None) -> list[Pair]:
        """Return every pair of one column (`only` that one) and a field that scores `least` or more."""
        found = []
        for place in range(len(table.columns)) if only is None else (only,):
            column = table.profiles[place]
            if place in table.gone:
                continue
            hinted = self._hinted(table, place)
            for target in contract.fields:
                is_hinted = target.name in hinted
                if not is_hinted and (column.filled == 0 or target.type.name in QUIET):
                    continue
                name = self.name(table, place, target.name, contract.dataset) if is_hinted else 0.0
                told = 1 - BY_NAME * name
                most = 0.85 if table.told(place, target) else self.content.most(column, target, contract)
                if 1 - told * (1 - most) < least:
                    continue
                fit = self.content.judge(column, target, contract, table.told(place, target))
                score = fit.fit * (1 - told * (1 - fit.mark))
                if score >= least:
                    found.append(Pair((place,), target.name, score, name, fit))
        return found

    def name(self, table: Table, place: int, target: str, dataset: str) -> float:
        """Return how far a column's name means a field, 0 to 1."""
        said = {table.words[place]: 1.0, table.leaves[place]: 1.0, table.comments[place]: 0.9}
        best = 0.0
        for words, factor in said.items():
            if words:
                best = max(best, factor * self._name(words, target, dataset))
        own = table.words[place] - table.entity
        if own and len(own) < len(table.words[place]):  # no_sppd of tb_sppd is its `nomor`
            meant, entity = self._meant(target), self._meant(dataset)
            if meant & entity and not meant <= entity:
                best = max(best, 0.85 * self.language.likeness(own, meant - entity) * self.chore(own))
        return best

    def _hinted(self, table: Table, place: int) -> set[str]:
        """Return the fields with which a column's name, or the comment on it, shares a word at all."""
        words = table.words[place] | table.comments[place]
        return set[str]().union(*(self._by_word().get(word, ()) for word in words))

    def _by_word(self) -> dict[str, set[str]]:
        if not self._fields:
            for name in self.names:
                for word in self._meant(name):
                    self._fields.setdefault(word, set()).add(name)
            for word, names in self.experience.by_word.items():
                self._fields.setdefault(word, set()).update(names)
        return self._fields

    def _meant(self, name: str) -> Words:
        if name not in self._words:
            self._words[name] = self.language.words(name)
        return self._words[name]

    def _name(self, words: Words, target: str, dataset: str) -> float:
        key = (words, target, dataset)
        if key not in self._names:
            self._names[key] = self._judge_name(words, target, dataset)
        return self._names[key]

    def _judge_name(self, words: Words, target: str, dataset: str) -> float:
        likeness = self.language.likeness
        meant, entity = self._meant(target), self._meant(dataset)
        best = likeness(words, meant)
        if meant - entity and words & entity:  # nama_sekolah is the `nama` of a sekolah
            best = max(best, 0.95 * likeness(words - entity, meant - entity))
        learnt = any(target in self.experience.by_word.get(word, ()) for word in words)
        if not learnt and best == 0:
            return 0.0
        if learnt:
            for known_dataset, known in self.experience.columns.get(target, ()):
                best = max(best, likeness(words, known) * (1.0 if known_dataset == dataset else ELSEWHERE))
        left_out = self.experience.ignored.get(words, 0)
        taken = self.experience.mapped.get(words, 0)
        if left_out > 2 * taken:  # what departments never hand over under that name
            best *= (taken + 1) / (taken + 1 + 0.5 * left_out)
        return best * self.chore(words)

    def chore(self, words: Words) -> float:
        """Return 1, or less for names with a word that departments hardly ever hand over, such as `created`."""
        least = min((self.experience.chores.get(word, 1.0) for word in words), default=1.0)
        return min(1.0, 0.3 + least / CHORE)


def take(pairs: Sequence[Pair]) -> list[Pair]:
    """Take pairs from the best on, each field once and each column once; the parts of a text go to several fields."""
    whole: set[int] = set()
    cut: set[int] = set()
    fields: set[str] = set()
    taken = []
    for pair in sorted(pairs, key=lambda item: (-item.score, item.columns)):
        used = set(pair.columns)
        if pair.field in fields or used & whole or (pair.split is None and used & cut):
            continue
        taken.append(pair)
        fields.add(pair.field)
        if pair.split is None:
            whole |= used
        else:
            cut |= used
    return taken


def field_weight(target: ContractField, spread: int) -> float:
    """Return what a mapped field tells of the dataset: keys and required fields most, fields of many datasets least."""
    weight = 2.0 if target.key_position is not None else 1.5 if target.required else 1.0
    return weight / math.sqrt(max(1, spread))
