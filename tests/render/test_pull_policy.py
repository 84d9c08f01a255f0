"""The setting for imagePullPolicy, and parameters as types are told them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from rudr_py.api import Kind, Manifest, Rendered, WorkloadContext, WorkloadType
from rudr_py.catalog import Catalog
from rudr_py.render.values.plan import Plan

Text = Callable[..., str]
Make = Callable[..., Plan]
Web = Callable[..., dict[str, Any]]


class Theirs(WorkloadType[dict[str, Any]]):
    """A workload type of somebody else, with a pod template."""

    name = "acme.dev/v1.Thing"
    produces: ClassVar[tuple[Kind, ...]] = (Kind("apps/v1", "Deployment"),)

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        body = {"spec": {"template": {"spec": {"containers": [{"name": "x", "image": str(ctx.parameters["image"])}]}}}}
        return Rendered(add=(Manifest(kind=self.produces[0], name=ctx.name(), body=body),))


THEIRS = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: thing}
spec:
  workloadType: acme.dev/v1.Thing
  parameters: [{name: image, type: string, default: "x:1"}, {name: unset, type: string}]
"""


def _policies(plan: Plan) -> list[str | None]:
    assert not plan.problems
    specs = (planned.body.get("spec", {}).get("template", {}).get("spec", {}) for planned in plan.manifests)
    return [container.get("imagePullPolicy") for spec in specs for container in spec.get("containers", ())]


@pytest.mark.parametrize(("policy", "result"), [("", None), ("Always", "Always")])
def test_containers_of_core_workloads_get_the_configured_pull_policy(
    plan: Make, application: Text, web: Web, policy: str, result: str | None
) -> None:
    text = application(web(), {"componentName": "migrate", "instanceName": "job"})
    assert _policies(plan(text, image_pull_policy=policy)) == [result, result]


def test_a_change_of_the_pull_policy_does_not_run_a_task_again(plan: Make, application: Text) -> None:
    text = application({"componentName": "migrate", "instanceName": "job"})
    digests = {
        planned.inputs_digest
        for policy in ("", "Always")
        for planned in plan(text, image_pull_policy=policy).manifests
        if planned.inputs_digest
    }
    assert len(digests) == 1


def test_other_pods_keep_their_pull_policy_and_types_get_the_parameters(
    plan: Make, application: Text, with_types: Callable[..., Catalog]
) -> None:
    text = application({"componentName": "thing", "instanceName": "t"}, components=THEIRS)
    rendered = plan(text, types=with_types(Theirs()), image_pull_policy="Always")
    assert _policies(rendered) == [None]
    assert rendered.instances[0].workload.context.parameters == {"image": "x:1"}
