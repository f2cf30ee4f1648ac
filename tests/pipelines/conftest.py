"""Parts so small that a feed of a few hundred rows has several."""

from __future__ import annotations

import pytest

SMALL = 60


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("connectors.reading.PART_ROWS", SMALL)
    return SMALL
