"""The messages of Go's decoder for values of wrong types, recorded from a kube-apiserver 1.36.2."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.schema import go_decoding
from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.schema.node import SchemaNode

QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
CONTAINERS = "spec.template.spec.containers"


def node(kind: str, version: str) -> SchemaNode:
    schema = builtin_schema("1.36").node(version, kind)
    assert schema is not None
    return schema


def nested(path: str, value: Any) -> Any:
    """An object with a value at a path, in which a number is an index of a list of one item."""
    for key in reversed(path.split(".")):
        value = [value] if key == "0" else {key: value}
    return value


@pytest.mark.parametrize(
    ("path", "value", "described", "field", "go_type"),
    [
        ("spec.replicas", "3", "string", "DeploymentSpec.spec.replicas", "int32"),
        ("spec.replicas", 3.5, "number 3.5", "DeploymentSpec.spec.replicas", "int32"),
        ("spec.replicas", 1 << 31, "number 2147483648", "DeploymentSpec.spec.replicas", "int32"),
        ("spec.paused", 1, "number", "DeploymentSpec.spec.paused", "bool"),
        ("spec", [1], "array", "Deployment.spec", "v1.DeploymentSpec"),
        ("spec.selector.matchLabels", ["a"], "array", "LabelSelector.spec.selector.matchLabels", "map[string]string"),
        ("spec.selector.matchLabels.a", 5, "number", "LabelSelector.spec.selector.matchLabels", "string"),
        (f"{CONTAINERS}", {}, "object", f"PodSpec.{CONTAINERS}", "[]v1.Container"),
        (f"{CONTAINERS}.0", "x", "string", f"PodSpec.{CONTAINERS}", "v1.Container"),
        (f"{CONTAINERS}.0.command.0", 1, "number", f"Container.{CONTAINERS}.command", "string"),
        (f"{CONTAINERS}.0.imagePullPolicy", 1, "number", f"Container.{CONTAINERS}.imagePullPolicy", "v1.PullPolicy"),
        (
            f"{CONTAINERS}.0.resources.limits",
            [],
            "array",
            f"ResourceRequirements.{CONTAINERS}.resources.limits",
            "v1.ResourceList",
        ),
        (
            f"{CONTAINERS}.0.livenessProbe.httpGet.port",
            True,
            "bool",
            f"HTTPGetAction.{CONTAINERS}.livenessProbe.ProbeHandler.httpGet.port",
            "int32",
        ),
        (
            "spec.template.spec.volumes.0.configMap",
            "x",
            "string",
            "Volume.spec.template.spec.volumes.VolumeSource.configMap",
            "v1.ConfigMapVolumeSource",
        ),
        ("metadata.uid", 5, "number", "ObjectMeta.metadata.uid", "types.UID"),
        ("metadata.creationTimestamp", 5, "number", "ObjectMeta.metadata.creationTimestamp", "string"),
    ],
)
def test_the_message_names_go_struct_field_and_type(
    path: str, value: Any, described: str, field: str, go_type: str
) -> None:
    message = go_decoding.error(nested(path, value), node("Deployment", "apps/v1"))
    assert message == f"json: cannot unmarshal {described} into Go struct field {field} of type {go_type}"


@pytest.mark.parametrize(
    ("kind", "version", "body", "described", "field", "go_type"),
    [
        ("ConfigMap", "v1", {"binaryData": {"a": 5}}, "number", "ConfigMap.binaryData", "[]uint8"),
        (
            "ClusterRole",
            "rbac.authorization.k8s.io/v1",
            {"rules": [{"verbs": "get"}]},
            "string",
            "PolicyRule.rules.verbs",
            "[]string",
        ),
        (
            "HorizontalPodAutoscaler",
            "autoscaling/v2",
            {"spec": "x"},
            "string",
            "HorizontalPodAutoscaler.spec",
            "v2.HorizontalPodAutoscalerSpec",
        ),
        (
            "PersistentVolumeClaim",
            "v1",
            {"spec": {"accessModes": "x"}},
            "string",
            "PersistentVolumeClaimSpec.spec.accessModes",
            "[]v1.PersistentVolumeAccessMode",
        ),
    ],
)
def test_the_message_follows_from_the_schema_of_each_kind(
    kind: str, version: str, body: Any, described: str, field: str, go_type: str
) -> None:
    message = go_decoding.error(body, node(kind, version))
    assert message == f"json: cannot unmarshal {described} into Go struct field {field} of type {go_type}"


def test_a_value_that_decodes_itself_ends_the_decoding() -> None:
    container = {"command": "sh", "resources": {"limits": {"cpu": []}}}
    assert go_decoding.error(nested(CONTAINERS, [container]), node("Deployment", "apps/v1")) == QUANTITY


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("spec.replicas", "x", "unrecognized type: int32"),
        ("spec.replicas", 2.0, ""),
        (CONTAINERS, "x", "cannot restore slice from string"),
        ("spec", "x", "cannot restore struct from: string"),
        ("metadata.labels", ["a"], "cannot restore map from slice"),
        ("metadata.labels.a", 5, "cannot convert int64 to string"),
        ("metadata.labels.a", True, "unrecognized type: string"),
    ],
)
def test_a_strategic_merge_patch_is_decoded_by_another_converter(path: str, value: Any, message: str) -> None:
    assert go_decoding.conversion_error(nested(path, value), node("Deployment", "apps/v1")) == message


def test_a_patch_is_printed_as_a_go_map() -> None:
    patch = {"foo": {"b": [1, "x", True, None, 1.5]}, "bar": 2}
    assert go_decoding.printed(patch) == "map[bar:2 foo:map[b:[1 x true <nil> 1.5]]]"
