"""The draft as YAML: what an application file holds, with confidence and reasons in comments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from pipelines.draft.model import FeedDraft, FieldDraft, LeftOut
from schemas.contract import CLASSIFICATIONS

FILL_IN = "# fill in"
#: lines longer than this put their comment on a line of its own
WIDTH = 118
#: how long after the newest row others may still be committed
LAG = "1d"
CLASSES = {"personal": "personal", "personal_specific": "specific personal data"}


def write_yaml(
    title: str,
    connection: str,
    kind: str,
    source: Mapping[str, Any],
    feeds: Sequence[FeedDraft],
    left_out: Sequence[LeftOut],
    app_id: str,
) -> str:
    """Return the application file; inactive feeds stand in it as comments."""
    lines = [
        f"# Draft of {app_id}, made from a sample of the source. Read every line: the number is how sure the draft is.",
        "# Then name the feeds at their place in the order of authority:",
        *(f"#   schemas/integration/{feed.dataset}.yaml:  - {app_id}.{feed.name}" for feed in feeds if feed.active),
        f"title: {_flow(title)}  {FILL_IN}",
        "description: Drafted from the source; what was inferred is not confirmed.  # fill in",
        "# register: 1  # fill in: its number in the city's register of applications",
        f"classification: {_classification(feeds)}  # the highest class of the fields below",
        f"owner: {{unit: Belum diisi, email: belum.diisi@opd.example}}  {FILL_IN}: the producer of the data",
        f"steward: diskominfo  {FILL_IN}",
        f"connection: {_flow(connection)}",
        *_source(connection, kind, source),
        '# schedule: "0 2 * * *"  # fill in; without it only by hand',
        "feeds:",
    ]
    for feed in feeds:
        body = _feed(feed)
        lines += body if feed.active else [f"  #{line[1:]}" if line.strip() else "  #" for line in body]
    lines += _left_out(left_out)
    return "\n".join(lines) + "\n"


def _source(connection: str, kind: str, source: Mapping[str, Any]) -> list[str]:
    pool = {"sql": "db", "rest": "api", "files": "drop"}[kind]
    name = "".join(sign if sign.isalnum() else "-" for sign in connection.lower() if sign.isascii())
    keys = {"kind": kind, "host_pool": f"{pool}-{name.strip('-') or 'baru'}", "max_concurrency": 1, **source}
    return [f"source: {_flow(keys)}", "  # fill in host_pool: applications on one server share it; and window"]


def _feed(feed: FeedDraft) -> list[str]:
    rows = "" if feed.rows is None else f", some {feed.rows} rows"
    lines = [
        f"  # {feed.score:.2f} relevant to {feed.dataset}{rows}" + _others(feed),
        *(f"  # {note}" for note in feed.notes),
        f"  {feed.name}:",
        *(f"    {key}: {_flow(value)}" for key, value in feed.place.items()),
        f"    key: {_flow(list(feed.key))}  # {feed.key_why}",
    ]
    if feed.where:
        where = {column: list(texts) for column, texts in feed.where.items()}
        lines.append(f"    where: {_flow(where)}  # rows that were taken away stay out")
    if feed.cursor is not None:
        lines.append(
            f"    cursor: {{column: {_flow(feed.cursor)}, lag: {LAG}}}  # the last change; how late are commits?"
        )
    lines += [f"    dataset: {feed.dataset}", "    map:"]
    for item in feed.fields:
        lines += _field(item)
    lines += _ignore(feed)
    if feed.rows:
        lines.append(f"    expect: {{min_rows: {_few(feed.rows)}, max_quarantined_pct: 20}}  {FILL_IN}")
    return lines


def _field(item: FieldDraft) -> list[str]:
    comment = f"{item.confidence:.2f} {item.why}" if item.confidence else item.why
    if item.classification in CLASSES:
        comment += f"; {CLASSES[item.classification]}"
    lines = [f"      # {note}" for note in item.notes]
    value = item.how if isinstance(item.how, str) else dict(item.how)
    return [*lines, *_commented(f"      {item.field}: {_flow(value)}", comment)]


def _ignore(feed: FeedDraft) -> Iterable[str]:
    if not feed.ignored:
        return
    personal = dict(feed.sensitive)
    yield "    ignore:"
    for column, reason in feed.ignored:
        marked = f"; PERSONAL: {personal[column]}" if column in personal else ""
        yield from _commented(f"      - {_flow(column)}", reason + marked)


def _commented(line: str, comment: str) -> list[str]:
    comment = " ".join(comment.split())
    if len(line) + len(comment) + 4 <= WIDTH:
        return [f"{line}  # {comment}"]
    indent = " " * (len(line) - len(line.lstrip()))
    return [f"{indent}# {comment}", line]


def _left_out(left_out: Sequence[LeftOut]) -> list[str]:
    if not left_out:
        return []
    lines = ["# Not proposed:"]
    for item in left_out:
        rows = "" if item.rows is None else f", some {item.rows} rows"
        lines.append(f"#   {_one_line(item.table)} ({item.score:.2f} {item.dataset}{rows}): {_one_line(item.reason)}")
    return lines


def _others(feed: FeedDraft) -> str:
    return "; or: " + ", ".join(f"{name} {score:.2f}" for name, score in feed.others) if feed.others else ""


def _classification(feeds: Sequence[FeedDraft]) -> str:
    classes = [item.classification for feed in feeds if feed.active for item in feed.fields]
    return max(classes, key=CLASSIFICATIONS.index, default="internal")


def _few(rows: int) -> int:
    """Return half of the rows, with one digit that is not zero: a gate against an empty or broken source."""
    half = max(1, rows // 2)
    scale = int("1" + "0" * (len(str(half)) - 1))
    return half // scale * scale


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    text = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**6, sort_keys=False)
    return str(text).strip()[1:-1]


def _one_line(text: str) -> str:
    return " ".join(text.split())
