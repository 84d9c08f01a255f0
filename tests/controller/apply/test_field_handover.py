"""Fields that are left to others keep their values, and come back."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Path, Ref
from rudr_py.controller.apply.desired import complete
from rudr_py.controller.apply.field_handover import Handover
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube.live_object import LiveObject
from rudr_py.render.values.plan import PlannedObject

DEPLOYMENT = Kind("apps/v1", "Deployment")
REPLICAS: Path = ("spec", "replicas")
NAME = "deployments/web"
Document = dict[str, Any]


def deployment(replicas: int | None, *, image: str = "a:1") -> PlannedObject:
    """A planned Deployment; without replicas, they are left to others."""
    labels = {"app.kubernetes.io/managed-by": "rudr", "app.kubernetes.io/name": "shop"}
    pods = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": image}]}}
    spec: Document = {"selector": {"matchLabels": {"app": "web"}}, "template": pods}
    spec |= {"replicas": replicas} if replicas is not None else {}
    head = {"name": "web", "namespace": "shop", "labels": labels}
    return PlannedObject(
        ref=Ref(DEPLOYMENT, "web"),
        body={"apiVersion": "apps/v1", "kind": "Deployment", "metadata": head, "spec": spec},
        instance="",
        made_by="test",
        owner="application",
        handover=() if replicas is not None else (REPLICAS,),
    )


@pytest.fixture
async def owner(bench: Any) -> LiveObject:
    bench.sources.watch([DEPLOYMENT])
    await bench.sources.wait([DEPLOYMENT])
    live: LiveObject = await bench.application()
    return live


async def now(bench: Any) -> Document:
    found: Document = await bench.cluster.get(DEPLOYMENT, "web")
    return found


def holders(document: Document) -> set[str]:
    """Who owns replicas."""
    entries = document["metadata"]["managedFields"]
    return {entry["manager"] for entry in entries if "f:replicas" in entry["fieldsV1"].get("f:spec", {})}


async def test_a_released_field_keeps_its_live_value(bench: Any, owner: LiveObject, spent: Any) -> None:
    record = await bench.ensure(deployment(5), owner)
    spent.reset()
    await bench.ensure(deployment(None), owner, record)
    assert spent() == [f"GET {NAME}", f"PATCH {NAME}", f"PATCH {NAME}"]
    found = await now(bench)
    assert found["spec"]["replicas"] == 5
    assert holders(found) == {"rudr-handover"}


async def test_a_change_of_a_released_field_by_its_next_owner_causes_no_write(
    bench: Any, owner: LiveObject, spent: Any
) -> None:
    record = await bench.ensure(deployment(None), owner, await bench.ensure(deployment(5), owner))
    await bench.cluster.patch(DEPLOYMENT, "web", {"spec": {"replicas": 7}}, manager="tester-autoscaler")
    await bench.seen(DEPLOYMENT, "web")
    spent.reset()
    await bench.ensure(deployment(None), owner, record)
    assert spent() == []
    record = await bench.ensure(deployment(None, image="a:2"), owner, record)
    assert (await now(bench))["spec"]["replicas"] == 7


async def test_a_field_that_is_rendered_again_is_released_by_the_hand_over_manager(
    bench: Any, owner: LiveObject
) -> None:
    record = await bench.ensure(deployment(None), owner, await bench.ensure(deployment(5), owner))
    await bench.ensure(deployment(3), owner, record)
    found = await now(bench)
    assert found["spec"]["replicas"] == 3
    assert holders(found) == {"rudr"}
    assert "rudr-handover" not in {entry["manager"] for entry in found["metadata"]["managedFields"]}


async def test_a_return_of_a_field_that_a_killed_process_began_is_completed(
    bench: Any, owner: LiveObject, spent: Any
) -> None:
    """It had applied our value, and had not let the other manager go."""
    record = await bench.ensure(deployment(3), owner)
    held = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 3}}
    target = await bench.cluster.target(DEPLOYMENT, "web")
    await bench.client.apply(target, msgspec.json.encode(held), "rudr-handover")
    await bench.seen(DEPLOYMENT, "web")
    spent.reset()
    assert await bench.ensure(deployment(3), owner, record) == record
    assert spent() == [f"PATCH {NAME}"]
    await bench.seen(DEPLOYMENT, "web")
    assert holders(await now(bench)) == {"rudr"}
    spent.reset()
    await bench.ensure(deployment(3), owner, record)
    assert spent() == []


async def test_an_autoscaler_that_takes_the_field_during_its_return_is_detected(bench: Any, owner: LiveObject) -> None:
    """It took the field between our apply and our letting go: the digest is that of our apply."""
    record = await bench.ensure(deployment(None), owner, await bench.ensure(deployment(5), owner))
    send = bench.client.transport.send

    async def slow(request: Any) -> Any:
        if ("fieldManager", "rudr-handover") in request.query:
            bench.client.transport.send = send
            await bench.cluster.patch(DEPLOYMENT, "web", {"spec": {"replicas": 7}}, manager="tester-autoscaler")
        return await send(request)

    bench.client.transport.send = slow
    bench.triggered.clear()
    record = await bench.ensure(deployment(3), owner, record)
    await bench.until(lambda: bench.triggered)
    await bench.seen(DEPLOYMENT, "web")
    await bench.ensure(deployment(3), owner, record)
    assert (await now(bench))["spec"]["replicas"] == 3


async def test_a_field_of_another_manager_is_not_handed_over(bench: Any, owner: LiveObject, spent: Any) -> None:
    record = await bench.ensure(deployment(None), owner)
    spent.reset()
    await bench.ensure(deployment(None, image="a:2"), owner, AppliedRecord(record.ref, record.uid))
    assert spent() == [f"PATCH {NAME}"]
    assert "rudr-handover" not in {entry["manager"] for entry in (await now(bench))["metadata"]["managedFields"]}


async def test_another_field_than_replicas_is_read_once_for_the_same_fields(
    bench: Any, owner: LiveObject, spent: Any
) -> None:
    both = (REPLICAS, ("spec", "paused"))
    record = await bench.ensure(deployment(None), owner)
    for image, requests in (("a:2", [f"GET {NAME}", f"PATCH {NAME}"]), ("a:3", [f"PATCH {NAME}"])):
        spent.reset()
        planned = msgspec.structs.replace(deployment(None, image=image), handover=both)
        record = await bench.ensure(planned, owner, record)
        assert spent() == requests


async def test_a_field_is_released_although_the_cache_does_not_have_its_apply_yet(
    bench: Any, owner: LiveObject, spent: Any
) -> None:
    """Another process of the controller has applied a number of replicas meanwhile."""
    record = await bench.ensure(deployment(None), owner)
    record = await bench.ensure(deployment(None, image="a:2"), owner, record)
    bench.sources.stop()
    await asyncio.sleep(0)
    applied = {**deployment(5, image="a:2").body}
    target = await bench.cluster.target(DEPLOYMENT, "web")
    await bench.client.apply(target, msgspec.json.encode(applied), "rudr")
    await bench.ensure(deployment(None, image="a:3"), owner, record)
    live = await now(bench)
    assert (live["spec"]["replicas"], holders(live)) == (5, {"rudr-handover"})


async def test_a_second_field_is_released_without_the_first_one_being_reset(bench: Any, owner: LiveObject) -> None:
    record = await bench.ensure(deployment(5), owner)
    record = await bench.ensure(deployment(None), owner, record)
    paused = deployment(None)
    paused.body["spec"]["paused"] = True
    record = await bench.ensure(paused, owner, record)
    both = msgspec.structs.replace(deployment(None), handover=(REPLICAS, ("spec", "paused")))
    await bench.ensure(both, owner, record)
    spec = (await now(bench))["spec"]
    assert (spec["replicas"], spec["paused"]) == (5, True)


async def test_a_default_that_is_cleared_is_given_up_after_a_kill_too(bench: Any, owner: LiveObject) -> None:
    """The hand-over manager holds the strategy, because the controller was killed before it gave that up."""
    record = await bench.ensure(deployment(None), owner, await bench.ensure(deployment(5), owner))
    target = await bench.cluster.target(DEPLOYMENT, "web")
    desired = complete(planned_strategy("Recreate"), owner)
    handover = Handover(bench.client)
    await handover.clear(target, desired, await now(bench), ("spec", "strategy"))
    await bench.seen(DEPLOYMENT, "web")
    record = await bench.ensure(planned_strategy("Recreate"), owner, record)
    await bench.ensure(deployment(None, image="a:2"), owner, record)
    found = await now(bench)
    assert found["spec"]["strategy"]["type"] == "RollingUpdate"
    assert (found["spec"]["replicas"], holders(found)) == (5, {"rudr-handover"})


def planned_strategy(name: str) -> PlannedObject:
    planned = deployment(None)
    spec = {**planned.body["spec"], "strategy": {"type": name}}
    return msgspec.structs.replace(planned, body={**planned.body, "spec": spec})
