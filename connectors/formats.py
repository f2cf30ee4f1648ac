"""The one door to what a delivered file holds, whatever its format, packed into a ZIP or not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.drift import FeedPlace
from connectors.reading import Demand, Row
from connectors.selection import Selection
from connectors.table import select_rows
from schemas.feed import FilesFeed

MB = 1024 * 1024
#: as schemas.source.FilesSource has it
LIMIT_MB = 2048


def open_format(
    file: Path,
    feed: FilesFeed,
    place: FeedPlace,
    demand: Demand,
    details: dict[str, Any],
    limit_mb: int = LIMIT_MB,
) -> tuple[Iterator[Row], Sequence[str]]:
    """Open a delivered file and return its rows and their columns: the landed ones (of the key), REST and PROBLEM.

    `details` gets bytes (its size, where nobody has told what was received), columns_found and changes,
    and by format encoding, delimiter, sheet, sheets, hidden, member, deleted,
    totals_left_out. A ZIP's member lies in a temporary folder until the last row.

    Raises:
        ConfigurationError: the feed's YAML does not say enough to read the format.
        DriftError: the file is not as the feed describes it, was cut, or holds more than `limit_mb` MB; at once or
            while iterating.

    """
    size = file.stat().st_size
    require_size(file.name, size, limit_mb, place)
    details.setdefault("bytes", size)
    selection = Selection(feed, place, demand, details)
    return _rows(file, selection, details, limit_mb), selection.columns


def require_size(name: str, size: int, limit_mb: int, place: FeedPlace) -> None:
    """Raise DriftError for a file of more bytes than the application's files may have."""
    if size > limit_mb * MB:
        problem = f"file '{name}' has {size // MB:,} MB, the limit of source.max_file_mb is {limit_mb:,}"
        raise place.error(problem, "have less put into it; if it is that large by right, raise the limit", key="file")


def _rows(file: Path, selection: Selection, details: dict[str, Any], limit_mb: int) -> Iterator[Row]:
    from connectors.zip_format import is_zip, unpack

    feed, place = selection.feed, selection.place
    if not is_zip(file, feed):
        return _unpacked(file, selection, details, limit_mb)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="opdhub-"))
        member = unpack(file, feed, place, limit_mb, details, Path(folder))
        if member.stat().st_size == 0:
            raise place.error(f"file '{member.name}' is empty", "have the export written again", key="file")
        rows = _unpacked(member, selection, details, limit_mb)
        return _until_read(rows, stack.pop_all())


def _until_read(rows: Iterator[Row], stack: contextlib.ExitStack) -> Iterator[Row]:
    with stack:
        yield from rows


def _unpacked(file: Path, selection: Selection, details: dict[str, Any], limit_mb: int) -> Iterator[Row]:
    feed, place, what = selection.feed, selection.place, f"file '{file.name}'"
    match feed.format:
        case "csv":
            from connectors.csv_format import read_csv

            return select_rows(read_csv(file, feed, place, details), selection, what)
        case "dbf":
            from connectors.dbf_format import read_dbf

            lines, types = read_dbf(file, selection, details)
            return select_rows(lines, selection, what, types)
        case "xml":
            from connectors.xml_format import read_xml

            return read_xml(file, selection, details)
        case "json" | "jsonl" | "geojson":
            from connectors.json_format import read_json

            return read_json(file, selection, details)
        case "xlsx" | "xls" | "ods":
            from connectors.sheet_format import read_sheets

            return read_sheets(file, selection, details, limit_mb)
