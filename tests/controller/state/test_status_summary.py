"""The part of a status that metrics count: known values only."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.controller.state.status_summary import StatusSummary, summarize


def test_a_summary_has_readiness_and_the_states_of_instances_and_health_scopes() -> None:
    status = {
        "conditions": [{"type": "Valid", "status": "True"}, {"type": "Ready", "status": "False"}],
        "instances": [{"state": "ready"}, {"state": "failed"}, {"state": "ready"}],
        "scopes": [{"show": {"health": "healthy"}}, {"show": {}}],
    }
    assert summarize(status) == StatusSummary("False", ("ready", "failed", "ready"), ("healthy",))


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"conditions": [{"type": "Ready", "status": "Perhaps"}]},
        {"scopes": [{"show": {"health": "of another kind"}}, {"show": {"health": 3}}, {}]},
        {"instances": [{"state": "of another kind"}, {"state": None}, {}]},
    ],
)
def test_unknown_values_are_left_out(status: dict[str, Any]) -> None:
    assert summarize(status) == StatusSummary("Unknown")
