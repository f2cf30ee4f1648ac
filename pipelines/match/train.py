"""Learn what an agreement says: of strangers and relatives from the register, of one person from verified NIKs."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.match.candidates import LARGEST_BLOCK_OF_CITY, find_candidates
from pipelines.match.comparisons import OWN
from pipelines.match.count import Counts, count_levels, count_likely
from pipelines.match.engine import opened, put
from pipelines.match.model import Model, Shares, prior, splink_settings
from pipelines.match.prepare import prepare
from pipelines.match.score import score_candidates

SEED = 20_260_101
#: rows of the register that are taken for all of them where strangers are compared, and how many pairs of them
SAMPLE, RANDOM_PAIRS = 20_000, 100_000
#: rows of the register whose likes are looked for in all of it: what random pairs never show
LOOKED_FOR = 1_000
#: pairs that the prior is worth: with fewer labels the prior decides, with many it is forgotten
PRIOR_PAIRS = 300
#: of the people in an application, how many the register has; and the records which that opinion is worth
EXPECTED_SHARE, PRIOR_RECORDS = 0.9, 100
#: records without labels that are learned from, and how often
TEACHERS, ROUNDS = 2_000, 2
#: pairs from one address that are looked at, and people at an address that is still one house
HOUSE_PAIRS, LARGEST_HOUSE = 20_000, 12
#: people in a house besides oneself where the register tells no address; worth one row of it
USUAL_MATES = 3


def train(register: pa.Table, pairs: pa.Table | None, records: pa.Table) -> Model:
    """Return a model; the same tables give the same model.

    Without pairs the model learns from the records' likely matches (expectation maximisation) and how many of the
    records the register has; verified pairs are better, for they do not depend on what the model believes.

    Args:
        register: id and PERSON; each person once
        pairs: record_id, register_id of pairs that are known to be one person; None or few leave the prior
        records: id and PERSON, at least those in `pairs`

    Raises:
        ConfigurationError: a table lacks a column

    """
    whole, people = prepare(register, "register"), prepare(records, "records")
    labels = _labels(pairs, records, register)
    with opened() as connection:
        put(connection, "whole_register", whole)
        strangers = _learn_strangers(connection, whole.num_rows)
        mates, relatives = _learn_relatives(connection)
        if labels.num_rows:
            put(connection, "records", people.take(labels["l"].unique()))
            put(connection, "labels", labels)
            m = _blended(prior("m"), count_levels(connection, "records", "whole_register", "SELECT l, r FROM labels"))
            return _model(whole.num_rows, EXPECTED_SHARE, m, strangers, mates, relatives, labels.num_rows)
        model = _model(whole.num_rows, EXPECTED_SHARE, prior("m"), strangers, mates, relatives, 0)
        if not people.num_rows or not whole.num_rows:
            return model
        put(connection, "all_records", people)
        connection.execute(f"""CREATE TABLE records AS SELECT * FROM all_records
            ORDER BY hash(row, {SEED}), row LIMIT {TEACHERS}""")  # noqa: S608 - own names
        find_candidates(connection, LARGEST_BLOCK_OF_CITY)
        for _ in range(ROUNDS):
            score_candidates(connection, model, 0, people.num_rows)
            found, counts = count_likely(connection)
            share = _share(found, min(TEACHERS, people.num_rows))
            model = _model(whole.num_rows, share, _blended(prior("m"), counts), strangers, mates, relatives, 0)
        return model


def _share(found: float, asked: int) -> float:
    """Return how many of the records the register has, as if PRIOR_RECORDS more had been asked for."""
    return _rounded((found + PRIOR_RECORDS * EXPECTED_SHARE) / (asked + PRIOR_RECORDS))


def _model(
    people: int, share: float, m: Shares, strangers: Shares, mates: float, relatives: Shares, trained_on: int
) -> Model:
    # a record is one of the register's people or none of them; what is against one of them is for none
    odds = share / ((1 - share) * max(1, people))
    settings = {
        "splink": splink_settings("link_only", odds / (1 + odds), m, strangers),
        "relatives": {
            "share": share,
            "mates": mates,
            "shares": {item.name: list(relatives[item.name]) for item in OWN},
        },
    }
    return Model(settings, trained_on)


def _learn_strangers(connection: duckdb.DuckDBPyConnection, people: int) -> Shares:
    """Return the shares among pairs of different people, from random pairs and from those that look alike.

    Random pairs show what is frequent. What occurs once in a hundred million is found where the likes
    of some people are looked for in the whole register: each is there once, so whoever is found is somebody else.
    """
    least = prior("strangers")
    if people < 2:
        return least
    connection.execute(f"""CREATE TABLE shuffled AS
        SELECT *, row_number() OVER (ORDER BY hash(row, {SEED}), row) AS place
        FROM whole_register ORDER BY place LIMIT {SAMPLE}""")  # noqa: S608 - own names
    size = min(SAMPLE, people)
    turns = max(1, min(size - 1, RANDOM_PAIRS // size))
    # CROSS JOIN, not a comma: that binds later, and the lateral join it makes took 13 s for half a million pairs
    some = f"""SELECT l.row AS l, r.row AS r FROM shuffled l CROSS JOIN range(1, {turns + 1}) AS turns(shift)
        JOIN shuffled r ON r.place = (l.place - 1 + shift) % {size} + 1"""  # noqa: S608 - own names
    random = count_levels(connection, "shuffled", "shuffled", some)
    connection.execute(f"CREATE TABLE records AS SELECT * FROM shuffled ORDER BY place LIMIT {LOOKED_FOR}")  # noqa: S608
    find_candidates(connection, LARGEST_BLOCK_OF_CITY)
    alike = count_levels(
        connection, "records", "whole_register", "SELECT record AS l, found AS r FROM pairs WHERE record <> found"
    )
    connection.execute("DROP TABLE records; DROP TABLE pairs; DROP TABLE shuffled")
    covered = min(LOOKED_FOR, people) * (people - 1)
    return {
        name: tuple(
            _rounded(share) for share in _rarely(least[name], random[name], alike[name], covered / (size * turns))
        )
        for name in least
    }


def _rarely(least: tuple[float, ...], random: tuple[float, ...], alike: tuple[float, ...], times: float) -> list[float]:
    """Return a comparison's shares; `alike` are counts of `times` as many pairs as there are random ones."""
    compared = sum(random)
    if not compared:
        return list(least)
    return [
        max(min(low, 1 / (compared * times)), often / compared, seldom / (compared * times))
        for low, often, seldom in zip(least, random, alike, strict=True)
    ]


def _learn_relatives(connection: duckdb.DuckDBPyConnection) -> tuple[float, Shares]:
    """Return how many others live at a person's address, and the shares of the levels among such pairs."""
    connection.execute(f"""CREATE TABLE houses AS SELECT street, region, count(*) AS people FROM whole_register
        WHERE street IS NOT NULL GROUP BY ALL HAVING people BETWEEN 2 AND {LARGEST_HOUSE}""")  # noqa: S608
    ((pairs,),) = connection.sql("SELECT coalesce(sum(people * (people - 1)), 0) FROM houses").fetchall()
    ((known,),) = connection.sql("SELECT count(street) FROM whole_register").fetchall()
    some = f"""SELECT l.row AS l, r.row AS r
        FROM whole_register l SEMI JOIN houses h ON l.street = h.street AND l.region IS NOT DISTINCT FROM h.region
        JOIN whole_register r ON l.street = r.street AND l.region IS NOT DISTINCT FROM r.region AND l.row < r.row
        ORDER BY hash(l.row, {SEED}), l.row, r.row LIMIT {HOUSE_PAIRS}"""  # noqa: S608
    counts = count_levels(connection, "whole_register", "whole_register", some)
    return _rounded((float(pairs) + USUAL_MATES) / (known + 1)), _blended(prior("relatives"), counts)


def _labels(pairs: pa.Table | None, records: pa.Table, register: pa.Table) -> pa.Table:
    """Return the pairs as row numbers; a pair of unknown ids is left out."""
    if pairs is None:
        return pa.table({"l": pa.array([], pa.int64()), "r": pa.array([], pa.int64())})
    left = pc.index_in(pc.cast(pairs["record_id"], pa.string()), pc.cast(records["id"], pa.string()))
    right = pc.index_in(pc.cast(pairs["register_id"], pa.string()), pc.cast(register["id"], pa.string()))
    return pa.table({"l": left, "r": right}).drop_null()


def _blended(before: Shares, found: Counts) -> Shares:
    """Return the shares among the counted pairs, as if PRIOR_PAIRS more had been as `before` says."""
    return {
        name: tuple(
            _rounded((PRIOR_PAIRS * old + new) / (PRIOR_PAIRS + sum(found[name])))
            for old, new in zip(shares, found[name], strict=True)
        )
        for name, shares in before.items()
    }


def _rounded(share: float) -> float:
    return float(f"{share:.6g}")
