"""What is left when the sure pairs are taken: fields that only one remaining column could be."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.draft.content import Fit
from pipelines.draft.match import Matcher, Pair, Table, take
from pipelines.draft.profile import Profile
from schemas.contract import Contract, ContractField

#: confidence of such a proposal at best: enough to be looked at
CONFIDENCE = 0.42
#: a name like that of the field by so much is a hint, though no proof; of codes and dates there are fewer columns
HINT = (0.3, 0.2)
CODE_WORDS = frozenset(
    ("jenis", "status", "kode", "golongan", "sifat", "tahap", "keterangan", "hasil", "bentuk", "tingkat", "kategori")
)
#: the values must fit the field this well
FITS = 0.75
#: share of the rows that must have a value of their own in a number of papers
OWN = 0.9


def leftovers(matcher: Matcher, table: Table, contract: Contract, taken: Sequence[Pair]) -> list[Pair]:
    """Return pairs for unmapped fields: what a name hints at, then what no other column and no other field could be."""
    used = {place for pair in taken for place in pair.columns}
    mapped = {pair.field for pair in taken}
    places = [place for place in range(len(table.columns)) if place not in used and _free(matcher, table, place)]
    open_fields = [target for target in contract.fields if target.name not in mapped]
    found = {target.name: _candidates(matcher, table, contract, target, places) for target in open_fields}
    hinted = take(
        [
            Pair((place,), target.name, CONFIDENCE * fit.fit * (0.8 + name), name, fit)
            for target in open_fields
            for place, fit in found[target.name].items()
            if (name := _hint(matcher, table, place, target, contract)) > 0
        ]
    )
    used = {place for pair in hinted for place in pair.columns}
    mapped = {pair.field for pair in hinted}
    only = []
    for target in open_fields:
        left = {place: fit for place, fit in found[target.name].items() if place not in used}
        if target.name in mapped or not _of_the_kind(table, left, target):
            continue
        for place, fit in _single(table, left, target):
            rivals = [name for name, others in found.items() if place in others and name not in {*mapped, target.name}]
            if not rivals:
                score = CONFIDENCE * fit.fit * 0.9
                only.append(Pair((place,), target.name, score, 0.0, fit, elimination=True))
    return [*hinted, *only]


def _hint(matcher: Matcher, table: Table, place: int, target: ContractField, contract: Contract) -> float:
    """Return how far a name hints at a field; a kode_ruang is no hint at a kode_faskes."""
    name = matcher.name(table, place, target.name, contract.dataset)
    told = table.words[place] & matcher.language.words(target.name) - matcher.language.habits.heads
    least = HINT[target.type.name in ("code", "date")]
    return name if name >= least and (told or target.type.name != "text") else 0.0


def _free(matcher: Matcher, table: Table, place: int) -> bool:
    """Say whether a column may be anything: no picture, no password, no note of the system itself."""
    words, habits = table.words[place], matcher.language.habits
    marks = frozenset[str]().union(*habits.chores.values(), habits.marks["gone"]) - {"id"}
    return matcher.chore(words) == 1.0 and not words & marks and table.profiles[place].filled > 0


def _candidates(
    matcher: Matcher, table: Table, contract: Contract, target: ContractField, places: Sequence[int]
) -> dict[int, Fit]:
    fits = {}
    for place in places:
        fit = matcher.content.judge(table.profiles[place], target, contract, table.told(place, target))
        if fit.fit >= FITS and _is_kind(table, place, target, fit):
            fits[place] = fit
    return fits


def _is_kind(table: Table, place: int, target: ContractField, fit: Fit) -> bool:
    """Say whether the values are what such a field has, and not merely nothing else."""
    column, kind = table.profiles[place], target.type.name
    if kind == "code":
        called = bool(table.words[place] & CODE_WORDS)
        return column.distinct > 1 and (called or column.numeric < 1)
    if kind == "money":
        return column.share("large", lambda text: text.strip("0.,- ") != "" and len(text) >= 4) > 0.5
    if kind == "text":
        return target.key_position is None or target.name.startswith("id") or is_paper_number(column)
    if kind == "kode_wilayah":
        return fit.mark > 0.2
    return True


def _of_the_kind(table: Table, found: dict[int, Fit], target: ContractField) -> bool:
    """Say whether a field may be proposed though no name hints at it."""
    if target.type.name == "text":
        return target.key_position is not None and target.name.startswith(("nomor", "kode"))
    return target.type.name in ("code", "money", "date", "nip", "nop", "kk", "nik", "phone", "kode_wilayah")


def is_paper_number(column: Profile) -> bool:
    """Say whether the values could be the numbers of papers: one each, with digits, and not a counter."""
    own = column.filled > 1 and column.distinct >= OWN * column.filled
    return own and not column.counter


def _single(table: Table, found: dict[int, Fit], target: ContractField) -> list[tuple[int, Fit]]:
    """Return the one candidate there is; of several numbers of papers the one that is called so."""
    if len(found) > 1 and target.type.name == "text":
        called = {place: fit for place, fit in found.items() if table.words[place] & {"nomor", "kode"}}
        found = called or found
    return list(found.items()) if len(found) == 1 else []
