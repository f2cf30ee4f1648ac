"""What a database's refusal means for the caller: retry, never again, drift or a wrong connection."""

from __future__ import annotations

import re

from connectors.connection import Connection
from connectors.drift import FeedPlace
from connectors.resume import LostError
from schemas.errors import ConfigurationError, HubError, RefusedError, RetryLaterError

REFUSED = {
    "1044", "1045", "1130", "1142", "1143", "1227", "1251", "1370", "1698", "1820", "1862", "3118", "4151",  # MySQL
    "28000", "28P01", "42501",  # PostgreSQL
    "18456", "4060", "229",  # SQL Server
    "ORA-01017", "ORA-28000", "ORA-28001", "ORA-01045", "ORA-01031",
}  # fmt: skip
NO_DATABASE = {"1049", "3D000", "911", "ORA-12514"}
DRIFTED = {"1146", "1054", "42P01", "42703", "208", "207", "ORA-00942", "ORA-00904"}
#: the server ended the statement itself: reading it again at once would hurt the source twice
STOPPED = {"1969", "3024", "1317", "1927", "1053", "57014", "57P01", "57P02"}

#: the statement itself is wrong, which only its writer can mend
WRONG = {"1064", "1060", "1052", "1267", "42601", "42702", "42883", "42804", "102", "156", "ORA-00933", "ORA-00936"}
#: the server has gone or is coming: MySQL, PostgreSQL, SQL Server, Oracle
LOST = {
    "0", "1040", "1158", "1159", "1160", "1161", "1203", "53300", "57P03", "20002", "20003", "20004", "20006", "20009",
    "20047", "ORA-03113", "ORA-03114", "ORA-03135", "ORA-12537", "ORA-12570",
}  # fmt: skip
LOST_STATES = re.compile(r"2\d{3}|08\w{3}")  # MySQL's client errors; PostgreSQL's class of connection exceptions

CODES = re.compile(
    r"(ORA-\d{5})|ERROR (\d{4}) \(|SqlState\(E(\w{5})\)"  # Oracle; connectorx: MySQL, PostgreSQL
)
#: libpq reports a failed login without an SQLSTATE; these words are its only ones for "not now"
UNREACHABLE = re.compile(
    r"connection refused|time(d )?out|timeout expired|could not (translate|receive|connect)|failed to resolve"
    r"|starting up|shutting down|too many (clients|connections)|connection slots|network is unreachable"
    r"|no route to host|unable to connect|cannot connect|name or service not known|server closed the connection"
    r"|database is locked|i/o error|unable to open",
    re.IGNORECASE,
)
UNRESOLVED = re.compile(r"name or service not known|failed to resolve|could not translate|getaddrinfo", re.IGNORECASE)


def code_of(error: BaseException) -> str:
    """Return the database's own error code, or '' where the driver gives none."""
    first = error.args[0] if error.args else ""
    if isinstance(first, tuple) and first:  # pymssql: ((20009, b"..."),)
        first = first[0]
    if isinstance(first, int):  # before sqlstate: MySQL's 42000 stands for a dozen different errors
        return str(first)
    state = getattr(error, "sqlstate", None)
    if state:
        return str(state)
    found = CODES.search(str(error))
    return next((group for group in found.groups() if group), "") if found else ""


def explain(error: BaseException, connection: Connection, place: FeedPlace, *, logging_in: bool) -> HubError:
    """Turn a driver's error into the one that says what to do.

    While logging in, an error that is not known to be passing counts as refused: a caller who tries again
    with a wrong password locks the account.
    """
    code, text = code_of(error), " ".join(str(error).split())[:300]
    where = f"connection '{connection.id}' ({connection.masked})"
    if code in NO_DATABASE or (logging_in and re.search(r'database ".*" does not exist', text)):
        return ConfigurationError(f"no such database ({text})", where=where, fix="mend the connection's schema")
    if code in DRIFTED:
        return place.error(f"the source refused the query ({text})", "compare table:, key: and map: with the source")
    if code in REFUSED:
        return RefusedError(f"refused ({text})", where=where, fix="mend login, password or the rights granted to it")
    if UNRESOLVED.search(text):
        return RetryLaterError(f"host '{connection.host}' is not known ({text})", where=where, fix="mend host or DNS")
    if code in STOPPED:
        return RetryLaterError(f"stopped the query ({text})", where=where, fix="try in a quieter hour")
    if "file is not a database" in text:
        return ConfigurationError("the file is not a SQLite database", where=where, fix="mend the connection's path")
    if code in WRONG:
        key = "query" if getattr(place.feed, "query", "") else "table"
        return ConfigurationError(f"the source cannot run it ({text})", where=f"{place.where}.{key}", fix="mend it")
    if logging_in and not code and not UNREACHABLE.search(text):
        return RefusedError(f"refused ({text})", where=where, fix="mend login, password or the rights granted to it")
    is_lost = connection.kind != "sqlite" and (code in LOST or LOST_STATES.fullmatch(code) or not code)
    return (LostError if is_lost else RetryLaterError)(
        f"did not answer ({text})", where=where, fix="see whether the database is up and reachable"
    )
