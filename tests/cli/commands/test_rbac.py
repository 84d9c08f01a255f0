"""`rudr rbac`: exact permissions, in their namespaces, as roles for kubectl."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from click.testing import Result

from rudr_py.plugins import entry_points, loading
from rudr_py.plugins.loading import LoadedPlugins

Invoke = Callable[..., Result]
Text = Callable[..., str]

GADGET = """\
apiVersion: core.oam.dev/v1alpha1
kind: WorkloadType
metadata:
  name: gadget
spec:
  group: {group}
  version: v1
  names: {{kind: Gadget, singular: gadget{plural}}}
"""

LEASES = "coordination.k8s.io"


@pytest.fixture(name="rbac")
def _rbac(invoke: Invoke) -> Callable[..., list[dict[str, Any]]]:
    """The roles that the command prints for the standard types."""
    standard: LoadedPlugins = loading.load([], entry_points.standard())

    def rbac(*arguments: str) -> list[dict[str, Any]]:
        done = invoke("rbac", *arguments, obj=standard)
        assert done.exit_code == 0, done.output
        return list(yaml.safe_load_all(done.stdout))

    return rbac


def _named(documents: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]) for one in documents]


def _resources(documents: list[dict[str, Any]]) -> set[str]:
    return {resource for one in documents for rule in one.get("rules", ()) for resource in rule["resources"]}


def test_each_permission_is_granted_in_its_namespace(rbac: Callable[..., list[dict[str, Any]]]) -> None:
    objects = rbac("--leader-elect", "--definitions-namespace", "types", "--leader-election-namespace", "home")
    assert _named(objects) == [
        ("ClusterRole", "", "rudr"),
        ("Role", "types", "rudr-definitions"),
        ("Role", "home", "rudr-leader-election"),
    ]
    everywhere, definitions, own = ({r for rule in one["rules"] for r in rule["resources"]} for one in objects)
    assert definitions == {"applicationscopes", "traits", "workloadtypes", "events"}
    assert own == {"leases"}
    assert not everywhere & {"secrets", *(definitions - {"events"}), *own}
    (namespaces,) = (rule for rule in objects[0]["rules"] if "namespaces" in rule["resources"])
    assert (namespaces["resourceNames"], namespaces["verbs"]) == (["types"], ["list", "watch"])


def test_with_namespaces_there_is_no_cluster_role(rbac: Callable[..., list[dict[str, Any]]]) -> None:
    objects = rbac("--watch-namespace", "a, b", "--name", "mine", "--bind", "rudr-system:rudr")
    roles = [("Role", "a", "mine"), ("Role", "b", "mine"), ("Role", "rudr-system", "mine-definitions")]
    assert _named(objects) == [*roles, *((f"{kind}Binding", *place) for kind, *place in roles)]
    assert objects[3]["subjects"] == [{"kind": "ServiceAccount", "name": "rudr", "namespace": "rudr-system"}]
    assert {one["roleRef"]["name"] for one in objects[3:]} == {"mine", "mine-definitions"}


def test_only_the_named_lease_can_be_changed(rbac: Callable[..., list[dict[str, Any]]]) -> None:
    rules = rbac("--leader-elect", "--leader-election-id", "mine")[-1]["rules"]
    by_name = [rule for rule in rules if "create" not in rule["verbs"]]
    assert [rule["resourceNames"] for rule in by_name] == [["mine"]]
    assert [rule["verbs"] for rule in rules if rule not in by_name] == [["create"]]


def test_kinds_that_a_file_allows_are_added(rbac: Callable[..., list[dict[str, Any]]], write: Text) -> None:
    other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    file = write("types.yaml", GADGET.format(group="toys.example", plural=", plural: gadgetry"), other)
    assert "gadgetry" in _resources(rbac("-f", file))
    guessed = write("guessed.yaml", GADGET.format(group="toys.example", plural=""))
    (role,) = rbac("--aggregate", "-f", guessed)
    assert role["metadata"]["labels"] == {"rbac.core.oam.dev/aggregate-to-controller": "true"}
    verbs = ["get", "list", "watch", "create", "patch", "delete"]
    assert role["rules"] == [{"apiGroups": ["toys.example"], "resources": ["gadgets"], "verbs": verbs}]


@pytest.mark.parametrize("group", ["rbac.authorization.k8s.io", "apiextensions.k8s.io", "core.oam.dev"])
def test_groups_that_are_never_allowed_are_rejected(group: str, invoke: Invoke, write: Text) -> None:
    done = invoke("rbac", "-f", write("types.yaml", GADGET.format(group=group, plural="")))
    assert done.exit_code == 1
    assert "types.yaml:6:" in done.output
    assert "never" in done.output


def test_other_output_formats_are_supported(invoke: Invoke) -> None:
    items = json.loads(invoke("rbac", "-o", "json", "--name", "mine").stdout)["items"]
    assert [item["metadata"]["name"] for item in items] == ["mine", "mine-definitions"]
    assert invoke("rbac", "-o", "name").stdout.startswith("clusterrole")


def test_the_wide_table_has_the_purpose_of_each_permission(invoke: Invoke, write: Text) -> None:
    file = write("types.yaml", GADGET.format(group="toys.example", plural=""))
    options = ("--definitions-namespace", "types", "--watch-namespace", "a,b", "--leader-elect", "-f", file)
    lines = invoke("rbac", "-o", "wide", *options).stdout.splitlines()
    rows = [tuple(re.split(" {3,}", line)) for line in lines]
    assert rows[0] == ("RESOURCE", "VERBS", "NAMESPACE", "NEEDED")
    kept = "get,list,watch,create,patch,delete"
    assert ("ingresses.networking.k8s.io", kept, "a,b", "by trait ingress") in rows
    assert ("gadgets.toys.example", kept, "a,b", "by a WorkloadType object") in rows
    assert ("traits.core.oam.dev", "list,watch", "types", "for types that the cluster defines") in rows
    assert ("traits.core.oam.dev", "create,patch,delete", "types", "for publishing the installed types") in rows
    assert ("leases.coordination.k8s.io", "create", "types", "for leader election") in rows


@pytest.mark.parametrize("account", ["rudr", ":rudr", "rudr-system:"])
def test_an_account_without_a_namespace_is_rejected(account: str, invoke: Invoke) -> None:
    done = invoke("rbac", "--bind", account)
    assert done.exit_code == 2
    assert "NAMESPACE:SERVICEACCOUNT" in done.output


def test_with_impersonation_no_role_of_the_controller_contains_a_right_to_write_workloads(
    rbac: Callable[..., list[dict[str, Any]]],
) -> None:
    documents = rbac("--impersonate", "--service-accounts", "apps,team", "--bind", "rudr-system:rudr")
    bound = {document["roleRef"]["name"] for document in documents if document["kind"].endswith("Binding")}
    rules = {one["metadata"]["name"]: one["rules"] for one in documents if "rules" in one}
    own = [rule for name in bound for rule in rules[name]]
    records = ["controllerrevisions"]
    writers = [r for r in own if {"create", "patch", "delete"} & {*r["verbs"]} and r["resources"] != records]
    assert {group for rule in writers for group in rule["apiGroups"]} <= {"core.oam.dev", "events.k8s.io"}
    [grant] = [rule for rule in own if rule["resources"] == ["serviceaccounts"]]
    assert (grant["verbs"], grant["resourceNames"]) == (["impersonate"], ["apps", "team"])
    assert ("ClusterRole", "", "rudr-applications") in _named(documents)
    assert "rudr-applications" not in bound


def test_constrained_impersonation_is_granted_for_each_verb_and_resource(
    rbac: Callable[..., list[dict[str, Any]]],
) -> None:
    documents = rbac("--impersonate", "--constrained-impersonation", "--watch-namespace", "shop")
    [role] = [document for document in documents if document["metadata"]["name"] == "rudr"]
    verbs = {verb for rule in role["rules"] for verb in rule["verbs"] if verb.startswith("impersonate")}
    requests = {f"impersonate-on:serviceaccount:{verb}" for verb in ("get", "list", "patch", "delete")}
    assert verbs == {"impersonate:serviceaccount", *requests}
    assert ("Role", "shop", "rudr-applications") in _named(documents)
