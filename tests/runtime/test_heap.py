"""Memory that is freed in a pass stays with the process while it works, and not longer."""

from __future__ import annotations

import pytest

from glmformula.runtime import heap
from glmformula.runtime.tasks import Team


@pytest.fixture
def told(monkeypatch):
    calls: list[tuple[int, int]] = []
    monkeypatch.setattr(heap, "control", lambda: lambda name, value: calls.append((name, value)))
    return calls


def test_the_outermost_sets_and_restores(told, monkeypatch):
    monkeypatch.delenv(heap.TOLD, raising=False)
    with heap.arrays_from_heap():
        assert dict(told) == heap.INSIDE
        with heap.arrays_from_heap():
            pass
        assert len(told) == 3
    assert dict(told[3:]) == {heap.MMAP_THRESHOLD: 2**25, heap.TRIM_THRESHOLD: 2**26, heap.TOP_PAD: 2**17}


def test_what_dask_has_told_a_worker_is_restored(told, monkeypatch):
    monkeypatch.setenv(heap.TOLD, "65536")
    with heap.arrays_from_heap():
        pass
    assert dict(told[3:])[heap.TRIM_THRESHOLD] == 65536


@pytest.mark.parametrize("name", heap.CHOSEN)
def test_who_has_chosen_is_left_alone(name, monkeypatch):
    monkeypatch.setenv(name, "131072")
    assert heap.control.__wrapped__() is None


def test_a_team_restores_when_it_ends(told):
    team = Team()
    team.of(2)
    team.of(3)
    assert len(told) == 3
    team.close()
    assert len(told) == 6
