"""The model by which a dataset's people are matched: trained on what the NIK has linked, and kept."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.identity.people import KNOWN
from store.database import read_arrow

if TYPE_CHECKING:
    from pipelines.match.model import Model

#: with fewer known pairs than this a model serves its run and is not kept: the next may know more
GROUND = 1000
KEEP = """
    INSERT INTO control.match_model (dataset, digest, model) VALUES (:dataset, :digest, :model)
    ON CONFLICT (dataset) DO UPDATE
    SET digest = excluded.digest, model = excluded.model, trained_at = clock_timestamp()
"""


def kept_model(connection: sa.Connection, dataset: str) -> Model:
    """Return the dataset's model; it is trained when there is none, or when what is compared has changed.

    The same model decides until then, so that a decision does not change with the day. It learns from the run's
    temporary tables `_pairs` and `_register`.
    """
    from pipelines.match.train import train

    known_model = stored_model(connection, dataset)
    if known_model is not None:
        return known_model
    known = ", ".join(KNOWN)
    register = read_arrow(connection, f"SELECT nik AS id, {known} FROM _register ORDER BY nik")  # noqa: S608
    people = read_arrow(connection, f"SELECT record_id AS id, {known} FROM _pairs ORDER BY record_id")  # noqa: S608
    pairs = read_arrow(connection, "SELECT record_id, register_id FROM _pairs ORDER BY record_id")
    model = train(register, pairs, people)
    if pairs.num_rows >= GROUND:
        values = {"dataset": dataset, "digest": _digest(), "model": json.dumps(dataclasses.asdict(model))}
        connection.execute(sa.text(KEEP), values)
    return model


def stored_model(connection: sa.Connection, dataset: str) -> Model | None:
    """Return the model that is kept of a dataset, or None where none is, or what is compared has changed."""
    from pipelines.match.model import Model

    row = connection.execute(
        sa.text("SELECT digest, model FROM control.match_model WHERE dataset = :dataset"), {"dataset": dataset}
    ).one_or_none()
    return Model(**row.model) if row is not None and row.digest == _digest() else None


def _digest() -> str:
    from pipelines.match.comparisons import COMPARISONS

    return hashlib.sha256(repr(COMPARISONS).encode()).hexdigest()
