"""The chart grants the controller exactly the rights that it requires, and each OAM role its own kinds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from rudr_py.api import Rule
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins import impersonated_rights, rights, roles
from tests import own_packages
from tests.charts import cases, generated, rendering

Atom = tuple[str, str, str, tuple[str, ...]]
FORBIDDEN = {"secrets", "*"}
ESCALATING = {"*", "escalate", "bind", "impersonate"}
PEOPLE = ("view", "edit", "admin", "developer", "application-operator", "infrastructure-operator")


def atoms(rules: Iterable[dict[str, Any]]) -> set[Atom]:
    """Rules split into single permissions."""
    return {
        (group, resource, verb, tuple(rule.get("resourceNames", ())))
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def of(rules: Iterable[Rule]) -> set[Atom]:
    return atoms(roles.rule_documents(rules))


def granted(values: dict[str, Any]) -> dict[str, set[Atom]]:
    """The permissions of the controller's account by namespace; "" is the whole cluster."""
    documents = rendering.rendered(values)
    allowed: dict[str, set[Atom]] = {}
    account = rendering.single(documents, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"]
    for binding in documents:
        if binding["kind"] not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        if binding["subjects"][0]["kind"] == "Group":
            continue  # for users
        subject = {"kind": "ServiceAccount", "name": account, "namespace": rendering.NAMESPACE}
        assert binding["subjects"] == [subject]
        namespace = binding["metadata"].get("namespace", "")
        role = next(
            d
            for d in documents
            if (d["kind"], d["metadata"]["name"]) == (binding["roleRef"]["kind"], binding["roleRef"]["name"])
            and d["metadata"].get("namespace", "") == namespace
        )
        allowed.setdefault(namespace, set()).update(atoms(role.get("rules", ())))
    return allowed


@pytest.mark.parametrize("publish", [True, False])
@pytest.mark.parametrize("root_scopes", [True, False])
@pytest.mark.parametrize("leader_elect", [True, False])
@pytest.mark.parametrize("check_resources", ["auto", "off"])
@pytest.mark.parametrize("packages", [(), own_packages.WITH_RIGHTS])
def test_the_controller_gets_exactly_the_required_rights(
    publish: bool, root_scopes: bool, leader_elect: bool, check_resources: str, packages: tuple[str, ...]
) -> None:
    values = {
        "publishDefinitions": publish,
        "rootScopes": root_scopes,
        "checkResources": check_resources,
        "replicaCount": 1,
        "leaderElection": {"enabled": leader_elect},
        "definitionsNamespace": {"name": "definitions"},
        "plugins": {name: {"rbac": True} for name in packages},
    }
    needed = rights.needed(
        generated.catalog(*packages),
        publish=publish,
        root_scopes=root_scopes,
        check_resources=check_resources != "off",
        leases=(rendering.NAME,) if leader_elect else (),
    )
    waits = (*needed.waits, *roles.cluster_waits(needed, "definitions"))
    expected = {"": of((*needed.cluster, *waits)), "definitions": of(needed.definitions)}
    if leader_elect:
        expected[rendering.NAMESPACE] = of(needed.own)
    assert granted(values) == expected


def test_with_watched_namespaces_there_are_roles_only() -> None:
    needed = rights.needed(generated.catalog(), leases=(rendering.NAME,))
    extra = {"apiGroups": ["shop.example"], "resources": ["trays"], "verbs": ["list"]}
    values = {"watchNamespaces": ["shop", "till"], "rbac": {"extraRules": [extra]}}
    everywhere = of((*needed.cluster, *needed.waits))
    assert granted(values) == {
        "shop": everywhere | atoms([extra]),
        "till": everywhere | atoms([extra]),
        rendering.NAMESPACE: of(needed.definitions) | of(needed.own),
    }
    kinds = {document["kind"] for document in rendering.rendered(values)}
    assert not kinds & {"ClusterRole", "ClusterRoleBinding"}


@pytest.mark.parametrize("watched", [(), ("shop", "till")])
def test_namespaces_are_read_if_their_labels_decide_the_profile_of_pods(watched: tuple[str, ...]) -> None:
    values = {"watchNamespaces": list(watched), "applicationDefaults": {"podSecurity": "namespace"}}
    before = granted({"watchNamespaces": list(watched)})
    added = {name: permissions - before[name] for name, permissions in granted(values).items()}
    if watched:
        reads = {name: of([impersonated_rights.namespace_read(name)]) for name in watched}
    else:
        reads = {"": of([impersonated_rights.NAMESPACES])}
    assert {name: permissions for name, permissions in added.items() if permissions} == reads


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("watched", [(), ("shop", "till")])
@pytest.mark.parametrize("packages", [(), own_packages.WITH_RIGHTS])
def test_with_impersonation_the_controller_may_act_as_accounts_and_write_no_object_of_an_application(
    constrained: bool, watched: tuple[str, ...], packages: tuple[str, ...]
) -> None:
    values = {
        "watchNamespaces": list(watched),
        "impersonation": {"enabled": True, "accounts": ["builders"], "constrained": constrained},
        "plugins": {name: {"rbac": True} for name in packages},
    }
    plain = rights.needed(generated.catalog(*packages), leases=(rendering.NAME,))
    needed = impersonated_rights.impersonated(plain, ["rudr-apps", "builders"], constrained=constrained)
    common = of((*needed.cluster, *needed.impersonation, *needed.waits))
    own = of(needed.definitions) | of(needed.own)
    if watched:
        expected = {name: common | of([impersonated_rights.namespace_read(name)]) for name in watched}
    else:
        of_cluster = (impersonated_rights.NAMESPACES, *roles.cluster_waits(needed, rendering.NAMESPACE))
        expected = {"": common | of(of_cluster)}
    assert granted(values) == {**expected, rendering.NAMESPACE: own}
    kind, name = "Role" if watched else "ClusterRole", f"{rendering.NAME}-applications"
    found = [d for d in rendering.rendered(values) if (d["kind"], d["metadata"]["name"]) == (kind, name)]
    assert [atoms(role["rules"]) for role in found] == [of(needed.accounts)] * max(1, len(watched))


def test_constrained_impersonation_is_used_by_default_on_kubernetes_1_36() -> None:
    """The release that the engine renders for."""
    documents = rendering.rendered({"impersonation": {"enabled": True}})
    role = rendering.single(documents, "ClusterRole", rendering.NAME)
    verbs = {verb for _, resource, verb, _ in atoms(role["rules"]) if resource == "serviceaccounts"}
    assert verbs == {"impersonate:serviceaccount"}


def test_packages_that_pip_installs_get_their_rights() -> None:
    with_packages = granted({"plugins": {"packages": cases.PACKAGES}, "rbac": {"waits": False}})[""]
    assert with_packages == of(rights.needed(generated.catalog("cronhpa", "faas")).cluster)


def test_a_labelled_role_adds_to_the_controllers_rights() -> None:
    documents = rendering.rendered({})
    role = rendering.single(documents, "ClusterRole", f"{rendering.NAME}-aggregate")
    assert role["aggregationRule"] == {"clusterRoleSelectors": [{"matchLabels": roles.AGGREGATE}]}
    assert "rules" not in role  # the control plane fills them in
    assert rendering.single(documents, "ClusterRoleBinding", f"{rendering.NAME}-aggregate")


@pytest.mark.parametrize("name", ["rbac", "enableRBAC"])
def test_rbac_can_be_disabled(name: str) -> None:
    value: Any = {"create": False} if name == "rbac" else False
    assert granted({name: value}) == {}


@pytest.mark.parametrize("values", cases.CASES.values(), ids=cases.CASES)
def test_no_role_has_wildcards_secrets_or_verbs_that_escalate(values: dict[str, Any]) -> None:
    for document in rendering.rendered(values):
        for group, resource, verb, names in atoms(document.get("rules", ())):
            if (resource, verb) == ("serviceaccounts", "impersonate") and values.get("impersonation"):
                assert names
                continue
            assert group != "*", document["metadata"]["name"]
            assert resource.partition("/")[0] not in FORBIDDEN
            assert verb not in ESCALATING
            assert group != rights.RBAC_GROUP or verb in ("list", "watch")


def people(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    documents = rendering.rendered(values)
    return {
        name: document
        for document in documents
        for name in PEOPLE
        if document["kind"] == "ClusterRole" and document["metadata"]["name"] == f"rudr-{name}"
    }


def written(role: dict[str, Any]) -> set[str]:
    return {resource for _, resource, verb, _ in atoms(role["rules"]) if verb not in ("get", "list", "watch")}


def test_each_oam_role_writes_its_own_kinds_and_reads_all_kinds() -> None:
    user_roles = people({})
    applications, components = {"applicationconfigurations"}, {"componentschematics"}
    definitions = {"applicationscopes", "healthscopes", "traits", "workloadtypes"}
    assert {name: written(role) for name, role in user_roles.items()} == {
        "view": set(),
        "edit": applications | components,
        "admin": applications | components | definitions,
        "developer": components,
        "application-operator": applications,
        "infrastructure-operator": definitions,
    }
    everything = {(CORE_GROUP, crd["spec"]["names"]["plural"]) for crd in crds.documents()}
    for name, role in user_roles.items():
        assert {right for right in read(role) if right[0] == CORE_GROUP} == everything
        if name in ("view", "edit", "admin"):
            assert read(role) == everything  # the cluster's roles of these names contain the rest


def read(role: dict[str, Any]) -> set[tuple[str, str]]:
    return {(group, resource) for group, resource, verb, _ in atoms(role["rules"]) if verb == "get"}


@pytest.mark.parametrize("packages", [(), own_packages.WITH_RIGHTS])
def test_oam_roles_read_what_applications_consist_of(packages: tuple[str, ...]) -> None:
    user_roles = people({"plugins": {name: {"rbac": True} for name in packages}})
    catalog = generated.catalog(*packages)
    kinds = {(kind.group, rights.plural(kind)) for offer in catalog.offers() for kind in offer.type.produces}
    created = {*kinds, ("", "pods"), ("apps", "replicasets"), ("", "events"), ("events.k8s.io", "events")}
    logs = ("", "pods/log")
    for name in ("developer", "application-operator", "infrastructure-operator"):
        assert created <= read(user_roles[name])
        assert (logs in read(user_roles[name])) is (name != "infrastructure-operator")


@pytest.mark.parametrize("home", ["shop", "definitions"])
def test_with_watched_namespaces_the_oam_roles_are_roles_in_each(home: str) -> None:
    everywhere = people({})
    documents = rendering.rendered({"watchNamespaces": ["shop", "till"], "definitionsNamespace": {"name": home}})
    for name, role in everywhere.items():
        local = [d for d in documents if d["kind"] == "Role" and d["metadata"]["name"] == f"rudr-{name}"]
        expected = {"shop", "till"} | ({home} if name == "infrastructure-operator" else set())
        assert {document["metadata"]["namespace"] for document in local} == expected
        assert all(document["rules"] == role["rules"] for document in local)


@pytest.mark.parametrize("groups", [["system:authenticated"], ["developers", "operators"]])
@pytest.mark.parametrize("watched", [[], ["shop"]])
def test_users_may_read_the_published_types(groups: list[str], watched: list[str]) -> None:
    values = {"watchNamespaces": watched, "definitionsNamespace": {"name": "definitions"}}
    documents = rendering.rendered({**values, "userRoles": {"definitionReaders": groups}})
    role = rendering.single(documents, "Role", "rudr-definition-reader")
    binding = rendering.single(documents, "RoleBinding", "rudr-definition-reader")
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "definitions"
    assert [(subject["kind"], subject["name"]) for subject in binding["subjects"]] == [("Group", g) for g in groups]
    assert written(role) == set()
    assert read(role) == {(CORE_GROUP, resource) for resource in ("applicationscopes", "traits", "workloadtypes")}


def test_published_types_can_be_kept_from_users() -> None:
    documents = rendering.rendered({"userRoles": {"definitionReaders": []}})
    assert not [d for d in documents if d["metadata"]["name"] == "rudr-definition-reader"]


@pytest.mark.parametrize("aggregate", [True, False])
def test_oam_roles_are_aggregated_to_the_roles_of_the_cluster(aggregate: bool) -> None:
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    user_roles = people({"userRoles": {"aggregate": aggregate}})
    into = {
        name: {label for label in role["metadata"]["labels"] if label.startswith(prefix)}
        for name, role in user_roles.items()
    }
    own = {"view", "edit", "admin"} if aggregate else set()
    assert into == {name: ({prefix + name} if name in own else set()) for name in PEOPLE}
