"""ZIP: the one file that a feed means, unpacked within a stated limit, whatever the archive claims of itself."""

from __future__ import annotations

import contextlib
import copy
import errno
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from connectors.drift import FeedPlace
from schemas.errors import DriftError
from schemas.feed import FilesFeed

ZIP, EMPTY_ZIP, OLE = b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BLOCK = 1024 * 1024
MB = 1024 * 1024
#: the archive's own marks that it is a workbook
WORKBOOK_PARTS = ("[Content_Types].xml", "mimetype")
#: what a Mac or Windows puts beside the files of a folder
LITTER = ("__macosx/", "desktop.ini", "thumbs.db")
#: memo files, which a DBF needs beside it
MEMO_SUFFIXES = (".dbt", ".fpt", ".smt")
IS_ENCRYPTED = 1
#: what zipfile raises over damaged bytes
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error)
#: told instead of the directory's size, so that a member is read to its true end
UNKNOWN_SIZE = 1 << 62


def is_zip(file: Path, feed: FilesFeed) -> bool:
    """Whether a file is an archive to unpack: it holds files, and is no workbook itself."""
    with file.open("rb") as source:
        if source.read(4) not in (ZIP, EMPTY_ZIP):
            return False
    if feed.member is not None or feed.format not in ("xlsx", "xls", "ods"):
        return True
    with contextlib.suppress(*DAMAGE), zipfile.ZipFile(file) as archive:
        return not any(name in WORKBOOK_PARTS for name in archive.namelist())
    return False  # the reader of workbooks says what is wrong


@contextlib.contextmanager
def telling_damage(told: Callable[[Exception], DriftError]) -> Iterator[None]:
    """Raise one error for all that zipfile raises over bytes that are no archive, or no longer one."""
    try:
        yield
    except DAMAGE as error:
        raise told(error) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # it sought a place that the directory told, before the file's begin
            raise
        raise told(error) from error


def require_unpacked(file: Path, limit_mb: int, place: FeedPlace) -> None:
    """Unpack all of an archive into nothing, for the reader that will trust it.

    Raises:
        DriftError: it holds more than `limit_mb` MB, by its directory or in truth.

    What zipfile raises over a damaged archive is for `telling_damage`.

    """
    with zipfile.ZipFile(file) as archive:
        _require_size(file, archive.infolist(), limit_mb, place)
        left = limit_mb * MB
        for info in archive.infolist():
            for block in _blocks(archive, info):
                left -= len(block)
                if left < 0:
                    raise _too_large(file, limit_mb, place)


def unpack(file: Path, feed: FilesFeed, place: FeedPlace, limit_mb: int, details: dict[str, Any], folder: Path) -> Path:
    """Unpack the member that the feed means, and a DBF's memo file, into a folder; return its path there.

    `details` gets member.

    Raises:
        DriftError: no member fits or several do, it is encrypted, an archive itself, damaged, too large, or the
            archive has a name that leads out of it.

    """

    def told(error: Exception) -> DriftError:
        fix = "have it delivered again, packed by an ordinary program"
        return place.error(f"file '{file.name}' is a damaged ZIP ({error})", fix, key="file")

    with telling_damage(told), zipfile.ZipFile(file) as archive:
        member = _member(file, archive, feed, place)
        wanted = [member, *(_memos(archive, member) if feed.format == "dbf" else [])]
        _require_size(file, wanted, limit_mb, place)
        left = limit_mb * MB
        for info in wanted:
            with (folder / PurePosixPath(info.filename).name).open("wb") as target:
                for block in _blocks(archive, info):
                    left -= target.write(block)
                    if left < 0:
                        raise _too_large(file, limit_mb, place)
    details["member"] = member.filename
    path = folder / PurePosixPath(member.filename).name
    if is_zip(path, feed.model_copy(update={"member": None})):
        fix = "have the file itself put into the archive"
        raise place.error(f"file '{file.name}' holds '{path.name}', which is a ZIP again", fix, key="member")
    return path


def _member(file: Path, archive: zipfile.ZipFile, feed: FilesFeed, place: FeedPlace) -> zipfile.ZipInfo:
    for info in archive.infolist():
        windows = PureWindowsPath(info.filename)
        if PurePosixPath(info.filename).is_absolute() or windows.anchor or ".." in windows.parts:
            fix = "have it packed again, with names below the folder"
            raise place.error(f"file '{file.name}' holds '{info.filename}', which leads out of it", fix, key="file")
    members = [info for info in archive.infolist() if not info.is_dir() and not _is_litter(info.filename)]
    pattern = (feed.member or "*").lower()
    fitting = [info for info in members if _fits(info.filename.lower(), pattern)]
    if feed.member is None and feed.format == "dbf":
        fitting = [info for info in fitting if PurePosixPath(info.filename).suffix.lower() not in MEMO_SUFFIXES]
    if len(fitting) != 1:
        told = ", ".join(info.filename for info in (fitting or members)[:5]) or "nothing"
        count = "no file" if not fitting else f"{len(fitting)} files"
        problem = f"file '{file.name}' holds {count} that fit '{feed.member or '*'}'"
        raise place.error(problem, f"write a pattern that fits one of them: {told}", key="member")
    if fitting[0].flag_bits & IS_ENCRYPTED:
        fix = "have it packed without a password"
        raise place.error(f"file '{file.name}' holds '{fitting[0].filename}' under a password", fix, key="file")
    return fitting[0]


def _fits(name: str, pattern: str) -> bool:
    """Whether a member fits: a pattern without a folder is one of the name alone."""
    return fnmatchcase(name if "/" in pattern else PurePosixPath(name).name, pattern)


def _is_litter(name: str) -> bool:
    lower = name.lower()
    return lower.startswith(LITTER[0]) or PurePosixPath(lower).name in LITTER or PurePosixPath(lower).name[:1] == "."


def _memos(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> list[zipfile.ZipInfo]:
    stem = PurePosixPath(member.filename).with_suffix("").as_posix().lower()
    names = {f"{stem}{suffix}" for suffix in MEMO_SUFFIXES}
    return [info for info in archive.infolist() if info.filename.lower() in names and "\\" not in info.filename]


def _require_size(file: Path, members: list[zipfile.ZipInfo], limit_mb: int, place: FeedPlace) -> None:
    if sum(info.file_size for info in members) > limit_mb * MB:
        raise _too_large(file, limit_mb, place)


def _blocks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack a member to its true end: the directory's word for its size is not believed, its checksum is compared."""
    true = copy.copy(info)
    true.file_size = UNKNOWN_SIZE
    with archive.open(true) as source:
        while block := source.read(BLOCK):
            yield block


def _too_large(file: Path, limit_mb: int, place: FeedPlace) -> DriftError:
    problem = f"file '{file.name}' holds more than {limit_mb} MB when unpacked, the limit of source.max_file_mb"
    return place.error(problem, "have less packed into it; if it is that large by right, raise the limit", key="file")
