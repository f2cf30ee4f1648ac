"""People as they are compared: normalised, with the keys under which a candidate is looked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.match.names import address_words, name_words, sound
from schemas.errors import ConfigurationError

Forms = dict[str, Any]

PERSON = ("name", "birth_date", "sex", "address", "region", "mother")

WORDS = ("", "_ordered", "_joined", "_words", "_count", "1", "2", "3", "4")
_TYPES = {"_words": pa.list_(pa.string()), "words": pa.list_(pa.string()), "_count": pa.int32()}


def _schema(*names: str) -> pa.Schema:
    return pa.schema([(name, _TYPES.get(name, pa.string())) for name in names])


NAME, STREET, REGION = (
    _schema(*WORDS, "sound", "first", "final"),
    _schema("street", "words"),
    _schema("region", "district"),
)
SEX = _schema("sex")


def prepare(people: pa.Table, what: str) -> pa.Table:
    """Return one row per person in the same order, `row` numbering them; an empty text becomes null.

    Columns: row; of name and mother (prefix name_, mother_) the normalised text, `ordered` (words sorted), `joined`
    (without spaces), `words`, `count`, the first four words; sound (of the sorted words), first and final (of the
    outer words) and mother_sound; birth (YYYY-MM-DD), sex, street, street_words, region, district.
    Raises ConfigurationError when `people` lacks a column; `what` names it there.
    """
    missing = [name for name in ("id", *PERSON) if name not in people.column_names]
    if missing:
        raise ConfigurationError(f"no column {', '.join(missing)}", where=what, fix=f"give id, {', '.join(PERSON)}")
    names = _each(people["name"], _name_forms, NAME)
    mothers = _each(people["mother"], _name_forms, NAME)
    regions = _each(people["region"], _region_forms, REGION)
    streets = _each(people["address"], _street_forms, STREET)
    return pa.table(
        {
            "row": pa.array(range(people.num_rows), pa.int64()),
            **{f"name{form}": names[form] for form in WORDS},
            **{f"mother{form}": mothers[form] for form in WORDS},
            **{form: names[form] for form in ("sound", "first", "final")},
            "mother_sound": mothers["sound"],
            "birth": _text(people["birth_date"]),
            "sex": _each(people["sex"], lambda text: {"sex": text.strip().upper()[:1]}, SEX)["sex"],
            "street": streets["street"],
            "street_words": streets["words"],
            "region": regions["region"],
            "district": regions["district"],
        }
    )


def _name_forms(written: str) -> Forms:
    words = name_words(written)
    if not words:
        return {}
    ordered = sorted(words)
    return {
        "": " ".join(words),
        "_ordered": " ".join(ordered),
        "_joined": "".join(words),
        "_words": ordered,
        "_count": len(words),
        # of a fifth word on only the last counts: the family's name stands there
        **dict(zip("1234", words if len(words) <= 4 else (*words[:3], words[-1]), strict=False)),
        "sound": " ".join(sound(word) for word in ordered),
        "first": sound(words[0]),
        "final": sound(words[-1]),
    }


def _street_forms(written: str) -> Forms:
    words = address_words(written)
    return {"street": " ".join(words), "words": sorted(set(words))} if words else {}


def _region_forms(written: str) -> Forms:
    """A kecamatan's code is what stands before the last dot of a kelurahan's: 35.74.01 of 35.74.01.1001."""
    region = written.strip()
    return {"region": region or None, "district": region.rpartition(".")[0] or None}


def _each(column: pa.ChunkedArray, forms_of: Callable[[str], Forms], schema: pa.Schema) -> dict[str, pa.Array]:
    """Apply `forms_of` once to each different text: a family shares its address, names repeat."""
    texts = _text(column).dictionary_encode()
    forms = pa.Table.from_pylist([forms_of(text) for text in texts.dictionary.to_pylist()], schema=schema)
    return {name: forms[name].combine_chunks().take(texts.indices) for name in schema.names}


def _text(column: pa.ChunkedArray) -> pa.Array:
    return pc.cast(column.combine_chunks(), pa.string())
