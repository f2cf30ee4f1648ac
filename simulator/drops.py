"""Write an application's tables as files in a drop folder, or as the JSON that the REST server hands out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from schemas.errors import ConfigurationError
from simulator.description import Column, DropFile, RestDescription
from simulator.file_formats import write_dbf, write_ods, write_xml

TITLES = ["PEMERINTAH KOTA PROBOLINGGO", "LAPORAN", "Data contoh, seluruhnya rekaan", ""]


def write_file(folder: Path, name: str, table: DropFile, frame: pd.DataFrame) -> None:
    """Write `<name>.<format>` into the folder, under a title where the description asks for one."""
    path = folder / f"{name}.{table.format}"
    if table.format == "csv":
        _write_csv(path, table, frame)
    elif table.format == "xlsx":
        _write_xlsx(path, table, frame)
    elif table.format == "ods":
        write_ods(path, table.sheet, _sheet_rows(table, frame))
    elif table.format == "dbf":
        write_dbf(path, list(table.all_columns), _text_rows(table, frame), table.encoding)
    else:
        if table.record is None:
            raise ConfigurationError("is missing", where=f"{name}: record", fix="name the element that is one row")
        write_xml(path, table.record, list(table.all_columns), _text_rows(table, frame), table.encoding)


def _write_csv(path: Path, table: DropFile, frame: pd.DataFrame) -> None:
    with path.open("w", encoding=table.encoding, errors="replace", newline="") as lines:
        for title in TITLES[: table.header_row - 1]:
            lines.write(title + "\r\n")
        frame.to_csv(lines, sep=table.delimiter, index=False, lineterminator="\r\n")


def _write_xlsx(path: Path, table: DropFile, frame: pd.DataFrame) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(table.sheet)
    for row in _sheet_rows(table, frame):
        sheet.append(row)
    book.save(path)


def _sheet_rows(table: DropFile, frame: pd.DataFrame) -> Iterator[Sequence[Any]]:
    """Give title, header and rows of a sheet; an empty line of the title is an empty cell."""
    yield from ([title] for title in TITLES[: table.header_row - 1])
    yield list(table.all_columns)
    yield from zip(*(_values(column, frame[name]) for name, column in table.all_columns.items()), strict=True)


def _text_rows(table: DropFile, frame: pd.DataFrame) -> list[tuple[str | None, ...]]:
    columns = (frame[name].astype(object).where(frame[name].notna(), None) for name in table.all_columns)
    return list(zip(*columns, strict=True))


def write_json(folder: Path, description: RestDescription, frames: dict[str, pd.DataFrame]) -> None:
    """Write the records of every resource; dots in column names become nested objects."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in description.tables.items():
        columns = [_values(column, frames[name][field]) for field, column in table.all_columns.items()]
        records = [_nested(dict(zip(table.all_columns, row, strict=True))) for row in zip(*columns, strict=True)]
        text = json.dumps(records, ensure_ascii=False, default=str)
        fresh = folder / f"{name}.json.new"  # the server may read at this moment
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(folder / f"{name}.json")


def _values(column: Column, texts: pd.Series[Any]) -> list[Any]:
    """Type the texts that fit the column's type; what does not fit stays a text, as in a spreadsheet."""
    convert = {"int": int, "bigint": int, "double": float, "date": datetime.fromisoformat}.get(column.type, str)
    return [_typed(text, convert) for text in texts.astype(object).where(texts.notna(), None)]


def _typed(text: str | None, convert: Any) -> Any:
    try:
        return None if text is None else convert(text)
    except ValueError:
        return text


def _nested(record: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in record.items():
        place, *path = name.split(".")
        here = nested
        for step in path:
            here, place = here.setdefault(place, {}), step
        here[place] = value
    return nested
