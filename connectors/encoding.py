"""Which of the encodings that a feed names its file is written in: found out before the first row."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.drift import FeedPlace
from schemas.errors import ConfigurationError

#: a letter of two or more bytes in UTF-8; in cp1252 text such a pair (`Ã` and a sign) is not to be expected
UTF8_SEQUENCE = re.compile(rb"[\xc3-\xf4][\x80-\xbf]+")

#: a byte order mark is a certain sign, whatever the YAML says; UTF-32's little one begins like that of UTF-16
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
BLOCK = 1024 * 1024
#: share of zero bytes from which a text is UTF-16 without a mark: half of it where all letters are Latin
ZERO_SHARE = 0.3
#: encodings in which a plain ASCII byte is that letter, so that a block of them needs no decoder
LIKE_ASCII = ("utf-8", "utf8", "cp125", "windows-125", "latin", "iso-8859", "ascii")


def encodings_of(begin: bytes, encodings: Sequence[str], file_name: str, place: FeedPlace) -> Sequence[str]:
    """Return the encodings to try for a text file that begins so: the one that its mark tells, or the feed's.

    Raises:
        DriftError: it is UTF-16 without a mark, which would pass as letters with zero bytes between them.

    """
    marked = next((name for mark, name in MARKS.items() if begin.startswith(mark)), None)
    if marked is not None:
        return [marked]
    wide = next((name for name in encodings if name.lower().replace("_", "-").startswith(("utf-16", "utf-32"))), None)
    if wide is None and begin.count(0) > ZERO_SHARE * len(begin):
        name = "utf-16-le" if begin[1::2].count(0) > begin[::2].count(0) else "utf-16-be"
        problem = f"file '{file_name}' is UTF-16 without a byte order mark, or mostly zero bytes"
        raise place.error(problem, f"write encoding: {name}", key="encoding")
    return encodings


def find_encoding(
    file: Path, encodings: Sequence[str], place: FeedPlace, look: Callable[[bytes], None] = lambda block: None
) -> str:
    """Read a text file once and return the first encoding that decodes every byte; `look` is given the blocks too.

    Raises:
        DriftError: as `encodings_of` and `EncodingGuess`.

    """
    with file.open("rb") as source:
        block = source.read(BLOCK)
        guess = EncodingGuess(file.name, encodings_of(block, encodings, file.name, place), place)
        while block:
            guess.feed(block)
            look(block)
            block = source.read(BLOCK)
    return guess.result()


class EncodingGuess:
    """Takes a file block by block; the first encoding of the list that decodes every byte is the one."""

    def __init__(self, file_name: str, encodings: Sequence[str], place: FeedPlace, start: int = 0) -> None:
        """Begin at byte `start` of the file, which messages name."""
        self.file_name, self.place, self.read, self.sequences = file_name, place, start, 0
        self.decoders = {name: _decoder(name, place) for name in encodings}
        self.failures: list[str] = []

    def feed(self, block: bytes, final: bool = False) -> None:
        """Take the next bytes; raises DriftError when no encoding is left."""
        is_plain = block.isascii()
        self.sequences += 0 if is_plain else len(UTF8_SEQUENCE.findall(block))
        for name, decoder in list(self.decoders.items()):
            if is_plain and not decoder.getstate()[0] and name.lower().replace("_", "-").startswith(LIKE_ASCII):
                continue
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=final)
            except UnicodeDecodeError as error:
                self.failures.append(f"{name} at byte {self.read - held + error.start}")
                del self.decoders[name]
        self.read += len(block)
        if not self.decoders:
            raise self.place.error(
                f"file '{self.file_name}' is in none of its encodings: {', '.join(self.failures)}",
                "add the encoding in which the export is written",
                key="encoding",
            )

    def result(self) -> str:
        """End the file and return its encoding.

        A file that is UTF-8 but for a few bytes is refused: read as cp1252, its every `é` would become `Ã©` unnoticed.

        Raises:
            DriftError: no encoding is left, or the file mixes two.

        """
        self.feed(b"", final=True)
        broken = [failure for failure in self.failures if failure.startswith("utf")]
        if broken and self.sequences:
            problem = f"mixes encodings: {self.sequences} letters are UTF-8, but it is not {broken[0]}"
            fix = "have the export written in one encoding, or name that one alone"
            raise self.place.error(f"file '{self.file_name}' {problem}", fix, key="encoding")
        return next(iter(self.decoders))


def _decoder(name: str, place: FeedPlace) -> codecs.IncrementalDecoder:
    try:
        return codecs.getincrementaldecoder(name)()
    except LookupError:
        raise ConfigurationError(
            f"'{name}' is not an encoding", where=f"{place.where}.encoding", fix="use utf-8-sig or cp1252"
        ) from None
