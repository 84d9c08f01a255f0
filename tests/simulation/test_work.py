"""The work for a new application: one write for each object, revision and state, and a reconcile for each state."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.simulation import work

STATUS, NODES = "PATCH applicationconfigurations/status", "GET api/nodes"
EXPECTED = Counter(
    {
        "PATCH componentinstances": 1,
        "PATCH deployments": 1,
        "PATCH services": 1,
        "PATCH horizontalpodautoscalers": 1,
        "PATCH ingresses": 1,
        "PATCH controllerrevisions": 1,
        "PATCH componentinstances/status": 1,
    }
)


@pytest.mark.parametrize("seed", range(8))
def test_a_new_application_needs_no_read_no_event_and_a_status_for_each_state(seed: int) -> None:
    """The states are Synced and Ready, which may be reached at the same time. Nodes are read once a minute."""
    done = work.of_new_application(seed)
    assert done.requests.pop(STATUS) <= 2
    assert done.requests.pop(NODES, 0) <= 1
    assert done.requests == EXPECTED
    assert done.reconciles <= 2
