"""Let the city live on: its sources change as real ones do."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

from schemas.errors import ConfigurationError
from simulator import MOST_DAYS
from simulator.build import MARKER, SUMMARY, CitySummary, CityTarget, Progress, reachable, write_city
from simulator.description import read_descriptions
from simulator.population import build_truth
from simulator.state import changes, city_version, read_truth


def read_city(folder: Path) -> CitySummary:
    """Return the city that was built into a folder; raises ConfigurationError where there is none, or half of one."""
    if (folder / MARKER).exists():
        raise ConfigurationError(
            "a build or tick of this city was killed", where=str(folder), fix="build it anew: opdhub city build"
        )
    if not (folder / SUMMARY).is_file():
        raise ConfigurationError("there is no city yet", where=str(folder), fix="build one: opdhub city build")
    content = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    return CitySummary(**{item.name: content[item.name] for item in fields(CitySummary) if item.name in content})


def tick_city(target: CityTarget, days: int, progress: Progress | None = None) -> CitySummary:
    """Let `days` pass and write every source as it stands then: updates, late commits, deletions, and what goes wrong.

    Raises ConfigurationError: where there is no city, where it was built by another version of the simulator or of
    the descriptions (its yesterday could not be told from its today), or where a database does not answer.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ConfigurationError(f"a tick has 1 to {MOST_DAYS} days, not {days}", where="--days")
    city = read_city(target.folder)
    if city.version != city_version(target.descriptions):
        raise ConfigurationError(
            "the city was built by another version of the simulator or its descriptions",
            where=str(target.folder),
            fix=f"build it anew: opdhub city build --residents {city.residents} --seed {city.seed}",
        )
    descriptions = read_descriptions(target.descriptions, target.applications)
    target, notes = reachable(target)
    if notes != city.notes:
        raise ConfigurationError(
            "the databases that hold the city are others than when it was built",
            where=str(target.folder), fix="start them, or build the city anew: opdhub city build",
        )  # fmt: skip
    truth, earlier = read_truth(target.folder, sorted({t.truth for d in descriptions for t in d.tables.values()}))
    after = build_truth(city.residents, city.seed, city.day + days)
    changed = changes(truth, {name: after[name] for name in truth}, earlier, city.day + days)
    return write_city(target, descriptions, replace(city, day=city.day + days), after, changed, progress)
