"""What one application says about itself, held against its contracts and the other applications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.application import AnyApplication
from schemas.contract import CLASSIFICATIONS, Contract
from schemas.errors import ConfigurationError
from schemas.window import outside
from schemas.yaml_file import YamlFile


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
