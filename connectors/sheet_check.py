"""Opens a workbook in a process of its own, before the hub does, with bounded memory and time.

calamine holds a sheet as a full rectangle, and ends the whole process where it gets no memory for it: one value in the
last cell of a sheet, or one wrong byte in an XLS, asks for 300 GB. It also panics over some damaged bytes.
Run as a script: PATH path|content MEGABYTES [SHEET...], to open it as its name says or as it looks; the exit code is 0,
or 3 with the reason on standard output.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

UNSOUND = 3


def main(path: str, how: str, megabytes: str, *sheets: str) -> int:
    """Open the workbook and load the named sheets; return the exit code."""
    from python_calamine import CalamineWorkbook

    limit = int(megabytes) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        if how == "path":
            book = CalamineWorkbook.from_path(path)
        else:
            with Path(path).open("rb") as source:
                book = CalamineWorkbook.from_filelike(source)
        for name in sheets:
            book.get_sheet_by_name(name)
    except MemoryError:
        raise
    except BaseException as error:  # noqa: BLE001 - a Rust panic is no Exception; whatever it is, the hub is told
        print(error)
        return UNSOUND
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
