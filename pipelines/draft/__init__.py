"""Draft an application's YAML from a survey of its source: `draft(survey, catalogue, app_id)`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.draft.content import Content
from pipelines.draft.experience import learn, learn_language
from pipelines.draft.how import empty_draft, field_draft, literal_draft
from pipelines.draft.keys import find_cursor, find_key, find_marks
from pipelines.draft.match import Matcher
from pipelines.draft.model import Draft, FeedDraft, FieldDraft, LeftOut
from pipelines.draft.rank import BESIDE_BEST, Ranked, Ranker
from pipelines.draft.reasons import personal, reason
from pipelines.draft.write import write_yaml
from pipelines.workspace import silent

if TYPE_CHECKING:
    from connectors.survey.model import Survey, SurveyTable
    from schemas.catalogue import Catalogue

__all__ = ["Draft", "FeedDraft", "FieldDraft", "LeftOut", "draft"]

#: more required fields than this without a column: the feed is written as a comment
MISSING_AT_MOST = 1
#: part of the best table's score that a second table of the same dataset must have to be shown, as a comment
ALSO = 0.8
_EXTENSION = re.compile(r"[*_-]*\.[a-zA-Z]{2,7}$")
_PREFIX = re.compile(r"^(?:tbl|tb|t|mst|trx|vw|v|ta|ref|m)_(?=.{3})")


def draft(
    survey: Survey, catalogue: Catalogue, app_id: str, progress: Callable[[int, int | None], None] = silent
) -> Draft:
    """Draft `applications/<opd>/<app>.yaml` of the surveyed source.

    What the other applications of the catalogue call their columns is learnt from their YAML at each call; that of
    `app_id` itself is never looked at. `progress` is told the tables done and their number.
    """
    opd, _, _ = app_id.partition(".")
    language = learn_language(catalogue, app_id)
    experience = learn(catalogue, language, app_id)
    matcher = Matcher(language, experience, Content(catalogue.codelists, experience), catalogue.contracts.values())
    ranker = Ranker(matcher, catalogue.contracts, opd)
    ranked = []
    for done, table in enumerate(survey.tables):
        progress(done, len(survey.tables))
        ranked.append(ranker.rank(table))
    progress(len(survey.tables), len(survey.tables))
    ranked.sort(key=lambda item: -item.score)
    drafter = _Drafter(matcher, catalogue, app_id, survey)
    chosen, left_out = _choose(ranked)
    names: set[str] = set()
    feeds = []
    for item in chosen:
        feeds.append(drafter.feed(item, _name(item.table, names)))
    feeds = _one_active(_one_each(feeds))
    title = app_id.rpartition(".")[2].replace("_", " ")
    text = write_yaml(title, survey.connection, survey.kind, survey.source, feeds, left_out, app_id) if feeds else ""
    return Draft(app_id, survey.connection, text, tuple(feeds), tuple(left_out), survey.notes)


def _choose(ranked: list[Ranked]) -> tuple[list[Ranked], list[LeftOut]]:
    """Part the tables worth a feed from those that are not."""
    chosen: list[Ranked] = []
    left_out: list[LeftOut] = []
    best: dict[str, Ranked] = {}
    for item in ranked:
        why = item.reason
        first = best.get(item.dataset)
        if not why and first is not None and item.score < ALSO * first.score:
            why = f"{first.table.name} supplies {item.dataset} better"
        if not why and chosen and item.score < BESIDE_BEST * chosen[0].score:
            why = "much less to the point than the others"
        if why:
            left_out.append(LeftOut(item.table.name, round(item.score, 2), item.dataset, item.table.rows, why))
        else:
            best.setdefault(item.dataset, item)
            chosen.append(item)
    return chosen, left_out


class _Drafter:
    """Writes ranked tables as feeds."""

    def __init__(self, matcher: Matcher, catalogue: Catalogue, app_id: str, survey: Survey) -> None:
        self.matcher, self.catalogue, self.kind = matcher, catalogue, survey.kind
        self.opd, _, app = app_id.partition(".")
        self.words = frozenset(re.findall("[a-z0-9]+", f"{app} {survey.connection}".lower())) | {app, survey.connection}

    def feed(self, item: Ranked, name: str) -> FeedDraft:
        """Write one ranked table as a feed."""
        contract, view, language = self.catalogue.contracts[item.dataset], item.view, self.matcher.language
        fields, missing = self._fields(item)
        key, key_why = find_key(item.table, view, item.pairs, contract, language)
        cursor, cursor_note = find_cursor(view, language)
        if cursor is not None and self.kind != "sql":  # how an API is asked for changes, no sample tells
            cursor, cursor_note = None, f"{cursor} tells the last change: perhaps a cursor"
        where, notes = find_marks(view, language)
        mapped = {place for pair in item.pairs for place in pair.columns}
        where = {column: texts for column, texts in where.items() if view.columns.index(column) not in mapped}
        used = {view.columns[place] for place in mapped} | {*key, *where, *([cursor] if cursor else [])}
        left = [place for place, column in enumerate(view.columns) if column not in used]
        unmapped = [place for place, column in enumerate(view.columns) if place not in mapped]
        marked = ((view.columns[place], personal(self.matcher, view, place)) for place in unmapped)
        absent = [target.name for target in contract.fields if target.name not in {one.field for one in fields}]
        if absent:
            notes.append("no column: " + ", ".join(absent))
        if missing:
            notes.append("required, and no column: " + ", ".join(missing))
        return FeedDraft(
            name=name,
            table=item.table.name,
            dataset=item.dataset,
            score=round(item.score, 2),
            rows=item.table.rows,
            others=item.others,
            place=dict(item.table.feed),
            key=key,
            key_why=key_why,
            cursor=cursor,
            where=where,
            fields=tuple(fields),
            missing=tuple(missing),
            ignored=tuple((view.columns[n], reason(self.matcher, view, n, contract, item.pairs)) for n in left),
            sensitive=tuple((column, why) for column, why in marked if why),
            notes=(*([cursor_note] if cursor_note and cursor is None else []), *notes),
            active=len(missing) <= MISSING_AT_MOST,
        )

    def _fields(self, item: Ranked) -> tuple[list[FieldDraft], list[str]]:
        """Return the fields in the contract's order, and the required ones that nothing fits."""
        contract = self.catalogue.contracts[item.dataset]
        codelists, experience = self.catalogue.codelists, self.matcher.experience
        pairs = {pair.field: pair for pair in item.pairs}
        words = self.words | frozenset(re.findall("[a-z0-9]+", item.table.name.lower()))
        fields, missing = [], []
        for target in contract.fields:
            pair = pairs.get(target.name)
            if pair is not None:
                habits = self.matcher.language.habits
                fields.append(field_draft(pair, item.view, target, codelists, experience, habits))
                continue
            literal = literal_draft(target, codelists, experience, self.opd, words)
            if literal is not None:
                fields.append(literal)
            elif target.required:
                fields.append(empty_draft(target))
                missing.append(target.name)
        return fields, missing


def _one_each(feeds: list[FeedDraft]) -> list[FeedDraft]:
    """Keep one active feed for a dataset: whether a second table holds other rows only the department knows."""
    first: dict[str, str] = {}
    parted = []
    for feed in feeds:
        if feed.active and first.setdefault(feed.dataset, feed.table) != feed.table:
            note = f"{first[feed.dataset]} supplies {feed.dataset} already; open this one where its rows are others"
            feed = replace(feed, active=False, notes=(note, *feed.notes))
        parted.append(feed)
    return parted


def _one_active(feeds: list[FeedDraft]) -> list[FeedDraft]:
    """Make the best feed an active one where none is: a file without feeds is none."""
    if not feeds or any(feed.active for feed in feeds):
        return feeds
    best = min(feeds, key=lambda feed: (len(feed.missing), -feed.score))
    return [replace(feed, active=True) if feed is best else feed for feed in feeds]


def _name(table: SurveyTable, taken: set[str]) -> str:
    """Return a feed's name, not yet taken: the table's in small letters, without the usual prefixes and endings."""
    own = _EXTENSION.sub("", table.name) if table.kind == "file" else table.name.rstrip("/")
    own = own.rpartition("/")[2]
    plain = re.sub("[^a-z0-9]+", "_", re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", own).lower()).strip("_")
    plain = _PREFIX.sub("", plain)[:30].strip("_") or "feed"
    plain = plain if plain[0].isalpha() else f"feed_{plain}"
    name, number = plain, 2
    while name in taken:
        name, number = f"{plain}_{number}", number + 1
    taken.add(name)
    return name
