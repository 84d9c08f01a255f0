"""Admission by the Pod Security Standards. Messages are those of kube-apiserver v1.36.2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.harness import MERGE, Api

ENFORCE = "pod-security.kubernetes.io/enforce"
WARN = "pod-security.kubernetes.io/warn"
ESCALATION = (
    'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), '
)
RESTRICTED = (
    ESCALATION + 'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), '
    'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), '
    'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
    '"Localhost")'
)
GOOD: dict[str, Any] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
OF_POD: dict[str, Any] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


async def _namespace(api: Api, **labels: str) -> str:
    await api.created("/api/v1/namespaces", {"metadata": {"name": "team", "labels": labels}})
    return "/api/v1/namespaces/team/pods"


def _pod(container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "i", **(container or {})}]
    return {"metadata": {"name": "p"}, "spec": {"containers": containers, **spec}}


def _conforming(
    context: dict[str, Any] | None = None, of_pod: dict[str, Any] | None = None, **spec: Any
) -> dict[str, Any]:
    container = {"securityContext": {**GOOD, **(context or {})}}
    return _pod(container, securityContext={**OF_POD, **(of_pod or {})}, **spec)


def _volume(name: str, kind: str, **source: Any) -> dict[str, Any]:
    return {"name": name, kind: source}


NFS = {"server": "s", "path": "/"}


@pytest.mark.parametrize(
    ("pod", "violations"),
    [
        (_pod(), RESTRICTED),
        (_conforming(of_pod={"runAsUser": 0}), "runAsUser=0 (pod must not set runAsUser=0)"),
        (_conforming({"runAsUser": 0}), 'runAsUser=0 (container "c" must not set runAsUser=0)'),
        (
            _conforming({"runAsNonRoot": False}),
            'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
        ),
        (
            _conforming(of_pod={"runAsNonRoot": False}),
            "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)",
        ),
        (
            _conforming(of_pod={"seccompProfile": {"type": "Unconfined"}}),
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        (
            _conforming({"seccompProfile": {"type": "Unconfined"}}),
            'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        (
            _conforming({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "SYS_TIME", "CHOWN"]}}),
            'unrestricted capabilities (container "c" must not include "CHOWN", "SYS_TIME" in '
            "securityContext.capabilities.add)",
        ),
        (
            _conforming(
                volumes=[_volume("a", "hostPath", path="/"), _volume("b", "nfs", **NFS), _volume("c", "emptyDir")]
            ),
            'restricted volume types (volumes "a", "b" use restricted volume types "hostPath", "nfs")',
        ),
    ],
)
async def test_a_pod_that_violates_the_restricted_profile_is_rejected(
    api: Api, pod: dict[str, Any], violations: str
) -> None:
    reply = await api("POST", await _namespace(api, **{ENFORCE: "restricted"}), pod)
    assert reply.status == 403
    assert reply.body["message"] == f'pods "p" is forbidden: violates PodSecurity "restricted:latest": {violations}'


@pytest.mark.parametrize(
    ("pod", "violations"),
    [
        (
            _pod(hostNetwork=True, hostPID=True, hostIPC=True),
            "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)",
        ),
        (
            _pod({"ports": [{"containerPort": 80, "hostPort": 80}, {"containerPort": 81, "hostPort": 81}]}),
            'hostPort (container "c" uses hostPorts 80, 81)',
        ),
        (
            _pod({"securityContext": {"capabilities": {"add": ["SYS_ADMIN", "CHOWN", "NET_ADMIN"]}}}),
            'non-default capabilities (container "c" must not include "NET_ADMIN", "SYS_ADMIN" in '
            "securityContext.capabilities.add)",
        ),
        (
            _pod(volumes=[_volume("a", "hostPath", path="/"), _volume("b", "hostPath", path="/")]),
            'hostPath volumes (volumes "a", "b")',
        ),
        (
            _pod(securityContext={"seccompProfile": {"type": "Unconfined"}}),
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        (
            _pod(securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
            "forbidden sysctls (kernel.msgmax)",
        ),
        (
            _pod(securityContext={"seLinuxOptions": {"type": "spc_t", "user": "u", "role": "r"}}),
            'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; '
            "role may not be set)",
        ),
        (
            _pod({"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}),
            'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")',
        ),
        (
            _pod({"livenessProbe": {"httpGet": {"port": 80, "host": "1.1.1.1"}}}),
            'probe or lifecycle host (container "c" uses probe or lifecycle host "1.1.1.1")',
        ),
    ],
)
async def test_a_pod_that_violates_the_baseline_profile_is_rejected(
    api: Api, pod: dict[str, Any], violations: str
) -> None:
    reply = await api("POST", await _namespace(api, **{ENFORCE: "baseline"}), pod)
    assert reply.status == 403
    assert reply.body["message"] == f'pods "p" is forbidden: violates PodSecurity "baseline:latest": {violations}'


async def test_all_containers_are_named(api: Api) -> None:
    containers = [{"name": "a", "image": "i", "securityContext": GOOD}, {"name": "b", "image": "i"}]
    pod = {
        "metadata": {"name": "p"},
        "spec": {"initContainers": [{"name": "z", "image": "i"}], "containers": containers},
    }
    reply = await api("POST", await _namespace(api, **{ENFORCE: "restricted"}), pod)
    assert '(containers "z", "b" must set securityContext.allowPrivilegeEscalation=false)' in reply.body["message"]
    assert '(pod or containers "z", "a", "b" must set securityContext.runAsNonRoot=true)' in reply.body["message"]


async def test_a_conforming_pod_is_created(api: Api) -> None:
    pods = await _namespace(api, **{ENFORCE: "restricted"})
    await api.created(pods, _conforming({"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}))
    template = {"metadata": {"labels": {"a": "b"}}, "spec": _conforming()["spec"]}
    deployment = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    reply = await api("POST", "/apis/apps/v1/namespaces/team/deployments", deployment)
    assert (reply.status, reply.headers.get("Warning")) == (201, None)


@pytest.mark.parametrize("label", [ENFORCE, WARN])
async def test_an_object_with_a_violating_template_is_stored_with_a_warning(api: Api, label: str) -> None:
    await _namespace(api, **{label: "restricted"})
    template = {"metadata": {"labels": {"a": "b"}}, "spec": _pod()["spec"]}
    deployment = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    reply = await api("POST", "/apis/apps/v1/namespaces/team/deployments", deployment)
    assert reply.status == 201
    text = f'would violate PodSecurity "restricted:latest": {RESTRICTED}'.replace('"', '\\"')
    assert reply.headers["Warning"] == f'299 - "{text}"'


async def test_a_change_of_metadata_of_a_violating_pod_is_accepted_and_one_of_its_spec_rejected(api: Api) -> None:
    pods = await _namespace(api)
    await api.created(pods, _pod())
    await api("PATCH", "/api/v1/namespaces/team", {"metadata": {"labels": {ENFORCE: "restricted"}}}, media=MERGE)
    labelled = await api("PATCH", f"{pods}/p", {"metadata": {"labels": {"x": "y"}}}, media=MERGE)
    assert labelled.status == 200
    changed = {"spec": {"containers": [{"name": "c", "image": "j"}]}}
    assert (await api("PATCH", f"{pods}/p", changed, media=MERGE)).status == 403


async def test_labels_with_unknown_levels_are_invalid(api: Api) -> None:
    labels = {ENFORCE: "strict", f"{ENFORCE}-version": "v9"}
    reply = await api("POST", "/api/v1/namespaces", {"metadata": {"name": "bad", "labels": labels}})
    assert reply.status == 422
    assert reply.body["message"] == (
        'Namespace "bad" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": '
        "must be one of privileged, baseline, restricted, "
        'metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: "v9": must be "latest" or "v1.x"]'
    )


async def test_a_windows_pod_needs_only_a_user_who_is_no_administrator(api: Api) -> None:
    pods = await _namespace(api, **{ENFORCE: "restricted"})
    await api.created(pods, _pod(os={"name": "windows"}, securityContext={"runAsNonRoot": True}))
