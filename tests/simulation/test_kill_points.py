"""The controller is killed at every request of the main scenarios; its successor reaches the same state."""

from __future__ import annotations

import functools

import pytest

from tests.conformance import table
from tests.reliability import page
from tests.simulation import kill_points
from tests.simulation.kill_points import SCENARIOS, KillPoint, Result, Scenario

SAMPLE = 8
"""`make test` runs every SAMPLE-th kill point, `make check` all."""


@functools.cache
def undisturbed(name: str) -> Result:
    """The result of a scenario without a kill."""
    return kill_points.run(next(scenario for scenario in SCENARIOS if scenario.name == name))


def diverged(scenario: Scenario, points: tuple[KillPoint, ...]) -> list[str]:
    """The kill points that do not lead to the state of a run without a kill."""
    expected = undisturbed(scenario.name)
    failed = []
    for point in points:
        result = kill_points.run(scenario, point)
        failed += [f"{point}: {text}" for text in result.violations]
        if result.state != expected.state:
            failed.append(f"{point}: the final state differs:\n{expected.state.decode()}\n{result.state.decode()}")
    return failed


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario_converges_without_a_kill(scenario: Scenario) -> None:
    assert undisturbed(scenario.name).violations == ()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_successor_reaches_the_same_state_after_a_kill(scenario: Scenario) -> None:
    assert diverged(scenario, kill_points.points(undisturbed(scenario.name).requests)[::SAMPLE]) == []


@pytest.mark.slow
def test_all_kill_points_converge_and_the_table_states_their_number() -> None:
    failed: list[str] = []
    total = 0
    for scenario in SCENARIOS:
        points = kill_points.points(undisturbed(scenario.name).requests)
        total += len(points)
        failed += diverged(scenario, points)
    assert failed == []
    row = next(row for row in table.rows(page.ROWS) if row.id == "kill-points")
    assert f"{total} of {total}" in row.rule, f"tests/reliability/rows/15-simulation.yaml: {total} of {total}"
