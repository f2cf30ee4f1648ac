"""What identifies a row, when it was last changed, and whether it still counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from pipelines.draft.match import Pair, Table
from pipelines.draft.names import Language
from pipelines.draft.profile import Profile

if TYPE_CHECKING:
    from connectors.survey.model import SurveyTable
    from schemas.contract import Contract

#: columns that are tried together when no single one is unique
TRIED = 8
#: share of the rows that a cursor must stand in: rows without one would never be read again
FILLED = 0.99
#: share of the rows that must count before a mark is believed
LIVE = 0.5


def find_key(
    table: SurveyTable, view: Table, pairs: Sequence[Pair], contract: Contract, language: Language
) -> tuple[tuple[str, ...], str]:
    """Return the columns that identify a row, and what says so."""
    if table.primary_key:
        return table.primary_key, "primary key"
    if table.unique:
        return min(table.unique, key=len), "unique index"
    mapped = {pair.field: pair.columns for pair in pairs if pair.split is None}
    own = [place for name in contract.key for place in mapped.get(name, ())]
    named = [place for place, words in enumerate(view.words) if words & {"id", "nomor", "kode", "uuid"}]
    likely = list(dict.fromkeys([*own, *named]))
    for place in [*likely, *range(len(view.columns))]:
        if view.profiles[place].unique and _may_be_key(view.profiles[place]):
            return (view.columns[place],), "unique in the sample"
    dated = [place for place, words in enumerate(view.words) if words & {"tanggal", "tahun", "bulan", "periode"}]
    tried = list(dict.fromkeys([*own, *named, *dated]))[:TRIED]
    for size in (2, 3, 4):
        for places in combinations(tried, size):
            if _unique_together([view.profiles[place] for place in places]):
                return tuple(view.columns[place] for place in places), "unique together in the sample"
    chosen = own or likely[:1] or [0]
    return tuple(view.columns[place] for place in dict.fromkeys(chosen)), "fill in: nothing is unique in the sample"


def find_cursor(view: Table, language: Language) -> tuple[str | None, str]:
    """Return the column of the last change and a note; None with a note where only the creation is told."""
    habits, made = language.habits, ""
    for place, column in enumerate(view.profiles):
        words = _pieces(view.columns[place], language)
        stamped = column.dates > 0.9 and not column.date_formats and column.clock > 0.5
        if not stamped:
            continue
        if words & habits.cursor["changed"]:
            if column.filled >= FILLED * column.rows:
                return column.name, "time of the last change"
            made = made or f"{column.name} tells changes, but is empty in some rows: no cursor"
        elif words & habits.cursor["made"]:
            made = made or f"{column.name} tells when a row was made, not when it was changed: no cursor"
    return None, made


def find_marks(view: Table, language: Language) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return the rows that count, by a mark for deletion, and notes on marks that are less sure."""
    where: dict[str, tuple[str, ...]] = {}
    notes: list[str] = []
    for place, column in enumerate(view.profiles):
        words = _pieces(view.columns[place], language)
        gone, live = words & language.habits.marks["gone"], words & language.habits.marks["live"]
        if not gone and not live:
            continue
        if gone and column.filled < column.rows and column.dates > 0.5:
            notes.append(f"{column.name} tells when a row was taken away; `where` knows no empty values")
            continue
        texts = _counting(column, language.habits.marks, bool(gone))
        if texts and gone and not where:
            where[column.name] = texts
        elif texts:
            shown = ", ".join(f'"{text}"' for text in texts)
            notes.append(f"perhaps only rows that count: where: {{{column.name}: [{shown}]}}")
    return where, notes


def _counting(column: Profile, marks: Mapping[str, frozenset[str]], gone: bool) -> tuple[str, ...]:
    """Return the texts of rows that count; none where the values are more than yes and no."""
    texts = {text: text.lower() for text, _ in column.values}
    if not texts or not set(texts.values()) <= marks["yes"] | marks["no"] or column.distinct > 4:
        return ()
    if set(texts.values()) & {"t"}:  # PostgreSQL's true, the `tidak` of forms
        is_true = bool(set(texts.values()) & {"f", "false"})
        no = {"f", "false"} if is_true else {"t"}
    else:
        no = set(marks["no"])
    chosen = tuple(text for text, low in texts.items() if (low in no) == gone)
    share = column.share(f"live:{gone}", lambda text: text in chosen)
    return chosen if chosen and share >= LIVE else ()


def _pieces(name: str, language: Language) -> frozenset[str]:
    """Return the words of a name as written and as meant: `del` counts before it is written out."""
    return frozenset(language.raw(name)) | frozenset(language.spell(name))


def _may_be_key(column: Profile) -> bool:
    return column.words < 1.5 and column.dates < 0.5 and column.share("short", lambda text: len(text) <= 64) == 1


def _unique_together(columns: Sequence[Profile]) -> bool:
    rows = list(zip(*(column.sample for column in columns), strict=True))
    return len(rows) > 1 and len(set(rows)) == len(rows) and not any(None in row for row in rows)
