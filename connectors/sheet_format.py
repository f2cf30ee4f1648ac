"""Workbooks (XLSX, ODS) by calamine: cells as their text, and no digit that a spreadsheet has already lost.

calamine holds one sheet in memory; an XLSX sheet ends at 1,048,576 rows, so this is bounded by the format. A cell
with an error (#N/A) arrives as null, like an empty one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.drift import FeedPlace
from connectors.table import Line
from schemas.application import FilesFeed
from schemas.yaml_file import suggest

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

#: a spreadsheet keeps 15 digits: of a NIK typed as a number the 16th is a zero that nobody entered
EXACT_LIMIT = 1e15


def read_sheet(file: Path, feed: FilesFeed, place: FeedPlace, details: dict[str, Any]) -> Iterator[Line]:
    """Open the sheet (the first one where none is named) and return its rows from `header_row` on.

    Raises:
        DriftError: it is no workbook, is locked by a password, or has no such sheet.

    """
    from python_calamine import CalamineError, load_workbook

    with file.open("rb") as source:
        details["sha256"] = hashlib.file_digest(source, "sha256").hexdigest()
    try:
        book = load_workbook(str(file))
        names = book.sheet_names
        if feed.sheet is not None and feed.sheet not in names:
            fix = f"{suggest(feed.sheet, names)} The sheets are: {', '.join(names)}"
            raise place.error(f"file '{file.name}' has no sheet '{feed.sheet}'", fix, key="sheet")
        details["sheet"] = feed.sheet or names[0]
        sheet = book.get_sheet_by_name(details["sheet"])
    except CalamineError as error:
        fix = f"have it saved as .{feed.format} without a password"
        problem = f"file '{file.name}' cannot be opened as a workbook ({error})"
        raise place.error(problem, fix, key="file") from error
    return _lines(sheet, feed.header_row)


def _lines(sheet: CalamineSheet, header_row: int) -> Iterator[Line]:
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if number >= header_row:
            yield number, [cell_text(cell) for cell in cells]


def cell_text(cell: object) -> str | None:
    """Return a cell as the sheet shows it: integers without '.0', dates as ISO 8601, empty as None.

    An integer of 16 digits or more comes in scientific notation ("3.57491E+15"): its last digits are not
    those that somebody typed, and in this form the value types refuse it instead of believing it.
    """
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return _number_text(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(int(cell.total_seconds()), 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
    return str(cell)


def _number_text(number: float) -> str:
    if abs(number) >= EXACT_LIMIT:
        return f"{number:.5E}"
    if number == int(number):
        return str(int(number))
    return format(Decimal(repr(number)), "f")
