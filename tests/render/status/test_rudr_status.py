"""The words of Rudr's `status.components`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py import catalog
from rudr_py.api import Kind, Ref, WorkloadContext, WorkloadType
from rudr_py.api.component import Component
from rudr_py.model.identity import Metadata
from rudr_py.render.status import health, rudr_status
from rudr_py.render.values.inputs import NOTHING, NothingObserved
from rudr_py.render.values.plan import BoundType, InstancePlan, Plan
from rudr_py.testing import rendering

DEPLOYMENT = Kind("apps/v1", "Deployment")
STATEFUL_SET = Kind("apps/v1", "StatefulSet")
JOB = Kind("batch/v1", "Job")
CLAIM = Kind("v1", "PersistentVolumeClaim")
HPA = Kind("autoscaling/v2", "HorizontalPodAutoscaler")
SERVICE = Kind("v1", "Service")


class Seen(NothingObserved):
    """One object, of whatever kind is asked for."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """That object."""
        del instance, kind
        return ({**self._document, "metadata": {"name": "a", "generation": 2}},)


class Example(WorkloadType[Any]):
    """A type to have a part."""

    name = "acme.example/v1.Any"


def _plan(*kinds: Kind, component: str = "web") -> Plan:
    context: WorkloadContext[Any] = WorkloadContext(
        application="shop",
        namespace="default",
        instance="front",
        component=Component(metadata=Metadata(name=component), workload_type="x/v1.Y"),
        properties={},
        now=None,  # type: ignore[arg-type] # nobody looks at the time here
    )
    part = BoundType(
        offer=catalog.offer(Example(), package="acme 1"), context=context, refs=tuple(Ref(kind, "a") for kind in kinds)
    )
    return Plan(instances=(InstancePlan(name="front", component=component, owner=Ref(SERVICE, "o"), workload=part),))


def _word(kind: Kind, document: dict[str, Any]) -> str:
    (instance,) = _plan(kind).instances
    (text,) = rudr_status.texts(instance, Seen(document), ()).values()
    return text


def _deployment(expected: int | None, **counts: int) -> dict[str, Any]:
    spec = {} if expected is None else {"replicas": expected}
    return {"spec": spec, "status": {"observedGeneration": 2, **counts}}


def _condition(kind: str, status: str = "True") -> dict[str, Any]:
    return {"status": {"conditions": [{"type": "Other", "status": "True"}, {"type": kind, "status": status}]}}


@pytest.mark.parametrize(
    ("kind", "document", "word"),
    [
        (DEPLOYMENT, _deployment(2, replicas=2, updatedReplicas=2, availableReplicas=2), "running"),
        (DEPLOYMENT, _deployment(None, replicas=1, updatedReplicas=1, availableReplicas=1), "running"),
        (DEPLOYMENT, _deployment(0), "running"),
        (DEPLOYMENT, _deployment(2, replicas=2, updatedReplicas=2, availableReplicas=1), "unavailable"),
        (DEPLOYMENT, _deployment(2, replicas=3, updatedReplicas=2, availableReplicas=2), "updating"),
        (DEPLOYMENT, _deployment(2, replicas=2, updatedReplicas=1, availableReplicas=2), "updating"),
        (DEPLOYMENT, {"spec": {"replicas": 0}, "status": {"observedGeneration": 1}}, "updating"),
        (STATEFUL_SET, _deployment(1, readyReplicas=1), "running"),
        (STATEFUL_SET, _deployment(1), "updating"),
        (STATEFUL_SET, {"status": {"observedGeneration": 1, "readyReplicas": 1}}, "updating"),
        (JOB, {}, "running"),
        (JOB, _condition("Complete"), "succeeded"),
        (JOB, _condition("Complete", "False"), "running"),
        (JOB, _condition("Failed"), "failed"),
        (HPA, {"status": {"currentReplicas": 4}}, "4"),
        (HPA, {}, "0"),
        (CLAIM, {"status": {"phase": "Bound"}}, "Bound"),
        (CLAIM, {}, "Pending"),
        (SERVICE, {}, "created"),
        (Kind("batch.volcano.sh/v1alpha1", "Job"), _condition("Failed"), "created"),
    ],
)
def test_each_object_has_the_word_of_rudr(kind: Kind, document: dict[str, Any], word: str) -> None:
    assert _word(kind, document) == word


def test_objects_have_a_text_without_config_maps() -> None:
    (instance,) = _plan(DEPLOYMENT, Kind("v1", "ConfigMap"), SERVICE).instances
    texts = rudr_status.texts(instance, NOTHING, ())
    assert texts == {"deployment/a": "not existed", "service/a": "not existed"}


def test_instances_of_one_component_share_an_entry(
    plan: Callable[..., Plan], application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> None:
    components = health.assess(plan(application(web(), web(instanceName="back"))), NOTHING, rendering.NOW).components
    assert sorted(components["web"]) == ["deployment/back", "deployment/front", "service/back", "service/front"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["replicas", "conditions", "phase", "type", "status"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.sampled_from([DEPLOYMENT, STATEFUL_SET, JOB, HPA, CLAIM]), JSON, JSON)
def test_any_object_has_a_word(kind: Kind, spec: Any, status: Any) -> None:
    assert _word(kind, {"spec": spec, "status": status})
