"""What a column's name says: words, abbreviations written out, and how far two names mean the same."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from pipelines.draft.habits import Habits

Words = frozenset[str]

_PIECES = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
#: a word this much like a known one is that one, mistyped
ALIKE = 88
#: below it the words of a name are too short to be told mistyped
LONG_ENOUGH = 5
#: share of a table's columns that carry a word which then tells nothing about one of them
EVERYWHERE = 0.6
HEAD_WEIGHT = 0.45
UNKNOWN_WEIGHT = 0.8


@dataclass
class Language:
    """The words that fields and columns are named with, each with its weight.

    Made by `learn`; `words` of a name are remembered.
    """

    habits: Habits
    weights: Mapping[str, float]
    vocabulary: Collection[str]
    _seen: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def learn(cls, habits: Habits, fields: Iterable[str], columns: Iterable[str]) -> Language:
        """Learn the words of fields and of columns: rare words weigh more than common ones."""
        known = {word for meant in habits.words.values() for word in meant} | set(habits.words)
        known |= {piece for name in fields for piece in _split(name)}
        known |= {piece for name in columns for piece in _split(name) if len(piece) >= LONG_ENOUGH}
        language = cls(habits, {}, frozenset(word for word in known if len(word) > 1))
        counts = Counter(word for name in {*fields, *columns} for word in set(language.spell(name)))
        most = math.log(1 + max(counts.values(), default=1))
        weights = {word: 1.3 - 0.6 * math.log(1 + count) / most for word, count in counts.items()}
        return cls(habits, weights | dict.fromkeys(habits.heads, HEAD_WEIGHT), language.vocabulary)

    def spell(self, name: str) -> tuple[str, ...]:
        """Return the words of a name in order, abbreviations written out: `tgllhr` → tanggal, lahir."""
        if name not in self._seen:
            words = [meant for piece in _split(name) for part in self._parts(piece) for meant in self._meant(part)]
            self._seen[name] = _without_phrases(words, self.habits.phrases)
        return self._seen[name]

    def raw(self, name: str) -> tuple[str, ...]:
        """Return the parts of a name as they are written, lower-case."""
        return tuple(part for piece in _split(name) for part in self._parts(piece))

    def words(self, name: str, without: Words = frozenset()) -> Words:
        """Return the words of a name as a set, `without` the words that the whole table shares, and its numbers."""
        spelled = frozenset(self.spell(name))
        plain = frozenset(word for word in spelled if len(word) > 1 and not word.isdigit())
        if plain and plain <= without and len(plain) < len(spelled):
            return frozenset()  # rs7 of a table of rs1 to rs55
        return plain - without or plain

    def weight(self, words: Iterable[str]) -> float:
        """Return the weight of words together."""
        return sum(self.weights.get(word, UNKNOWN_WEIGHT) for word in words)

    def likeness(self, one: Words, other: Words) -> float:
        """Return how far two names share their words, 0 to 1, by weight."""
        shared = one & other
        return 2 * self.weight(shared) / (self.weight(one) + self.weight(other)) if shared else 0.0

    def shared(self, columns: Sequence[str]) -> Words:
        """Return the words that most columns of a table carry, such as its prefix `rs` or `setorpajret`."""
        if len(columns) < 5:
            return frozenset()
        counts = Counter(word for column in columns for word in set(self.spell(column)))
        return frozenset(word for word, count in counts.items() if count > EVERYWHERE * len(columns))

    def _meant(self, part: str) -> tuple[str, ...]:
        meant = self.habits.words.get(part)
        if meant is not None:
            return tuple(word for first in meant for word in self.habits.words.get(first, (first,)))
        if len(part) < LONG_ENOUGH or part in self.vocabulary or part.isdigit():
            return (part,)
        near = process.extractOne(part, self.vocabulary, scorer=fuzz.ratio, score_cutoff=ALIKE)
        return self._meant(near[0]) if near is not None and near[0] != part else (part,)

    def _parts(self, piece: str) -> list[str]:
        """Cut a piece without separators into known words and what lies between them, at the least cost."""
        if len(piece) < 4 or piece in self.vocabulary or piece.isdigit():
            return [piece]
        best: list[tuple[float, list[str]]] = [(0.0, [])]
        for end in range(1, len(piece) + 1):
            ways = []
            for start in range(end):
                part, (cost, before) = piece[start:end], best[start]
                ways.append((cost + self._cost(part, start), [*before, part]))
            best.append(min(ways, key=lambda way: way[0]))
        return best[-1][1]

    def _cost(self, part: str, start: int) -> float:
        """Return the cost of a part: one for a known word, more the longer what is not known."""
        if part not in self.vocabulary or len(part) < 2:
            return 1.6 + 0.6 * len(part)
        head = self.habits.words.get(part, (part,))
        short = len(part) < 4 and not (start == 0 and head and head[0] in self.habits.heads)
        return 1.0 + 0.9 * short


def _split(name: str) -> list[str]:
    return [piece.lower() for piece in _PIECES.findall(name)]


def _without_phrases(words: list[str], phrases: Mapping[tuple[str, ...], tuple[str, ...]]) -> tuple[str, ...]:
    for said, meant in phrases.items():
        for start in range(len(words) - len(said) + 1):
            if tuple(words[start : start + len(said)]) == said:
                words = [*words[:start], *meant, *words[start + len(said) :]]
                break
    return tuple(words)
