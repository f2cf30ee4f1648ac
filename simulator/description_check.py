"""What a description may name: truth columns, formats, kinds of dirt; checked with file, line and key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from schemas.errors import ConfigurationError
from schemas.yaml_file import Loc, YamlFile, suggest
from simulator.dirt import COLUMNS, DIRT, NEEDS_TEXTS
from simulator.formats import FORMATS, NEEDS_ARGUMENT
from simulator.frames import TRUTH_COLUMNS

#: what a date may be written with
DIRECTIVES = "dmYyBbHMS"

if TYPE_CHECKING:
    from simulator.description import Column, Dirt, Table


def table_errors(file: YamlFile, table: Table, loc: Loc) -> Iterator[ConfigurationError]:
    """Yield every word of a table that nothing answers to."""
    if table.truth not in TRUTH_COLUMNS:
        yield _unknown(file, table.truth, "frame of the truth", (*loc, "truth"), set(TRUTH_COLUMNS))
        return
    known = set(TRUTH_COLUMNS[table.truth])
    for name in table.where:
        if name not in known:
            yield _unknown(file, name, f"column of {table.truth}", (*loc, "where", name), known)
    for name, column in table.columns.items():
        yield from _column_errors(file, column, table.truth, (*loc, "columns", name))
    for name in table.key:
        if name not in table.columns:
            yield _unknown(file, name, "column of this table", (*loc, "key"), set(table.columns))
    if table.renamed is not None and table.renamed.column not in table.columns:
        yield _unknown(file, table.renamed.column, "column of this table", (*loc, "renamed"), set(table.columns))
    if table.renamed is not None and table.renamed.to in table.all_columns:
        yield file.error(f"'{table.renamed.to}' is a column already", (*loc, "renamed", "to"), "choose another name")
    for number, rule in enumerate(table.dirt):
        yield from _dirt_errors(file, rule, set(table.columns), (*loc, "dirt", number))


def _column_errors(file: YamlFile, column: Column, truth: str, loc: Loc) -> Iterator[ConfigurationError]:
    known = set(TRUTH_COLUMNS[truth])
    if column.from_ is not None and column.from_ not in known:
        yield _unknown(file, column.from_, f"column of {truth}", loc, known)
    for style, argument in column.format:
        if style not in FORMATS:
            yield _unknown(file, style, "format", (*loc, "format"), set(FORMATS))
        elif argument is None and style in NEEDS_ARGUMENT:
            yield file.error(f"format {style} needs an argument", (*loc, "format"), f"format: {{{style}: …}}")
        elif style == "date" and (unknown := set(re.findall(r"%(.)", str(argument))) - set(DIRECTIVES)):
            problem = f"'%{min(unknown)}' is no part of a date"
            yield file.error(problem, (*loc, "format"), "use " + ", ".join(f"%{letter}" for letter in DIRECTIVES))


def _dirt_errors(file: YamlFile, rule: Dirt, columns: set[str], loc: Loc) -> Iterator[ConfigurationError]:
    if rule.kind not in DIRT:
        yield _unknown(file, rule.kind, "kind of dirt", (*loc, "kind"), set(DIRT))
        return
    for name in rule.column:
        if name not in columns:
            yield _unknown(file, name, "column of this table", (*loc, "column"), columns)
    if rule.kind in NEEDS_TEXTS and not rule.texts:
        yield file.error(f"{rule.kind} needs the texts to write", loc, "texts: [first, second]")
    fewest, most = COLUMNS[rule.kind]
    if not fewest <= len(rule.column) <= most:
        yield file.error(f"{rule.kind} needs {fewest} to {most} columns, not {len(rule.column)}", loc)


def _unknown(file: YamlFile, word: str, what: str, loc: Loc, known: set[str]) -> ConfigurationError:
    return file.error(f"'{word}' is not a {what}", loc, suggest(word, known))
