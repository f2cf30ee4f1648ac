"""The faults that every protocol and every format must stand, and what is to come of each: docs/sources.md shows it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tests.faults import Fault

#: what becomes of a reading: all rows arrive, or the error that says what the caller must do
ROWS, RETRY, REFUSED, DRIFT = "all rows", "RetryLaterError", "RefusedError", "DriftError"

PROTOCOLS = [
    "mariadb", "mariadb-cursor", "postgresql", "postgresql-cursor", "rest", "sftp", "ftp", "smb", "http", "s3",
]  # fmt: skip

#: fault → what happens to the connections, given the bytes of a whole answer; the last fault is repeated or not
NETWORK: dict[str, tuple[Callable[[int], Sequence[Fault]], bool]] = {
    "cut at the greeting, always": (lambda size: [Fault(cut_after=3)], True),
    "cut in the middle, once (reset)": (lambda size: [Fault(cut_after=middle(size))], False),
    "cut in the middle, once (closed)": (lambda size: [Fault(cut_after=middle(size), is_reset=False)], False),
    "cut near the end, once": (lambda size: [Fault(cut_after=size * 95 // 100)], False),
    "silent from the greeting on, always": (lambda size: [Fault(stall_after=3)], True),
    "silent in the middle, once": (lambda size: [Fault(stall_after=middle(size))], False),
}
WHOLE = ["nobody listens", "wrong password", *NETWORK]


def expected(protocol: str, fault: str) -> str:
    """Return what is to become of a fault of the network."""
    if fault in ("nobody listens", "cut at the greeting, always", "silent from the greeting on, always"):
        return RETRY
    return REFUSED if fault == "wrong password" else ROWS


def middle(size: int) -> int:
    """Return a byte within the rows, beyond greeting, login and the questions about the table."""
    return size * 60 // 100


FORMATS = ["csv", "tsv", "xlsx", "xls", "ods", "dbf", "xml", "json", "jsonl", "geojson", "zip"]
#: fault → the file's bytes after it
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty file": lambda content: b"",
    "cut in the middle": lambda content: content[: len(content) // 2],
    "a login page instead": lambda content: b"<!DOCTYPE html><html><body><form>Silakan masuk</form></body></html>",
    "random bytes": lambda content: random.Random(7).randbytes(len(content)),  # noqa: S311
}


def tables() -> str:
    """Return the tables of docs/sources.md."""
    lines = ["| fault | " + " | ".join(PROTOCOLS) + " |", "|---" * (len(PROTOCOLS) + 1) + "|"]
    lines += [f"| {fault} | " + " | ".join(expected(kind, fault) for kind in PROTOCOLS) + " |" for fault in WHOLE]
    lines += ["", "| file | " + " | ".join(FORMATS) + " |", "|---" * (len(FORMATS) + 1) + "|"]
    lines += [f"| {damage} | " + " | ".join([DRIFT] * len(FORMATS)) + " |" for damage in DAMAGE]
    return "\n".join(lines)
