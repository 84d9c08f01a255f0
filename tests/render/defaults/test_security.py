"""The profile `restricted` of the platform: pods satisfy the standard, unless a type decides otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import DropField, Manifest, PodTemplatePlace, Ref, Rendered, SetField, WorkloadContext, WorkloadType
from rudr_py.catalog import Catalog
from rudr_py.local.strategies import pod_security
from rudr_py.model.kinds import CRON_JOB, DEPLOYMENT
from rudr_py.render.values.plan import Plan
from rudr_py.settings import PlatformDefaults

RESTRICTED = PlatformDefaults(pod_security="restricted")
CONTEXT = "securityContext"
Spec = dict[str, Any]
SpecOf = Callable[..., Spec]


def violations(spec: Spec) -> list[str]:
    """The violations of `restricted` by a pod."""
    return [str(violation) for violation in pod_security.violations("restricted", pod_security.pod_of({"spec": spec}))]


def test_pods_have_no_security_context_by_default(spec: SpecOf) -> None:
    pod = spec(PlatformDefaults())
    assert CONTEXT not in pod
    assert CONTEXT not in pod["containers"][0]
    assert violations(pod)


def test_a_restricted_pod_satisfies_the_standard_with_containers_of_traits(spec: SpecOf) -> None:
    def more_containers(place: PodTemplatePlace) -> list[SetField]:
        return [
            place.edit(("spec", "containers", {"name": "proxy"}), {"image": "proxy:1"}),
            place.edit(("spec", "initContainers", {"name": "migration"}), {"image": "migration:1"}),
        ]

    pod = spec(RESTRICTED, more_containers)
    assert [len(pod[part]) for part in ("containers", "initContainers")] == [2, 1]
    assert violations(pod) == []


def test_a_field_that_a_trait_sets_stays(spec: SpecOf) -> None:
    localhost = {"type": "Localhost", "localhostProfile": "web.json"}
    pod = spec(
        RESTRICTED,
        lambda place: [
            place.edit(("spec", CONTEXT, "seccompProfile"), localhost),
            place.edit(("spec", CONTEXT, "runAsUser"), 1000),
            place.edit_container("web", (CONTEXT, "capabilities"), {"add": ["NET_BIND_SERVICE"]}),
        ],
    )
    assert pod[CONTEXT] == {"seccompProfile": localhost, "runAsUser": 1000, "runAsNonRoot": True}
    assert pod["containers"][0][CONTEXT]["capabilities"] == {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}
    assert violations(pod) == []


@pytest.mark.parametrize("fields", [{"runAsUser": 0}, {"runAsNonRoot": False}], ids=str)
def test_a_pod_that_a_trait_runs_as_root_stays_as_it_is(spec: SpecOf, fields: dict[str, Any]) -> None:
    def edits(place: PodTemplatePlace) -> list[SetField]:
        return [place.edit(("spec", CONTEXT, field), value) for field, value in fields.items()]

    assert spec(RESTRICTED, edits) == spec(PlatformDefaults(), edits)


def test_a_pod_whose_user_a_trait_leaves_to_others_stays_as_it_is(spec: SpecOf) -> None:
    def edits(place: PodTemplatePlace) -> list[DropField]:
        return [DropField(place.ref, (*place.path, "spec", CONTEXT, "runAsNonRoot"))]

    assert spec(RESTRICTED, edits) == spec(PlatformDefaults(), edits)


def test_one_container_that_runs_as_root_can_start_beside_restricted_ones(spec: SpecOf) -> None:
    agent = {"image": "agent:1", CONTEXT: {"runAsUser": 0}}
    pod = spec(RESTRICTED, lambda place: [place.edit(("spec", "containers", {"name": "agent"}), agent)])
    contexts = {container["name"]: container[CONTEXT] for container in pod["containers"]}
    assert "runAsNonRoot" not in pod[CONTEXT]
    assert (contexts["web"]["runAsNonRoot"], contexts["agent"].get("runAsNonRoot")) == (True, None)


@pytest.mark.parametrize("fields", [{"privileged": True}, {"capabilities": {"add": ["SYS_ADMIN"]}}], ids=str)
def test_a_privileged_container_keeps_its_context(spec: SpecOf, fields: dict[str, Any]) -> None:
    # the API server rejects allowPrivilegeEscalation: false beside them
    agent = {"image": "agent:1", CONTEXT: fields}
    pod = spec(RESTRICTED, lambda place: [place.edit(("spec", "containers", {"name": "agent"}), agent)])
    assert {container["name"]: container[CONTEXT] for container in pod["containers"]}["agent"] == fields


def test_a_field_that_a_trait_drops_stays_absent(spec: SpecOf) -> None:
    def edits(place: PodTemplatePlace) -> list[DropField]:
        return [DropField(place.ref, (*place.path, "spec", "containers", {"name": "web"}, CONTEXT, "capabilities"))]

    assert spec(RESTRICTED, edits)["containers"][0][CONTEXT] == {"allowPrivilegeEscalation": False}


def test_a_windows_pod_gets_no_field_of_linux_and_satisfies_the_standard(spec: SpecOf) -> None:
    pod = spec(RESTRICTED, os_type="windows")
    assert pod[CONTEXT] == {"runAsNonRoot": True}
    assert pod["os"] == {"name": "windows"}
    assert CONTEXT not in pod["containers"][0]
    assert violations(pod) == []


def test_a_windows_pod_with_fields_of_linux_is_not_named_so(spec: SpecOf) -> None:
    # the API server rejects these fields in a pod with os: windows
    pod = spec(RESTRICTED, lambda place: [place.edit(("spec", CONTEXT, "runAsUser"), 1000)], os_type="windows")
    assert "os" not in pod


COMPONENT = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: thing}
spec:
  workloadType: acme.dev/v1.Thing
"""


class Nightly(WorkloadType[dict[str, Any]]):
    """A CronJob: its template is deeper than that of a Deployment."""

    name = "acme.dev/v1.Thing"
    produces = (CRON_JOB,)
    provides = frozenset({"pod-template"})

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "x", "image": "x:1"}]}}
        job = {"spec": {"template": template}}
        return Rendered(
            add=(Manifest(kind=CRON_JOB, name=ctx.name(), body={"spec": {"schedule": "@daily", "jobTemplate": job}}),)
        )


class OnlyContainers(WorkloadType[dict[str, Any]]):
    """A kind that accepts only fields of containers."""

    name = "acme.dev/v1.Thing"
    produces = (DEPLOYMENT,)
    provides = frozenset({"pod-template"})
    pod_fields = False

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        template = {"spec": {"containers": [{"name": "x", "image": "x:1"}]}}
        return Rendered(add=(Manifest(kind=DEPLOYMENT, name=ctx.name(), body={"spec": {"template": template}}),))

    def pod_templates(self, ctx: WorkloadContext[dict[str, Any]]) -> tuple[PodTemplatePlace, ...]:
        return (PodTemplatePlace(ref=Ref(DEPLOYMENT, ctx.name()), pod_fields=False),)


class Unprovided(OnlyContainers):
    """A type that provides no pod template, so that its pods are its own."""

    provides = frozenset()


def rendered(
    type_: WorkloadType[Any], plan: Callable[..., Plan], application: Callable[..., str], types: Catalog
) -> dict[str, Any]:
    """The spec of the first object of a type."""
    text = application({"componentName": "thing", "instanceName": "t"}, components=COMPONENT)
    result = plan(text, types=types, defaults=RESTRICTED)
    assert not result.problems, result.problems
    body = next(one.body for one in result.manifests if one.ref.kind in type_.produces)
    spec: dict[str, Any] = body["spec"]
    return spec


def test_the_template_of_a_cron_job_is_restricted(
    plan: Callable[..., Plan], application: Callable[..., str], with_types: Callable[..., Catalog]
) -> None:
    spec = rendered(Nightly(), plan, application, with_types(Nightly()))
    assert violations(spec["jobTemplate"]["spec"]["template"]["spec"]) == []


def test_a_kind_without_fields_of_pods_is_restricted_by_its_containers(
    plan: Callable[..., Plan], application: Callable[..., str], with_types: Callable[..., Catalog]
) -> None:
    spec = rendered(OnlyContainers(), plan, application, with_types(OnlyContainers()))
    assert set(spec["template"]["spec"]) == {"containers"}
    assert violations(spec["template"]["spec"]) == []


def test_a_type_that_provides_no_pod_template_keeps_its_pods(
    plan: Callable[..., Plan], application: Callable[..., str], with_types: Callable[..., Catalog]
) -> None:
    spec = rendered(Unprovided(), plan, application, with_types(Unprovided()))
    assert spec["template"]["spec"] == {"containers": [{"name": "x", "image": "x:1"}]}
