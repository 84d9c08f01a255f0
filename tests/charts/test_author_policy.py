"""The chart's ValidatingAdmissionPolicy for authors. tests/e2e/test_author_policy.py runs it on a real server."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.model.identity import CORE_GROUP
from tests.charts import rendering
from tests.charts.test_rights import atoms, people

POLICY, BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"


def policies(values: dict[str, Any], namespace: str = rendering.NAMESPACE) -> list[rendering.Document]:
    return [d for d in rendering.rendered(values, namespace=namespace) if d["kind"] in (POLICY, BINDING)]


@pytest.mark.parametrize(
    ("values", "created"),
    [
        ({}, True),
        ({"authorPolicy": {"create": False}}, False),
        ({"watchNamespaces": ["shop"]}, True),
        ({"watchNamespaces": ["shop"], "crds": {"install": False}}, False),
        ({"watchNamespaces": ["shop"], "crds": {"install": False}, "authorPolicy": {"create": True}}, True),
    ],
)
def test_the_policy_is_created_by_default_unless_the_release_has_no_cluster_wide_objects(
    values: dict[str, Any], created: bool
) -> None:
    assert [document["kind"] for document in policies(values)] == ([POLICY, BINDING] if created else [])


def test_the_binding_has_the_actions_and_the_watched_namespaces() -> None:
    policy, binding = policies({"authorPolicy": {"actions": ["Audit"]}, "watchNamespaces": ["shop", "till"]})
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]
    assert binding["spec"]["validationActions"] == ["Audit"]
    (expression,) = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
    assert (expression["operator"], expression["values"]) == ("In", ["shop", "till"])
    assert "matchResources" not in policies({})[1]["spec"]


def test_releases_of_the_same_name_in_two_namespaces_have_different_policies() -> None:
    values = {"watchNamespaces": ["shop"], "fullnameOverride": "a" * 63}
    names = {policies(values, namespace)[0]["metadata"]["name"] for namespace in ("one", "two")}
    assert len(names) == 2
    assert all(len(name) <= 63 for name in names)


def test_the_policy_fails_closed_and_exempts_only_the_account_of_the_controller() -> None:
    policy, _ = policies({"serviceAccount": {"name": "controller"}}, namespace="oam")
    assert policy["spec"]["failurePolicy"] == "Fail"
    exemption = policy["spec"]["matchConditions"][0]["expression"]
    assert exemption == 'request.userInfo.username != "system:serviceaccount:oam:controller"'


def test_roles_that_write_applications_or_components_may_also_use_them() -> None:
    authored = {"applicationconfigurations", "componentschematics"}
    for role in people({}).values():
        rights = atoms(role["rules"])
        created = {resource for _, resource, verb, _ in rights if verb == "create"} & authored
        assert {resource for group, resource, verb, _ in rights if (group, verb) == (CORE_GROUP, "use")} == created
