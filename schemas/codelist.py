"""Reference codes with the variants that real systems send for them."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

from schemas.errors import ConfigurationError

#: problem of a text that the code list does not know
UNKNOWN_CODE = "code.unknown"


@dataclass(frozen=True)
class Codelist:
    """A code list: `names` by code, and `codes` by every accepted spelling (upper-case)."""

    name: str
    names: dict[str, str] = field(repr=False)
    codes: dict[str, str] = field(repr=False)

    def code(self, text: str) -> str | None:
        """Return the code that a source's text means, or None when the list does not know it."""
        return self.codes.get(text.strip().upper())


def read_codelist(path: Path) -> Codelist:
    """Read `<list>.csv` with the columns code, name, variants (separated by `|`).

    Raises ConfigurationError when a spelling stands for two codes, a line lacks a cell, or the file is not UTF-8.
    """
    try:
        return _read(path)
    except UnicodeDecodeError as error:
        raise ConfigurationError("is not UTF-8", where=str(path), fix="save the file as UTF-8") from error


def _read(path: Path) -> Codelist:
    names: dict[str, str] = {}
    codes: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        if reader.fieldnames is None or set(reader.fieldnames) != {"code", "name", "variants"}:
            raise ConfigurationError(
                f"has the columns {reader.fieldnames}", where=f"{path}:1", fix="code,name,variants"
            )
        for row in reader:
            if None in row or None in row.values():
                raise ConfigurationError(
                    "has not three cells",
                    where=f"{path}:{reader.line_num}",
                    fix="write code,name,variants; the variants may be empty",
                )
            code, name = row["code"], row["name"]
            names[code] = name
            for spelling in (code, name, *filter(None, row["variants"].split("|"))):
                known = codes.setdefault(spelling.strip().upper(), code)
                if known != code:
                    raise ConfigurationError(
                        f"'{spelling}' stands for {known} and for {code}",
                        where=f"{path}:{reader.line_num}",
                        fix="keep it at one code; what collides between systems goes into lookup.codes of a mapping",
                    )
    return Codelist(path.stem, names, codes)
