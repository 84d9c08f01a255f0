"""Without any single right the controller keeps running, reports the right with its purpose, and recovers later.

The controller's clock runs fast, so that retries of once a minute happen within a second.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller.process import ControllerProcess
from rudr_py.errors import Right
from rudr_py.kube.clock import SystemClock
from rudr_py.model.identity import API_VERSION, CORE_GROUP
from rudr_py.model.parse.definition import parse_workload_type
from rudr_py.plugins import rights
from rudr_py.plugins.rights import Rights
from rudr_py.settings import LeaderElection
from rudr_py.testing.cluster import TIMEOUT
from tests.e2e import absent_controllers, rbac_cluster, waiting
from tests.e2e.documents import APPLICATION, CRD, DEPLOYMENT, JOB, Document, established, message, observed, synced
from tests.e2e.kind_cases import KIND_CASES, TASK, WORKER, KindCase
from tests.e2e.rbac_cluster import RbacCluster

SPEED = 500.0
"""The factor by which the controller's clock runs faster."""

APPLIED = "rudr.oam.dev/applied"
OWN = ("applicationconfigurations", "componentschematics", "componentinstances")
DEFINITIONS = ("traits", "workloadtypes", "applicationscopes")
OUTLIVING = ("configmaps", "persistentvolumeclaims")
GADGET = {
    "apiVersion": CRD.api_version,
    "kind": CRD.kind,
    "metadata": {"name": "gadgetry.toys.example"},
    "spec": {
        "group": "toys.example",
        "scope": "Namespaced",
        "names": {"kind": "Gadget", "singular": "gadget", "plural": "gadgetry"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
INVALID = {
    "apiVersion": APPLICATION.api_version,
    "kind": APPLICATION.kind,
    "metadata": {"name": "invalid"},
    "spec": {"components": [{"componentName": "good", "instanceName": "invalid", "traits": [{"name": "unknown"}]}]},
}
"""An application with an event."""
ADMITTING = {
    "apiVersion": API_VERSION,
    "kind": "WorkloadType",
    "spec": {"group": "toys.example", "version": "v1", "names": {"kind": "Gadget", "plural": "gadgetry"}},
}
VERBS = ("create", "patch", "get", "delete")


class FastClock:
    """A clock that is faster than the system clock."""

    def __init__(self) -> None:
        self._real = SystemClock()

    def monotonic(self) -> float:
        return self._real.monotonic() * SPEED

    def now(self) -> datetime:
        return self._real.now()

    async def sleep(self, seconds: float) -> None:
        await self._real.sleep(seconds / SPEED)


@pytest.fixture(params=["local", pytest.param("kube-apiserver", marks=pytest.mark.slow)])
async def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RbacCluster]:
    """The cluster with its namespaces, and an account without rights."""
    async with rbac_cluster.requested(request, tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def needed(catalog: Catalog) -> Rights:
    return rights.needed(catalog, root_scopes=True)


@contextlib.asynccontextmanager
async def controlled(cluster: RbacCluster, catalog: Catalog, **chosen: Any) -> AsyncIterator[ControllerProcess]:
    """A controller in fast time. Fails if it does not run until the context exits, or if a reconcile panics."""
    chosen = {"namespaces": (cluster.namespaces.shop,), "status_interval": 1.0, "watch_silence": 1e6, **chosen}
    async with rbac_cluster.controlled(cluster, catalog, FastClock(), **chosen) as controller:
        yield controller
        assert await waiting.panic_count(controller) == 0


def lacks(right: Right, case: KindCase) -> Callable[[Document], bool]:
    """A predicate: whether an application reports that this right is missing, with its purpose."""
    purpose = "for deleting" if right.verb == "delete" else case.by

    def reports(document: Document) -> bool:
        text = message(document, "Synced")
        return observed(document) and f"may not {right}: needed {purpose}" in text and "see rudr rbac" in text

    return reports


def warns(right: Right) -> Callable[[Document], bool]:
    """A predicate: whether a synced application has a warning about the missing right."""

    def reports(document: Document) -> bool:
        warnings = document.get("status", {}).get("warnings", ())
        return synced(document) and any(f"may not {right}: needed " in warning for warning in warnings)

    return reports


def without_warnings(document: Document) -> bool:
    return synced(document) and not document["status"].get("warnings")


async def reported_at_readyz(controller: ControllerProcess, text: str, *codes: int) -> None:
    """Wait until /readyz?verbose contains `text`, with one of the codes; default is 200."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            status, body = await waiting.readiness(controller)
            if status in (codes or (200,)) and text in body:
                return


async def provoke(cluster: RbacCluster, case: KindCase, name: str, verb: str) -> None:
    """Change an application such that the controller uses the missing right."""
    admin = cluster.admin
    if verb == "delete":
        await admin.apply(*case.without_object(name))
    elif verb == "get":
        root = await admin.get(APPLICATION, name)
        assert root is not None
        for resource in root["status"]["resources"]:
            if resource["kind"] == case.kind.kind:
                await admin.patch(case.kind, resource["name"], {"metadata": {"annotations": {APPLIED: None}}})
    else:
        await admin.apply(*case.documents(name))


async def lose_and_regain(
    cluster: RbacCluster, needed: Rights, right: Right, case: KindCase, controller: ControllerProcess
) -> None:
    """An application that needs the right reports it, another one is synced, and the first recovers with the right."""
    name = f"{right.verb}-{right.resource[:20]}"
    admin, watched = cluster.admin, (cluster.namespaces.shop,)
    taken = {"template": {"spec": {"containers": [{"name": "a", "image": "b"}], "restartPolicy": "Never"}}}
    if right.verb == "get" and case.kind == JOB:  # read where its name is taken
        await admin.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": taken})
    elif right.verb in ("get", "delete"):
        await admin.apply(*case.documents(name))
        await admin.until(APPLICATION, name, synced)
    await cluster.take(right, needed, watched=watched)
    await provoke(cluster, case, name, "create" if right.verb == "get" and case.kind == JOB else right.verb)
    await admin.until(APPLICATION, name, lacks(right, case))
    await reported_at_readyz(controller, f"may not {right}: needed ")
    if case.by != "for every application":
        await admin.apply(*(TASK if case.kind == DEPLOYMENT else WORKER).documents(f"good-{name}"))
        await admin.until(APPLICATION, f"good-{name}", synced)
        await admin.delete(APPLICATION, f"good-{name}")
    await cluster.grant(needed, watched=watched)
    if cluster.local is None and right.verb == "delete" and case.workload_without_object:
        await absent_controllers.collect_garbage(admin, case.kind, name)
    regained = _conflicts if right.verb == "get" and case.kind == JOB else synced
    await admin.until(APPLICATION, name, regained)
    await admin.delete(APPLICATION, name)


def _conflicts(document: Document) -> bool:
    return "already exists" in message(document, "Synced")


def _cases(*left_out: str) -> list[Any]:
    """A kind for each purpose; all other kinds as slow tests."""
    quick = ("deployments", "ingresses", "componentinstances")
    plurals = [plural for plural in KIND_CASES if plural not in left_out]
    return [pytest.param(plural, marks=() if plural in quick else pytest.mark.slow) for plural in plurals]


@pytest.mark.parametrize("plural", _cases())
async def test_an_application_reports_a_missing_right_and_other_applications_continue(
    cluster: RbacCluster, catalog: Catalog, needed: Rights, plural: str
) -> None:
    if cluster.local is None and plural in OUTLIVING:
        pytest.skip("no controller rolls out Deployments or finalizes claims here")
    case, shop = KIND_CASES[plural], cluster.namespaces.shop
    await cluster.grant(needed, watched=(shop,))
    async with controlled(cluster, catalog) as controller:
        # a claim is deleted with its application only, which has no status then
        for verb in (verb for verb in VERBS if verb != "delete" or plural != "persistentvolumeclaims"):
            right = Right(verb, plural, case.kind.group, shop)
            await lose_and_regain(cluster, needed, right, case, controller)


@pytest.mark.parametrize("plural", _cases(*OWN))
async def test_an_object_of_an_unwatchable_kind_is_not_created_and_the_right_is_reported(
    cluster: RbacCluster, catalog: Catalog, needed: Rights, plural: str
) -> None:
    case, shop, admin = KIND_CASES[plural], cluster.namespaces.shop, cluster.admin
    right = Right("watch", plural, case.kind.group, shop)
    await cluster.grant(needed, watched=(shop,))
    await cluster.take(right, needed, watched=(shop,))
    await admin.apply(*case.documents("bad"), *(TASK if case.kind == DEPLOYMENT else WORKER).documents("good"))
    async with controlled(cluster, catalog) as controller:
        await admin.until(APPLICATION, "bad", lambda d: f"may not {right}: needed " in message(d, "Synced"))
        await admin.until(APPLICATION, "good", synced)
        await reported_at_readyz(controller, f"may not {right}: needed ")
        assert not await admin.list(case.kind, "app.kubernetes.io/managed-by=rudr,oam.dev/instance-name=bad")
        await cluster.grant(needed, watched=(shop,))
        await admin.until(APPLICATION, "bad", synced)


@pytest.mark.parametrize("plural", OWN)
async def test_without_rights_to_the_oam_kinds_the_controller_is_not_ready(
    cluster: RbacCluster, catalog: Catalog, needed: Rights, plural: str
) -> None:
    shop = cluster.namespaces.shop
    right = Right("watch", plural, CORE_GROUP, shop)
    await cluster.grant(needed, watched=(shop,))
    await cluster.take(right, needed, watched=(shop,))
    await cluster.admin.apply(*WORKER.documents("good"))
    async with controlled(cluster, catalog) as controller:
        await reported_at_readyz(controller, f"may not {right}: needed for every application; see rudr rbac", 500)
        await cluster.grant(needed, watched=(shop,))
        await cluster.admin.until(APPLICATION, "good", synced)
        await reported_at_readyz(controller, "readyz check passed")


@pytest.mark.parametrize(
    ("verb", "resource", "group"),
    [
        ("patch", "componentinstances/status", CORE_GROUP),
        ("patch", "healthscopes/status", CORE_GROUP),
        ("watch", "pods", ""),
    ],
)
async def test_a_missing_right_to_a_status_or_to_pods_is_a_warning(
    cluster: RbacCluster, catalog: Catalog, needed: Rights, verb: str, resource: str, group: str
) -> None:
    shop, admin = cluster.namespaces.shop, cluster.admin
    right = Right(verb, resource, group, shop)
    await cluster.grant(needed, watched=(shop,))
    await cluster.take(right, needed, watched=(shop,))
    async with controlled(cluster, catalog) as controller:
        await admin.apply(*KIND_CASES["healthscopes"].documents("groups"))
        if cluster.local is None:  # an instance without a rollout has no status yet
            await admin.until(DEPLOYMENT, "groups", bool)
            await absent_controllers.roll_out(admin, "groups")
        await admin.until(APPLICATION, "groups", warns(right))
        await reported_at_readyz(controller, f"may not {right}: needed ")
        await cluster.grant(needed, watched=(shop,))
        await admin.until(APPLICATION, "groups", without_warnings)


async def test_a_lost_right_to_watch_is_a_warning(cluster: RbacCluster, catalog: Catalog, needed: Rights) -> None:
    shop, admin = cluster.namespaces.shop, cluster.admin
    right = Right("watch", "deployments", "apps", shop)
    await cluster.grant(needed, watched=(shop,))
    async with controlled(cluster, catalog, watch_timeout=2):
        await admin.apply(*WORKER.documents("good"), *TASK.documents("task"))
        await admin.until(APPLICATION, "good", without_warnings)
        await cluster.take(right, needed, watched=(shop,))
        await admin.until(APPLICATION, "good", warns(right))
        await admin.until(APPLICATION, "task", without_warnings)
        await cluster.grant(needed, watched=(shop,))
        await admin.until(APPLICATION, "good", without_warnings)


@pytest.mark.parametrize(
    ("verb", "resource", "group"),
    [
        ("patch", "applicationconfigurations/status", CORE_GROUP),
        ("create", "applicationconfigurations", CORE_GROUP),
        ("create", "events", "events.k8s.io"),
        *(("create", plural, CORE_GROUP) for plural in DEFINITIONS),
        ("patch", "traits", CORE_GROUP),
        ("watch", "traits", CORE_GROUP),
    ],
)
async def test_a_missing_right_of_no_single_application_is_reported_at_readyz(
    cluster: RbacCluster, catalog: Catalog, needed: Rights, verb: str, resource: str, group: str
) -> None:
    shop, types, admin = cluster.namespaces.shop, cluster.namespaces.definitions, cluster.admin
    right = Right(verb, resource, group, types if resource in DEFINITIONS else shop)
    await cluster.grant(needed, watched=(shop,))
    await cluster.take(right, needed, watched=(shop,))
    await admin.apply(*WORKER.documents("good"), INVALID)
    async with controlled(cluster, catalog, root_scopes=True) as controller:
        await reported_at_readyz(controller, f"may not {right}: needed for ")
        if not resource.endswith("/status"):
            await admin.until(APPLICATION, "good", synced)
        await cluster.grant(needed, watched=(shop,))
        await admin.until(APPLICATION, "good", synced)
        if resource in DEFINITIONS:
            await cluster.at(types).until(Kind(API_VERSION, "Trait"), "ingress", bool)


@pytest.mark.parametrize("cluster", ["kube-apiserver"], indirect=True)
@pytest.mark.parametrize("resource", ["applicationconfigurations/finalizers", "componentinstances/finalizers"])
async def test_owner_permission_enforcement_requires_the_right_to_finalizers(
    cluster: RbacCluster, catalog: Catalog, needed: Rights, resource: str
) -> None:
    shop, admin = cluster.namespaces.shop, cluster.admin
    await cluster.grant(needed, watched=(shop,))
    await cluster.take(Right("update", resource, CORE_GROUP, shop), needed, watched=(shop,))
    await admin.apply(*WORKER.documents("good"))
    async with controlled(cluster, catalog):
        text = "may not update the finalizers of its owner: needed "
        await admin.until(APPLICATION, "good", lambda d: text in message(d, "Synced"))
        await cluster.grant(needed, watched=(shop,))
        await admin.until(APPLICATION, "good", synced)


async def test_missing_rights_to_an_admitted_kind_are_reported(
    cluster: RbacCluster, catalog: Catalog, needed: Rights
) -> None:
    shop, types, admin = cluster.namespaces.shop, cluster.namespaces.definitions, cluster.admin
    await admin.apply(GADGET)
    await admin.until(CRD, "gadgetry.toys.example", established)
    admin.discovery.invalidate()
    admitting = {**ADMITTING, "metadata": {"name": "gadget", "namespace": types}}
    component = {
        "apiVersion": API_VERSION,
        "kind": "ComponentSchematic",
        "metadata": {"name": "good"},
        "spec": {
            "workloadType": "toys.example/v1.Gadget",
            "workloadSettings": [{"name": "spec", "value": {"size": 1}}],
        },
    }
    await admin.apply(admitting, component, WORKER.documents("good")[1])
    await cluster.grant(needed, watched=(shop,))
    async with controlled(cluster, catalog):
        text = f"may not watch gadgetry.toys.example in namespace {shop}: needed by no installed type"
        await admin.until(APPLICATION, "good", lambda d: text in message(d, "Synced"))
        definition = parse_workload_type(admitting).value
        assert definition is not None
        more = rights.needed(catalog, root_scopes=True, further=[rights.admitted(definition)])
        await cluster.grant(more, watched=(shop,))
        await admin.until(APPLICATION, "good", synced)


@pytest.mark.parametrize("verb", ["get", "create", "update"])
async def test_without_a_right_to_the_lease_the_controller_stands_by_and_reports_it(
    cluster: RbacCluster, catalog: Catalog, verb: str
) -> None:
    shop, own, admin = cluster.namespaces.shop, cluster.namespaces.own, cluster.admin
    needed = rights.needed(catalog, leases=(rights.LEASE,))
    right = Right(verb, "leases", "coordination.k8s.io", own)
    await cluster.grant(needed, watched=(shop,))
    await cluster.take(right, needed, watched=(shop,))
    if verb == "update":
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "rudr-py"}}
        await cluster.at(own).apply(lease)
    await admin.apply(*WORKER.documents("good"))
    election = LeaderElection(
        namespace=own, identity="one", lease_duration=2 * SPEED, renew_deadline=1.5 * SPEED, retry_period=0.1 * SPEED
    )
    async with controlled(cluster, catalog, leader_election=election) as controller:
        await reported_at_readyz(controller, f"may not {right}: needed for leader election; see rudr rbac", 200, 500)
        await cluster.grant(needed, watched=(shop,))
        await admin.until(APPLICATION, "good", synced)
