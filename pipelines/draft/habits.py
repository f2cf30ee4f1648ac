"""How systems of Indonesian offices name things: `habits.yaml`, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from schemas.yaml_file import YamlFile

PATH = Path(__file__).with_name("habits.yaml")


@dataclass(frozen=True)
class Habits:
    """The naming habits; every word is lower-case.

    Attributes:
        words: what is written → the words that are meant, none where it says nothing
        phrases: words that stand together → the words that they mean
        heads: words that say what kind of thing a column is, and little else
        nothing: texts for "no value", upper-case
        marks: gone, live, yes, no → the words of marks for rows that were taken away
        cursor: changed, made, moment → the words of columns that tell when a row was changed
        tables: why a table is of no use → the words in its name
        chores: what a column is that no field wants → the words in its name

    """

    words: Mapping[str, tuple[str, ...]]
    phrases: Mapping[tuple[str, ...], tuple[str, ...]]
    heads: frozenset[str]
    nothing: frozenset[str]
    marks: Mapping[str, frozenset[str]]
    cursor: Mapping[str, frozenset[str]]
    tables: Mapping[str, frozenset[str]]
    chores: Mapping[str, frozenset[str]]


@cache
def habits() -> Habits:
    """Return the habits of `habits.yaml`."""
    content = YamlFile.read(PATH).content

    def groups(key: str) -> dict[str, frozenset[str]]:
        return {str(name): frozenset(str(word).lower() for word in words) for name, words in content[key].items()}

    return Habits(
        words={str(word).lower(): tuple(str(meant).split()) for word, meant in content["words"].items()},
        phrases={tuple(said.split()): tuple(meant.split()) for said, meant in content["phrases"].items()},
        heads=frozenset(content["heads"]),
        nothing=frozenset(str(text).upper() for text in content["nothing"]),
        marks=groups("marks"),
        cursor=groups("cursor"),
        tables=groups("tables"),
        chores=groups("chores"),
    )
