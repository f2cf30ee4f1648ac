"""Which of the encodings that a feed names its file is written in: found out before the first row."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from connectors.drift import FeedPlace
from schemas.errors import ConfigurationError

#: a letter of two or more bytes in UTF-8; in cp1252 text such a pair (`Ã` and a sign) is not to be expected
UTF8_SEQUENCE = re.compile(rb"[\xc3-\xf4][\x80-\xbf]+")


class EncodingGuess:
    """Takes a file block by block; the first encoding of the list that decodes every byte is the one."""

    def __init__(self, file_name: str, encodings: Sequence[str], place: FeedPlace, start: int = 0) -> None:
        """Begin at byte `start` of the file, which messages name."""
        self.file_name, self.place, self.read, self.sequences = file_name, place, start, 0
        self.decoders = {name: _decoder(name, place) for name in encodings}
        self.failures: list[str] = []

    def feed(self, block: bytes, final: bool = False) -> None:
        """Take the next bytes; raises DriftError when no encoding is left."""
        self.sequences += len(UTF8_SEQUENCE.findall(block))
        for name, decoder in list(self.decoders.items()):
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
