"""Workbooks and DBF tables: files that are read from their end or as a whole, here on this machine."""

from __future__ import annotations

import re
import struct
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from connectors.survey.files_parts import SEARCHED_LINES, Part, UnreadableError, columns_of, table_part

#: bytes that a workbook may have unpacked: calamine holds a sheet in memory
MOST_UNPACKED = 512 * 1024 * 1024
DATED = re.compile(
    r"20\d\d|januari|februari|maret|april|mei|juni|juli|agustus|september|oktober|november|desember", re.I
)


def zip_kind(path: Path) -> str:
    """Return 'xlsx' or 'ods' for a workbook, else the names in the ZIP for a note."""
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
            if sum(one.file_size for one in archive.infolist()) > MOST_UNPACKED:
                raise UnreadableError(f"has more than {MOST_UNPACKED // 1024**2} MB unpacked")
            if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
                return "xlsx"
            if "mimetype" in names and b"opendocument.spreadsheet" in archive.read("mimetype")[:100]:
                return "ods"
    except (BadZipFile, OSError, NotImplementedError) as error:
        raise UnreadableError("was cut, or is no ZIP") from error
    return "holds " + ", ".join(names[:20])


def sheet_parts(path: Path, format_: str, wanted: int) -> list[Part]:
    """Return each visible sheet that holds anything as a table of its own."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    from connectors.sheet_format import cell_text

    parts, hidden = list[Part](), list[str]()
    try:
        with path.open("rb") as source:
            book = CalamineWorkbook.from_filelike(source)
            sheets = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
            for one in sheets:
                if one.visible != SheetVisibleEnum.Visible:
                    hidden.append(one.name)
                    continue
                sheet = book.get_sheet_by_name(one.name)
                lines = islice(sheet.iter_rows(), wanted + SEARCHED_LINES)
                rows = [[cell_text(cell) for cell in row] for row in lines]
                if not any(map(any, rows)):
                    continue
                left, ranges = (sheet.start or (0, 0))[1], sheet.merged_cell_ranges
                merged = None if ranges is None else [
                    ((top, begin - left), (bottom, end - left)) for (top, begin), (bottom, end) in ranges
                ]  # fmt: skip
                part = table_part(rows, {"format": format_, "sheet": one.name}, wanted, merged, one.name)
                begun = int(part.feed.get("header_row", 1)) + int(part.feed.get("header_rows", 1)) - 1
                counted = part.rows if sheet.total_height <= len(rows) else sheet.total_height - begun
                parts.append(Part(part.columns, part.feed, counted, one.name, part.problem, part.notes))
    except CalamineError as error:
        problem = "is locked by a password" if "assword" in str(error) else "cannot be opened as a workbook"
        raise UnreadableError(problem) from error
    return _named(parts, hidden)


def _named(parts: list[Part], hidden: list[str]) -> list[Part]:
    """Name no part after the only sheet; a sheet that bears a date is not named at all, the next file has another."""
    if not parts:
        raise UnreadableError("has no visible sheet that holds anything")
    notes = (f"has the hidden sheet {', '.join(hidden)}",) if hidden else ()
    if len(parts) == 1:
        one = parts[0]
        is_dated = DATED.search(str(one.feed["sheet"])) is not None
        feed = {key: value for key, value in one.feed.items() if key != "sheet" or not is_dated}
        return [Part(one.columns, feed, one.rows, "", one.problem, (*one.notes, *notes))]
    alike = [part.name for part in parts if _names(part) == _names(parts[0]) and part.columns]
    if len(alike) == len(parts):
        notes = (*notes, f'the sheets {", ".join(alike)} have the same columns: sheet: "*" reads them as one')
    first = parts[0]
    noted = Part(first.columns, first.feed, first.rows, first.name, first.problem, (*first.notes, *notes))
    return [noted, *parts[1:]]


def _names(part: Part) -> list[str]:
    return [column.name for column in part.columns]


def dbf_part(path: Path, wanted: int) -> Part:
    """Return a DBF table; its memo texts, which lie in a file beside it, stay out."""
    try:
        return _dbf(path, wanted, "utf-8")
    except UnicodeDecodeError:
        return _dbf(path, wanted, "cp1252")


def _dbf(path: Path, wanted: int, encoding: str) -> Part:
    from dbfread import DBF

    from connectors.dbf_format import TextParser

    errors = "strict" if encoding == "utf-8" else "replace"
    try:
        table = DBF(
            str(path), encoding=encoding, char_decode_errors=errors, parserclass=TextParser,
            ignorecase=False, ignore_missing_memofile=True,
        )  # fmt: skip
        names = list(table.field_names)
        rows = [[_text(record[name]) for name in names] for record in islice(table, wanted)]
    except UnicodeDecodeError:
        raise
    except (ValueError, struct.error, TypeError, OverflowError, IndexError) as error:
        raise UnreadableError("is no DBF table, or is damaged") from error
    declared = [
        f"{one.type}({one.length},{one.decimal_count})" if one.decimal_count else f"{one.type}({one.length})"
        for one in table.fields
    ]
    return Part(columns_of(names, rows, declared), {"format": "dbf"}, int(table.header.numrecords))


def _text(value: object) -> str | None:
    return None if value is None or value == "" or isinstance(value, bytes) else str(value)
