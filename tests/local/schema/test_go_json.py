"""Bodies that Go cannot decode are refused in its words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.schema import go_json
from rudr_py.local.schema.builtin import BuiltinSchemas


def pod(**container: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "c", **container}]}}


def problem(schemas: BuiltinSchemas, kind: str, obj: dict[str, Any]) -> str:
    node = schemas.node("apps/v1" if kind == "Deployment" else "v1", kind)
    assert node is not None
    return go_json.decoding_error(obj, node)


QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@pytest.mark.parametrize(
    ("kind", "obj", "message"),
    [
        (
            "Deployment",
            {"spec": {"replicas": "three"}},
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            "Deployment",
            {"spec": {"replicas": 1.5}},
            "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            "Deployment",
            {"spec": {"replicas": 3000000000}},
            "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            "Pod",
            {"metadata": {"labels": {"a": 1}}},
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            "Pod",
            {"spec": {"containers": {}}},
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            "Pod",
            pod(env=[{"name": "A", "value": True}]),
            "json: cannot unmarshal bool into Go struct field EnvVar.spec.containers.env.value of type string",
        ),
        (
            "Pod",
            {"spec": "x"},
            "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec",
        ),
        ("Pod", pod(resources={"limits": {"cpu": "a lot"}}), QUANTITY),
        (
            "Pod",
            pod(livenessProbe={"httpGet": {"port": True}}),
            "json: cannot unmarshal bool into Go value of type int32",
        ),
        (
            "Pod",
            {"metadata": {"creationTimestamp": "soon"}},
            'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"',
        ),
        ("Secret", {"data": {"k": "no!"}}, "illegal base64 data at input byte 2"),
    ],
)
def test_what_go_cannot_decode_is_told_in_its_words(
    schemas: BuiltinSchemas, kind: str, obj: dict[str, Any], message: str
) -> None:
    assert problem(schemas, kind, obj) == message


def test_null_numbers_for_quantities_and_unknown_fields_can_be_decoded(schemas: BuiltinSchemas) -> None:
    fine = pod(args=None, resources={"limits": {"cpu": 0.5}}, ports=[{"containerPort": 80}], imagee=[1])
    assert problem(schemas, "Pod", fine) == ""
    assert problem(schemas, "Secret", {"data": {"k": "eA=="}, "metadata": None}) == ""


def test_the_first_problem_of_the_document_is_told(schemas: BuiltinSchemas) -> None:
    assert "minReadySeconds" in problem(schemas, "Deployment", {"spec": {"minReadySeconds": "a", "replicas": "b"}})


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["spec", "containers", "template", "limits"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(junk)
def test_any_body_is_answered(schemas: BuiltinSchemas, value: Any) -> None:
    problem(schemas, "Deployment", {"metadata": value, "spec": value})
    problem(schemas, "Secret", {"data": value})
