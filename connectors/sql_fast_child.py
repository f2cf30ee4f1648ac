"""Run by `sql_fast` as a process of its own: stream one query by connectorx, as Arrow messages on standard output.

connectorx keeps Python's lock while it connects and while it waits for rows, and has no limit of time: within the
hub's own process a silent server would stop every thread for good. It must not import anything of the project.

Standard input: JSON with url, query, settings, batch_rows, protocol, seconds and first_seconds. Standard output:
frames of one letter, four bytes of length (big-endian) and so many bytes: S the schema, B a batch, E an error's text,
D the end of a complete answer. Whatever ends without D or E is broken.
"""

import contextlib
import json
import os
import signal
import struct
import sys


def main() -> None:
    """Answer one request."""
    # pyarrow can do without, and would spend most of the start and 25 MB on it; a blocked import raises ImportError
    sys.modules["numpy"] = None  # type: ignore[assignment]
    import connectorx
    import pyarrow as pa

    request = json.load(sys.stdin.buffer)
    target = sys.stdout.buffer

    def send(letter: bytes, payload: bytes | pa.Buffer = b"") -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)  # the reader may take its time
        target.write(letter + struct.pack(">I", len(payload)))
        target.write(payload)
        target.flush()
        wait(request["seconds"])

    def wait(seconds: float) -> None:
        # the kernel ends this process when nothing comes: neither connectorx nor a lost parent can prevent that
        signal.setitimer(signal.ITIMER_REAL, seconds * 1.5)

    wait(request["first_seconds"])
    try:
        opened = connectorx.read_sql(
            request["url"],
            request["query"],
            return_type="arrow_stream",
            protocol=request["protocol"],
            batch_size=request["batch_rows"],
            pre_execution_query=request["settings"],
        )
        send(b"S", opened.schema.serialize())
        for batch in opened:
            send(b"B", batch.serialize())
    except BaseException as error:  # noqa: BLE001 - a Rust panic is no Exception; whatever it is, the parent is told
        send(b"E", str(error).encode("utf-8", "replace")[:2000])
        return
    send(b"D")


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
    os._exit(0)  # connectorx's threads may hang in a read
