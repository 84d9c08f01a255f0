"""Names, labels, selectors and owners that users, dashboards and running objects of Rudr depend on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance import oam

WORKLOADS = {
    "Server": ("Deployment", "Service"),
    "SingletonServer": ("StatefulSet", "SingletonServer"),
    "Worker": ("Deployment", "Worker"),
    "SingletonWorker": ("StatefulSet", "SingletonWorker"),
    "Task": ("Job", "Task"),
    "SingletonTask": ("Job", "SingletonTask"),
}
"""The kind that runs each core type, and Rudr's value of oam.dev/workload-type."""

TRAITS = """
- {name: ingress, properties: {hostname: shop.example.com}}
- {name: auto-scaler, properties: {cpu: 50}}
- {name: volume-mounter, properties: {volumeName: data, storageClass: ""}}
"""


def component(workload: str) -> str:
    spec = oam.WEB if "Server" in workload else oam.MAIN
    return oam.component(workload, spec)


def labels(body: dict[str, Any]) -> dict[str, str]:
    metadata_labels: dict[str, str] = body["metadata"]["labels"]
    return metadata_labels


@pytest.mark.parametrize("workload", WORKLOADS)
def test_objects_of_workloads_have_the_names_of_rudr(workload: str) -> None:
    names = set(oam.objects(oam.plan(component(workload), oam.instance())))
    service = {"Service/front"} if "Server" in workload else set()
    assert names == {"ComponentInstance/web-front", f"{WORKLOADS[workload][0]}/front", *service}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_selectors_are_exactly_those_of_rudr(workload: str) -> None:
    kind, label = WORKLOADS[workload]
    body = oam.objects(oam.plan(component(workload), oam.instance()))[f"{kind}/front"]
    expected = {"app.kubernetes.io/name": "shop", "oam.dev/instance-name": "front", "oam.dev/workload-type": label}
    # an additional label in the template would restart all pods of all users at the next release
    assert labels(body["spec"]["template"]) == expected
    assert body["spec"].get("selector", {"matchLabels": expected}) == {"matchLabels": expected}
    assert labels(body).items() >= expected.items()


def test_a_service_selects_by_application_and_instance_only() -> None:
    service = oam.objects(oam.plan(component("Server"), oam.instance()))["Service/front"]
    assert service["spec"]["selector"] == {"app.kubernetes.io/name": "shop", "oam.dev/instance-name": "front"}


def test_objects_of_traits_have_the_names_and_labels_of_rudr() -> None:
    volume = "{name: data, mountPath: /data, sharingPolicy: Shared, disk: {required: 1G}}"
    storage = f"  resources: {{volumes: [{volume}]}}\n"
    objects = oam.objects(oam.plan(oam.component("Server", oam.WEB + storage), oam.instance(traits=TRAITS)))
    role = {"oam.dev/role": "trait", "app.kubernetes.io/name": "shop", "oam.dev/instance-name": "front"}
    for name in ("Ingress/front-trait-ingress", "HorizontalPodAutoscaler/front-trait-autoscaler"):
        assert labels(objects[name]).items() >= role.items()
    claim = {"app": "shop", "component-name": "web", "instance-name": "front", "trait": "volume-mounter"}
    assert labels(objects["PersistentVolumeClaim/front-data"]).items() >= claim.items()


def test_the_record_annotation_of_rudr_is_not_written() -> None:
    objects = oam.objects(oam.plan(component("Server"), oam.instance(traits=TRAITS.splitlines()[1])))
    assert not [key for key in objects if key.startswith("ApplicationConfiguration/")]
    assert not [body for body in objects.values() if "annotations" in body["metadata"]]


def test_an_application_owns_instances_which_own_their_objects() -> None:
    plan = oam.plan(component("Server"), oam.instance())
    owners = {f"{planned.ref.kind.kind}/{planned.ref.name}": planned.owner for planned in plan.manifests}
    assert owners == {
        "ComponentInstance/web-front": "application",
        "Deployment/front": "instance",
        "Service/front": "instance",
    }
    assert {str(instance.owner) for instance in plan.instances} == {str(plan.manifests[0].ref)}
