"""What every test shares."""

from __future__ import annotations

import os

# Set before NumPy is loaded: the tests are small, and many threads on few cores only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of R's answers, each beside the script that wrote it."""
    return Path(__file__).parent / "reference"
