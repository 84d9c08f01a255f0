"""A change that Kubernetes cannot make in place replaces the object in a safe order, or is refused with advice."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from rudr_py import errors
from rudr_py.api import Kind, Ref, kstatus
from rudr_py.catalog import Catalog
from rudr_py.controller.apply import desired as desired_objects
from rudr_py.controller.apply.decide import Clear, Refuse, Replace
from rudr_py.controller.apply.replacement import immutable_fields
from rudr_py.kube import config, requests
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.transport import AioTransport
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.render.values.plan import PlannedObject
from rudr_py.testing.cluster import Cluster
from tests.e2e import apiserver, waiting
from tests.e2e.conftest import ASSETS, Server
from tests.e2e.documents import (
    APPLICATION,
    CLAIM,
    CRD,
    EVENT,
    application,
    component,
    condition,
    established,
    image,
    managers,
    message,
    observed,
    synced,
)
from tests.e2e.documents import DEPLOYMENT as DEPLOYMENT_KIND
from tests.e2e.documents import POD as POD_KIND
from tests.e2e.documents import STATEFUL_SET as SET
from tests.reliability import object_trait
from tests.reliability.immutable_changes import (
    APPLIED,
    CHANGES,
    CLASSES,
    CLEARED,
    DEPLOYMENT,
    JOB,
    OTHER_JOB,
    OTHER_SELECTOR,
    REFUSED,
    STATEFUL_SET,
    Body,
    Change,
    changed,
)
from tests.reliability.kubernetes_limits import LABELS, obj, service, template

CONFIG = obj("ConfigMap")
Decision = Replace | Clear | Refuse | None
Answers = dict[str, tuple[int, list[tuple[str, str]], Decision]]

# --- The table


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if not apiserver.present(ASSETS):
        pytest.skip("no kube-apiserver is available")
    with apiserver.running(ASSETS, tmp_path_factory.mktemp("immutable")) as started:
        yield started.kubeconfig


@contextlib.asynccontextmanager
async def connected(kubeconfig: Path) -> AsyncIterator[Cluster]:
    transport = AioTransport(await config.connect(str(kubeconfig)))
    try:
        yield Cluster(transport, "default", SystemClock())
    finally:
        await transport.close()


async def answers(cluster: Cluster) -> Answers:
    """For each change the status of the server, the causes of a refusal, and the decision of the controller."""
    await cluster.apply(*CLASSES)
    return {change.name: await answer(cluster, change) for change in CHANGES}


async def answer(cluster: Cluster, change: Change) -> tuple[int, list[tuple[str, str]], Decision]:
    kind = Kind(change.before["apiVersion"], change.before["kind"])
    target = await cluster.target(kind, "limits")
    live = await cluster.client.json(requests.apply(target, msgspec.json.encode(change.before), "rudr"))
    if change.status is not None:
        status = await cluster.target(kind, "limits", "status")
        await cluster.client.merge_patch(status, msgspec.json.encode({"status": change.status}), "controller")
    try:
        await cluster.client.json(requests.apply(target, msgspec.json.encode(change.after), "rudr", dry_run=True))
    except errors.ApiError as error:
        causes = [(cause.reason, cause.field) for cause in error.causes]
        return error.status, causes, decide(change.after, live, error)
    else:
        return 200, [], None
    finally:
        await cluster.delete(kind, "limits", propagation="Background")
        with contextlib.suppress(errors.ApiError):  # it is deleted already, or has no finalizers
            without = [{"op": "remove", "path": "/metadata/finalizers"}]
            await cluster.client.json_patch(target, msgspec.json.encode(without), "tester")
        await cluster.gone(kind, "limits")


def decide(body: Body, live: Body, error: errors.ApiError) -> Decision:
    ref = Ref(Kind(body["apiVersion"], body["kind"]), "limits")
    desired = desired_objects.complete(PlannedObject(ref=ref, body=body, instance="limits", made_by="test"), None)
    return immutable_fields.decide(desired, live, error)


def described(decision: Decision) -> str:
    match decision:
        case Replace(propagation=propagation):
            return propagation
        case Clear():
            return CLEARED
        case Refuse():
            return REFUSED
    return APPLIED


async def test_the_local_api_answers_the_changes_like_the_table(tmp_path: Path) -> None:
    async with LocalCluster(LocalSettings(controllers=frozenset())) as local:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(local.kubeconfig()))
        async with connected(kubeconfig) as cluster:
            assert unexpected(await answers(cluster)) == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_kube_apiserver_answers_like_the_table_and_with_the_causes_of_the_local_api(
    kubeconfig: Path, tmp_path: Path
) -> None:
    async with connected(kubeconfig) as cluster:
        real = await answers(cluster)
    assert unexpected(real) == []
    async with LocalCluster(LocalSettings(controllers=frozenset())) as local:
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(local.kubeconfig()))
        async with connected(tmp_path / "kubeconfig") as cluster:
            simulated = await answers(cluster)
    assert {name: outcome[:2] for name, outcome in simulated.items()} == {
        name: outcome[:2] for name, outcome in real.items()
    }


def unexpected(answers: Answers) -> list[str]:
    """The changes with another decision, or with other fields in its message, than the table has."""
    return [
        f"{change.name}: {answers[change.name]}"
        for change in CHANGES
        if described(answers[change.name][2]) != change.decision
        or (answers[change.name][0] < 400) != (change.decision == APPLIED)
        or not all(path in getattr(answers[change.name][2], "message", "") for path in change.paths)
    ]


# --- Applications


@pytest.fixture
def faults(cluster: Cluster, server: Server) -> Faults:
    """Faults of the local API."""
    assert server.local is not None
    return Faults(server.local.server)


@pytest.fixture(name="types")
def _types(catalog: Catalog) -> Catalog:
    return object_trait.with_objects(catalog)


def one(body: Body, **fields: Any) -> Body:
    """An application with this object, which has one label for its pods."""
    return application(object_trait.trait(changed(body, **fields) if fields else body))


def refused(document: Body) -> bool:
    return observed(document) and condition(document, "Synced") == "False"


def reason(document: Body) -> str:
    return str(kstatus.condition(document, "Synced")["reason"])


INSTANCE_LABELS = {"app.kubernetes.io/name": "shop", "oam.dev/instance-name": "shop-web", "set": "limits"}
"""Labels of the pods of an instance, by which the controller watches them."""


@pytest.mark.controllers
@pytest.mark.parametrize("labels", [LABELS, INSTANCE_LABELS], ids=["foreign labels", "labels of the instance"])
async def test_a_stateful_set_with_another_immutable_field_is_replaced_and_its_pods_stay_up(
    cluster: Cluster, types: Catalog, labels: Body
) -> None:
    stateful_set = changed(STATEFUL_SET, selector={"matchLabels": labels}, template=template(labels=labels))
    await cluster.apply(component(), one(stateful_set))
    async with cluster.controller(types):
        before = await cluster.until(POD_KIND, "limits-0", is_ready)
        await cluster.apply(one(stateful_set, serviceName="limits"))
        after = await cluster.until(SET, "limits", lambda d: d["spec"]["serviceName"] == "limits")
        await cluster.until(APPLICATION, "shop", synced)
        pod = await cluster.until(POD_KIND, "limits-0", lambda d: owner(d) == after["metadata"]["uid"])
        assert pod["metadata"]["uid"] == before["metadata"]["uid"]
        await cluster.until(SET, "limits", lambda d: d["status"].get("readyReplicas") == 1)
        revisions = await cluster.list(Kind("apps/v1", "ControllerRevision"))
        assert [owner(one) for one in revisions if "limits" in one["metadata"]["name"]] == [after["metadata"]["uid"]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(service(), service(clusterIP="None"), id="service"),
        pytest.param(
            {**CONFIG, "data": {"a": "1"}, "immutable": True},
            {**CONFIG, "data": {"a": "2"}, "immutable": True},
            id="config map",
        ),
    ],
)
async def test_an_object_with_another_immutable_field_is_replaced(
    cluster: Cluster, types: Catalog, before: Body, after: Body
) -> None:
    await check_replaced(cluster, types, before, after)


@pytest.mark.controllers
@pytest.mark.parametrize(
    ("before", "after"),
    [(JOB, changed(JOB, template=OTHER_JOB)), (DEPLOYMENT, changed(DEPLOYMENT, **OTHER_SELECTOR))],
    ids=["job", "deployment"],
)
async def test_an_object_with_pods_is_replaced_when_its_pods_have_ended(
    cluster: Cluster, types: Catalog, before: Body, after: Body
) -> None:
    await check_replaced(cluster, types, before, after)


async def check_replaced(cluster: Cluster, types: Catalog, before: Body, after: Body) -> None:
    kind = Kind(before["apiVersion"], before["kind"])
    await cluster.apply(component(), one(before))
    async with cluster.controller(types):
        first = await cluster.until(kind, "limits", bool)
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(one(after))
        second = await cluster.until(kind, "limits", lambda d: uid(d) != uid(first))
        await cluster.until(APPLICATION, "shop", synced)
        (event,) = [event for event in await cluster.list(EVENT) if event["reason"] == "Replacing"]
    assert contains(second, after)
    assert "is not possible in place" in event["note"]
    assert "from unset to unset" not in event["note"]


@pytest.mark.faults
async def test_an_object_is_kept_if_the_server_would_refuse_the_one_that_replaces_it(
    cluster: Cluster, types: Catalog, faults: Faults
) -> None:
    await cluster.apply(component(), one(service()))
    async with cluster.controller(types):
        first = await cluster.until(Kind("v1", "Service"), "limits", bool)
        faults.refuse(403, Match(verb="patch", plural="services", name="limits-rehearsal"), times=100)
        await cluster.apply(one(service(clusterIP="None")))
        await cluster.until(APPLICATION, "shop", lambda d: refused(d) and reason(d) == "Forbidden")
        kept = await cluster.get(Kind("v1", "Service"), "limits")
    assert kept is not None
    assert uid(kept) == uid(first)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"storage_class": "other"}, "spec.storageClassName from standard to other"),
        ({"required": "1G"}, "spec.resources.requests.storage from 2G to 1G"),
    ],
    ids=["class", "size"],
)
async def test_a_claim_is_kept_and_the_condition_states_what_to_do(
    cluster: Cluster, catalog: Catalog, server: Server, field: Body, text: str
) -> None:
    await cluster.apply(*with_volume())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        (created,) = await cluster.list(CLAIM)
        before = server.mark()
        await cluster.apply(*with_volume(**field))
        document = await cluster.until(APPLICATION, "shop", lambda d: refused(d) and reason(d) == "ImmutableField")
        assert text in message(document, "Synced")
        assert "change it back in the documents, or give the volume another name" in message(document, "Synced")
        await waiting.until_idle(cluster, server.mark, server.writes)
        sent = [write for write in server.writes(before) if "/persistentvolumeclaims/" in write]
        assert len(sent) == 1
        (kept,) = await cluster.list(CLAIM)
        assert uid(kept) == uid(created)
        await cluster.apply(*with_volume())
        await cluster.until(APPLICATION, "shop", synced)


@pytest.mark.controllers
async def test_a_claim_that_is_kept_does_not_hold_up_the_workload_that_mounts_it(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(*with_volume())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        document, changed_application = with_volume(storage_class="other")
        await cluster.apply(changed_application)
        await cluster.until(APPLICATION, "shop", lambda d: refused(d) and reason(d) == "ImmutableField")
        document["spec"]["containers"][0]["image"] = "registry.example/web:2"
        await cluster.apply(document)
        await cluster.until(DEPLOYMENT_KIND, "shop-web", lambda d: image(d) == "registry.example/web:2")


def with_volume(storage_class: str = "standard", required: str = "2G") -> tuple[Body, Body]:
    """A component with a volume, and an application that mounts it."""
    disk = {"required": required, "ephemeral": False}
    volume = {"name": "data", "mountPath": "/data", "sharingPolicy": "Shared", "disk": disk}
    document = component()
    document["spec"]["containers"][0]["resources"]["volumes"] = [volume]
    properties = {"volumeName": "data", "storageClass": storage_class}
    return document, application({"name": "volume-mounter", "properties": properties})


async def test_an_object_of_a_custom_kind_is_kept_and_its_refusal_is_not_repeated(
    cluster: Cluster, types: Catalog, server: Server
) -> None:
    await cluster.apply(object_trait.widgets())
    await cluster.until(CRD, "widgets.example.com", established)
    cluster.discovery.invalidate()
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "limits"}, "spec": {"zone": "a"}}
    await cluster.apply(component(), one(widget))
    async with cluster.controller(types):
        await cluster.until(APPLICATION, "shop", synced)
        before = server.mark()
        await cluster.apply(one(widget, zone="b", size=2))
        document = await cluster.until(APPLICATION, "shop", lambda d: refused(d) and reason(d) == "ImmutableField")
        assert "spec.zone" in message(document, "Synced")
        assert "give the instance another name" in message(document, "Synced")
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert len([write for write in server.writes(before) if "/widgets/limits?" in write]) == 1
        await cluster.apply(one(widget, size=2))
        await cluster.until(object_trait.WIDGET, "limits", lambda d: d["spec"].get("size") == 2)
    await cluster.delete(CRD, "widgets.example.com")


async def test_a_default_that_contradicts_a_desired_value_is_given_up(cluster: Cluster, types: Catalog) -> None:
    """`rollingUpdate`, which the server sets, is forbidden beside the strategy Recreate."""
    await cluster.apply(component(), one(DEPLOYMENT))
    async with cluster.controller(types):
        first = await cluster.until(DEPLOYMENT_KIND, "limits", bool)
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(one(DEPLOYMENT, strategy={"type": "Recreate"}))
        second = await cluster.until(DEPLOYMENT_KIND, "limits", lambda d: d["spec"]["strategy"] == {"type": "Recreate"})
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(one(DEPLOYMENT))
        await cluster.until(DEPLOYMENT_KIND, "limits", lambda d: d["spec"]["strategy"]["type"] == "RollingUpdate")
    last = await cluster.get(DEPLOYMENT_KIND, "limits")
    assert last is not None
    assert uid(first) == uid(second) == uid(last)
    assert ("rudr-handover", "Apply") not in managers(last)


def is_ready(document: Body) -> bool:
    return kstatus.condition(document, "Ready").get("status") == "True"


def uid(document: Body) -> str:
    return str(document["metadata"]["uid"])


def owner(document: Body) -> str:
    return next((str(each["uid"]) for each in document["metadata"].get("ownerReferences", [])), "")


def contains(live: Any, desired: Any) -> bool:
    if isinstance(desired, dict):
        return all(contains(live.get(key), value) for key, value in desired.items())
    if isinstance(desired, list):
        return all(map(contains, live, desired))
    return bool(live == desired)


# --- StatefulSets


BROKEN = {"annotations": {"local.rudr.dev/outcome": "image-pull-error"}}


def singleton(image: str, **metadata: Any) -> Body:
    document = component(workloadType="core.oam.dev/v1alpha1.SingletonServer")
    document["spec"]["containers"][0]["image"] = image
    document["metadata"] |= metadata
    return document


def blamed(document: Body) -> str:
    return str(kstatus.condition(document, "Ready").get("message"))


@pytest.mark.controllers
@pytest.mark.parametrize("first", [{}, BROKEN], ids=["rolled out once", "never ready"])
async def test_a_singleton_with_a_pod_of_a_broken_revision_rolls_out_a_corrected_template(
    cluster: Cluster, catalog: Catalog, first: Body
) -> None:
    await cluster.apply(singleton("registry.example/web:1", **first), application())
    async with cluster.controller(catalog):
        if not first:
            await cluster.until(POD_KIND, "shop-web-0", is_ready)
            await cluster.apply(singleton("registry.example/web:typo", **BROKEN))
        await cluster.until(APPLICATION, "shop", lambda d: "ImagePullBackOff" in blamed(d))
        broken = await cluster.get(POD_KIND, "shop-web-0")
        assert broken is not None
        await cluster.apply(singleton("registry.example/web:2"))
        await cluster.until(APPLICATION, "shop", lambda d: synced(d) and condition(d, "Ready") == "True")
        repaired = await cluster.get(POD_KIND, "shop-web-0")
        assert repaired is not None
        assert repaired["spec"]["containers"][0]["image"] == "registry.example/web:2"
        (event,) = [event for event in await cluster.list(EVENT) if event["reason"] == "RolloutUnblocked"]
    assert "pod/shop-web-0" in event["note"]
