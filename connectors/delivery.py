"""Which of a folder's files to read, and what a person is told when the delivery is not as agreed."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from connectors.calendar import Finding, SourceFile, Stamp, judge, nearest, sent_before
from connectors.connection import Connection
from connectors.drift import FeedPlace
from connectors.formats import require_size
from connectors.reading import Demand
from connectors.transport.fetch import Choice, Fetched
from connectors.transport.listing import Listing
from schemas.errors import ConfigurationError, DriftError
from schemas.feed import FilesFeed


@dataclass(frozen=True)
class Expected:
    """What one run expects of a folder: the newest file, or with `delivery` the file that is due."""

    feed: FilesFeed
    place: FeedPlace
    connection: Connection
    demand: Demand
    #: MB that one file may have
    limit_mb: int
    #: patterns of the application's other feeds, whose files are nobody's lost ones
    siblings: tuple[str, ...] = ()

    def choose(self, listing: Listing) -> Choice:
        """Take the file to read.

        Raises:
            DriftError: it is missing, empty, there twice, or lies there under another name.
            ConfigurationError: the delivery's stamp cannot be read.

        """
        others = [file for file in listing.others if not any(fnmatchcase(file.name, other) for other in self.siblings)]
        if self.feed.delivery is None:
            if not listing.fitting:
                raise self._nothing_fits(others)
            return Choice(max(listing.fitting, key=lambda file: file.name))
        finding = self._finding(listing.fitting, others)
        if not finding.is_readable or finding.file is None:
            raise self._told(finding)
        beside = sorted((file for file in listing.fitting if file != finding.file), key=lambda file: file.name)
        return Choice(finding.file, tuple(reversed(beside)))

    def admit(self, name: str, size: int) -> None:
        """Raise DriftError for a file of more bytes than the application's files may have."""
        require_size(name, size, self.limit_mb, self.place)

    def check(self, fetched: Fetched, sha256: str) -> dict[str, str]:
        """Return what `details["delivery"]` tells: state, period, due.

        Raises:
            DriftError: the content is that of another file of the folder, or of one that was read before.

        """
        delivery = self.feed.delivery
        if delivery is None:
            return {}
        stamp, name = Stamp.of(self.feed.file, delivery), fetched.file.name
        finding = self._finding([fetched.file], [])
        earlier = self.demand.files.get(sha256)
        again = sent_before(finding.period, stamp, [*fetched.twins, *([earlier] if earlier else [])])
        if again is not None:
            problem = f"file '{name}' is the file of {stamp.period(again)} again ('{again}')"
            fix = "have the right one exported; if nothing can have changed, leave delivery: out"
            raise self.place.error(problem, fix, key="delivery")
        if fetched.twins:
            problem = f"files '{name}' and '{fetched.twins[0]}' have the same content"
            raise self.place.error(problem, "have one of them taken away", key="delivery")
        return {"state": finding.state, "period": str(finding.period), "due": finding.due.isoformat()}

    def _finding(self, fitting: list[SourceFile], others: list[SourceFile]) -> Finding:
        assert self.feed.delivery is not None  # noqa: S101 - both callers have looked
        try:
            return judge(fitting, others, self.feed.file, self.feed.delivery, self.demand.now)
        except ConfigurationError as error:
            where = f"{self.place.where}.{error.where}"
            raise ConfigurationError(error.problem, where=where, fix=error.fix) from None

    def _nothing_fits(self, others: list[SourceFile]) -> DriftError:
        problem = f"no file fits '{self.feed.file}' in {self.connection.masked}"
        near = nearest((file.name for file in others), self.feed.file)
        if near is None:
            return self.place.error(problem, "mend file:, or have the export delivered", key="file")
        fix = "have it named as before, or mend file:"
        return self.place.error(f"{problem}, but '{near}' lies there: renamed?", fix, key="file")

    def _told(self, finding: Finding) -> DriftError:
        name = finding.file.name if finding.file else ""
        if finding.state == "duplicate":
            names = ", ".join(f"'{each}'" for each in finding.names)
            problem = f"{len(finding.names)} files hold {finding.period}: {names}"
            return self.place.error(problem, "have all but the right one taken away", key="delivery")
        if finding.state == "empty":
            problem = f"file '{name}' of {finding.period} is empty"
            return self.place.error(problem, "have the export written again", key="delivery")
        missing = f"the file of {finding.period} is missing, due since {finding.due:%Y-%m-%d %H:%M}"
        if finding.state == "renamed":
            problem = f"{missing}; but '{name}' lies there: renamed?"
            return self.place.error(problem, "have it named as before, or mend file:", key="file")
        last = f"; the newest is '{finding.names[0]}'" if finding.names else f"; no file fits '{self.feed.file}'"
        problem = f"{missing}{last} in {self.connection.masked}"
        return self.place.error(problem, "have the export delivered, or mend delivery:", key="delivery")
