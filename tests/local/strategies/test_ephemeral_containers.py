"""Ephemeral containers: the subresource adds them, and nothing changes them. Messages of Kubernetes 1.36.2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.harness import MERGE, STRATEGIC, Api

PODS = "/api/v1/namespaces/default/pods"
EPHEMERAL = f"{PODS}/p/ephemeralcontainers"
UNSET = "Forbidden: cannot be set for an Ephemeral Container"


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def debugger(name: str = "debug", **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": "busybox", **fields}


def adding(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"ephemeralContainers": list(containers)}}


async def test_the_subresource_adds_containers_and_changes_nothing_else(api: Api) -> None:
    created = await api.created(PODS, pod())
    body = {**adding(debugger(targetContainerName="c")), "metadata": {"labels": {"a": "b"}}}
    body["spec"]["activeDeadlineSeconds"] = 5
    reply = await api("PATCH", EPHEMERAL, body, media=STRATEGIC)
    assert reply.status == 200, reply.body
    spec = reply.body["spec"]
    assert spec.pop("ephemeralContainers") == [
        {
            "name": "debug",
            "image": "busybox",
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "Always",
            "targetContainerName": "c",
        }
    ]
    assert spec == created["spec"]
    assert "labels" not in reply.body["metadata"]
    assert reply.body["metadata"]["generation"] == created["metadata"]["generation"] + 1
    assert reply.body["metadata"]["managedFields"][-1]["subresource"] == "ephemeralcontainers"


async def test_put_and_apply_add_containers(api: Api) -> None:
    live = await api.created(PODS, pod())
    live["spec"]["ephemeralContainers"] = [debugger("one")]
    assert (await api("PUT", EPHEMERAL, live)).status == 200
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, **adding(debugger("two"))}
    assert (await api.apply(EPHEMERAL, body)).status == 200
    reply = await api("GET", EPHEMERAL)
    assert {each["name"] for each in reply.body["spec"]["ephemeralContainers"]} == {"one", "two"}


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (debugger("c"), '[0].name: Duplicate value: "c"'),
        ({"name": "n"}, "[0].image: Required value"),
        (debugger("n", targetContainerName="z"), '[0].targetContainerName: Not found: "z"'),
        (debugger("n", ports=[{"containerPort": 1}]), f"[0].ports: {UNSET}"),
        (debugger("n", volumeMounts=[{"name": "v", "mountPath": "/v"}]), '[0].volumeMounts[0].name: Not found: "v"'),
        (debugger("n", lifecycle={"preStop": {"sleep": {"seconds": 1}}}), f"[0].lifecycle: {UNSET}"),
    ],
)
async def test_errors_of_a_container(api: Api, container: dict[str, Any], message: str) -> None:
    await api.created(PODS, pod())
    reply = await api("PATCH", EPHEMERAL, adding(container), media=STRATEGIC)
    assert (reply.status, reply.body["message"]) == (422, f'Pod "p" is invalid: spec.ephemeralContainers{message}')


async def test_every_forbidden_field_is_reported(api: Api) -> None:
    await api.created(PODS, pod())
    probe = {"exec": {"command": ["true"]}}
    fields: dict[str, Any] = {"readinessProbe": probe, "livenessProbe": probe, "resources": {"limits": {"cpu": "1"}}}
    reply = await api("PATCH", EPHEMERAL, adding(debugger(**fields)), media=STRATEGIC)
    assert [cause["field"].rpartition(".")[2] for cause in reply.body["details"]["causes"]] == [
        "resources",
        "livenessProbe",
        "readinessProbe",
    ]


@pytest.mark.parametrize(
    ("containers", "verb"), [([debugger(image="other")], "changed"), ([], "removed")], ids=["change", "remove"]
)
async def test_existing_containers_stay(api: Api, containers: list[dict[str, Any]], verb: str) -> None:
    await api.created(PODS, pod())
    assert (await api("PATCH", EPHEMERAL, adding(debugger()), media=MERGE)).status == 200
    reply = await api("PATCH", EPHEMERAL, adding(*containers), media=MERGE)
    message = f'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be {verb}\n'
    assert (reply.status, reply.body["message"]) == (422, f'Pod "p" is invalid: {message}')


async def test_only_the_subresource_adds_containers(api: Api) -> None:
    reply = await api("POST", PODS, pod(ephemeralContainers=[debugger()]))
    message = 'Pod "p" is invalid: spec.ephemeralContainers: Forbidden: cannot be set on create'
    assert (reply.status, reply.body["message"]) == (422, message)
    await api.created(PODS, pod())
    assert (await api("PATCH", f"{PODS}/p", adding(debugger()), media=STRATEGIC)).status == 422
    for method in ("POST", "DELETE"):
        assert (await api(method, EPHEMERAL, pod())).status == 405
    assert (await api("PATCH", f"{PODS}/absent/ephemeralcontainers", adding(debugger()), media=MERGE)).status == 404


async def test_a_restricted_namespace_refuses_a_privileged_container(api: Api) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    await api("PATCH", "/api/v1/namespaces/default", {"metadata": {"labels": labels}}, media=MERGE)
    await api.created(PODS, pod())
    container = debugger(securityContext={"privileged": True})
    reply = await api("PATCH", EPHEMERAL, adding(container), media=STRATEGIC)
    assert reply.status == 403
    assert "violates PodSecurity" in reply.body["message"]
