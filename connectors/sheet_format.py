"""Workbooks (XLSX, XLS, ODS) by calamine: cells as their text, and no digit that a spreadsheet has already lost.

calamine holds one sheet in memory; an XLSX sheet ends at 1,048,576 rows, so this is bounded by the format and by
`source.max_file_mb`. A cell with an error (#N/A), or with a formula that no program has ever computed, arrives as
null, like an empty one.
"""

from __future__ import annotations

import mmap
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.drift import FeedPlace
from connectors.heading import Line, Merged
from connectors.reading import Row
from connectors.selection import CELL_LIMIT, Found, Selection
from connectors.sheet_check import UNSOUND
from connectors.table import found_rows
from connectors.zip_format import OLE, ZIP, require_unpacked, telling_damage
from schemas.errors import DriftError
from schemas.feed import FilesFeed
from schemas.yaml_file import suggest

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

#: a spreadsheet keeps 15 digits: of a NIK typed as a number the 16th is a zero that nobody entered
EXACT_LIMIT = 1e15
#: the names by which calamine knows a format: under another name it looks at what the file holds
SUFFIXES = {ZIP[:4]: (".xlsx", ".ods"), OLE[:4]: (".xls",)}
#: what opening a workbook may take: of memory, and of time
MEMORY_MB, OPENING_SECONDS = 3072, 600
#: what programs call a workbook without writing one
PRETENDERS = {
    b"<html": "an HTML page",
    b"<table": "an HTML page",
    b"<!doctype html": "an HTML page",
    b"mime-version": "a web archive",
    b"<?xml": "an XML text",
}


def read_sheets(file: Path, selection: Selection, details: dict[str, Any], limit_mb: int) -> Iterator[Row]:
    """Open the workbook and return the rows of its sheet, or of all that `sheet` names, one after the other.

    `details` gets sheet; with a pattern sheets, those that were read; hidden, where a hidden one is named.

    Raises:
        DriftError: it is no workbook, is locked by a password, is larger unpacked than `limit_mb`, or has no such
            sheet; while iterating for a sheet of a pattern that does not have the feed's columns.

    """
    feed, place = selection.feed, selection.place
    book = _open(file, feed, place, limit_mb)
    names = _sheets(book, file, feed, place, details)
    if feed.sheet is not None and details["sheet"] not in book.sheet_names:
        details["sheets"] = []
        return selection.rows(_joined(book, names, file, selection, details))
    sheet = _sheet(book, names[0], file, place)
    lines = _lines(sheet, feed, file, place)
    return selection.rows(found_rows(lines, selection, f"file '{file.name}'", merged=_merged(sheet)))


def _open(file: Path, feed: FilesFeed, place: FeedPlace, limit_mb: int) -> CalamineWorkbook:
    """Open a workbook, whatever its name ends in, when what its ZIP holds is within the limit."""
    from python_calamine import CalamineWorkbook

    with file.open("rb") as source:
        begin = source.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")
    found = next((words for sign, words in PRETENDERS.items() if begin.lower().startswith(sign)), None)
    if found is not None:
        fix = "have it opened in Excel or LibreOffice and saved as a workbook, or have it exported as CSV"
        raise place.error(f"file '{file.name}' is {found} under the name of a workbook", fix, key="file")
    with telling_damage(lambda error: _unreadable(file, place, error)):
        if begin.startswith(ZIP):
            require_unpacked(file, limit_mb, place)
        elif begin.startswith(OLE) and _is_locked(file):
            raise _unreadable(file, place, "Password protected")
    _require_sound(file, [], place)
    if _is_named_right(file):
        return CalamineWorkbook.from_path(str(file))
    with file.open("rb") as source:  # an .xls that is an .xlsx: found out by what it holds
        return CalamineWorkbook.from_filelike(source)


def _is_named_right(file: Path) -> bool:
    with file.open("rb") as source:
        return file.suffix.lower() in SUFFIXES.get(source.read(4), ())


def _unreadable(file: Path, place: FeedPlace, why: object) -> DriftError:
    fix = "have it saved again as a workbook (.xlsx), whole and without a password"
    return place.error(f"file '{file.name}' cannot be opened as a workbook ({why})", fix, key="file")


def _require_sound(file: Path, sheets: Sequence[str], place: FeedPlace) -> None:
    """Open the workbook and load sheets in another process first, where they may end it."""
    script = str(Path(__file__).with_name("sheet_check.py"))
    how = "path" if _is_named_right(file) else "content"
    command = [sys.executable, "-I", script, str(file), how, str(MEMORY_MB), *sheets]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=OPENING_SECONDS)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise _unreadable(file, place, f"it takes more than {OPENING_SECONDS} s") from None
    if done.returncode == UNSOUND:
        raise _unreadable(file, place, done.stdout.strip())
    if done.returncode:
        problem = f"file '{file.name}' is damaged, or has a sheet that takes more than {MEMORY_MB:,} MB of memory"
        fix = "have the cells far below and beside the table deleted, not only emptied; or have it exported as CSV"
        raise place.error(problem, fix, key="file")


def _is_locked(file: Path) -> bool:
    with file.open("rb") as source, mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find("EncryptedPackage".encode("utf-16-le")) >= 0


def _sheets(
    book: CalamineWorkbook, file: Path, feed: FilesFeed, place: FeedPlace, details: dict[str, Any]
) -> list[str]:
    """Return the sheets to read, and note in `details` what `sheet` meant."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    sheets = {one.name: one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet}
    visible = [name for name, one in sheets.items() if one.visible == SheetVisibleEnum.Visible]
    if feed.sheet in sheets:
        names = [feed.sheet]
        if feed.sheet not in visible:
            details["hidden"] = names
    elif feed.sheet is None:
        names = visible[:1]
    else:
        names = [name for name in visible if fnmatchcase(name, feed.sheet)]
    if not names:
        told = "no visible sheet" if feed.sheet is None else f"no sheet '{feed.sheet}'"
        fix = f"{suggest(feed.sheet or '', list(sheets))} The sheets are: {', '.join(sheets)}"
        raise place.error(f"file '{file.name}' has {told}", fix, key="sheet")
    details["sheet"] = feed.sheet or names[0]
    return names


def _sheet(book: CalamineWorkbook, name: str, file: Path, place: FeedPlace) -> CalamineSheet:
    if file.suffix.lower() != ".ods":  # all of an ODS is loaded when it is opened
        _require_sound(file, [name], place)
    return book.get_sheet_by_name(name)


def _joined(
    book: CalamineWorkbook, names: list[str], file: Path, selection: Selection, details: dict[str, Any]
) -> Iterator[Found]:
    """Give the rows of all sheets; one without any text is passed by, any other must have the feed's columns."""
    for name in names:
        sheet = _sheet(book, name, file, selection.place)
        what = f"file '{file.name}', sheet '{name}'"
        if any(cell is not None for _, cells, _ in _lines(sheet, None, file, selection.place) for cell in cells):
            lines = _lines(sheet, selection.feed, file, selection.place)
            details["sheets"].append(name)
            yield from found_rows(lines, selection, what, merged=_merged(sheet))
    if not details["sheets"]:
        fix = "mend sheet:, or have the export written again"
        raise selection.place.error(f"file '{file.name}' has no sheet with a text", fix)


def _merged(sheet: CalamineSheet) -> Merged | None:
    """Return the merged cells, their columns counted as the rows come: from the first that holds anything."""
    ranges, left = sheet.merged_cell_ranges, (sheet.start or (0, 0))[1]
    if ranges is None:
        return None
    return [((top, begin - left), (bottom, end - left)) for (top, begin), (bottom, end) in ranges]


def _lines(sheet: CalamineSheet, feed: FilesFeed | None, file: Path, place: FeedPlace) -> Iterator[Line]:
    first = feed.header_row if feed is not None and feed.header_row != "auto" else 1
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if number < first:
            continue
        texts = [cell_text(cell) for cell in cells]
        if any(text is not None and len(text) > CELL_LIMIT for text in texts):
            problem = f"file '{file.name}', line {number}, has a cell of more than {CELL_LIMIT:,} characters"
            raise place.error(problem, "have the cell emptied", key="file")
        yield number, texts, None


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
