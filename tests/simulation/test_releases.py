"""Random edits and rollbacks of three applications that share components end where a model does, without a gap."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rudr_py.errors import ConflictError
from rudr_py.model.kinds import APPLICATION
from tests.simulation.network import Exchange
from tests.simulation.release_model import APPLICATIONS, NAMES
from tests.simulation.releases import Action, Run, Step

steps = st.lists(
    st.builds(
        Step,
        action=st.sampled_from([*get_args(Action), "update", "pin", "promote", "roll back", "roll back"]),
        application=st.integers(0, len(APPLICATIONS) - 1),
        component=st.integers(0, len(NAMES) - 1),
        choice=st.integers(0, 5),
        pause=st.sampled_from([None, 0.05, 2.0, 8.0]),
    ),
    min_size=1,
    max_size=10,
)

UPDATES = (Step("update", component=1), Step("update", component=2))


def check(taken: list[Step]) -> None:
    """Fails with the violations."""
    assert Run().run(taken) == []


@settings(max_examples=10)
@given(steps)
@example(
    [Step("pin"), Step("update", component=1), Step("update", component=2), Step("promote", component=1, choice=1)]
)
@example([Step("configure"), Step("update", component=1), Step("roll back", choice=0)])
@example([Step("update"), Step("pin", application=2), Step("roll back", application=2), Step("break")])
@example([Step("rename", pause=2.0), Step("break", component=1), Step("rename"), Step("update", component=1)])
def test_edits_and_rollbacks_end_where_the_model_does_and_no_instance_is_without_a_ready_pod(taken: list[Step]) -> None:
    check(taken)


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_a_rollback_overwrites_no_edit_of_the_application_and_no_other_change_stops_it(field: str) -> None:
    """The controller writes the status of the application as soon as its components are written."""
    run, patches = Run(), iter([{"metadata": {field: {"example.com/note": "meanwhile"}}}])

    def interfere(exchange: Exchange) -> None:
        request = exchange.request
        if request.method == "PUT" and request.path.endswith("/blog") and ("dryRun", "All") not in request.query:
            for patch in patches:
                run.cluster.patch(APPLICATION, "blog", patch)

    run.cluster.network.direct = interfere
    steps = [Step("configure"), Step("roll back")]
    if field == "labels":
        assert run.run(steps) == []
    else:
        with pytest.raises(ConflictError):
            run.run(steps)


@pytest.mark.slow
@settings(max_examples=1000)
@given(steps)
def test_edits_and_rollbacks_end_where_the_model_does_in_many_examples(taken: list[Step]) -> None:
    check(taken)
