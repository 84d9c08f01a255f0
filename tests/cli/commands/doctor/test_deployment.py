"""The doctor recognizes the controller of the chart with any values."""

from __future__ import annotations

from typing import Any

from rudr_py.cli.commands.doctor import deployment
from rudr_py.cli.commands.doctor.deployment import ControllerDeployment
from tests.charts import rendering


def controller(**values: Any) -> ControllerDeployment:
    [one] = deployment.controllers(one for one in rendering.rendered(values) if one["kind"] == "Deployment")
    return one


def test_the_lease_the_namespaces_and_the_account_are_those_of_the_chart() -> None:
    plain = controller()
    assert plain.elects
    assert (plain.election.namespace, *plain.election.leases) == (rendering.NAMESPACE, rendering.NAME)
    assert plain.definitions == rendering.NAMESPACE
    assert plain.namespaces == ()
    assert plain.user == f"system:serviceaccount:{rendering.NAMESPACE}:{rendering.NAME}"


def test_changed_chart_values_are_respected() -> None:
    changed = controller(
        watchNamespaces=["a", "b"],
        leaderElection={"id": "other"},
        shards=2,
        definitionsNamespace={"name": "types"},
        nameOverride="oam",
        publishDefinitions=False,
    )
    assert changed.namespaces == ("a", "b")
    assert (changed.election.namespace, *changed.election.leases) == (
        *(rendering.NAMESPACE, "other", "other-0", "other-1"),
    )
    assert changed.definitions == "types"
    assert "no-publish-definitions" in changed.flags
    assert not controller(leaderElection={"enabled": False}, replicaCount=1).elects
