"""standardize: landed texts → typed columns of the contract, with a problem beside each bad cell.

A standard part holds, for each landed row: `_row` (its number in the batch, from 0), `_key` (the source's
key as text), `_hash` (of the typed content), `_original` (what the source wrote), each contract field, and
`<field>__problem` for each mapped field: the code of what is wrong with the cell, or nothing; `_row__problem` that
of a row wrong as a whole.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connectors.reading import PROBLEM, REST
from pipelines.assemble import PLACEHOLDER, field_code, field_text, placeholders, source_texts
from pipelines.original import originals
from pipelines.workspace import FeedContext, Progress, Workspace, silent
from schemas.codelist import Codelist
from schemas.contract import ContractField
from schemas.types.base import Cleaned
from store.landing import Batch

#: problem of a required field without a value
REQUIRED = "required"
ARROW = {
    "str": pa.string(),
    "Int64": pa.int64(),
    "Float64": pa.float64(),
    "datetime64[s]": pa.date32(),
    "boolean": pa.bool_(),
}


#: an index row of PostgreSQL holds 2,704 bytes; the escapes of a key of several columns need room too
KEY_BYTES = 1200


#: the whole row, where a field is named; its problem column holds a code of schemas.row_problems
ROW = "_row"
BESIDE = (REST, PROBLEM)


def problem_column(field: str) -> str:
    """Return the name of the column that holds what is wrong with a field."""
    return f"{field}__problem"


def standardize(workspace: Workspace, feed_id: str, run_id: str, progress: Progress = silent) -> Batch:
    """Turn a landed batch into typed parts; part n holds the rows of landed part n, in order."""
    context = workspace.feed(feed_id)
    landed = workspace.landing.batch(feed_id, run_id, "landing")
    writer = workspace.landing.writer(feed_id, run_id, "standard")
    first = 0
    for part in workspace.landing.parts(landed):
        writer.write(standard_part(part, first, context, workspace.catalogue.codelists))
        first += part.num_rows
        progress(first, landed.rows)
    contract = context.contract
    return writer.commit({"contract": contract.dataset, "version": contract.version, "sha256": contract.sha256})


def standard_part(part: pa.Table, first_row: int, context: FeedContext, codelists: dict[str, Codelist]) -> pa.Table:
    """Return the standard part of a landed part whose first row has the number `first_row`."""
    texts = source_texts(part.drop_columns([name for name in BESIDE if name in part.column_names]))
    refused = part.column(PROBLEM) if PROBLEM in part.column_names else pa.nulls(part.num_rows, pa.string())
    values: dict[str, pa.Array] = {}
    problems: dict[str, pa.Array] = {problem_column(ROW): refused}
    for field in context.contract.fields:
        if field.name in context.feed.map:
            how = context.feed.map[field.name]
            cleaned = _noting(placeholders(part, how), clean_field(texts, field, context, codelists))
            values[field.name] = _arrow(cleaned.values, field)
            found = pa.array(cleaned.problems, pa.string(), from_pandas=True)
            # a line of another width has its cells in the wrong fields: what is wrong with them says nothing
            problems[problem_column(field.name)] = pc.if_else(pc.is_valid(refused), pa.scalar(None, pa.string()), found)
        else:
            values[field.name] = pa.nulls(len(texts), ARROW[field.type.dtype])
    rows = pa.array(range(first_row, first_row + len(texts)), pa.int64())
    keys = source_keys(texts, context.feed.key)
    known = {"_hash": content_hash(values), "_original": originals(part, values, context.feed.map)}
    return pa.table({"_row": rows, "_key": keys, **known, **values, **problems})


def clean_field(
    texts: pd.DataFrame, field: ContractField, context: FeedContext, codelists: dict[str, Codelist]
) -> Cleaned:
    """Assemble and clean one field; a required field without a value gets the problem `required`."""
    how = context.feed.map[field.name]
    text = field_text(texts, how)
    if field.codelist is not None:
        codes, problems = field_code(text, how, codelists[field.codelist])
        cleaned = Cleaned(codes, problems)
    else:
        cleaned = field.type.clean_column(text, how.format)
    if not field.required:
        return cleaned
    # a zero date is only a warning, but no value
    mild = [code for code, problem in field.type.problems.items() if problem.severity == "warning"]
    absent = cleaned.values.isna() & (cleaned.problems.isna() | cleaned.problems.isin(mild))
    return Cleaned(cleaned.values, cleaned.problems.mask(absent, REQUIRED))


def _noting(said: pd.Series | None, cleaned: Cleaned) -> Cleaned:
    """Note where a word for nothing is all that a field got."""
    if said is None:
        return cleaned
    nothing = said & cleaned.values.isna() & cleaned.problems.isna()
    return Cleaned(cleaned.values, cleaned.problems.mask(nothing, PLACEHOLDER))


def source_keys(texts: pd.DataFrame, key: list[str]) -> pa.Array:
    """Return the source's key as one text, `a|b` for several columns; missing where a part is missing.

    A `|` within a part is escaped, so that different keys stay different. A key with NUL, which PostgreSQL
    cannot store, or longer than its index takes, is no key.
    """
    columns = [pa.array(texts[name], pa.string(), from_pandas=True) for name in key]
    longest = KEY_BYTES // len(key)
    refused = [pc.or_(pc.match_substring(c, "\0"), pc.greater(pc.binary_length(c), longest)) for c in columns]
    usable = [pc.if_else(r, pa.scalar(None, pa.string()), c) for r, c in zip(refused, columns, strict=True)]
    if len(usable) == 1:
        return usable[0]
    escaped = [pc.replace_substring_regex(column, r"([\\|])", r"\\\1") for column in usable]
    return pc.binary_join_element_wise(*escaped, "|")


def content_hash(values: dict[str, pa.Array]) -> pa.Array:
    """Return 128 bits of BLAKE2b, in hex, over the names and values of each row's fields that have one.

    Separators that no cleaned text holds (U+001E, U+001F) keep `ab|c` and `a|bc` apart. A field without a
    value adds nothing, so a contract that gains a field does not make every row look changed.
    """
    named = [pc.binary_join_element_wise(name, pc.cast(c, pa.string()), "\x1e") for name, c in values.items()]
    # the first part is never null: pyarrow 26 leaves out a row whose parts are all null
    joined = pc.binary_join_element_wise("", *named, "\x1f", null_handling="skip")
    return pa.array(
        [hashlib.blake2b(row.encode(), digest_size=16).hexdigest() for row in joined.to_pylist()], pa.string()
    )


def _arrow(values: pd.Series, field: ContractField) -> pa.Array:
    return pa.array(values, from_pandas=True).cast(ARROW[field.type.dtype])


@dataclass(frozen=True)
class StandardRow:
    """One row as an example shows it: typed values as texts, and the problems by field."""

    values: dict[str, str | None]
    problems: dict[str, str]


def standard_row(row: dict[str, object], context: FeedContext, codelists: dict[str, Codelist]) -> StandardRow:
    """Standardise one source row: what an application's `example` is checked with."""
    texts = {
        name: pa.array([None if row.get(name) is None else str(row[name])]) for name in context.feed.landed_columns
    }
    part = standard_part(pa.table({k: v.cast(pa.string()) for k, v in texts.items()}), 0, context, codelists)
    cells = {name: part.column(name)[0].as_py() for name in part.column_names}
    return StandardRow(
        {f.name: None if cells[f.name] is None else str(cells[f.name]) for f in context.contract.fields},
        {name: cells[problem_column(name)] for name in context.feed.map if cells[problem_column(name)]},
    )
