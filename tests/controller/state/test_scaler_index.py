"""The autoscalers of a workload, whoever they belong to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.state.scaler_index import ScalerIndex
from rudr_py.kube.cache import Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import DEPLOYMENT, STATEFUL_SET

HPA, SCALED_OBJECT = Kind("autoscaling/v2", "HorizontalPodAutoscaler"), Kind("keda.sh/v1alpha1", "ScaledObject")
WEB = Ref(DEPLOYMENT, "web")

Make = Callable[..., LiveObject]


def scaling(name: str = "web", **target: str) -> dict[str, Any]:
    return {"spec": {"scaleTargetRef": {"name": name, **target}}}


def test_an_autoscaler_is_listed_for_its_target_until_it_is_deleted_or_has_another_one(live: Make) -> None:
    index = ScalerIndex()
    first = live(HPA, "h", scaling(apiVersion="apps/v1", kind="Deployment"))
    index.note(HPA, Change(None, first))
    assert index.scalers("shop", WEB) == (Ref(HPA, "h"),)
    assert index.scalers("elsewhere", WEB) == index.scalers("shop", Ref(STATEFUL_SET, "web")) == ()

    second = live(HPA, "h", scaling("db", apiVersion="apps/v1", kind="StatefulSet"))
    index.note(HPA, Change(first, second))
    assert index.scalers("shop", WEB) == ()
    assert index.scalers("shop", Ref(STATEFUL_SET, "db")) == (Ref(HPA, "h"),)

    index.note(HPA, Change(second, None))
    assert index.scalers("shop", Ref(STATEFUL_SET, "db")) == ()


def test_the_target_of_keda_is_a_deployment_by_default_and_its_api_version_does_not_matter(live: Make) -> None:
    index = ScalerIndex()
    index.note(SCALED_OBJECT, Change(None, live(SCALED_OBJECT, "s", scaling())))
    index.note(HPA, Change(None, live(HPA, "h", scaling(apiVersion="apps/v1beta2", kind="Deployment"))))
    assert index.scalers("shop", WEB) == (Ref(HPA, "h"), Ref(SCALED_OBJECT, "s"))


@pytest.mark.parametrize("spec", [None, [], {"scaleTargetRef": "web"}, {"scaleTargetRef": {"name": 1}}])
def test_an_autoscaler_of_any_shape_is_read(live: Make, spec: Any) -> None:
    index = ScalerIndex()
    index.note(HPA, Change(None, live(HPA, "h", {"spec": spec})))
    assert index.scalers("shop", WEB) == ()


def test_other_kinds_are_not_listed(live: Make) -> None:
    index = ScalerIndex()
    index.note(DEPLOYMENT, Change(None, live(DEPLOYMENT, "d", scaling())))
    assert index.scalers("shop", WEB) == ()
