"""The file formats of drop folders that no library at hand writes as the old programs do: ODS, DBF, XML."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from schemas.errors import ConfigurationError

ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
ODF = "urn:oasis:names:tc:opendocument:xmlns"
#: of the files' own dates: the same city has the same bytes on any day
WRITTEN = datetime(2025, 6, 30)
#: a text field of dBase III ends there
DBF_WIDTH, DBF_NAME = 254, 10
WFS, GML, DATA = "http://www.opengis.net/wfs/2.0", "http://www.opengis.net/gml/3.2", "urn:contoh:data"


def write_ods(path: Path, sheet: str, rows: Iterable[Sequence[Any]]) -> None:
    """Write a workbook of one sheet; numbers and dates are typed cells, everything else is text."""
    names = " ".join(f'xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "table", "text"))
    table = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>\n" for row in rows)
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content {names} office:version="1.3"><office:body>'
        f"<office:spreadsheet><table:table table:name={quoteattr(sheet)}>\n{table}</table:table></office:spreadsheet>"
        "</office:body></office:document-content>"
    )
    manifest = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<manifest:manifest xmlns:manifest="{ODF}:manifest:1.0" '
        f'manifest:version="1.3"><manifest:file-entry manifest:full-path="/" manifest:media-type="{ODS_TYPE}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    with zipfile.ZipFile(path, "w") as book:
        for name, text in (("mimetype", ODS_TYPE), ("content.xml", content), ("META-INF/manifest.xml", manifest)):
            entry = zipfile.ZipInfo(name, WRITTEN.timetuple()[:6])
            # the type comes first and uncompressed, so that programs know the file by its first bytes
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            book.writestr(entry, text)


def _ods_cell(value: Any) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, datetime):
        kind = f'date" office:date-value="{value.date().isoformat()}'
    elif isinstance(value, int | float):
        kind = f'float" office:value="{value}'
    else:
        kind = "string"
    return f'<table:table-cell office:value-type="{kind}"><text:p>{escape(str(value))}</text:p></table:table-cell>'


def write_dbf(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str | None]], encoding: str) -> None:
    """Write a dBase III table whose fields are all texts, so that a NIK keeps its digits.

    Raises ConfigurationError for a name that the format does not know; texts are cut at 254 bytes.
    """
    import dbf  # 0.2 s that only a city with a DBF needs to wait

    wrong = [name for name in columns if len(name) > DBF_NAME or not name.isascii() or name != name.upper()]
    if wrong:
        fix = f"use upper-case names of at most {DBF_NAME} letters"
        raise ConfigurationError(f"'{wrong[0]}' is no column of a DBF", where=path.stem, fix=fix)
    cells = [[_fitted(cell, encoding) for cell in row] for row in rows]
    widths = [max([1, *(len(row[at].encode(encoding)) for row in cells)]) for at in range(len(columns))]
    spec = "; ".join(f"{name} C({width})" for name, width in zip(columns, widths, strict=True))
    page = "utf8" if encoding.startswith("utf") else encoding
    table = dbf.Table(str(path), spec, dbf_type="db3", codepage=page).open(mode=dbf.READ_WRITE)
    for row in cells:
        table.append(tuple(row))
    table.close()  # its context manager leaves the last changes unwritten
    with path.open("r+b") as file:  # the library stamps its own today into bytes 1 to 3
        file.seek(1)
        file.write(bytes([WRITTEN.year - 1900, WRITTEN.month, WRITTEN.day]))


def _fitted(text: str | None, encoding: str) -> str:
    return (text or "").encode(encoding, errors="replace")[:DBF_WIDTH].decode(encoding, errors="ignore")


def write_xml(
    path: Path, record: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]], encoding: str
) -> None:
    """Write the answer of a WFS: each row one feature; dots in column names nest, `@name` is an attribute."""
    tree = _tree(columns)
    with path.open("w", encoding=encoding, errors="xmlcharrefreplace", newline="\n") as file:
        file.write(f'<?xml version="1.0" encoding="{encoding}"?>\n<wfs:FeatureCollection xmlns:wfs="{WFS}" ')
        file.write(f'xmlns:gml="{GML}" xmlns:data="{DATA}" numberMatched="{len(rows)}" numberReturned="{len(rows)}">\n')
        for row in rows:
            file.write(f"<wfs:member>{_element(record, tree, row)}</wfs:member>\n")
        file.write("</wfs:FeatureCollection>\n")


def _tree(columns: Sequence[str]) -> dict[str, Any]:
    """Return the columns' places by the steps of their paths; under "" the place of an element's own text."""
    tree: dict[str, Any] = {}
    for place, column in enumerate(columns):
        here = tree
        for step in column.split("."):
            here = here.setdefault(step, {})
        here[""] = place
    return tree


def _element(name: str, tree: dict[str, Any], row: Sequence[str | None]) -> str:
    text = escape(row[tree[""]] or "") if "" in tree else ""
    attributes = "".join(
        f" {'gml:' if key == '@id' else ''}{key[1:]}={quoteattr(row[item['']] or '')}"
        for key, item in tree.items()
        if key.startswith("@")
    )
    below = "".join(_element(key, item, row) for key, item in tree.items() if key and not key.startswith("@"))
    return f"<data:{name}{attributes}>{text}{below}</data:{name}>"
