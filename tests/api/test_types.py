"""The default health of a type: the worst of its objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Health, Kind, Manifest, Rendered, Scale, Trait, TraitContext, WorkloadContext, WorkloadType

Make = Callable[..., TraitContext[Any]]
CLAIM = Kind("v1", "PersistentVolumeClaim")


class Claims(Trait[Any]):
    name = "claims"


class Server(WorkloadType[Any]):
    name = "example.org/v1.Server"


def _health(context: Make, phases: dict[str, str | None]) -> Health:
    manifests = tuple(Manifest(kind=CLAIM, name=name, body={}) for name in phases)
    seen = tuple(
        {"kind": "PersistentVolumeClaim", "metadata": {"name": name}, "status": {"phase": phase}}
        for name, phase in phases.items()
        if phase is not None
    )
    return Claims().health(context(manifests=manifests, observe=lambda _: seen))


@pytest.mark.parametrize(
    ("phases", "state", "reason"),
    [
        ({}, "ready", "Ready"),
        ({"a": "Bound"}, "ready", "Ready"),
        ({"a": "Bound", "b": None}, "progressing", "Missing"),
        ({"a": "Lost", "b": "Pending"}, "failed", "Lost"),
        ({"a": "Pending", "b": "Bound"}, "progressing", "Pending"),
    ],
)
def test_a_type_is_as_healthy_as_its_worst_object(
    phases: dict[str, str | None], state: str, reason: str, context: Make
) -> None:
    health = _health(context, phases)
    assert (health.state, health.reason) == (state, reason)


def test_a_ready_deployment_shows_its_replicas_among_other_objects(context: Make) -> None:
    deployment = Kind("apps/v1", "Deployment")
    kinds = (Kind("v1", "ConfigMap"), deployment, Kind("v1", "Service"))
    manifests = tuple(Manifest(kind=kind, name="web", body={}) for kind in kinds)
    counts = {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}

    def observe(kind: Kind) -> tuple[dict[str, Any], ...]:
        status = {"status": counts} if kind == deployment else {}
        return ({"kind": kind.kind, "metadata": {"name": "web"}, "spec": {"replicas": 3}, **status},)

    health = Claims().health(context(manifests=manifests, observe=observe))
    assert health == Health("ready", "Ready", "3 of 3 replicas ready", {"replicas": "3/3"})


def test_the_facts_of_all_objects_are_shown_and_those_of_the_worst_win(context: Make) -> None:
    counts = {"good": (1, 1), "bad": (2, 0), "better": (3, 3)}
    seen = tuple(
        {
            "kind": "StatefulSet",
            "metadata": {"name": name},
            "spec": {"replicas": wanted},
            "status": {
                "observedGeneration": 1,
                "replicas": wanted,
                "updatedReplicas": wanted,
                "readyReplicas": ready,
            },
        }
        for name, (wanted, ready) in counts.items()
    )
    manifests = tuple(Manifest(kind=Kind("apps/v1", "StatefulSet"), name=name, body={}) for name in counts)
    health = Claims().health(context(manifests=manifests, observe=lambda _: seen))
    assert (health.state, health.show) == ("progressing", {"replicas": "0/2"})


def test_a_type_without_render_raises_not_implemented_error(context: Make) -> None:
    with pytest.raises(NotImplementedError):
        Claims().render(context())


def test_a_workload_type_has_no_scale_forms_and_no_pods_by_default(
    workload_context: Callable[..., WorkloadContext[Any]],
) -> None:
    assert Server().scale(workload_context(), Scale.exact(3)) == Rendered()
    assert Server().pods(workload_context()) is None
    assert Server.scale_forms == frozenset()
