"""Random changes, faults, kills and promotions: an application with manual updates runs the pinned components."""

from __future__ import annotations

import pytest

from tests.simulation.run import simulate

CHUNK = 5
QUICK = range(1, 26)
SLOW = range(1, 1001)
SLOW_CHUNK = 100


def check(seeds: range) -> None:
    """Fails with the broken invariants of all seeds."""
    failed = [f"seed {seed}: {text}" for seed in seeds for text in simulate(seed, manual_updates=True).violations]
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("first", QUICK[::CHUNK], ids="from {}".format)
def test_an_application_with_manual_updates_converges_to_its_pinned_components(first: int) -> None:
    check(range(first, min(first + CHUNK, QUICK.stop)))


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(3055, id="whose first revision was written without an answer, before an edit"),
        pytest.param(50137, id="whose first revision was written by a process that ended, before an edit"),
    ],
)
def test_an_application_runs_the_components_of_a_revision_that_its_status_does_not_name(seed: int) -> None:
    check(range(seed, seed + 1))


@pytest.mark.slow
@pytest.mark.parametrize("first", SLOW[::SLOW_CHUNK], ids="from {}".format)
def test_an_application_with_manual_updates_converges_for_many_seeds(first: int) -> None:
    check(range(first, min(first + SLOW_CHUNK, SLOW.stop)))
