"""From a pattern to the files that fit, and those beside them."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath, PureWindowsPath

from connectors.calendar import SourceFile
from connectors.transport.base import Session
from schemas.errors import ConfigurationError


@dataclass(frozen=True)
class Listing:
    """The files that fit a pattern, and the other files of the same folders."""

    fitting: list[SourceFile]
    others: list[SourceFile]


def look(session: Session, pattern: str) -> Listing:
    """List what a pattern may mean; `*` does not cross folders.

    A pattern without a wildcard is asked for by name first: not every server lists its folders.
    """
    if not set(pattern) & set("*?["):
        file = session.file(pattern)
        if file is not None:
            return Listing([file], [])
    *above, last = PurePosixPath(pattern).parts
    folders = [""]
    for part in above:
        folders = [
            child.file.name
            for folder in folders
            for child in session.children(folder)
            if child.is_folder is not False and fnmatchcase(PurePosixPath(child.file.name).name, part)
        ]
    listing = Listing([], [])
    for folder in folders:
        for child in session.children(folder):
            name = PurePosixPath(child.file.name).name
            if child.is_folder or not is_export(name):
                continue
            if not fnmatchcase(name, last):
                listing.others.append(child.file)
            elif file := child.file if child.is_folder is False else session.file(child.file.name):
                listing.fitting.append(file)
    return listing


def is_export(name: str) -> bool:
    """Whether a name is not hidden, nor that of the lock which Excel leaves beside an open file (~$name.xlsx)."""
    return not name.startswith((".", "~$"))


def check_pattern(pattern: str, where: str) -> None:
    """Refuse a pattern that leads out of the connection's folder.

    Raises:
        ConfigurationError: an absolute path, one with `..`, or one through any number of folders.

    """
    windows = PureWindowsPath(pattern)
    if PurePosixPath(pattern).is_absolute() or windows.anchor or ".." in windows.parts:
        raise ConfigurationError(
            f"'{pattern}' leads out of the folder", where=where, fix="name a file below the folder"
        )
    if "**" in pattern:
        raise ConfigurationError("'**' is not read", where=where, fix="name the folders, or * for each of them")
