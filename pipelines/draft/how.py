"""How a field is made of its column: formats, code lists, words for nothing; written as a mapping knows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.draft.experience import Experience
from pipelines.draft.match import Pair, Table
from pipelines.draft.model import FieldDraft
from pipelines.draft.profile import Profile
from schemas.types.base import MISSING

if TYPE_CHECKING:
    from pipelines.draft.habits import Habits
    from schemas.codelist import Codelist
    from schemas.contract import ContractField

#: a text is told only when so many sampled rows share it: it says nothing of one person then
SHARED_BY = 3
#: a code is short; a longer text could be a name or an address
CODE_LENGTH = 24
MOST_CODES = 30
#: share of rows with a word for nothing from which on it is the system's habit
HABIT = 0.03


def field_draft(
    pair: Pair,
    table: Table,
    target: ContractField,
    codelists: Mapping[str, Codelist],
    experience: Experience,
    habits: Habits,
) -> FieldDraft:
    """Write a proposed pair as the mapping of its field."""
    columns = tuple(table.columns[place] for place in pair.columns)
    how: dict[str, Any] = {"column": columns[0]}
    notes: list[str] = []
    if pair.template is not None:
        how = {"columns": list(columns), "template": pair.template}
    else:
        column = table.profiles[pair.columns[0]]
        codes = codelists.get(target.codelist or "")
        if codes is None:
            nothing = _nothing(column, target, habits)
            formats, notes = _formats(column, target)
        else:
            lookup, unknown, nothing = _lookup(column, codes, experience, habits)
            formats = []
            if unknown:
                texts = ", ".join(f"'{text}'" for text in unknown)
                notes.append(f"fill in lookup.codes for {texts}, and what is rarer than the sample shows")
        if nothing:
            how["null_values"] = nothing
        if pair.split is not None:
            how["split"] = {"by": pair.split[0], "part": pair.split[1]}
        if codes is not None:
            how["lookup"] = {"list": codes.name, "codes": lookup} if lookup else codes.name
        if formats:
            how["format"] = formats
    written: str | dict[str, Any] = how["column"] if list(how) == ["column"] else how
    score = round(min(pair.score, 0.99), 2)
    return FieldDraft(target.name, columns, score, pair.why, written, target.classification, tuple(notes))


def literal_draft(
    target: ContractField, codelists: Mapping[str, Codelist], experience: Experience, opd: str, words: frozenset[str]
) -> FieldDraft | None:
    """Return a field that is the same in every row, where the department or the source's own name tells it.

    `words` are those of the application, its connection and the table.
    """
    codes, kind = codelists.get(target.codelist or ""), target.classification
    if codes is not None:
        meant = {code for word in words if len(word) > 2 and (code := codes.code(word)) is not None}
        if len(meant) == 1:
            how: dict[str, str] = {"literal": meant.pop(), "lookup": codes.name}
            return FieldDraft(target.name, (), 0.6, "the source's name is a code of the list", how, kind)
    usual = experience.literals.get(target.name, {}).get(opd)
    if usual is None or (codes is not None and not target.required):
        return None
    how = {"literal": usual} | ({"lookup": codes.name} if codes else {})
    note = "as in the department's other applications; check it"
    return FieldDraft(target.name, (), 0.4, "no column", how, kind, (note,))


def empty_draft(target: ContractField) -> FieldDraft:
    """Return a required field that no column fits: an empty literal, with which no row is published."""
    how = {"literal": ""} | ({"lookup": target.codelist} if target.codelist else {})
    note = "fill in: required, and no column fits; until then every row is quarantined"
    return FieldDraft(target.name, (), 0.0, "no column", how, target.classification, (note,))


def _formats(column: Profile, target: ContractField) -> tuple[list[str], list[str]]:
    if target.type.name == "date":
        return list(column.date_formats), []
    if target.type.name != "kode_wilayah":
        return [], []
    shares = {scheme: column.clean("kode_wilayah", (scheme,)) for scheme in ("kemendagri", "bps")}
    if column.clean("kode_wilayah") >= max(shares.values()):
        return [], []
    best = max(shares, key=lambda scheme: shares[scheme])
    close = abs(shares["kemendagri"] - shares["bps"]) < 0.05
    return [best], ["kemendagri or bps: the sample fits both, ask the department"] if close else []


def _lookup(
    column: Profile, codes: Codelist, experience: Experience, habits: Habits
) -> tuple[dict[str, str], list[str], list[str]]:
    """Return codes to add that other systems agree on, texts that nobody knows, and words for nothing."""
    learnt = experience.codes.get(codes.name, {})
    add: dict[str, str] = {}
    unknown: list[str] = []
    nothing = [text for text, share in column.placeholders.items() if share >= HABIT]
    for text, count in column.values:
        if codes.code(text) is not None or count < SHARED_BY or len(text) > CODE_LENGTH:
            continue
        if text.upper() in habits.nothing:
            nothing.append(text)
        elif text.upper() in learnt:
            add[text] = learnt[text.upper()]
        elif not (text.isdigit() and len(text) > 6):
            unknown.append(text)
    return add, unknown[:MOST_CODES], nothing


def _nothing(column: Profile, target: ContractField, habits: Habits) -> list[str]:
    """Return the words for nothing that the system writes by habit and the value type does not take for a value."""
    found = [text for text, share in column.placeholders.items() if share >= HABIT]
    for text, count in column.values:
        worded = text.upper() in habits.nothing and text.lower() not in MISSING and count >= SHARED_BY
        if worded and target.type.name != "text" and count >= HABIT * column.filled:
            found += [text] if column.rejects(text, target.type.name) else []
    return found
