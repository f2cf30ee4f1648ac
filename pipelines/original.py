"""What a source wrote, kept beside the published values wherever they do not show it already.

`_original` of a row is a JSON object, source column → text as the source sent it, before anything was stripped or
cleaned. A column is left out where each field made of it alone shows the very same text, or where the source sent
nothing. It is no part of the row's hash: the same value written in another way is no change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.mapping import FieldMap

#: what JSON does not take as it is; the backslash first, since the others are escaped with it
ESCAPES = ("\\", '"', *map(chr, range(32)))
#: decimals that Arrow and PostgreSQL write in the same way; others are kept as the source wrote them
PLAIN_DECIMAL = r"^-?[1-9][0-9]{0,9}(\.[0-9]{1,4})?$"
NOTHING = pa.scalar(None, pa.string())


def originals(part: pa.Table, values: Mapping[str, pa.Array], mapping: Mapping[str, FieldMap]) -> pa.ChunkedArray:
    """Return the JSON of each landed row, null where nothing differs from the fields' `values`."""
    members = []
    for name in dict.fromkeys(name for how in mapping.values() for name in how.sources):
        raw = part.column(name)
        alone = [values[field] for field, how in mapping.items() if how.sources == [name]]
        differing = pc.if_else(_is_shown(raw, alone), NOTHING, raw) if alone else raw
        if differing.null_count < part.num_rows:
            label = json.dumps(name, ensure_ascii=False)
            members.append(pc.binary_join_element_wise(f'{label}:"', _escaped(differing), '"', ""))
    if not members:
        return pa.chunked_array([pa.nulls(part.num_rows, pa.string())])
    # the first part is never null: pyarrow 26 leaves out a row whose parts are all null
    joined = pc.binary_join_element_wise("", *members, ",", null_handling="skip")
    closed = pc.binary_join_element_wise(pc.binary_replace_slice(joined, 0, 1, "{"), "}", "")
    return pc.if_else(pc.equal(joined, ""), NOTHING, closed)


def _is_shown(raw: pa.ChunkedArray, fields: list[pa.Array]) -> pa.ChunkedArray:
    """Return where every one of the fields, as PostgreSQL writes it, is what the source wrote."""
    shown = pc.is_valid(raw)
    for field in fields:
        text = pc.cast(field, pa.string())
        if pa.types.is_floating(field.type):
            text = pc.replace_substring_regex(text, r"\.0$", "")
            shown = pc.and_(shown, pc.match_substring_regex(raw, PLAIN_DECIMAL))
        shown = pc.and_(shown, pc.equal(raw, text))
    return pc.fill_null(shown, False)


def _escaped(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts as they stand between the quotes of JSON."""
    there = sum((_bytes_of(chunk) for chunk in texts.chunks), np.zeros(256, np.int64))
    for character in ESCAPES:
        if there[ord(character)]:
            texts = pc.replace_substring(texts, character, json.dumps(character)[1:-1])
    return texts


def _bytes_of(chunk: pa.Array) -> npt.NDArray[np.int64]:
    """Count which bytes an array's buffer holds: a tenth of the time of a search for each that JSON escapes."""
    data = chunk.buffers()[2]
    return np.bincount(np.frombuffer(data or b"", np.uint8), minlength=256)
