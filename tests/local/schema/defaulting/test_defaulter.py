"""Objects are defaulted as on the real server."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.schema.builtin import BuiltinSchemas
from rudr_py.local.schema.crd import structural
from rudr_py.local.schema.defaulting import defaulter
from rudr_py.local.schema.node import SchemaNode

RECORDED = Path(__file__).parents[4] / ".." / "shared" / "apiserver" / "transcripts"
LATER = {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"}
"""Fields that the server allocates after defaulting."""


def completed(schemas: BuiltinSchemas, obj: dict[str, Any]) -> dict[str, Any]:
    node = schemas.node(obj["apiVersion"], obj["kind"])
    assert node is not None
    result = copy.deepcopy(obj)
    defaulter.default(result, node)
    return result


def widget(schemas: BuiltinSchemas, **spec: Any) -> SchemaNode:
    fields = {"spec": {"type": "object", "properties": spec}}
    return structural.structural_node({"type": "object", "properties": fields}, schemas.metadata)


def creations() -> list[Any]:
    if not RECORDED.is_dir():
        return []
    exchanges = []
    for name in ("apply", "apply-lists", "patches", "validation", "subresources", "kinds", "crud"):
        for index, step in enumerate(msgspec.json.decode((RECORDED / f"{name}.json").read_bytes())["steps"]):
            body = step.get("request", {}).get("body")
            if step.get("response", {}).get("status") == 201 and isinstance(body, dict) and body["kind"] != "Job":
                exchanges.append(pytest.param(body, step["response"]["body"], id=f"{name}-{index}"))
    return exchanges


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded transcripts are not here")
@pytest.mark.parametrize(("body", "stored"), creations())
def test_a_created_object_equals_the_one_that_the_real_server_stored(
    schemas: BuiltinSchemas, body: dict[str, Any], stored: dict[str, Any]
) -> None:
    result = completed(schemas, {key: value for key, value in body.items() if key != "bogus"})
    if "spec" in body:
        result["spec"].pop("bogus", None)
        for container in result["spec"].get("template", {}).get("spec", {}).get("containers", []):
            container.pop("imagee", None)
    stored = {**stored, "metadata": result["metadata"]}
    if stored["kind"] == "Service":
        stored["spec"] = {key: value for key, value in stored["spec"].items() if key not in LATER}
    assert result == stored


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "replicas": st.none() | st.integers(0, 2),
            "paused": st.booleans(),
            "minReadySeconds": st.integers(0, 2),
            "strategy": st.sampled_from([{}, {"type": "Recreate"}, {"rollingUpdate": {"maxSurge": 0}}, None]),
        },
    )
)
def test_defaulting_is_idempotent(schemas: BuiltinSchemas, spec: dict[str, Any]) -> None:
    once = completed(schemas, {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec})
    assert completed(schemas, once) == once


def test_empty_optional_fields_are_removed_and_pointers_to_zero_kept(schemas: BuiltinSchemas) -> None:
    container = {"name": "c", "image": "i:1", "env": [{"name": "E", "value": ""}], "args": [], "stdin": False}
    context = {"privileged": False}
    spec = {"replicas": 0, "paused": False, "minReadySeconds": 0, "selector": {}}
    spec["template"] = {"spec": {"containers": [{**container, "securityContext": context}], "nodeSelector": {}}}
    defaulted = completed(schemas, {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec})["spec"]
    assert defaulted["replicas"] == 0
    assert not {"paused", "minReadySeconds"} & set(defaulted)
    assert "nodeSelector" not in defaulted["template"]["spec"]
    (container,) = defaulted["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "E"}]
    assert container["securityContext"] == {"privileged": False}
    assert not {"args", "stdin"} & set(container)


def test_an_empty_struct_behind_a_pointer_is_kept(schemas: BuiltinSchemas) -> None:
    volumes: list[dict[str, Any]] = [
        {"name": "a", "emptyDir": {}},
        {"name": "b"},
        {"name": "s", "secret": {"secretName": "s"}},
    ]
    pod = completed(schemas, {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [], "volumes": volumes}})
    assert pod["spec"]["volumes"] == [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "emptyDir": {}},
        {"name": "s", "secret": {"secretName": "s", "defaultMode": 420}},
    ]
    assert pod["spec"]["containers"] == []
    assert pod["spec"]["enableServiceLinks"] is True


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("host:5000/nginx", "Always"),
        ("nginx:1", "IfNotPresent"),
        ("nginx@sha256:abc", "IfNotPresent"),
    ],
)
def test_the_default_pull_policy_depends_on_the_tag(schemas: BuiltinSchemas, image: str, policy: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "image": image}]}}
    assert completed(schemas, pod)["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_quantities_become_canonical(schemas: BuiltinSchemas) -> None:
    resources = {"limits": {"cpu": 0.5, "memory": "1024Mi"}}
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "resources": resources}]}}
    defaulted = completed(schemas, pod)["spec"]["containers"][0]["resources"]
    assert defaulted == {"limits": {"cpu": "500m", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "1Gi"}}


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "filled"),
    [
        (
            "apps/v1",
            "DaemonSet",
            {},
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}},
        ),
        ("apps/v1", "ReplicaSet", {}, {"replicas": 1}),
        ("batch/v1", "CronJob", {}, {"concurrencyPolicy": "Allow", "suspend": False, "successfulJobsHistoryLimit": 3}),
        ("batch/v1", "Job", {}, {"completions": 1, "parallelism": 1, "backoffLimit": 6}),
        ("batch/v1", "Job", {"parallelism": 3}, {"parallelism": 3, "podReplacementPolicy": "TerminatingOrFailed"}),
        ("batch/v1", "Job", {"podFailurePolicy": {"rules": []}}, {"podReplacementPolicy": "Failed"}),
        (
            "v1",
            "Service",
            {"sessionAffinity": "ClientIP"},
            {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}},
        ),
        (
            "v1",
            "Service",
            {"type": "LoadBalancer"},
            {"externalTrafficPolicy": "Cluster", "allocateLoadBalancerNodePorts": True},
        ),
        ("v1", "Service", {"ports": [{"port": 80}]}, {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}]}),
        ("autoscaling/v2", "HorizontalPodAutoscaler", {"maxReplicas": 3}, {"minReplicas": 1}),
        (
            "networking.k8s.io/v1",
            "NetworkPolicy",
            {"egress": [{}]},
            {"policyTypes": ["Ingress", "Egress"], "podSelector": {}},
        ),
        ("networking.k8s.io/v1", "NetworkPolicy", {}, {"policyTypes": ["Ingress"]}),
    ],
)
def test_built_in_kinds_get_the_defaults_of_the_server(
    schemas: BuiltinSchemas, api_version: str, kind: str, spec: dict[str, Any], filled: dict[str, Any]
) -> None:
    defaulted = completed(schemas, {"apiVersion": api_version, "kind": kind, "spec": spec})["spec"]
    assert {key: defaulted.get(key) for key in filled} == filled


def test_labels_of_the_template_are_copied_only_if_there_are_none(schemas: BuiltinSchemas) -> None:
    spec = {"template": {"metadata": {"labels": {"a": "b"}}}}
    job: dict[str, Any] = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec}
    assert completed(schemas, job)["metadata"]["labels"] == {"a": "b"}
    job["metadata"]["labels"] = {"c": "d"}
    assert completed(schemas, job)["metadata"]["labels"] == {"c": "d"}


def test_defaults_of_a_crd_set_absent_fields_and_nested_ones(
    schemas: BuiltinSchemas,
) -> None:
    node = widget(
        schemas,
        color={"type": "string", "default": "red"},
        box={"type": "object", "default": {}, "properties": {"deep": {"type": "integer", "default": 3}}},
        parts={"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer", "default": 1}}}},
        m={
            "type": "object",
            "additionalProperties": {"type": "object", "properties": {"k": {"type": "string", "default": "v"}}},
        },
    )
    obj: dict[str, Any] = {"spec": {"parts": [{}, {"n": 2}], "m": {"x": {}}}}
    defaulter.default(obj, node)
    assert obj["spec"] == {"color": "red", "box": {"deep": 3}, "parts": [{"n": 1}, {"n": 2}], "m": {"x": {"k": "v"}}}


def test_null_is_defaulted_unless_the_field_is_nullable(schemas: BuiltinSchemas) -> None:
    node = widget(
        schemas,
        a={"type": "string", "default": "x"},
        b={"type": "string", "default": "x", "nullable": True},
        c={"type": "array", "items": {"type": "string", "default": "x"}},
    )
    obj: dict[str, Any] = {"spec": {"a": None, "b": None, "c": [None]}}
    defaulter.default(obj, node)
    assert obj["spec"] == {"a": "x", "b": None, "c": ["x"]}


def test_objects_do_not_share_default_values(schemas: BuiltinSchemas) -> None:
    node = widget(schemas, box={"type": "object", "default": {"l": [1]}, "x-kubernetes-preserve-unknown-fields": True})
    first: dict[str, Any] = {"spec": {}}
    two: dict[str, Any] = {"spec": {}}
    defaulter.default(first, node)
    first["spec"]["box"]["l"].append(2)
    defaulter.default(two, node)
    assert two["spec"]["box"] == {"l": [1]}


def test_values_of_a_wrong_type_are_left_for_validation(schemas: BuiltinSchemas) -> None:
    for spec in ("text", [1], {"template": "x", "strategy": 3, "selector": [], "replicas": {}}):
        obj: dict[str, Any] = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": [], "spec": spec}
        completed(schemas, obj)


def test_absent_names_of_a_crd_are_defaulted(schemas: BuiltinSchemas) -> None:
    spec = {"names": {"plural": "widgets", "kind": "Widget"}}
    crd = completed(
        schemas, {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}
    )
    assert crd["spec"]["names"] == {
        "plural": "widgets",
        "kind": "Widget",
        "singular": "widget",
        "listKind": "WidgetList",
    }
    assert crd["spec"]["conversion"] == {"strategy": "None"}
    assert crd["status"]["conditions"] is None


def test_null_that_is_not_allowed_counts_as_absent(schemas: BuiltinSchemas) -> None:
    node = widget(
        schemas,
        a={"type": "string"},
        b={"type": "string", "nullable": True},
        m={"type": "object", "additionalProperties": {"type": "string"}},
        free={"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    )
    obj: dict[str, Any] = {"spec": {"a": None, "b": None, "m": {"k": None}, "free": {"x": None}}}
    defaulter.default(obj, node)
    assert obj["spec"] == {"b": None, "m": {}, "free": {"x": None}}
