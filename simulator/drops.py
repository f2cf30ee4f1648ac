"""Write an application's tables as files in a drop folder, or as the JSON that the REST server hands out."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from simulator.description import Column, DropFile, RestDescription

TITLES = ["PEMERINTAH KOTA PROBOLINGGO", "LAPORAN", "Data contoh, seluruhnya rekaan", ""]


def write_file(folder: Path, name: str, table: DropFile, frame: pd.DataFrame) -> None:
    """Write `<name>.<format>` into the folder, under a title where the description asks for one."""
    path = folder / f"{name}.{table.format}"
    if table.format == "xlsx":
        _write_xlsx(path, table, frame)
        return
    with path.open("w", encoding=table.encoding, errors="replace", newline="") as lines:
        for title in TITLES[: table.header_row - 1]:
            lines.write(title + "\r\n")
        frame.to_csv(lines, sep=table.delimiter, index=False, lineterminator="\r\n")


def _write_xlsx(path: Path, table: DropFile, frame: pd.DataFrame) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(table.sheet)
    for title in TITLES[: table.header_row - 1]:
        sheet.append([title])
    sheet.append(list(table.all_columns))
    columns = [_values(column, frame[name]) for name, column in table.all_columns.items()]
    for row in zip(*columns, strict=True):
        sheet.append(row)
    book.save(path)


def write_json(folder: Path, description: RestDescription, frames: dict[str, pd.DataFrame]) -> None:
    """Write the records of every resource; dots in column names become nested objects."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in description.tables.items():
        columns = [_values(column, frames[name][field]) for field, column in table.all_columns.items()]
        records = [_nested(dict(zip(table.all_columns, row, strict=True))) for row in zip(*columns, strict=True)]
        text = json.dumps(records, ensure_ascii=False, default=str)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


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
