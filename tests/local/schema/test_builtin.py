"""The published schemas of every supported release are converted into nodes."""

from __future__ import annotations

import pytest

from rudr_py.errors import LocalApiError
from rudr_py.local.schema import builtin, go_zero
from rudr_py.local.schema.builtin import BuiltinSchemas


@pytest.mark.parametrize("release", [f"1.{minor}" for minor in range(25, 38)])
def test_every_supported_release_has_its_kinds(release: str) -> None:
    schemas = builtin.builtin_schema(release)
    for api_version, kind in (("apps/v1", "Deployment"), ("v1", "Pod"), ("networking.k8s.io/v1", "Ingress")):
        node = schemas.node(api_version, kind)
        assert node is not None
        assert node.properties["metadata"].properties["finalizers"].list_type == "set"
    assert all(schemas.node(*kind) is not None for kind in schemas.kinds())


def test_a_release_may_include_the_patch_version() -> None:
    assert builtin.builtin_schema("v1.36.2").release == "1.36"


def test_an_unsupported_release_is_an_error_with_a_next_step() -> None:
    with pytest.raises(LocalApiError, match=r"no schemas of Kubernetes 1\.2; choose another release"):
        builtin.builtin_schema("1.2")


def test_an_unknown_kind_has_no_schema(schemas: BuiltinSchemas) -> None:
    assert schemas.node("apps/v1", "Nothing") is None
    assert schemas.definition_name("apps/v1", "Nothing") is None


def test_an_unknown_definition_is_an_error(schemas: BuiltinSchemas) -> None:
    with pytest.raises(LocalApiError, match="no definition 'nope'"):
        schemas.definition("nope")


def test_list_and_map_types_and_patch_keys_are_read(schemas: BuiltinSchemas) -> None:
    service = schemas.definition("io.k8s.api.core.v1.ServiceSpec").properties
    assert (service["ports"].list_type, service["ports"].list_keys) == ("map", ("port", "protocol"))
    assert (service["ports"].patch_strategy, service["ports"].patch_merge_key) == ("merge", "port")
    assert service["selector"].map_type == "atomic"
    assert service["externalIPs"].list_type == "atomic"
    assert schemas.definition("io.k8s.api.apps.v1.DeploymentSpec").properties["selector"].map_type == "atomic"


def test_a_strategy_beside_a_reference_is_read(schemas: BuiltinSchemas) -> None:
    assert schemas.definition("io.k8s.api.apps.v1.DeploymentSpec").properties["strategy"].patch_strategy == "retainKeys"


def test_special_types_have_their_own_nodes(schemas: BuiltinSchemas) -> None:
    port = schemas.definition("io.k8s.api.core.v1.ServicePort").properties
    assert port["targetPort"].int_or_string
    assert port["protocol"].default == "TCP"
    requests = schemas.definition("io.k8s.api.core.v1.ResourceRequirements").properties["requests"]
    assert requests.additional_node is not None
    assert requests.additional_node.format == "quantity"


def test_a_definition_that_contains_itself_is_one_node(schemas: BuiltinSchemas) -> None:
    props = schemas.definition("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
    assert props.properties["allOf"].items is props
    assert props.properties["not"].properties is props.properties


def test_the_schemas_of_a_release_are_decoded_once() -> None:
    assert builtin.builtin_schema("1.36") is builtin.builtin_schema("1.36")


def test_the_zero_of_a_kind_equals_gos_empty_struct(schemas: BuiltinSchemas) -> None:
    deployment = schemas.node("apps/v1", "Deployment")
    assert deployment is not None
    assert go_zero.zero(deployment) == {
        "metadata": {},
        "spec": {
            "selector": None,
            "strategy": {},
            "template": {"metadata": {}, "spec": {"containers": None}},
        },
        "status": {},
    }


@pytest.mark.parametrize(
    ("definition", "field", "is_dropped"),
    [
        ("core.v1.EndpointPort", "name", True),
        ("discovery.v1.EndpointPort", "name", False),
        ("core.v1.PersistentVolumeClaimSpec", "storageClassName", False),
        ("core.v1.GRPCAction", "service", False),
        ("authentication.v1.TokenReviewSpec", "token", True),
        ("admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec", "policyName", True),
        ("apps.v1.StatefulSetOrdinals", "start", False),
    ],
)
def test_the_zero_of_a_scalar_is_dropped_as_by_its_go_type(
    schemas: BuiltinSchemas, definition: str, field: str, is_dropped: bool
) -> None:
    assert schemas.definition(f"io.k8s.api.{definition}").properties[field].omit_zero == is_dropped


def test_zeros_of_custom_resource_definitions_and_api_services_are_dropped(schemas: BuiltinSchemas) -> None:
    extensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
    for definition, field in (
        (extensions + "JSONSchemaProps", "$schema"),
        (extensions + "ValidationRule", "fieldPath"),
        ("io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec", "insecureSkipTLSVerify"),
    ):
        assert schemas.definition(definition).properties[field].omit_zero
    assert not schemas.definition(extensions + "JSONSchemaProps").properties["$ref"].omit_zero
