"""Advice for unknown fields: the level of the field, or the replacement of a field of Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from rudr_py.model.advice import fields
from rudr_py.model.crd_schemas.application import application_spec
from rudr_py.model.crd_schemas.component import component_spec
from rudr_py.model.document import Json
from rudr_py.model.parse import documents

CONTAINER: dict[str, Json] = {"name": "web", "image": "nginx:1.25"}


def _warnings(spec: Mapping[str, Json]) -> dict[str, str]:
    document = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ComponentSchematic",
        "metadata": {"name": "web"},
        "spec": {"workloadType": "core.oam.dev/v1alpha1.Worker", "containers": [CONTAINER], **spec},
    }
    return {problem.path: problem.message for problem in documents.parse(document).warnings}


@pytest.mark.parametrize(
    ("field", "advice"),
    [
        ("env", "It belongs to spec.containers[]"),
        ("image", "It belongs to spec.containers[]"),
        ("traits", "It belongs to spec.components[] of an ApplicationConfiguration"),
        ("volumes", "It belongs to spec.containers[].resources"),
        ("livenessProbe", "It belongs to spec.containers[]"),
        ("replicas", "manual-scaler"),
        ("initContainers", "init-container sets it, of rudr-py-pod: pip install rudr-py-pod"),
        ("nodeSelector", "Write osType and arch; or the trait placement"),
        ("sidecar", "a second entry in containers"),
        ("contianers", 'Did you mean "containers"?'),
        ("livenesProbe", 'Did you mean "livenessProbe"? It belongs to'),
    ],
)
def test_a_field_in_the_spec_of_a_component_has_advice(field: str, advice: str) -> None:
    assert advice in _warnings({field: []})[f"$.spec.{field}"]


@pytest.mark.parametrize(
    ("field", "advice"),
    [
        ("command", "Write cmd"),
        ("envFrom", "env"),
        ("securityContext", "pip install rudr-py-pod"),
        ("volumeMounts", "resources.volumes"),
        ("containerPort", "It belongs to ports[]"),
        ("imagePullSecrets", 'Did you mean "imagePullSecret"?'),
        ("startupProbe", "livenessProbe"),
    ],
)
def test_a_field_in_a_container_has_advice(field: str, advice: str) -> None:
    warnings = _warnings({"containers": [{**CONTAINER, field: []}]})
    assert advice in warnings[f"$.spec.containers[0].{field}"]


def test_a_value_from_a_secret_leads_to_a_parameter() -> None:
    variable = {"name": "A", "value": "", "valueFrom": {"secretKeyRef": {}}}
    assert (
        "fromParam"
        in _warnings({"containers": [{**CONTAINER, "env": [variable]}]})["$.spec.containers[0].env[0].valueFrom"]
    )


@pytest.mark.parametrize("field", ["zzz", "x", "", "qqqqqqqq"])
def test_a_field_that_is_near_to_none_has_no_advice(field: str) -> None:
    assert fields.advice(field, {"name", "image"}) == ""


def test_no_advice_names_a_field_that_is_read_at_this_level() -> None:
    for field in fields.KUBERNETES:
        assert f'"{field}"' not in fields.advice(field, {"name", "image"})


def test_the_levels_have_only_fields_of_the_schemas() -> None:
    listed = {name for names in fields.LEVELS.values() for name in names} - {"appliesTo", *fields.LEVELS["metadata"]}
    assert listed <= {*_fields(component_spec()), *_fields(application_spec())}


def _fields(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from _fields(inner)
    if "items" in schema:
        yield from _fields(schema["items"])
