"""Fields that are put together of several columns, or cut out of one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.survey.model import SurveyColumn
from pipelines.draft.content import Fit
from pipelines.draft.match import LEAST, Matcher, Pair, Table
from pipelines.draft.names import Words
from pipelines.draft.profile import Profile, profile
from schemas.contract import Contract, ContractField

#: the parts of a region code from the country down, and their digits
REGION = (("provinsi", 2), ("kabupaten", 2), ("kecamatan", 2), ("kelurahan", 4))
CITY = "35.74"
#: how much a column's name must be like that of a part
LIKE_A_PART = 0.6
SEPARATORS = ("/", "|", ";", " - ", " ")
#: a field cut or composed must fit in this share of the rows
FITS = 0.75


def composites(matcher: Matcher, table: Table, contract: Contract) -> list[Pair]:
    """Return the composed and the cut fields worth proposing."""
    found = []
    for target in contract.fields:
        for places, template, name in _groups(matcher, table, target):
            fit = matcher.content.judge(_composed(table, places, template), target, contract)
            score = fit.fit * (1 - (1 - 0.9 * name) * (1 - fit.mark))
            if fit.fit >= FITS and score >= LEAST:
                found.append(Pair(places, target.name, score, name, fit, template))
        found += _cut(matcher, table, target, contract)
    return found


def _groups(matcher: Matcher, table: Table, target: ContractField) -> Iterator[tuple[tuple[int, ...], str, float]]:
    """Yield groups of columns with the template that joins them, and how far their names speak for it."""
    language = matcher.language
    words = [frozenset(language.spell(name)) - table.shared for name in table.columns]
    for known in matcher.experience.templates:
        if known.field == target.name:
            places = [_nearest(matcher, words, part) for part in known.parts]
            chosen = tuple(place for place, _ in places if place is not None)
            if len(set(chosen)) == len(known.parts) and _short(table, chosen):
                yield chosen, known.template, min(likeness for _, likeness in places)
    if target.type.name == "kode_wilayah":
        yield from _regions(words, table)
    elif target.type.name == "text":
        for drawn in matcher.experience.shapes.get(target.name, ()):
            yield from _series(matcher, table, target, drawn)


def _nearest(matcher: Matcher, words: list[Words], part: Words) -> tuple[int | None, float]:
    if not words:
        return None, 0.0
    likeness = [matcher.language.likeness(part, said) for said in words]
    best = max(range(len(words)), key=lambda place: likeness[place])
    return (best, likeness[best]) if likeness[best] >= LIKE_A_PART else (None, 0.0)


def _regions(words: list[Words], table: Table) -> Iterator[tuple[tuple[int, ...], str, float]]:
    """Yield the columns that hold the parts of a region code; without a city, the hub's own is meant."""
    places = []
    for part, digits in REGION:
        fitting = [
            place
            for place, said in enumerate(words)
            if part in said and "nama" not in said and _at_most(table.profiles[place], digits)
        ]
        places.append(fitting[0] if fitting else None)
    template = ".".join(f"{{{number}:>0{digits}}}" for number, (_, digits) in enumerate(REGION))
    if None not in places:
        yield tuple(place for place in places if place is not None), template, 1.0
    elif places[2] is not None and places[3] is not None:
        yield (places[2], places[3]), CITY + ".{0:>02}.{1:>04}", 0.9


def _series(
    matcher: Matcher, table: Table, target: ContractField, drawn: str
) -> Iterator[tuple[tuple[int, ...], str, float]]:
    """Yield numbered columns, kd_rek1 to kd_rek6, that fill the dotted shape which the field's values have."""
    if not re.fullmatch(r"9+(?:[.-]9+)+", drawn):
        return
    widths = [len(part) for part in re.split("[.-]", drawn)]
    template = ""
    for number, (width, sign) in enumerate(zip(widths, [*re.findall("[.-]", drawn), ""], strict=True)):
        template += (f"{{{number}:>0{width}}}" if width > 1 else f"{{{number}}}") + sign
    stems: dict[Words, list[int]] = {}
    for place, name in enumerate(table.columns):
        if re.search("[0-9]$", name) and _at_most(table.profiles[place], max(widths)):
            stems.setdefault(table.words[place], []).append(place)
    for stem, places in stems.items():
        if len(places) == len(widths):
            yield (
                tuple(places),
                template,
                max(0.5, matcher.language.likeness(stem, matcher.language.words(target.name))),
            )


def _composed(table: Table, places: tuple[int, ...], template: str) -> Profile:
    rows = zip(*(table.profiles[place].sample for place in places), strict=True)
    sample = tuple(None if None in row else template.format(*row) for row in rows)
    return profile(SurveyColumn(" ".join(table.columns[place] for place in places), sample=sample))


def _cut(matcher: Matcher, table: Table, target: ContractField, contract: Contract) -> Iterator[Pair]:
    """Yield columns of which one part, and not the whole, keeps the contract's rule for the field."""
    rules = [
        str(rule.kwargs["regex"])
        for rule in contract.rules
        if rule.kwargs.get("column") == target.name and rule.expectation == "expect_column_values_to_match_regex"
    ]
    if target.type.name != "text" or not rules or "^[^0-9]*$" in rules:
        return
    for place, column in enumerate(table.profiles):
        name = matcher.name(table, place, target.name, contract.dataset)
        if name < 0.25 or column.filled < 5 or column.matches(rules[0]) > 0.2:
            continue
        for separator in SEPARATORS:
            parts = {len(text.split(separator)) for text, _ in column.values}
            if parts != {2} and parts != {3}:
                continue
            for part in range(max(parts)):
                sample = tuple(text and text.split(separator)[part] for text in column.sample)
                fit = _whole(matcher, sample, target, contract)
                score = fit.fit * (1 - (1 - 0.8 * name) * (1 - 0.8 * fit.mark))
                if fit.fit >= FITS and score >= LEAST and (name >= 0.65 or fit.mark >= 0.4):
                    yield Pair((place,), target.name, score, name, fit, None, (separator, part + 1))


def _whole(matcher: Matcher, sample: tuple[str | None, ...], target: ContractField, contract: Contract) -> Fit:
    return matcher.content.judge(profile(SurveyColumn(target.name, sample=sample)), target, contract)


def _short(table: Table, places: tuple[int, ...]) -> bool:
    return all(table.profiles[place].filled and _at_most(table.profiles[place], 6) for place in places)


def _at_most(column: Profile, digits: int) -> bool:
    return column.filled > 0 and all(text.isdigit() and len(text) <= digits for text, _ in column.values[:20])
