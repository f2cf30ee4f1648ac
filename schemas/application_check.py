"""What one application says about itself, held against its contracts and the other applications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.application import AnyApplication
from schemas.contract import CLASSIFICATIONS, Contract
from schemas.errors import ConfigurationError
from schemas.feed import Feed, FilesFeed, RestFeed
from schemas.window import outside
from schemas.yaml_file import Loc, YamlFile


def application_errors(
    application: AnyApplication, contracts: Mapping[str, Contract], file: YamlFile
) -> Iterator[ConfigurationError]:
    """Yield a schedule outside the source's window, and a class lower than that of a supplied field."""
    window, schedule = application.source.window, application.schedule
    missed = None if window is None or schedule is None else outside(schedule, window)
    if missed is not None:
        problem = f"the schedule fires at {missed:%H:%M}, outside the window {window}"
        yield file.error(problem, ("schedule",), "move the schedule into the window, or widen source.window")
    declared = application.classification
    if declared is None:
        return
    for name, feed in application.feeds.items():
        contract = contracts.get(feed.dataset)
        for field in contract.fields if contract else ():
            if field.name in feed.map and rank(field.classification) > rank(declared):
                problem = f"feed {name} supplies {field.name}, which is {field.classification}"
                yield file.error(problem, ("classification",), f"classification: {field.classification}")
                return


def feed_errors(feed: Feed, loc: Loc, file: YamlFile) -> Iterator[ConfigurationError]:
    """Yield what a feed's own keys leave open or say in vain."""
    is_xml = isinstance(feed, RestFeed | FilesFeed) and feed.format == "xml"
    if is_xml and not getattr(feed, "record", None):
        yield file.error("an XML feed needs record", (*loc, "format"), "name the element that is one row, as record:")
    if isinstance(feed, RestFeed) and feed.soap is not None and not is_xml:
        yield file.error("SOAP answers are XML", (*loc, "soap"), "add format: xml and record:")
    if isinstance(feed, RestFeed) and feed.since is not None and feed.cursor is None:
        yield file.error("since needs a cursor", (*loc, "since"), "add cursor: {column: …}, whose newest value is sent")
    if isinstance(feed, FilesFeed) and feed.delivery is not None and "*" not in feed.file:
        yield file.error("delivery needs a * in file", (*loc, "file"), "write * where the name has the period")


def register_errors(
    applications: Mapping[str, AnyApplication], files: Mapping[str, YamlFile]
) -> Iterator[ConfigurationError]:
    """Yield every number of the city's register that two applications carry."""
    seen: dict[int, str] = {}
    for application in applications.values():
        number = application.register_no
        if number is not None and seen.setdefault(number, application.id) != application.id:
            problem = f"register number {number} is that of {seen[number]} too"
            yield files[application.id].error(problem, ("register",), "look the number up in the city's register")


def rank(classification: str) -> int:
    """Return the place of a class, from 0 for public."""
    return CLASSIFICATIONS.index(classification)
