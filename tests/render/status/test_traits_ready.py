"""The condition TraitsReady, and the effect of traits on Ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Health, Kind, Manifest, Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.render.status import status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan
from tests.render.conftest import Seen

CONFIG = Kind("v1", "ConfigMap")
SYNCED = SyncState(state="True", reason="Synced")

Reported = Callable[..., dict[str, tuple[str, str, str]]]


class Fixed(Trait[Any]):
    """Has a fixed health; None raises."""

    produces = (CONFIG,)

    def __init__(self, name: str, health: Health | None) -> None:
        self.name = name  # type: ignore[misc] # one class for several types
        self._health = health

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        return Rendered(add=(Manifest(kind=CONFIG, name=ctx.name(self.name), body={"data": {"a": "1"}}),))

    def health(self, ctx: TraitContext[Any]) -> Health:
        if self._health is None:
            raise RuntimeError("broken")
        return self._health


@pytest.fixture(name="reported")
def _reported(
    plan: Callable[..., Plan],
    inputs: Callable[..., Inputs],
    application: Callable[..., str],
    web: Callable[..., dict[str, Any]],
    with_types: Callable[..., Catalog],
) -> Reported:
    """The conditions of an application whose workload is ready, with traits of these healths."""

    def reported(*healths: Health | None, sync: SyncState = SYNCED) -> dict[str, tuple[str, str, str]]:
        types = [Fixed(f"trait{number}", health) for number, health in enumerate(healths)]
        text = application(web(*({"name": type_.name} for type_ in types)))
        counts = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}
        live = {"metadata": {"name": "front", "generation": 1}, "spec": {"replicas": 1}, "status": counts}
        seen = Seen(
            {"apiVersion": "apps/v1", "kind": "Deployment", **live}, {"apiVersion": "v1", "kind": "Service", **live}
        )
        planned = plan(text, types=with_types(*types))
        built = status.status(planned, inputs(text), seen, sync, status.read_previous(None))
        return {entry["type"]: (entry["status"], entry["reason"], entry["message"]) for entry in built["conditions"]}

    return reported


READY = Health("ready", "Ready")
WORKS_NOT = Health("progressing", "FailedGetResourceMetric", "no metrics")
FAILED = Health("failed", "JobFailed", "why")
UNOBSERVED = Health("progressing", "NotObserved", "no controller")


@pytest.mark.parametrize(
    ("healths", "traits", "reason"),
    [
        ((READY, READY), "True", "Ready"),
        ((READY, WORKS_NOT), "False", "FailedGetResourceMetric"),
        ((UNOBSERVED, WORKS_NOT, FAILED), "False", "JobFailed"),
        ((READY, UNOBSERVED), "Unknown", "NotObserved"),
        ((READY, None), "Unknown", "PluginFailed"),
    ],
)
def test_traits_are_ready_if_all_of_them_do_their_work_and_so_is_the_application(
    healths: tuple[Health | None, ...], traits: str, reason: str, reported: Reported
) -> None:
    conditions = reported(*healths)
    assert conditions["TraitsReady"][:2] == (traits, reason)
    assert conditions["Ready"][:2] == ("True" if traits == "True" else "False", reason)


def test_both_messages_name_instance_trait_and_cause_the_worst_first(reported: Reported) -> None:
    conditions = reported(READY, WORKS_NOT, FAILED)
    lines = ["front: trait trait2: why", "front: trait trait1: no metrics"]
    assert conditions["TraitsReady"][2].splitlines() == ["1 of 3 traits are ready", *lines]
    assert conditions["Ready"][2].splitlines() == ["1 of 1 instances are ready", *lines]


def test_an_application_without_traits_has_no_such_condition(reported: Reported) -> None:
    conditions = reported()
    assert "TraitsReady" not in conditions
    assert conditions["Ready"][0] == "True"


def test_an_object_that_was_refused_is_the_reason_before_a_trait(reported: Reported) -> None:
    refused = SyncState(state="False", reason="Forbidden", message="ingress/web: no")
    assert reported(WORKS_NOT, sync=refused)["Ready"][:2] == ("False", "Forbidden")
