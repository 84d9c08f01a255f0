"""With impersonation, an application has the rights of a service account of its namespace, and no further ones."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Rule
from rudr_py.catalog import Catalog
from rudr_py.errors import ImpersonationError
from rudr_py.kube.requests import Selection, ServiceAccount
from rudr_py.plugins import impersonated_rights, rights
from rudr_py.plugins.rights import RBAC_GROUP, Rights
from rudr_py.settings import Impersonation
from rudr_py.testing.cluster import Cluster
from tests.e2e import rbac_cluster
from tests.e2e.documents import (
    APPLICATION,
    CLAIM,
    COMPONENT_INSTANCE,
    DEPLOYMENT,
    INGRESS,
    INGRESS_TRAIT,
    NAMESPACE,
    POD,
    Document,
    application,
    component,
    condition,
    image,
    message,
    observed,
    synced,
)
from tests.e2e.kind_cases import KIND_CASES
from tests.e2e.rbac_cluster import RbacCluster

ANNOTATION = "rudr.oam.dev/service-account"
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount")
ROLE_BINDING = Kind(f"{RBAC_GROUP}/v1", "RoleBinding")
EVENT = Kind("events.k8s.io/v1", "Event")
WRITERS = ("rudr-apps", "team")
"""The accounts that the controller may act as."""

SOON = 20.0
"""Seconds within which a watch ends a wait; the retry of refused requests takes an hour in these tests."""


@pytest.fixture(params=["local", "kube-apiserver"])
async def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RbacCluster]:
    """The cluster with its namespaces, and an account without rights."""
    async with rbac_cluster.requested(request, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def needed(catalog: Catalog) -> Rights:
    return impersonated_rights.impersonated(rights.needed(catalog), WRITERS)


@contextlib.asynccontextmanager
async def controlled(
    cluster: RbacCluster, catalog: Catalog, needed: Rights, impersonation: Impersonation | None = None
) -> AsyncIterator[None]:
    """A controller with impersonation that may not write objects of applications itself, and retries rarely."""
    await cluster.grant(needed)
    chosen = impersonation or Impersonation()
    async with rbac_cluster.controlled(cluster, catalog, impersonation=chosen, refused_retry=3600.0):
        yield


def grants(document: Document, name: str = "Synced") -> list[Document]:
    """The roles and bindings in the message of a condition, as a user would copy them to kubectl."""
    return [json.loads(line) for line in message(document, name).splitlines() if line.startswith("{")]


def lacks(text: str) -> Callable[[Document], bool]:
    """A predicate: whether an application reports a missing right."""

    def reports(document: Document) -> bool:
        is_failed = condition(document, "Synced") == "False"
        return observed(document) and is_failed and text in message(document, "Synced")

    return reports


def differs(former: Document) -> Callable[[Document], bool]:
    """A predicate: whether an application has another message."""
    return lambda document: message(document, "Synced") != message(former, "Synced")


async def bind(admin: Cluster, account: ServiceAccount, *rules: Rule) -> None:
    """Grant an account these rights in its namespace."""
    documents = [
        {"apiGroups": list(rule.groups), "resources": list(rule.resources), "verbs": list(rule.verbs)} for rule in rules
    ]
    name = {"name": f"may-{account.name}"}
    role = {"apiVersion": f"{RBAC_GROUP}/v1", "kind": "Role", "metadata": name, "rules": documents}
    subjects = [{"kind": "ServiceAccount", "name": account.name, "namespace": account.namespace}]
    reference = {"apiGroup": RBAC_GROUP, "kind": "Role", **name}
    binding = {"apiVersion": ROLE_BINDING.api_version, "kind": "RoleBinding", "metadata": name}
    await admin.apply(role, {**binding, "roleRef": reference, "subjects": subjects})


def without(rules: tuple[Rule, ...], verb: str, resource: str) -> tuple[Rule, ...]:
    """The rules without one verb of one resource."""
    return tuple(
        Rule(
            groups=rule.groups,
            resources=(one,),
            verbs=tuple(each for each in rule.verbs if (each, one) != (verb, resource)),
        )
        for rule in rules
        for one in rule.resources
    )


async def test_a_tenant_gains_no_right_and_the_reported_roles_grant_what_is_missing(
    cluster: RbacCluster, catalog: Catalog, needed: Rights
) -> None:
    """The account of the namespace does not even exist at first."""
    admin = cluster.admin
    tenant = ServiceAccount(cluster.namespaces.shop, "tenant")
    oam = Rule(groups=("core.oam.dev",), resources=("applicationconfigurations", "componentschematics"), verbs=("*",))
    await bind(admin, tenant, oam)
    async with controlled(cluster, catalog, needed), cluster.connected(tenant) as team:
        await team.apply(component(), application(INGRESS_TRAIT))
        account = f"service account {cluster.namespaces.shop}/rudr-apps may not"
        shop = await admin.until(APPLICATION, "shop", lacks(f"{account} patch ingresses.networking.k8s.io"))
        assert {document["kind"] for document in grants(shop)} == {"Role", "RoleBinding"}
        assert [await admin.list(kind) for kind in (DEPLOYMENT, INGRESS, POD)] == [[], [], []]
        while not synced(shop):
            await admin.apply(*grants(shop))
            shop = await admin.until(APPLICATION, "shop", differs(shop), seconds=SOON)
    own = {(request.resource, request.verb) for request in cluster.requests() if request.verb not in rights.WATCH}
    assert not [request for request in own if request[0] in ("deployments", "services", "ingresses")]


async def test_an_object_that_the_account_may_not_delete_is_kept_and_reported(
    cluster: RbacCluster, catalog: Catalog, needed: Rights
) -> None:
    admin, writer = cluster.admin, cluster.namespaces.writer(cluster.namespaces.shop)
    await bind(admin, writer, *without(needed.accounts, "delete", "ingresses"))
    async with controlled(cluster, catalog, needed):
        await admin.apply(component(), application(INGRESS_TRAIT))
        await admin.until(APPLICATION, "shop", synced)
        await admin.apply(application())
        shop = await admin.until(APPLICATION, "shop", lacks("may not delete ingresses.networking.k8s.io"))
        assert len(await admin.list(INGRESS)) == 1
        await admin.apply(*grants(shop))
        await admin.until(APPLICATION, "shop", synced, seconds=SOON)
        assert await admin.list(INGRESS) == []


async def test_objects_of_a_removed_instance_are_deleted_by_the_account_and_not_with_their_owner(
    cluster: RbacCluster, catalog: Catalog, needed: Rights
) -> None:
    """The garbage collector would delete them with the ComponentInstance, which the controller itself may delete."""
    admin, writer = cluster.admin, cluster.namespaces.writer(cluster.namespaces.shop)
    await bind(admin, writer, *without(needed.accounts, "delete", "deployments"))
    async with controlled(cluster, catalog, needed):
        await admin.apply(component(), application())
        await admin.until(APPLICATION, "shop", synced)
        empty = application()
        empty["spec"]["components"] = []
        await admin.apply(empty)
        shop = await admin.until(APPLICATION, "shop", lacks("may not delete deployments.apps"))
        assert [len(await admin.list(kind)) for kind in (DEPLOYMENT, COMPONENT_INSTANCE)] == [1, 1]
        await admin.apply(*grants(shop))
        await admin.until(APPLICATION, "shop", synced, seconds=SOON)
        for kind, name in ((DEPLOYMENT, "shop-web"), (COMPONENT_INSTANCE, "web-shop-web")):
            await admin.gone(kind, name, seconds=SOON)


async def test_an_object_that_the_account_may_not_patch_is_not_adopted(
    cluster: RbacCluster, catalog: Catalog, needed: Rights
) -> None:
    """An orphan of an earlier application of the same name."""
    admin, writer = cluster.admin, cluster.namespaces.writer(cluster.namespaces.shop)
    await bind(admin, writer, *needed.accounts)
    async with controlled(cluster, catalog, needed):
        await admin.apply(component(), application())
        await admin.until(APPLICATION, "shop", synced)
        await bind(admin, writer, *without(needed.accounts, "patch", "deployments"))
        await cluster.until(
            [Rule(groups=("apps",), resources=("deployments",), verbs=("patch",))],
            writer.namespace,
            allowed=False,
            user=writer.user,
        )
        await admin.patch(DEPLOYMENT, "shop-web", {"metadata": {"annotations": {"rudr.oam.dev/applied": None}}})
        shop = await admin.until(APPLICATION, "shop", lacks("may not patch deployments.apps"))
        live = await admin.get(DEPLOYMENT, "shop-web")
        assert live is not None
        assert "rudr.oam.dev/applied" not in live["metadata"].get("annotations", {})
        await admin.apply(*grants(shop))
        await admin.until(APPLICATION, "shop", synced, seconds=SOON)


async def test_a_namespace_and_an_application_name_the_account(
    cluster: RbacCluster, catalog: Catalog, needed: Rights
) -> None:
    admin, shop = cluster.admin, cluster.namespaces.shop
    await bind(admin, ServiceAccount(shop, "team"), *needed.accounts)
    async with controlled(cluster, catalog, needed):
        await admin.apply(component(), application(), application(name="cart"))
        await admin.until(APPLICATION, "shop", lacks("rudr-apps may not patch"))
        await admin.patch(APPLICATION, "cart", {"metadata": {"annotations": {ANNOTATION: "team"}}})
        await admin.until(APPLICATION, "cart", synced, seconds=SOON)
        await admin.patch(NAMESPACE, shop, {"metadata": {"annotations": {ANNOTATION: "team"}}})
        await admin.until(APPLICATION, "shop", synced, seconds=SOON)
        await admin.patch(APPLICATION, "shop", {"metadata": {"annotations": {ANNOTATION: "rudr-apps"}}})
        await admin.apply(component(workloadType="core.oam.dev/v1alpha1.Worker", containers=[WORKER]))
        await admin.until(APPLICATION, "cart", synced)
        await admin.until(APPLICATION, "shop", lacks("rudr-apps may not "))
    assert {request.status for request in cluster.read(ServiceAccount(shop, "rudr-apps").user)} == {403}


WORKER = {"name": "server", "image": "registry.example/web:2"}


async def test_only_the_namespace_names_the_account_where_applications_may_not(
    cluster: RbacCluster, catalog: Catalog, needed: Rights
) -> None:
    admin, shop = cluster.admin, cluster.namespaces.shop
    await bind(admin, ServiceAccount(shop, "team"), *needed.accounts)
    async with controlled(cluster, catalog, needed, Impersonation(application_annotation=False)):
        await admin.apply(component(), application(annotations={ANNOTATION: "team"}))
        await admin.until(APPLICATION, "shop", lacks("rudr-apps may not patch"))
        assert await admin.list(DEPLOYMENT) == []


async def test_the_controller_may_act_as_the_accounts_with_the_permitted_names_only(
    cluster: RbacCluster, catalog: Catalog, needed: Rights
) -> None:
    """An account with more rights, and the controller's own account."""
    admin, shop = cluster.admin, cluster.namespaces.shop
    await bind(admin, ServiceAccount(shop, "builder"), *needed.accounts)
    async with controlled(cluster, catalog, needed):
        await admin.apply(component(), application(annotations={ANNOTATION: "builder"}))
        await admin.until(APPLICATION, "shop", lacks(f"may not act as service account {shop}/builder"))
        assert await admin.list(DEPLOYMENT) == []


@pytest.mark.parametrize("constrained", [False, True], ids=["impersonate", "constrained"])
async def test_constrained_impersonation_limits_what_a_controller_that_is_taken_over_can_do(
    cluster: RbacCluster, catalog: Catalog, constrained: bool
) -> None:
    """The account may read Secrets, which the controller never does."""
    shop, admin = cluster.namespaces.shop, cluster.admin
    needed = impersonated_rights.impersonated(rights.needed(catalog), WRITERS, constrained=constrained)
    await cluster.grant(needed)
    secrets = Rule(groups=("",), resources=("secrets",), verbs=("list",))
    await bind(admin, cluster.namespaces.writer(shop), secrets, *needed.accounts)
    await cluster.until([secrets], shop, allowed=True, user=cluster.namespaces.writer(shop).user)
    async with cluster.connected(cluster.namespaces.account) as controller:
        client = controller.client.as_user(cluster.namespaces.writer(shop).user)
        deployments = Selection((await admin.target(DEPLOYMENT, "")).resource, shop)
        assert await client.list_all(deployments) == []
        secret = Selection((await admin.target(Kind("v1", "Secret"), "")).resource, shop)
        if constrained:
            with pytest.raises(ImpersonationError):
                await client.list_all(secret)
        else:
            assert await client.list_all(secret) == []
        stranger = controller.client.as_user(ServiceAccount(shop, "builder").user)
        with pytest.raises(ImpersonationError):
            await stranger.list_all(deployments)
        with pytest.raises(ImpersonationError):
            await controller.client.as_user(cluster.namespaces.account.user).list_all(deployments)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "other:rudr-apps",
        "other/rudr-apps",
        "../rudr-apps",
        "team\r\nImpersonate-Group: system:masters",
        "Team",
        "a b",
    ],
    ids=repr,
)
async def test_an_annotation_that_is_no_name_is_reported_and_nothing_is_written(
    cluster: RbacCluster, catalog: Catalog, needed: Rights, name: str
) -> None:
    admin, shop = cluster.admin, cluster.namespaces.shop
    await bind(admin, cluster.namespaces.writer(shop), *needed.accounts)
    async with controlled(cluster, catalog, needed):
        await admin.apply(component(), application(annotations={ANNOTATION: name}))
        await admin.until(APPLICATION, "shop", lacks("is not the name of a service account"))
        assert await admin.list(DEPLOYMENT) == []
        await admin.patch(APPLICATION, "shop", {"metadata": {"annotations": {ANNOTATION: None}}})
        await admin.until(APPLICATION, "shop", synced, seconds=SOON)


@pytest.mark.parametrize(
    ("kept", "text"),
    [
        ((impersonated_rights.NAMESPACES,), "may not act as service account"),
        (None, "is unknown, because the namespace cannot be read: may not watch namespaces"),
    ],
    ids=["impersonate", "namespaces"],
)
async def test_without_a_right_to_impersonate_or_to_read_namespaces_nothing_is_written_until_it_is_granted(
    cluster: RbacCluster, catalog: Catalog, needed: Rights, kept: tuple[Rule, ...] | None, text: str
) -> None:
    """The default account is not used while the account of the namespace is unknown."""
    admin, writer = cluster.admin, cluster.namespaces.writer(cluster.namespaces.shop)
    await bind(admin, writer, *needed.accounts)
    waits = (*needed.waits, *(needed.impersonation if kept is None else kept))
    lacking = msgspec.structs.replace(needed, waits=waits, impersonation=())
    await cluster.grant(lacking)
    async with rbac_cluster.controlled(cluster, catalog, impersonation=Impersonation(), refused_retry=3600.0):
        await admin.apply(component(), application())
        await admin.until(APPLICATION, "shop", lacks(text))
        assert await admin.list(DEPLOYMENT) == []
        await cluster.grant(needed)
        await admin.until(APPLICATION, "shop", synced, seconds=SOON)


@pytest.mark.slow
async def test_a_controller_of_some_namespaces_reads_their_annotation_at_intervals(
    cluster: RbacCluster, catalog: Catalog, needed: Rights
) -> None:
    admin, shop = cluster.admin, cluster.namespaces.shop
    await bind(admin, ServiceAccount(shop, "team"), *needed.accounts)
    await cluster.grant(needed, watched=(shop,))
    impersonation = Impersonation()
    async with rbac_cluster.controlled(
        cluster, catalog, namespaces=(shop,), impersonation=impersonation, refused_retry=3600.0
    ):
        await admin.apply(component(), application())
        await admin.until(APPLICATION, "shop", lacks("rudr-apps may not patch"))
        await admin.patch(NAMESPACE, shop, {"metadata": {"annotations": {ANNOTATION: "team"}}})
        await admin.until(APPLICATION, "shop", synced)


async def test_enabling_impersonation_writes_no_object_of_an_application(
    cluster: RbacCluster, catalog: Catalog, needed: Rights
) -> None:
    admin, shop = cluster.admin, cluster.namespaces.shop
    plain = rights.needed(catalog)
    await cluster.grant(plain)
    async with rbac_cluster.controlled(cluster, catalog):
        await admin.apply(component(), application(INGRESS_TRAIT))
        await admin.until(APPLICATION, "shop", synced)
    before = [await admin.get(DEPLOYMENT, "shop-web"), await admin.list(INGRESS)]
    writer = cluster.namespaces.writer(shop)
    await bind(admin, writer, *needed.accounts)
    async with controlled(cluster, catalog, needed):
        await admin.apply(application(INGRESS_TRAIT, name="probe"))
        await admin.until(APPLICATION, "probe", synced)
        assert [await admin.get(DEPLOYMENT, "shop-web"), (await admin.list(INGRESS))[-1:]] == [before[0], before[1]]
        changed: dict[str, Any] = component()
        changed["spec"]["containers"][0]["image"] = "registry.example/web:2"
        await admin.apply(changed)
        await admin.until(DEPLOYMENT, "shop-web", lambda d: image(d).endswith(":2"))
        live = await admin.get(DEPLOYMENT, "shop-web")
    assert live is not None
    managers = {(entry["manager"], entry["operation"]) for entry in live["metadata"]["managedFields"]}
    assert {manager for manager in managers if manager[0].startswith("rudr")} == {("rudr", "Apply")}


async def test_an_application_ends_without_rights_and_its_claim_is_kept(
    cluster: RbacCluster, catalog: Catalog, needed: Rights
) -> None:
    admin, writer = cluster.admin, cluster.namespaces.writer(cluster.namespaces.shop)
    await bind(admin, writer, *needed.accounts)
    async with controlled(cluster, catalog, needed):
        await admin.apply(*KIND_CASES["persistentvolumeclaims"].documents("shop"))
        await admin.until(APPLICATION, "shop", synced)
        await admin.delete(ROLE_BINDING, f"may-{writer.name}")
        rule = Rule(groups=("",), resources=("persistentvolumeclaims",), verbs=("delete",))
        await cluster.until([rule], writer.namespace, allowed=False, user=writer.user)
        await admin.delete(APPLICATION, "shop")
        await admin.gone(APPLICATION, "shop")
        claims = await admin.list(CLAIM)
        assert ["deletionTimestamp" in claim["metadata"] for claim in claims] == [False]
    notes = [event.get("note", "") for event in await admin.list(EVENT)]
    assert any("may not delete persistentvolumeclaims" in note for note in notes)
