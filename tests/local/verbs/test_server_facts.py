"""Values that a kube-apiserver 1.36 accepts, completes, warns of, or prints, as `tests.local.differential` showed."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.strategies import deprecations
from tests.local.harness import APPLY, MERGE, Api, config_map, deployment

TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
CORE = "/api/v1/namespaces/default"
SECRETS, PODS = f"{CORE}/secrets", f"{CORE}/pods"
STORAGE_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
ENDED = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}


def pod(name: str, **fields: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "a", "image": "b"}], **fields}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def secret(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


@pytest.mark.parametrize(("number", "stored"), [(0.5, "500m"), (1.5, "1500m"), (2, "2")])
async def test_a_number_is_a_quantity(api: Api, number: float, stored: str) -> None:
    container = {"name": "a", "image": "b", "resources": {"requests": {"cpu": number}}}
    created = await api.created(PODS, pod("p", containers=[container]))
    assert created["spec"]["containers"][0]["resources"]["requests"] == {"cpu": stored}


async def test_base64_may_have_line_breaks_and_is_stored_without(api: Api) -> None:
    assert (await api.created(SECRETS, secret(data={"a": "YWFh\nYWFh\r\n"})))["data"] == {"a": "YWFhYWFh"}
    body = {**config_map("c"), "binaryData": {"a": "YWFh\nYWFh"}}
    assert (await api.created(f"{CORE}/configmaps", body))["binaryData"] == {"a": "YWFhYWFh"}


@pytest.mark.parametrize(
    ("text", "offset"), [("YWF!", 3), ("YWFhY", 4), ("YW=a", 2), ("Y===", 1), ("YWFhYQ=", 7), ("YWE=YWE=", 4)]
)
async def test_corrupt_base64_is_refused_by_its_offset_and_not_repeated(api: Api, text: str, offset: int) -> None:
    reply = await api("POST", SECRETS, secret(data={"password": text}))
    assert reply.status == 400
    assert reply.body["message"].endswith(f"illegal base64 data at input byte {offset}")
    assert text not in str(reply.body)


@pytest.mark.parametrize("version", ["0", "abc", "", None])
async def test_a_resource_version_that_is_no_number_is_ignored_at_creation(api: Api, version: str | None) -> None:
    body = config_map("c")
    body["metadata"]["resourceVersion"] = version
    await api.created(f"{CORE}/configmaps", body)


async def test_an_object_that_is_being_deleted_still_has_its_name(api: Api) -> None:
    body = config_map("c")
    body["metadata"]["finalizers"] = ["example.com/wait"]
    await api.created(f"{CORE}/configmaps", body)
    await api("DELETE", f"{CORE}/configmaps/c")
    reply = await api("POST", f"{CORE}/configmaps", config_map("c"))
    assert reply.body["message"] == 'object is being deleted: configmaps "c" already exists'


async def test_a_deleted_pod_is_returned_as_it_ended(api: Api) -> None:
    await api.created(PODS, pod("p"))
    deleted = (await api("DELETE", f"{PODS}/p")).body["metadata"]
    assert (deleted["deletionGracePeriodSeconds"], deleted["generation"]) == (0, 2)
    assert deleted["deletionTimestamp"]


async def test_a_job_shares_the_labels_of_its_template_only_if_it_has_none(api: Api) -> None:
    def job(name: str, **metadata: Any) -> dict[str, Any]:
        template = {"metadata": {"labels": {"a": "b"}}, "spec": ENDED}
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, **metadata},
            "spec": {"template": template},
        }

    assert (await api.created(JOBS, job("own", labels={"c": "d"})))["metadata"]["labels"] == {"c": "d"}
    shared = (await api.created(JOBS, job("shared")))["metadata"]["labels"]
    assert (shared["a"], shared["job-name"]) == ("b", "shared")


async def test_the_selector_of_a_job_cannot_change(api: Api) -> None:
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": {"spec": ENDED}}}
    created = await api.created(JOBS, body)
    created["spec"]["selector"] = {"matchLabels": {"other": "label"}}
    assert (await api("PUT", f"{JOBS}/j", created)).status == 422


async def test_a_daemon_set_counts_the_changes_of_its_template(api: Api) -> None:
    path, key = "/apis/apps/v1/namespaces/default/daemonsets", "deprecated.daemonset.template.generation"
    body = {**deployment("d"), "kind": "DaemonSet"}
    body["spec"].pop("replicas", None)
    created = await api.created(path, body)
    assert created["metadata"]["annotations"] == {key: "1"}
    created["metadata"]["labels"] = {"a": "b"}
    labelled = (await api("PUT", f"{path}/d", created)).body
    assert labelled["metadata"]["annotations"] == {key: "1"}
    labelled["spec"]["template"]["metadata"]["labels"]["changed"] = "yes"
    assert (await api("PUT", f"{path}/d", labelled)).body["metadata"]["annotations"] == {key: "2"}


@pytest.mark.parametrize(
    ("image", "policy"),
    [("a", "Always"), ("host:5000/a:latest", "Always"), ("a:1", "IfNotPresent"), ("ko://a/b", "IfNotPresent")],
)
async def test_the_pull_policy_follows_the_tag_of_a_valid_reference(api: Api, image: str, policy: str) -> None:
    created = await api.created(PODS, pod("p", containers=[{"name": "a", "image": image}]))
    assert created["spec"]["containers"][0]["imagePullPolicy"] == policy


DEPRECATED_POD = {
    "nodeSelector": {"beta.kubernetes.io/os": "linux"},
    "volumes": [{"name": "v", "cephfs": {"monitors": ["a"]}}],
    "containers": [{"name": "a", "image": "b", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}],
}


async def test_a_new_pod_is_stored_with_warnings(api: Api) -> None:
    reply = await api("POST", PODS, pod("p", **DEPRECATED_POD))
    assert reply.status == 201
    warnings = reply.headers.getall("Warning")
    assert [text.split(":")[0] for text in warnings] == [
        '299 - "spec.nodeSelector[beta.kubernetes.io/os]',
        '299 - "spec.volumes[0].cephfs',
        '299 - "spec.containers[0].env[1]',
    ]


async def test_the_warnings_of_ports_do_not_grow_with_the_square_of_their_number(api: Api) -> None:
    ports = [{"containerPort": 80}] * 3 + [{"containerPort": 80, "hostPort": 90}, {"containerPort": 80, "hostPort": 91}]
    reply = await api("POST", f"{PODS}?dryRun=All", pod("p", containers=[{"name": "a", "image": "b", "ports": ports}]))
    assert len(reply.headers.getall("Warning")) == 3 + 3 + 3
    warnings = [*deprecations.pod(pod("p", containers=[{"ports": [{"containerPort": 80}] * 1000}]), None)]
    assert len(warnings) < 16 * 1000


async def test_a_template_warns_of_each_new_generation(api: Api) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments"
    body = deployment("d")
    body["spec"]["template"]["spec"] = DEPRECATED_POD
    assert len((await api("POST", path, body)).headers.getall("Warning")) == 3
    unchanged = await api(
        "PATCH", f"{path}/d", {"metadata": {"labels": {"a": "b"}}}, media="application/merge-patch+json"
    )
    assert "Warning" not in unchanged.headers
    scaled = await api("PATCH", f"{path}/d", {"spec": {"replicas": 2}}, media=MERGE)
    assert len(scaled.headers.getall("Warning")) == 3


@pytest.mark.parametrize(
    "body",
    [
        secret(type="kubernetes.io/tls", data={"tls.crt": "YQ==", "tls.key": "YQ=="}),
        {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "e"}},
    ],
)
async def test_a_write_of_these_warns(api: Api, body: dict[str, Any]) -> None:
    reply = await api("POST", f"{CORE}/{body['kind'].lower().rstrip('s')}s", body)
    assert len(reply.headers.getall("Warning")) == 1


async def test_a_deleted_storage_class_is_returned(api: Api) -> None:
    body = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "c"}, "provisioner": "p"}
    await api.created(STORAGE_CLASSES, body)
    assert (await api("GET", f"{STORAGE_CLASSES}/c", accept=TABLE)).body["rows"][0]["cells"][4] is False
    assert (await api("DELETE", f"{STORAGE_CLASSES}/c")).body["kind"] == "StorageClass"


COLUMNS = {
    "/apis/apps/v1/controllerrevisions": ["Name", "Controller", "Revision", "Age"],
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations": ["Name", "Webhooks", "Age"],
    "/apis/apiregistration.k8s.io/v1/apiservices": ["Name", "Service", "Available", "Age"],
    "/apis/storage.k8s.io/v1/csistoragecapacities": ["Name", "Created At"],
}


@pytest.mark.parametrize("path", COLUMNS)
async def test_each_kind_has_the_columns_of_the_server(api: Api, path: str) -> None:
    definitions = (await api("GET", path, accept=TABLE)).body["columnDefinitions"]
    assert [definition["name"] for definition in definitions] == COLUMNS[path]


async def test_a_column_has_the_description_of_its_field_and_not_of_its_type(api: Api) -> None:
    definitions = (await api("GET", "/apis/networking.k8s.io/v1/networkpolicies", accept=TABLE)).body[
        "columnDefinitions"
    ]
    assert definitions[1]["description"].startswith("podSelector selects the pods")


async def crd(api: Api, schema: dict[str, Any]) -> None:
    """Create the kind Widget of example.dev with a status."""
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    names = {"plural": "widgets", "kind": "Widget"}
    body = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.dev"},
        "spec": {"group": "example.dev", "names": names, "scope": "Namespaced", "versions": [version]},
    }
    await api.created("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)


WIDGETS = "/apis/example.dev/v1/namespaces/default/widgets"


async def test_a_custom_object_has_the_defaults_of_its_status_and_any_finalizer(api: Api) -> None:
    status = {"type": "object", "properties": {"phase": {"type": "string"}}, "default": {"phase": "Waiting"}}
    await crd(api, {"type": "object", "properties": {"status": status}})
    metadata = {"name": "w", "finalizers": ["plain"]}
    reply = await api("POST", WIDGETS, {"apiVersion": "example.dev/v1", "kind": "Widget", "metadata": metadata})
    assert reply.status == 201
    assert reply.body["status"] == {"phase": "Waiting"}
    assert "f:status" not in str(reply.body["metadata"]["managedFields"])
    assert "Warning" in reply.headers


async def test_the_age_of_a_custom_kind_without_columns_is_a_date(api: Api) -> None:
    await crd(api, {"type": "object"})
    definitions = (await api("GET", WIDGETS, accept=TABLE)).body["columnDefinitions"]
    assert [(each["name"], each["type"]) for each in definitions] == [("Name", "string"), ("Age", "date")]


async def test_the_server_owns_the_status_of_a_definition(api: Api) -> None:
    await crd(api, {"type": "object"})
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.dev"
    entries = (await api("GET", path)).body["metadata"]["managedFields"]
    assert [entry["manager"] for entry in entries if entry.get("subresource") == "status"] == ["kube-apiserver"]


async def test_an_apply_with_version_zero_is_unconditional(api: Api) -> None:
    await api.created(f"{CORE}/configmaps", config_map("c"))
    body = config_map("c", a="b")
    body["metadata"]["resourceVersion"] = "0"
    assert (await api("PATCH", f"{CORE}/configmaps/c?fieldManager=m", body, media=APPLY)).status == 200


async def test_a_definition_in_a_protected_group_needs_an_approval(api: Api) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    spec = {"group": "a.k8s.io", "names": {"plural": "xs", "kind": "X"}, "scope": "Cluster", "versions": [version]}
    body: dict[str, Any] = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    body |= {"metadata": {"name": "xs.a.k8s.io"}, "spec": spec}
    assert (await api("POST", path, body)).status == 422
    body["metadata"]["annotations"] = {"api-approved.kubernetes.io": "unapproved, a test"}
    await api.created(path, body)
    conditions = (await api("GET", f"{path}/xs.a.k8s.io")).body["status"]["conditions"]
    assert (conditions[0]["type"], conditions[0]["status"]) == ("KubernetesAPIApprovalPolicyConformant", "False")


async def test_the_message_of_an_apply_has_the_namespace_of_the_body(api: Api) -> None:
    body = {**config_map("c"), "bogus": 1}
    reply = await api("PATCH", f"{CORE}/configmaps/c?fieldManager=m", body, media=APPLY)
    assert "typed patch object (/c; /v1, Kind=ConfigMap)" in reply.body["message"]


@pytest.mark.parametrize("effect", ["NoExecute", "NoSchedule"])
async def test_a_new_node_is_tainted_until_it_is_reported_as_ready(api: Api, effect: str) -> None:
    taint = {"key": "node.kubernetes.io/not-ready", "effect": effect}
    node = await api.created("/api/v1/nodes", {"metadata": {"name": "n"}, "spec": {"taints": [taint]}})
    assert node["spec"]["taints"] == [taint, *([] if effect == "NoSchedule" else [{**taint, "effect": "NoSchedule"}])]


async def test_the_address_range_of_a_node_is_also_a_list(api: Api) -> None:
    node = await api.created("/api/v1/nodes", {"metadata": {"name": "n"}, "spec": {"podCIDR": "10.1.0.0/24"}})
    assert node["spec"]["podCIDRs"] == ["10.1.0.0/24"]
