"""The chart's ValidatingAdmissionPolicy on a real server, with tokens of users who have different rights.

The local API stores such policies and does not evaluate them, so there is no test with it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.errors import ForbiddenError
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.requests import Request, ServiceAccount
from rudr_py.kube.transport import AioTransport, Reply
from rudr_py.model.identity import API_VERSION, CORE_GROUP
from rudr_py.testing.cluster import TIMEOUT, Cluster
from tests.charts import rendering
from tests.e2e import apiserver, rbac_cluster
from tests.e2e.documents import APPLICATION, COMPONENT, INGRESS_TRAIT, Document, application, component
from tests.e2e.rbac_cluster import RbacCluster

POLICY = Kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")
BINDING = Kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding")
VERBS = ["get", "list", "create", "update", "patch", "delete"]
WRITER = {"apiGroups": [CORE_GROUP], "resources": ["applicationconfigurations", "componentschematics"], "verbs": VERBS}
VOLUME = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "standard"}}
NETWORK = {"name": "net", "type": f"{API_VERSION}.NetworkScope", "properties": {}}
HEALTH = {"name": "well", "type": f"{API_VERSION}.HealthScope", "properties": {}}
NONE: tuple[Document, ...] = ()


def may(verb: str, group: str, *resources: str, **more: Any) -> Document:
    return {"apiGroups": [group], "resources": list(resources), "verbs": [verb], **more}


DEPLOYMENTS = may("create", "apps", "deployments")
INGRESSES = may("create", "networking.k8s.io", "ingresses")
POLICIES = may("create", "networking.k8s.io", "networkpolicies")
CLAIMS = may("create", "", "persistentvolumeclaims")
USE = may("use", CORE_GROUP, "applicationconfigurations", "componentschematics")


@pytest.fixture
async def cluster(enforcing: apiserver.RealServer, tmp_path: Path) -> AsyncIterator[RbacCluster]:
    async with rbac_cluster.real(enforcing, tmp_path) as opened:
        yield opened


@contextlib.asynccontextmanager
async def policy(cluster: RbacCluster, **values: Any) -> AsyncIterator[None]:
    """The policy of a release that watches `shop`. In effect when the context is entered."""
    shop, own = cluster.namespaces.shop, cluster.namespaces.own
    release = {"watchNamespaces": [shop], "serviceAccount": {"name": "rudr"}, **values}
    documents = [d for d in rendering.rendered(release, namespace=own) if d["kind"] in (POLICY.kind, BINDING.kind)]
    await cluster.admin.apply(*documents)
    try:
        async with cluster.user("probe") as probe:
            await allow(cluster, "probe", WRITER)
            async with asyncio.timeout(TIMEOUT):
                while not is_noticed(await create(probe, application(name="probe"))):
                    pass
        yield
    finally:
        for document in reversed(documents):
            await cluster.admin.delete(Kind(document["apiVersion"], document["kind"]), document["metadata"]["name"])


async def allow(
    cluster: RbacCluster, name: str, *rules: Document, namespace: str = "", subject: ServiceAccount | None = None
) -> None:
    """Grant an account, by default of `shop`, rights there or in another namespace. Waits until they are in effect."""
    group, place = "rbac.authorization.k8s.io", namespace or cluster.namespaces.shop
    account = subject or ServiceAccount(cluster.namespaces.shop, name)
    metadata = {"name": name, "namespace": place}
    await cluster.admin.apply(
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": list(rules)},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", **msgspec.structs.asdict(account)}],
        },
    )
    async with asyncio.timeout(TIMEOUT):
        for rule in rules:
            while not await allowed(cluster, account, rule, place):
                pass


async def allowed(cluster: RbacCluster, account: ServiceAccount, rule: Document, namespace: str) -> bool:
    """Whether the authorizer grants the last right of a rule."""
    attributes = {"namespace": namespace, "group": rule["apiGroups"][0], "resource": rule["resources"][-1]}
    attributes |= {"verb": rule["verbs"][-1], "name": rule.get("resourceNames", [""])[0]}
    user = f"system:serviceaccount:{account.namespace}:{account.name}"
    body = msgspec.json.encode({"spec": {"user": user, "resourceAttributes": attributes}})
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    answer = await cluster.admin.client.json(Request("POST", path, body=body, content_type="application/json"))
    return bool(answer["status"]["allowed"])


async def create(cluster: Cluster, document: Document) -> Reply:
    """The response to a dry run of the creation of a document."""
    target = await cluster.target(Kind(document["apiVersion"], document["kind"]), "")
    path = target.resource.path(cluster.namespace, "")
    body = msgspec.json.encode(document)
    return await cluster.transport.send(
        Request("POST", path, (("dryRun", "All"),), body=body, content_type="application/json")
    )


def is_noticed(reply: Reply) -> bool:
    """Whether a policy refuses the request or warns."""
    return reply.status == HTTPStatus.FORBIDDEN or "Warning" in reply.headers


async def dry_run(cluster: Cluster, document: Document) -> str:
    """The reason why a user may not create a document; empty if they may. Fails on any other error."""
    reply = await create(cluster, document)
    if reply.status == HTTPStatus.FORBIDDEN:
        return str(msgspec.json.decode(reply.body)["message"])
    assert reply.status == HTTPStatus.CREATED, reply.body
    return ""


def scoped(*scopes: Document) -> Document:
    document = application()
    return {**document, "spec": {**document["spec"], "scopes": list(scopes)}}


@pytest.mark.parametrize(
    ("rights", "document", "reason"),
    [
        (NONE, application(), "may not create deployments.apps in namespace"),
        (NONE, component(), "may not create deployments.apps in namespace"),
        (NONE, {**application(), "spec": {"components": None}}, "may not create deployments.apps in namespace"),
        ((may("create", "batch", "jobs"),), application(), "may not create deployments.apps"),
        ((may("get", "apps", "deployments"),), application(), "may not create deployments.apps"),
        ((DEPLOYMENTS,), application({"name": "manual-scaler", "properties": {"replicaCount": 2}}), ""),
        ((DEPLOYMENTS,), {**application(), "spec": {"components": None, "scopes": None}}, ""),
        ((DEPLOYMENTS,), {**application(), "spec": {}}, ""),
        ((DEPLOYMENTS,), component(), ""),
        ((DEPLOYMENTS,), application(INGRESS_TRAIT), "may not create ingresses.networking.k8s.io"),
        ((DEPLOYMENTS,), application({**INGRESS_TRAIT, "name": "Ingress"}), "may not create ingresses"),
        ((DEPLOYMENTS, INGRESSES), application(INGRESS_TRAIT), ""),
        ((DEPLOYMENTS, INGRESSES), application(INGRESS_TRAIT, VOLUME), "may not create persistentvolumeclaims in"),
        ((DEPLOYMENTS, CLAIMS), application(VOLUME), ""),
        ((DEPLOYMENTS,), scoped(HEALTH), ""),
        ((DEPLOYMENTS,), scoped(HEALTH, NETWORK), "may not create networkpolicies.networking.k8s.io"),
        ((DEPLOYMENTS, POLICIES), scoped(NETWORK), ""),
        ((DEPLOYMENTS,), component(workloadType="toys.example/v1.Gadget"), "may not use types of plugins"),
        ((DEPLOYMENTS,), application({"name": "cron-hpa", "properties": {}}), "may not use types of plugins"),
        ((DEPLOYMENTS,), scoped({**HEALTH, "type": "toys.example/v1.Ring"}), "may not use types of plugins"),
        ((USE,), application(INGRESS_TRAIT, VOLUME, {"name": "cron-hpa", "properties": {}}), ""),
        ((USE,), component(workloadType="toys.example/v1.Gadget"), ""),
        ((may("use", CORE_GROUP, "applicationconfigurations"),), application(), ""),
        ((may("use", CORE_GROUP, "applicationconfigurations"),), component(), "may not create deployments.apps"),
        ((may("use", CORE_GROUP, "applicationconfigurations", resourceNames=["shop"]),), application(), ""),
        (
            (may("use", CORE_GROUP, "applicationconfigurations", resourceNames=["shop"]),),
            application(name="other"),
            "may not create deployments.apps",
        ),
    ],
)
async def test_an_author_needs_the_rights_that_the_document_uses_or_the_verb_use(
    cluster: RbacCluster, rights: tuple[Document, ...], document: Document, reason: str
) -> None:
    await allow(cluster, "author", WRITER, *rights)
    async with policy(cluster), cluster.user("author") as author:
        refusal = await dry_run(author, document)
    assert bool(refusal) == bool(reason), refusal
    assert reason in refusal


async def test_rights_in_another_namespace_do_not_count(cluster: RbacCluster) -> None:
    await allow(cluster, "author", WRITER)
    await allow(cluster, "author", DEPLOYMENTS, USE, namespace=cluster.namespaces.other)
    async with policy(cluster), cluster.user("author") as author:
        assert "may not create deployments.apps" in await dry_run(author, application())


async def test_the_refusal_names_the_user_the_right_and_the_roles_that_help(cluster: RbacCluster) -> None:
    await allow(cluster, "author", WRITER)
    async with policy(cluster), cluster.user("author") as author:
        refusal = await dry_run(author, application())
    shop = cluster.namespaces.shop
    assert f'user "system:serviceaccount:{shop}:author" may not create deployments.apps in namespace {shop}' in refusal
    assert 'the verb "use" on applicationconfigurations.core.oam.dev' in refusal
    assert "rudr-application-operator" in refusal


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"spec": {"components": []}}, True),
        ({"metadata": {"annotations": {"a": "b"}}}, True),
        ({"metadata": {"labels": {"a": "b"}}}, True),
        ({"metadata": {"finalizers": ["example.org/kept"]}}, False),
        ({"metadata": {"finalizers": []}}, False),
        ({"metadata": {"ownerReferences": []}}, False),
    ],
)
async def test_an_update_is_checked_unless_it_changes_only_finalizers_and_owners(
    cluster: RbacCluster, change: Document, refused: bool
) -> None:
    await cluster.admin.apply(application())
    await allow(cluster, "author", WRITER, may("update", CORE_GROUP, "applicationconfigurations/finalizers"))
    async with policy(cluster), cluster.user("author") as author:
        if refused:
            with pytest.raises(ForbiddenError, match="may not create deployments"):
                await author.patch(APPLICATION, "shop", change)
        else:
            await author.patch(APPLICATION, "shop", change)


async def test_status_writes_and_deletions_are_not_checked(cluster: RbacCluster) -> None:
    await cluster.admin.apply(application(), component())
    await allow(cluster, "author", WRITER, may("patch", CORE_GROUP, "applicationconfigurations/status"))
    async with policy(cluster), cluster.user("author") as author:
        status = await author.target(APPLICATION, "shop", "status")
        await author.client.merge_patch(status, b'{"status": {"observedGeneration": 1}}', "tester")
        await author.delete(APPLICATION, "shop")
        await author.delete(COMPONENT, "web")


async def test_only_the_controller_and_administrators_are_exempt(cluster: RbacCluster) -> None:
    own = cluster.namespaces.account
    await allow(cluster, own.name, WRITER, subject=own)
    transport = AioTransport(cluster.connection)
    try:
        async with policy(cluster), cluster.user(own.name) as namesake:
            assert await dry_run(cluster.admin, application(INGRESS_TRAIT)) == ""
            assert await dry_run(Cluster(transport, namesake.namespace, SystemClock()), application(name="root")) == ""
            await allow(cluster, own.name, WRITER)
            assert "may not create deployments" in await dry_run(namesake, application(name="root"))
    finally:
        await transport.close()


async def test_a_warning_does_not_refuse(cluster: RbacCluster) -> None:
    await allow(cluster, "author", WRITER)
    async with policy(cluster, authorPolicy={"actions": ["Warn", "Audit"]}), cluster.user("author") as author:
        reply = await create(author, application())
    assert reply.status == HTTPStatus.CREATED
    assert "may not create deployments.apps" in reply.headers["Warning"]


@pytest.mark.parametrize("rights", [(USE,), (DEPLOYMENTS, INGRESSES)], ids=["use", "rights"])
async def test_the_largest_documents_are_within_the_cost_limits(
    cluster: RbacCluster, rights: tuple[Document, ...]
) -> None:
    large = application(*(INGRESS_TRAIT for _ in range(500)))
    large["spec"]["variables"] = [{"name": "a", "value": "x" * 900_000}]
    await allow(cluster, "author", WRITER, *rights)
    async with policy(cluster), cluster.user("author") as author:
        assert await dry_run(author, large) == ""
        await author.client.apply(await author.target(APPLICATION, "shop"), msgspec.json.encode(application()), "a")
        await author.client.apply(await author.target(APPLICATION, "shop"), msgspec.json.encode(large), "a")


async def test_a_generated_name_is_accepted(cluster: RbacCluster) -> None:
    document = application()
    document["metadata"] = {"generateName": "shop-"}
    await allow(cluster, "author", WRITER, USE)
    async with policy(cluster), cluster.user("author") as author:
        assert await dry_run(author, document) == ""
