"""The command line `opdhub`."""

from __future__ import annotations

import errno
import os
import sys

# before any library reads them: neither may phone home
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
# Arrow's own allocator keeps what it once had: 40 of the 270 MB in which a million rows are extracted
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

import typer

from hub.commands import (
    audit,
    bench,
    catalogue,
    city,
    connections,
    database,
    drift,
    identity,
    inspect,
    quarantine,
    releases,
    rules,
    stack,
    sync,
    trace,
)
from hub.console import complain
from schemas.errors import ConfigurationError, ConfigurationErrors, HubError

#: what a person can mend at the disk: it is full, or may not be written
MENDABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)

app = typer.Typer(
    name="opdhub",
    help="The data-integration hub of a city: pull, standardise, validate, publish.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for module in (stack, catalogue, sync, inspect, releases, trace, bench):
    module.register(app)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(identity.app, name="identity")
app.add_typer(drift.app, name="drift")
app.add_typer(rules.app, name="rules")
app.add_typer(audit.app, name="audit")
app.add_typer(city.app, name="city")
app.add_typer(connections.app, name="connections")
app.add_typer(database.app, name="db")


def main() -> None:
    """Run a command; what a person can mend is told in one line, and the exit code is 1."""
    os.umask(0o077)  # landing zone, logs and the sample city hold people's data
    try:
        app()
    except ConfigurationErrors as several:
        for error in several.errors:
            complain(error)
        sys.exit(1)
    except HubError as error:
        complain(error)
        sys.exit(1)
    except OSError as error:
        if error.errno not in MENDABLE:
            raise
        fix = "make room there, or give this user the right to write"
        complain(ConfigurationError(str(error.strerror), where=str(error.filename or "a folder of the hub"), fix=fix))
        sys.exit(1)
