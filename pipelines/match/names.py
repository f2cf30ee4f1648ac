"""Names of people and addresses as they are compared: titles, spelling and short forms of Indonesian systems undone."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

_DOUBLED = re.compile(r"(.)\1+")
_SEPARATORS = re.compile(r"[\s,/()\[\];:\"_-]+")
#: Ma'ruf, Nur`aini: the sign is written or left out at will
_SIGNS = re.compile(r"['`´‘’ʼ*?!]")
_ADDRESS_PART = re.compile(r"[A-Z]+|\d+")
_OLD = re.compile(r"OE|DJ|TJ")
_OLD_LETTERS = (("OE", "U"), ("DJ", "\0"), ("TJ", "C"), ("J", "Y"), ("\0", "J"))
_SOUNDS = (
    ("KH", "H"), ("CH", "H"), ("SY", "S"), ("SH", "S"), ("DH", "D"), ("TH", "T"), ("PH", "P"), ("GH", "G"), ("DZ", "S"),
    ("F", "P"), ("V", "P"), ("Z", "S"), ("Q", "K"), ("X", "S"), ("CK", "K"), ("Y", "I"),
)  # fmt: skip
_SILENT = re.compile(r"[AEIOUH]")
_LONGEST_TITLE = 4  # words: "A Md Keb" has three, "S Tr Keb" too


class Words(NamedTuple):
    """What `names.yaml` says, made ready for look-ups."""

    before: frozenset[str]
    after: frozenset[str]
    patronymics: frozenset[str]
    remarks: frozenset[str]
    babies: tuple[str, ...]
    meant: dict[str, str]
    first: dict[str, str]
    modern: frozenset[str]
    address_drop: frozenset[str]


@cache
def vocabulary() -> Words:
    """Return the lists of `names.yaml`."""
    data: dict[str, Any] = yaml.safe_load(files(__package__).joinpath("names.yaml").read_text(encoding="utf-8"))
    return Words(
        frozenset(data["titles_before"]),
        frozenset(data["titles_after"]),
        frozenset(data["patronymics"]),
        frozenset(data["remarks"]),
        tuple(f"{start} " for start in data["babies"]),
        {written: meant for meant, several in data["words"].items() for written in [*several, _single(meant)]},
        data["first_words"],
        frozenset(data["modern"]),
        frozenset(data["address"]["drop"]),
    )


def normalise(name: str | None) -> str:
    """Return a person's name in capitals without titles, in today's spelling; '' when it says nothing of the person.

    `H. Moch. Soetjipto, S.Pd.` → `MUHAMMAD SUCIPTO`. Applying it twice changes nothing.
    """
    return " ".join(name_words(name))


def name_words(name: str | None) -> tuple[str, ...]:
    """Return the words of a normalised name in the order in which they are written."""
    if not name:
        return ()
    usual = [_usual(word) for word in name.split(" ")]  # nine in ten of a register's names: three times as fast
    if None not in usual:
        return tuple(filter(None, usual))
    words = _split(name)
    if not words or " ".join(words).startswith(vocabulary().babies):
        return ()
    known = vocabulary()
    words = [word for word in words if word not in known.remarks]
    words = _without_titles(_without_father(words))
    if len(words) > 1 and words[0] in known.first:
        words[0] = known.first[words[0]]
    return tuple(filter(None, map(_word, words)))


@cache
def sound(word: str) -> str:
    """Return how a normalised word sounds: consonants only, those that are confused made one. `RIZKY` → `RSK`."""
    for written, heard in _SOUNDS:
        word = word.replace(written, heard)
    return _single(word[:1] + _SILENT.sub("", word[1:]).replace("I", ""))


def address_words(address: str | None) -> tuple[str, ...]:
    """Return the words and numbers of an address that tell it from another. `Jl. Tulip No.021` → `TULIP`, `21`."""
    if not address:
        return ()
    dropped = vocabulary().address_drop
    parts = _ADDRESS_PART.findall(_plain(address))
    parts = [_single(part) if part.isalpha() else part.lstrip("0") for part in parts if part not in dropped]
    return tuple(part for part in parts if part)


def _plain(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(sign for sign in text if not unicodedata.combining(sign))
    return text.upper()


def _split(name: str) -> list[str]:
    words: list[str] = []
    for piece in _SEPARATORS.split(_SIGNS.sub("", _plain(name))):
        if "." not in piece:
            words.append(piece)
        elif (joined := piece.replace(".", "")) in vocabulary().after and words:
            words.append(joined)
        else:
            words.extend(piece.split("."))
    return [word for word in words if word]


def _without_father(words: list[str]) -> list[str]:
    for place, word in enumerate(words):
        if place and word in vocabulary().patronymics:
            return words[:place]
    return words


def _without_titles(words: list[str]) -> list[str]:
    known = vocabulary()
    while len(words) > 1 and words[0] in known.before:
        words = words[1:]
    while (count := _title_length(words, known.after)) > 0:
        words = words[:-count]
    return words


def _title_length(words: list[str], titles: frozenset[str]) -> int:
    """Return how many words at the end are one title; a name never becomes empty."""
    for count in range(min(_LONGEST_TITLE, len(words) - 1), 0, -1):
        if "".join(words[-count:]) in titles:
            return count
    return 0


@cache
def _usual(word: str) -> str | None:
    """Return a word in today's spelling; None when it may be, or be a part of, more than a word of a name."""
    if not word:
        return ""
    known = vocabulary()
    if not (word.isascii() and word.isalpha() and word.isupper()) or any(word in title for title in known.after):
        return None
    if word in known.before | known.patronymics | known.remarks or word in known.first:
        return None
    return None if any(start.startswith(f"{word} ") for start in known.babies) else _word(word)


@cache
def _word(word: str) -> str:
    """Return one word in today's spelling; repeated, since a change may uncover another (DDJ, UOE)."""
    known = vocabulary()
    while True:
        before, word = word, _single(word)
        if _OLD.search(word) and word not in known.modern:
            # a lone J was a Y only where the rest is written the old way too: SOEJATNO, but SUJATNO
            for old, new in _OLD_LETTERS:
                word = word.replace(old, new)
        word = known.meant.get(_single(word), _single(word))
        if word in (before, known.meant.get(before)):
            return word


def _single(word: str) -> str:
    return _DOUBLED.sub(r"\1", word)
