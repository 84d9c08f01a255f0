"""What is deleted, what never is, and what it costs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import prune
from rudr_py.controller.apply.prune import PruneCandidate, Pruned
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube.live_object import LiveObject
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model import kinds
from rudr_py.render.values.plan import Plan, PlannedObject

CLAIM = Kind("v1", "PersistentVolumeClaim")
CONFIG_MAP = Kind("v1", "ConfigMap")
APPLICATION = "GET applicationconfigurations/shop"
HOLD = {"metadata": {"finalizers": ["example.com/hold"]}}


def ref(name: str) -> Ref:
    return Ref(CONFIG_MAP, name)


@pytest.fixture
async def owner(bench: Any, config_map: Any) -> LiveObject:
    """An application with the ConfigMaps `one` and `two`, which are not planned any more."""
    live: LiveObject = await bench.application()
    for name in ("one", "two"):
        await bench.ensure(config_map(name), live)
        await bench.seen(CONFIG_MAP, name)
    return live


def surplus(
    bench: Any, owner: LiveObject, *records: AppliedRecord, planned: frozenset[Ref] = frozenset()
) -> tuple[PruneCandidate, ...]:
    plan = Plan(manifests=tuple(PlannedObject(ref=ref, body={}, instance="", made_by="test") for ref in planned))
    return prune.schedule(bench.state, owner, plan, records).last


async def test_an_owned_object_that_is_not_planned_is_deleted_after_one_read_of_the_application(
    bench: Any, owner: LiveObject, spent: Any
) -> None:
    spent.reset()
    pruned = await bench.pruner.prune(owner, surplus(bench, owner, planned=frozenset([ref("two")])))
    assert pruned == Pruned(gone=frozenset([ref("one")]), deleted=frozenset([ref("one")]))
    assert spent() == [APPLICATION, "DELETE configmaps/one"]
    assert await bench.cluster.get(CONFIG_MAP, "one") is None
    assert await bench.cluster.get(CONFIG_MAP, "two") is not None


async def test_without_an_object_to_prune_no_request_is_sent(bench: Any, owner: LiveObject, spent: Any) -> None:
    spent.reset()
    planned = frozenset([ref("one"), ref("two")])
    assert await bench.pruner.prune(owner, surplus(bench, owner, planned=planned)) == Pruned()
    assert spent() == []


async def test_an_object_that_cannot_be_deleted_does_not_stop_other_deletions(
    bench: Any, owner: LiveObject, faults: Faults
) -> None:
    faults.refuse(403, Match(verb="delete", name="one"))
    pruned = await bench.pruner.prune(owner, surplus(bench, owner))
    assert pruned.gone == {ref("two")}
    (failure,) = pruned.failures
    assert (failure.kind, failure.reason) == ("refused", "Forbidden")
    assert failure.message.startswith("configmap/one: ")
    assert (await bench.pruner.prune(owner, surplus(bench, owner, planned=frozenset([ref("two")])))).failures == ()


async def test_an_object_that_has_just_changed_is_read_again(bench: Any, owner: LiveObject, spent: Any) -> None:
    found = surplus(bench, owner, planned=frozenset([ref("two")]))
    await bench.cluster.patch(CONFIG_MAP, "one", {"data": {"x": "y"}})
    spent.reset()
    assert (await bench.pruner.prune(owner, found)).gone == {ref("one")}
    assert spent() == [APPLICATION, "DELETE configmaps/one", "GET configmaps/one", "DELETE configmaps/one"]


async def test_an_object_that_changes_repeatedly_is_an_error_that_is_retried(
    bench: Any, owner: LiveObject, faults: Faults
) -> None:
    faults.refuse(409, Match(verb="delete", name="one"), times=2)
    pruned = await bench.pruner.prune(owner, surplus(bench, owner))
    assert [failure.kind for failure in pruned.failures] == ["error"]


async def test_an_object_that_another_owner_took_is_not_deleted(bench: Any, owner: LiveObject) -> None:
    found = surplus(bench, owner, planned=frozenset([ref("two")]))
    await bench.cluster.patch(CONFIG_MAP, "one", {"metadata": {"ownerReferences": None}})
    assert (await bench.pruner.prune(owner, found)).gone == {ref("one")}
    assert await bench.cluster.get(CONFIG_MAP, "one") is not None


async def test_another_object_of_the_same_name_is_not_deleted(bench: Any, owner: LiveObject, config_map: Any) -> None:
    found = surplus(bench, owner, planned=frozenset([ref("two")]))
    await bench.cluster.delete(CONFIG_MAP, "one")
    await bench.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}})
    assert (await bench.pruner.prune(owner, found)).gone == {ref("one")}
    assert await bench.cluster.get(CONFIG_MAP, "one") is not None


async def test_an_object_that_was_recreated_meanwhile_is_not_deleted(
    bench: Any, owner: LiveObject, config_map: Any
) -> None:
    """It is ours, and another than the one that is not planned any more."""
    found = surplus(bench, owner, planned=frozenset([ref("two")]))
    old = await bench.cluster.get(CONFIG_MAP, "one")
    await bench.cluster.delete(CONFIG_MAP, "one")
    kept = {name: old["metadata"][name] for name in ("name", "labels", "ownerReferences")}
    await bench.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": kept})
    assert (await bench.pruner.prune(owner, found)).gone == {ref("one")}
    assert await bench.cluster.get(CONFIG_MAP, "one") is not None


async def test_an_object_with_a_finalizer_is_awaited_without_a_request(
    bench: Any, owner: LiveObject, spent: Any
) -> None:
    await bench.cluster.patch(CONFIG_MAP, "one", HOLD)
    await bench.seen(CONFIG_MAP, "one")
    planned = frozenset([ref("two")])
    pruned = await bench.pruner.prune(owner, surplus(bench, owner, planned=planned))
    assert pruned == Pruned(deleted=frozenset([ref("one")]))
    await bench.seen(CONFIG_MAP, "one")
    spent.reset()
    for _ in range(3):
        assert await bench.pruner.prune(owner, surplus(bench, owner, planned=planned)) == Pruned()
    assert spent() == []
    bench.triggered.clear()
    await bench.cluster.patch(CONFIG_MAP, "one", {"metadata": {"finalizers": None}})
    await bench.unseen(CONFIG_MAP, "one")
    assert [str(key) for key in bench.triggered] == ["shop/shop"]
    record = AppliedRecord(ref("one"))
    assert (await bench.pruner.prune(owner, surplus(bench, owner, record, planned=planned))).gone == {ref("one")}


async def test_an_unwatched_object_with_a_finalizer_is_read_once_a_minute(
    bench: Any, owner: LiveObject, spent: Any
) -> None:
    record, planned = AppliedRecord(ref("one"), "uid"), frozenset([ref("two")])
    await bench.cluster.patch(CONFIG_MAP, "one", HOLD | {"metadata": {**HOLD["metadata"], "labels": None}})
    await bench.cluster.delete(CONFIG_MAP, "one")
    await bench.unseen(CONFIG_MAP, "one")
    spent.reset()
    for _ in range(3):
        assert await bench.pruner.prune(owner, surplus(bench, owner, record, planned=planned)) == Pruned()
    assert spent() == [APPLICATION, "GET configmaps/one"]
    bench.clock.jump(60.0)
    await bench.pruner.prune(owner, surplus(bench, owner, record, planned=planned))
    assert len(spent()) == 4


@pytest.mark.parametrize("change", ["spec", "deleted", "another"])
async def test_nothing_is_deleted_for_an_application_that_has_changed(
    bench: Any, owner: LiveObject, application: Any, change: str
) -> None:
    if change == "spec":
        await bench.cluster.apply(application(greeting="changed"))
    else:
        await bench.cluster.delete(kinds.APPLICATION, "shop")
    if change == "another":
        await bench.cluster.apply(application())
    pruned = await bench.pruner.prune(owner, surplus(bench, owner))
    assert pruned.gone == frozenset()
    assert [failure.kind for failure in pruned.failures] == ([] if change == "deleted" else ["error"])
    assert await bench.cluster.get(CONFIG_MAP, "one") is not None


async def test_a_record_of_an_object_that_is_absent_or_of_another_owner_is_dropped(
    bench: Any, owner: LiveObject
) -> None:
    await bench.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}})
    absent = Ref(Kind("example.com/v1", "Moon"), "luna")
    records = (AppliedRecord(ref("never made")), AppliedRecord(ref("theirs")), AppliedRecord(absent))
    found = surplus(bench, owner, *records, planned=frozenset([ref("one"), ref("two")]))
    assert (await bench.pruner.prune(owner, found)).gone == {ref("never made"), ref("theirs"), absent}
    assert await bench.cluster.get(CONFIG_MAP, "theirs") is not None


async def test_children_are_deleted_with_the_component_instance_that_owns_them(
    bench: Any, config_map: Any, spent: Any
) -> None:
    owner = await bench.application()
    instance = msgspec.structs.replace(config_map("web"), ref=Ref(kinds.COMPONENT_INSTANCE, "web"))
    instance.body.update(apiVersion=kinds.COMPONENT_INSTANCE.api_version, kind="ComponentInstance", spec={"traits": []})
    del instance.body["data"]
    await bench.ensure(instance, owner)
    await bench.ensure(config_map("child"), await bench.seen(kinds.COMPONENT_INSTANCE, "web"))
    await bench.seen(CONFIG_MAP, "child")
    found = surplus(bench, owner)
    assert {one.ref for one in found} == {Ref(kinds.COMPONENT_INSTANCE, "web"), ref("child")}
    spent.reset()
    await bench.pruner.prune(owner, found)
    assert spent() == [APPLICATION, "DELETE componentinstances/web"]


async def test_every_delete_has_preconditions_and_a_propagation_policy(
    bench: Any, owner: LiveObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    send = bench.client.transport.send

    async def watched(request: Any) -> Any:
        sent.append(request)
        return await send(request)

    monkeypatch.setattr(bench.client.transport, "send", watched)
    live = bench.state.get(CONFIG_MAP, "shop", "one")
    await bench.pruner.prune(owner, surplus(bench, owner, planned=frozenset([ref("two")])))
    (body,) = [msgspec.json.decode(request.body) for request in sent if request.method == "DELETE"]
    assert body["preconditions"] == {"uid": live.uid, "resourceVersion": live.resource_version}
    assert body["propagationPolicy"] == "Background"


async def test_a_delete_without_an_answer_ends_the_reconcile_only_if_the_application_cannot_be_read_either(
    bench: Any, owner: LiveObject, faults: Faults
) -> None:
    faults.hang_up(Match(verb="delete", name="one"), times=2)
    pruned = await bench.pruner.prune(owner, surplus(bench, owner))
    assert ([failure.reason for failure in pruned.failures], pruned.gone) == (["Unreachable"], {ref("two")})


async def test_a_reconcile_ends_when_the_application_cannot_be_read_after_a_delete_without_an_answer(
    bench: Any, owner: LiveObject, faults: Faults
) -> None:
    faults.delay(0.0, Match(verb="get", plural="applicationconfigurations"))
    faults.hang_up(times=9)
    pruned = await bench.pruner.prune(owner, surplus(bench, owner))
    assert [failure.reason for failure in pruned.failures] == ["Unreachable"]


@pytest.mark.parametrize("mounted", [True, False])
async def test_an_owned_claim_is_not_deleted_while_a_planned_pod_mounts_it(
    bench: Any, config_map: Any, mounted: bool
) -> None:
    bench.sources.watch([CLAIM])
    await bench.sources.wait([CLAIM])
    owner = await bench.application()
    claim = msgspec.structs.replace(config_map("data"), ref=Ref(CLAIM, "data"))
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim.body.update(kind="PersistentVolumeClaim", spec=spec)
    del claim.body["data"]
    await bench.ensure(claim, owner)
    await bench.seen(CLAIM, "data")
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}] if mounted else []
    workload = PlannedObject(
        ref=Ref(Kind("apps/v1", "Deployment"), "web"),
        body={"metadata": {"labels": {}}, "spec": {"template": {"spec": {"volumes": volumes}}}},
        instance="web",
        made_by="test",
    )
    schedule = prune.schedule(bench.state, owner, Plan(manifests=(workload,)), ())
    assert [one.ref.name for one in (schedule.in_use if mounted else schedule.last)] == ["data"]
    assert [one.ref.name for one in (schedule.last if mounted else schedule.in_use)] == []
