"""Why a column becomes no field, and which unmapped columns hold data of persons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.draft.match import Matcher, Pair, Table

if TYPE_CHECKING:
    from schemas.contract import Contract

#: below it a pair is not worth a word
WORTH_A_WORD = 0.15
#: share of the rows from which on a column holds what it looks like
MOSTLY = 0.5
#: words of names that hold personal data though no field of the dataset asks for it
PERSONAL_WORDS = {
    "health": frozenset(("darah", "diagnosis", "cacat", "disabilitas", "hiv", "alergi", "hamil", "bpjs")),
    "religion or belief": frozenset(("agama", "suku")),
    "a person's name or family": frozenset(("ibu", "ayah", "wali", "pasien", "pelapor", "pemohon", "lengkap")),
    "a way to reach a person": frozenset(("telepon", "email", "alamat")),
    "money of a person": frozenset(("pendapatan", "npwp", "npwpd", "tabungan")),
    "a secret": frozenset(("password", "passwd", "pwd", "pass", "pin", "token", "md5")),
    "where a person is or looks like": frozenset(("foto", "selfie", "ttd", "wajah", "lat", "lng", "koordinat")),
}
IDENTIFIERS = {"nik": "NIK", "kk": "nomor KK", "nip": "NIP", "phone": "a telephone number"}


def reason(matcher: Matcher, view: Table, place: int, contract: Contract, pairs: Sequence[Pair]) -> str:
    """Say why a column becomes no field of the contract."""
    column = view.profiles[place]
    words = view.words[place] | frozenset(matcher.language.raw(view.columns[place]))
    if column.rows and not column.filled:
        return "no values in the sample"
    for what, marks in matcher.language.habits.chores.items():
        if words & marks and what != "an internal number":
            return what
    near = [pair for pair in matcher.pairs(view, contract, WORTH_A_WORD, place) if pair.field]
    if near:
        best = max(near, key=lambda pair: pair.score)
        taken = next((pair for pair in pairs if pair.field == best.field), None)
        if taken is None:
            return f"perhaps {best.field} ({best.score:.2f})"
        name = view.columns[taken.columns[0]]
        return f"{best.field} is taken from {name} ({taken.score:.2f}; this one {best.score:.2f})"
    if words & matcher.language.habits.chores["an internal number"]:
        return "an internal number"
    if column.rows > 1 and column.distinct == 1:
        return "the same value in every row"
    return f"{contract.dataset} asks for nothing like it"


def personal(matcher: Matcher, view: Table, place: int) -> str:
    """Say what personal data an unmapped column holds, by its values or by its name; "" where it seems to hold none."""
    column = view.profiles[place]
    for type_name, what in IDENTIFIERS.items():
        if column.filled and column.clean(type_name) > MOSTLY and (type_name != "phone" or column.long_digits > MOSTLY):
            return f"values look like {what}"
    words = view.words[place] | frozenset(matcher.language.raw(view.columns[place]))
    for what, marks in PERSONAL_WORDS.items():
        if words & marks:
            return what
    if column.address > MOSTLY:
        return "values look like addresses"
    known = [codes.name for codes in matcher.content.codelists.values() if codes.name in ("agama", "golongan_darah")]
    if any(column.distinct > 2 and column.known(matcher.content.codelists[name]) > 0.8 for name in known):
        return "religion or health" if column.numeric < MOSTLY else ""
    if "nama" in words and column.person > 0.9 and column.distinct > 0.6 * max(1, column.filled):
        return "a person's name or family"
    return ""
