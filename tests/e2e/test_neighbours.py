"""Applications of one namespace: the document of one neither opens, cuts nor probes the network of another."""

from __future__ import annotations

import pytest

from rudr_py.catalog import Catalog
from rudr_py.settings import Settings
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import (
    APPLICATION,
    JOB,
    POD,
    Document,
    application,
    component,
    condition,
    invalid,
    message,
    synced,
)
from tests.e2e.test_scopes import HEALTH, HEALTH_SCOPE, POLICY, binding, has_members, member, scopes, states

OPEN = binding("open", "NetworkScope", network_id="open", subnet_id="one", internet_gateway_type="public")
CLOSED = binding("closed", "NetworkScope", network_id="closed", subnet_id="one")
SETTINGS = Settings(status_interval=0.1)
TASK = component("job", workloadType="core.oam.dev/v1alpha1.Task")
for container in TASK["spec"]["containers"]:
    del container["ports"]


def intruder(
    *bindings: Document, name: str = "evil", instance: str = "shop-web", component_name: str = "web"
) -> Document:
    """An application with an instance of the name of another application's, in scopes of its own."""
    document = member(name, *(scope["name"] for scope in bindings))
    document["spec"]["components"][0] |= {"componentName": component_name, "instanceName": instance}
    document["spec"]["scopes"] = list(bindings)
    return document


def is_selected(labels: dict[str, str], selector: Document) -> bool:
    """Whether a label selector of a NetworkPolicy selects a pod with these labels."""
    expressions = selector.get("matchExpressions", [])
    assert all(expression["operator"] == "In" for expression in expressions)
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        labels.get(expression["key"]) in expression["values"] for expression in expressions
    )


def peers(policy: Document) -> list[Document]:
    """The pod selectors of the peers of a policy."""
    rules = [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]
    listed = [peer for rule in rules for peer in (*rule.get("from", []), *rule.get("to", []))]
    return [peer["podSelector"] for peer in listed if "podSelector" in peer]


async def policies_of(cluster: Cluster, name: str) -> list[Document]:
    """The NetworkPolicies of an application's scopes."""
    policies = await cluster.list(POLICY)
    return [policy for policy in policies if policy["metadata"]["ownerReferences"][0]["name"] == name]


async def labels_of_pods(cluster: Cluster, name: str) -> list[dict[str, str]]:
    """The labels of the pods of an application."""
    pods = await cluster.list(POD, f"app.kubernetes.io/name={name}")
    assert pods
    return [pod["metadata"]["labels"] for pod in pods]


def refused(document: Document) -> bool:
    """Whether an object of the application belongs to another owner."""
    return condition(document, "Synced") == "False"


@pytest.mark.controllers
@pytest.mark.parametrize("scope", [OPEN, CLOSED])
async def test_a_scope_selects_no_pod_of_another_application_with_an_instance_of_the_same_name(
    cluster: Cluster, catalog: Catalog, scope: Document
) -> None:
    await cluster.apply(component(), TASK, application())
    async with cluster.controller(catalog, settings=SETTINGS):
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Ready") == "True")
        await cluster.apply(intruder(scope), intruder(scope, name="worse", component_name="job"))
        await cluster.until(APPLICATION, "evil", refused)
        await cluster.until(APPLICATION, "worse", synced)
        victims = await labels_of_pods(cluster, "shop")
        policies = [*await policies_of(cluster, "evil"), *await policies_of(cluster, "worse")]
        selectors = [selector for policy in policies for selector in (policy["spec"]["podSelector"], *peers(policy))]
        assert policies
        assert not [selector for labels in victims for selector in selectors if is_selected(labels, selector)]
        own = await labels_of_pods(cluster, "worse")
        assert [policy for policy in policies if is_selected(own[0], policy["spec"]["podSelector"])]


@pytest.mark.controllers
async def test_a_member_adds_no_instance_of_another_member_application_to_a_scope(
    cluster: Cluster, catalog: Catalog
) -> None:
    """The application "two" has an instance outside of the scope; "one" joins it with an instance of that name."""
    two = member("two", "groups")
    two["spec"]["components"].append({"componentName": "job", "instanceName": "one-web"})
    await cluster.apply(component(), TASK, scopes(CLOSED), member("one", "groups"), two)
    async with cluster.controller(catalog, settings=SETTINGS):
        for name in ("groups", "one", "two"):
            await cluster.until(APPLICATION, name, synced)
        await cluster.until(JOB, "one-web", lambda d: d["status"])
        labels = await labels_of_pods(cluster, "two")
        policies = await policies_of(cluster, "groups")
        inside = [one for one in labels if one["oam.dev/instance-name"] == "two-web"]
        outside = [one for one in labels if one["oam.dev/instance-name"] == "one-web"]
        assert inside
        assert outside
        for policy in policies:
            selectors = [policy["spec"]["podSelector"], *peers(policy)]
            assert not [selector for selector in selectors if is_selected(outside[0], selector)]
        assert [policy for policy in policies if is_selected(inside[0], policy["spec"]["podSelector"])]
        first = (await labels_of_pods(cluster, "one"))[0]
        reached = [policy for policy in policies if is_selected(first, policy["spec"]["podSelector"])]
        assert [policy for policy in reached if any(is_selected(inside[0], selector) for selector in peers(policy))]


@pytest.mark.controllers
async def test_a_task_does_not_wait_for_pods_of_another_application(cluster: Cluster, catalog: Catalog) -> None:
    """The instance of another application has the same name and a workload of another kind."""
    task = intruder(name="shop", component_name="job")
    await cluster.apply(component(), TASK, intruder())
    async with cluster.controller(catalog, settings=SETTINGS):
        await cluster.until(APPLICATION, "evil", lambda d: condition(d, "Ready") == "True")
        await cluster.apply(task)
        await cluster.until(JOB, "shop-web", lambda d: d["status"])
        await cluster.until(APPLICATION, "shop", synced)


async def test_an_application_joins_a_scope_only_with_the_consent_of_its_owner(
    cluster: Cluster, catalog: Catalog
) -> None:
    closed = {**HEALTH, "properties": {**HEALTH["properties"], "members": "own"}}
    owner = member("groups", "well")
    owner["spec"]["scopes"] = [HEALTH]
    await cluster.apply(component(), owner, member("guest", "groups"))
    async with cluster.controller(catalog, settings=SETTINGS):
        await cluster.until(HEALTH_SCOPE, "groups", has_members("groups-web", "guest-web"))
        owner["spec"]["scopes"] = [closed]
        await cluster.apply(owner)
        await cluster.until(HEALTH_SCOPE, "groups", has_members("groups-web"))
        guest = await cluster.until(APPLICATION, "guest", lambda d: condition(d, "Valid") == "False")
        assert '"groups"' in message(guest, "Valid")
        await cluster.apply(member("late", "well"))
        await cluster.until(APPLICATION, "late", invalid)
        owner["spec"]["scopes"] = [HEALTH]
        await cluster.apply(owner)
        await cluster.until(HEALTH_SCOPE, "groups", has_members("groups-web", "guest-web", "late-web"))


async def test_a_new_application_takes_no_instance_over_from_a_scope_of_its_name(
    cluster: Cluster, catalog: Catalog
) -> None:
    owner = member("groups", "well")
    owner["spec"]["scopes"] = [HEALTH]
    await cluster.apply(component(), owner, member("guest", "well"))
    async with cluster.controller(catalog, settings=SETTINGS):
        await cluster.until(HEALTH_SCOPE, "groups", has_members("groups-web", "guest-web"))
        await cluster.apply(scopes({**HEALTH, "name": "mine"}, name="well"))
        guest = await cluster.until(APPLICATION, "guest", lambda d: condition(d, "Valid") == "False")
        assert "groups" in message(guest, "Valid")
        await cluster.until(APPLICATION, "well", synced)
        await cluster.until(HEALTH_SCOPE, "well", lambda d: states(d) == {})
        await cluster.until(HEALTH_SCOPE, "groups", has_members("groups-web", "guest-web"))
