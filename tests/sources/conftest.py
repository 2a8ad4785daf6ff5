"""What tests of sources share."""

from __future__ import annotations

import pytest

from glmformula.sources import reading


@pytest.fixture
def small_pieces(monkeypatch):
    """So that a few hundred rows are many pieces."""
    monkeypatch.setattr(reading, "FEWEST_ROWS", 16)
    monkeypatch.setattr(reading, "PIECE_CELLS", 200)
