"""What the catalogue's applications teach about the next one: computed from their YAML, each time anew."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.draft.names import Language, Words

if TYPE_CHECKING:
    from schemas.application import AnyApplication
    from schemas.catalogue import Catalogue
    from schemas.feed import Feed
    from schemas.mapping import FieldMap

_SHAPE = re.compile(r"[0-9]+|[A-Z]+|[A-Za-z]+|\s+")


@dataclass(frozen=True)
class Template:
    """A field that another application puts together of several columns."""

    field: str
    parts: tuple[Words, ...]
    template: str


@dataclass(frozen=True)
class Experience:
    """What was learnt.

    Attributes:
        columns: field → (dataset, words of the column that became it)
        by_word: word → the fields that a column with it has become
        ignored: words of a column → how often one of that name was ignored
        mapped: words of a column → how often one of that name was mapped
        chores: word → share of the columns with it that were mapped, of the words met three times or more
        uniform: fields whose values have one telling shape in all of four examples or more
        shapes: field → shapes that its values have (`shape`)
        shape_fields: shape → number of fields that have it
        templates: how fields are put together of columns
        tables: dataset → words of the tables that became it
        codes: code list → text, upper-case → the code that other systems mean by it
        literals: field → department → the one text that its applications give
        offices: department → the datasets that its applications supply

    """

    columns: Mapping[str, tuple[tuple[str, Words], ...]]
    by_word: Mapping[str, frozenset[str]]
    ignored: Mapping[Words, int]
    mapped: Mapping[Words, int]
    chores: Mapping[str, float]
    uniform: frozenset[str]
    shapes: Mapping[str, frozenset[str]]
    shape_fields: Mapping[str, int]
    templates: tuple[Template, ...]
    tables: Mapping[str, tuple[Words, ...]]
    codes: Mapping[str, Mapping[str, str]]
    literals: Mapping[str, Mapping[str, str]]
    offices: Mapping[str, frozenset[str]]


def shape(text: str) -> str:
    """Return the shape of a value: `INV-2024-0018` → A-9999-9999; runs of letters count as one."""

    def drawn(match: re.Match[str]) -> str:
        run = match[0]
        if run.isdigit():
            return "9" * len(run)
        return " " if run.isspace() else "A" if run.isupper() else "a"

    return _SHAPE.sub(drawn, text)


def telling(drawn: str) -> bool:
    """Say whether a shape tells one kind of value from others: digits, and something between them or many."""
    return "9" in drawn and (len(drawn) >= 5 or bool(set(drawn) - set("9")))


def learn_language(catalogue: Catalogue, without: str) -> Language:
    """Learn the words of contract fields and of the other applications' columns."""
    from pipelines.draft.habits import habits

    fields = [item.name for contract in catalogue.contracts.values() for item in contract.fields]
    columns = [name for _, feed in _others(catalogue, without) for name in feed.source_columns]
    return Language.learn(habits(), fields, columns)


def learn(catalogue: Catalogue, language: Language, without: str) -> Experience:
    """Learn from every application but `without`: a draft never looks at what it is compared with."""
    columns: dict[str, list[tuple[str, Words]]] = defaultdict(list)
    ignored: Counter[Words] = Counter()
    mapped: Counter[Words] = Counter()
    shapes: dict[str, set[str]] = defaultdict(set)
    examples: Counter[str] = Counter()
    uniform: Counter[str] = Counter()
    tables: dict[str, list[Words]] = defaultdict(list)
    offices: dict[str, set[str]] = defaultdict(set)
    templates: list[Template] = []
    codes: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    literals: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for application, feed in _others(catalogue, without):
        shared = language.shared(feed.source_columns)
        offices[application.opd].add(feed.dataset)
        tables[feed.dataset].append(frozenset(language.spell(_place(feed))))
        ignored.update(language.words(name, shared) for name in feed.ignore)
        for name, how in feed.map.items():
            if how.literal:
                literals[name][application.opd][how.literal] += 1
            if len(how.sources) > 1 and how.template:
                parts = tuple(frozenset(language.spell(column)) - shared for column in how.sources)
                templates.append(Template(name, parts, how.template))
            elif how.column is not None:
                columns[name].append((feed.dataset, language.words(how.column, shared)))
                mapped[language.words(how.column, shared)] += 1
            if how.lookup is not None:
                codes[how.lookup.list_].update((text.strip().upper(), code) for text, code in how.lookup.codes.items())
            drawn = set(_shapes(feed, name, how))
            shapes[name] |= drawn
            examples[name] += feed.example is not None
            uniform[name] += bool(drawn)
    by_word: dict[str, set[str]] = defaultdict(set)
    for name, found in columns.items():
        for _, words in found:
            for word in words:
                by_word[word].add(name)
    return Experience(
        columns={name: tuple(found) for name, found in columns.items()},
        by_word={word: frozenset(names) for word, names in by_word.items()},
        ignored=dict(ignored),
        mapped=dict(mapped),
        chores=_word_shares(mapped, ignored),
        uniform=frozenset(
            name for name, found in shapes.items() if len(found) == 1 and 4 <= examples[name] <= uniform[name] + 1
        ),
        shapes={name: frozenset(found) for name, found in shapes.items()},
        shape_fields=dict(Counter(drawn for found in shapes.values() for drawn in found)),
        templates=tuple(dict.fromkeys(templates)),
        tables={name: tuple(found) for name, found in tables.items()},
        codes={name: _agreed(found) for name, found in codes.items()},
        literals={name: {opd: _most(texts) for opd, texts in found.items()} for name, found in literals.items()},
        offices={opd: frozenset(found) for opd, found in offices.items()},
    )


def _others(catalogue: Catalogue, without: str) -> Iterator[tuple[AnyApplication, Feed]]:
    for application in catalogue.applications.values():
        if application.id != without:
            for feed in application.feeds.values():
                yield application, feed


def _place(feed: Feed) -> str:
    """Return the name of the table, resource or file that a feed reads."""
    for key in ("table", "path", "file"):
        if getattr(feed, key, None):
            return str(getattr(feed, key))
    return ""


def _shapes(feed: Feed, name: str, how: FieldMap) -> Iterator[str]:
    """Yield the telling shapes that the feed's example shows for a field, as sent and as published."""
    if feed.example is None:
        return
    texts = [feed.example.out.get(name), *(feed.example.in_.get(column) for column in how.sources[:1])]
    for text in texts:
        if text is not None and telling(shape(str(text))):
            yield shape(str(text))


def _word_shares(mapped: Counter[Words], ignored: Counter[Words]) -> dict[str, float]:
    """Return how often a column with a word was mapped: `created` never, `tanggal` mostly."""
    taken: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for counts, words in ((taken, mapped), (left_out, ignored)):
        for said, count in words.items():
            counts.update(dict.fromkeys(said, count))
    return {
        word: taken[word] / (taken[word] + left_out[word])
        for word in {*taken, *left_out}
        if taken[word] + left_out[word] >= 3
    }


def _agreed(found: Counter[tuple[str, str]]) -> dict[str, str]:
    """Keep the texts with which every system means the same code; bare numbers are never the same twice."""
    meant: dict[str, set[str]] = defaultdict(set)
    for text, code in found:
        meant[text].add(code)
    return {text: min(codes) for text, codes in meant.items() if len(codes) == 1 and not text.isdigit()}


def _most(texts: Counter[str]) -> str:
    return texts.most_common(1)[0][0]
