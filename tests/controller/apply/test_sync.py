"""All objects of an application: in order; a failure stops what needs the object, and no deletion of anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.results import sync_result
from rudr_py.controller.results.result import Result
from rudr_py.controller.results.sync_result import SyncResult
from rudr_py.controller.state import inventory
from rudr_py.errors import Problem
from rudr_py.kube.live_object import LiveObject
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.identity import ObjectKey
from rudr_py.render import render
from rudr_py.render.status import status
from rudr_py.render.values.plan import Plan, PlannedObject

CONFIG_MAP = Kind("v1", "ConfigMap")


def of_instance(planned: PlannedObject, instance: str) -> PlannedObject:
    return PlannedObject(
        ref=planned.ref, body=planned.body, instance=instance, made_by=planned.made_by, owner="application"
    )


class App:
    """An application whose plan is written by hand, one ConfigMap for each instance unless said otherwise."""

    def __init__(self, bench: Any, live: LiveObject, config_map: Any) -> None:
        self.bench, self.live, self._config_map = bench, live, config_map
        self.stored: tuple[Mapping[str, Any], ...] = ()

    def plan(self, *names: str, colour: str = "green") -> Plan:
        """`a/one` is the ConfigMap `one` of the instance `a`."""
        manifests = [
            of_instance(self._config_map(name.partition("/")[2] or name, colour=colour), name.partition("/")[0])
            for name in names
        ]
        return Plan(manifests=tuple(manifests))

    async def sync(self, *names: str, colour: str = "green") -> SyncResult:
        synced: SyncResult = await self.bench.syncer.sync(self.live, self.plan(*names, colour=colour), self.stored)
        self.stored = synced.sync.resources
        return synced

    def recorded(self) -> set[str]:
        """The names of the objects that have been applied."""
        return {ref.name for ref, record in inventory.read(self.stored).items() if record.uid}


@pytest.fixture
async def app(bench: Any, config_map: Any) -> App:
    return App(bench, await bench.application(), config_map)


async def test_all_objects_are_created_and_recorded_and_then_not_written(app: App, spent: Any) -> None:
    spent.reset()
    synced = await app.sync("a", "b")
    assert (synced.sync.state, synced.sync.reason, synced.result) == ("True", "Synced", Result())
    assert app.recorded() == {"a", "b"}
    assert (await app.sync("a", "b")).sync == synced.sync
    assert spent() == ["PATCH configmaps/a", "PATCH configmaps/b"]


async def test_the_records_of_status_let_another_process_start_without_a_request(
    app: App, bench: Any, spent: Any
) -> None:
    await app.sync("a", "b")
    bench.state.applications.forget(ObjectKey("shop", "shop"))
    spent.reset()
    assert (await app.sync("a", "b")).sync.state == "True"
    assert spent() == []


async def test_a_kind_is_named_before_it_is_applied_for_the_first_time_only(app: App, bench: Any) -> None:
    intent = bench.syncer.intent(app.live, app.plan("a"), ())
    assert intent == ({"apiVersion": "v1", "kind": "ConfigMap", "name": "a"},)
    assert bench.syncer.intent(app.live, app.plan("a", "b"), intent) is None


async def test_a_kind_that_every_process_watches_is_not_named_before_it_is_applied(app: App, bench: Any) -> None:
    bench.state.permanent_kinds = frozenset({CONFIG_MAP})
    plan = app.plan("a")
    assert bench.syncer.intent(app.live, plan, ()) is None
    unowned = tuple(msgspec.structs.replace(planned, owner="none") for planned in plan.manifests)
    plan = msgspec.structs.replace(plan, manifests=unowned)
    assert bench.syncer.intent(app.live, plan, ()) is not None, "nothing but the status names an object without owner"


async def test_a_refused_object_stops_no_object_that_does_not_need_it(app: App, faults: Faults, spent: Any) -> None:
    faults.refuse(403, Match(verb="patch", name="one"))
    spent.reset()
    synced = await app.sync("a/one", "a/two", "b/three")
    assert spent() == ["PATCH configmaps/one", "PATCH configmaps/two", "PATCH configmaps/three"]
    assert (synced.sync.state, synced.sync.reason, synced.result.retry) == ("False", "Forbidden", "slow")
    assert synced.sync.message == "configmap/one: Forbidden on order"


async def test_the_worst_failure_is_reported_first_and_the_most_urgent_determines_the_retry(
    app: App, faults: Faults
) -> None:
    faults.refuse(500, Match(verb="patch", name="a"))
    faults.refuse(403, Match(verb="patch", name="b"))
    synced = await app.sync("a", "b")
    assert (synced.sync.reason, synced.result.retry) == ("Forbidden", "backoff")
    assert synced.sync.message.splitlines() == [
        "configmap/b: Forbidden on order",
        "configmap/a: InternalError on order",
    ]


async def test_a_removed_object_is_deleted_although_an_object_of_another_instance_fails(
    app: App, bench: Any, faults: Faults
) -> None:
    await app.sync("a/one", "b/two")
    await bench.seen(CONFIG_MAP, "two")
    faults.refuse(500, Match(verb="patch", name="three"))
    synced = await app.sync("a/one", "a/three")
    assert synced.sync.message == "configmap/three: InternalError on order"
    assert await bench.cluster.get(CONFIG_MAP, "two") is None
    assert app.recorded() == {"one"}


async def test_an_object_is_kept_until_the_object_of_its_kind_that_replaces_it_is_applied(
    app: App, bench: Any, faults: Faults
) -> None:
    await app.sync("/a", "/b")
    await bench.seen(CONFIG_MAP, "b")
    faults.refuse(500, Match(verb="patch", name="c"))
    synced = await app.sync("/a", "/c")
    assert synced.sync.message.splitlines() == [
        "configmap/c: InternalError on order",
        "configmap/b is kept until configmap/c is applied",
    ]
    assert await bench.cluster.get(CONFIG_MAP, "b") is not None
    assert (await app.sync("/a", "/c")).sync.state == "True"
    assert await bench.cluster.get(CONFIG_MAP, "b") is None
    assert app.recorded() == {"a", "c"}


async def test_the_backoff_restarts_when_fewer_objects_fail(app: App, faults: Faults) -> None:
    faults.refuse(503, Match(verb="patch"), times=2)
    assert not (await app.sync("a", "b")).result.progress
    faults.refuse(503, Match(verb="patch", name="b"), times=2)
    assert (await app.sync("a", "b")).result.progress
    assert not (await app.sync("a", "b")).result.progress


async def test_nothing_is_deleted_while_the_application_cannot_be_read(app: App, bench: Any, faults: Faults) -> None:
    await app.sync("a/one", "b/two")
    await bench.seen(CONFIG_MAP, "two")
    faults.refuse(503, Match(verb="get", plural="applicationconfigurations"))
    assert (await app.sync("a/one")).sync.state == "False"
    assert await bench.cluster.get(CONFIG_MAP, "two") is not None
    assert (await app.sync("a/one")).sync.state == "True"
    assert await bench.cluster.get(CONFIG_MAP, "two") is None


async def test_an_object_that_cannot_be_pruned_is_reported(app: App, bench: Any, faults: Faults) -> None:
    await app.sync("a", "b")
    await bench.seen(CONFIG_MAP, "b")
    faults.refuse(403, Match(verb="delete", name="b"))
    synced = await app.sync("a")
    assert (synced.sync.state, synced.sync.reason, synced.result.retry) == ("False", "Forbidden", "slow")
    assert app.recorded() == {"a", "b"}


async def test_no_request_is_sent_while_the_server_asks_for_a_pause(app: App, faults: Faults, spent: Any) -> None:
    faults.refuse(429, Match(verb="patch"), retry_after=7)
    spent.reset()
    synced = await app.sync("a", "b", "c")
    assert spent() == ["PATCH configmaps/a"]
    assert (synced.result.retry, synced.result.hold) == ("backoff", 7.0)


async def test_in_a_terminating_namespace_no_further_request_is_sent(app: App, bench: Any, spent: Any) -> None:
    """One refused create tells it; nothing else is tried, and the next look is a minute away."""
    await app.sync("kept")
    await bench.cluster.patch(CONFIG_MAP, "kept", {"metadata": {"finalizers": ["example.com/hold"]}})
    await bench.cluster.delete(Kind("v1", "Namespace"), "shop")
    await bench.seen(CONFIG_MAP, "kept")
    spent.reset()
    synced = await app.sync("a", "b", "c")
    assert spent() == ["PATCH configmaps/a"]
    assert (synced.sync.reason, synced.result.error) == ("NamespaceTerminating", "")
    assert synced.result.resync_after == 60.0


async def test_an_object_that_waits_for_its_owner_is_retried(app: App, bench: Any) -> None:
    plan = app.plan("a")
    waiting = PlannedObject(
        ref=plan.manifests[0].ref, body=plan.manifests[0].body, instance="a", made_by="", owner="instance"
    )
    instance = type(
        "Instance",
        (),
        {
            "name": "a",
            "owner": Ref(Kind("core.oam.dev/v1alpha1", "ComponentInstance"), "a"),
            "reads": frozenset(),
            "traits": (),
            "held": (),
            "waits": (),
        },
    )
    plan = Plan(manifests=(waiting,), instances=(instance(),))
    synced = await bench.syncer.sync(app.live, plan, ())
    assert (synced.sync.reason, synced.result) == ("Waiting", Result(resync_after=60.0))


async def test_an_absent_kind_is_reported_and_the_other_objects_are_created(app: App, bench: Any) -> None:
    plan = app.plan("b")
    moon = Ref(Kind("example.com/v1", "Moon"), "luna")
    metadata = {"name": "luna", "namespace": "shop", "labels": {}}
    body = {"apiVersion": "example.com/v1", "kind": "Moon", "metadata": metadata}
    absent = PlannedObject(ref=moon, body=body, instance="a", made_by="test", owner="application")
    synced = await bench.syncer.sync(app.live, Plan(manifests=(absent, *plan.manifests)), ())
    assert (synced.sync.reason, synced.result.error) == ("KindUnavailable", "")
    assert await bench.cluster.get(CONFIG_MAP, "b") is not None


async def test_a_request_without_an_answer_fails_one_object(app: App, faults: Faults, spent: Any) -> None:
    faults.hang_up(Match(verb="patch", name="a"))
    spent.reset()
    synced = await app.sync("a", "b")
    assert (synced.sync.reason, synced.result.retry) == ("Unreachable", "backoff")
    assert spent()[-1] == "PATCH configmaps/b"
    assert app.recorded() == {"b"}


async def test_a_lost_connection_ends_the_reconcile(app: App, faults: Faults) -> None:
    faults.hang_up(times=2)
    synced = await app.sync("a", "b")
    assert (synced.sync.reason, synced.result.retry) == ("Unreachable", "backoff")
    assert "configmap/b" not in synced.sync.message


@pytest.mark.parametrize(("reason", "retry"), [(render.INVALID, "never"), (render.PLUGIN_FAILED, "slow")])
def test_invalid_documents_wait_for_a_change_and_failed_plugins_for_a_retry(reason: str, retry: str) -> None:
    before = status.PreviousStatus(resources=({"name": "kept"},))
    synced = sync_result.untouched(Plan(problems=(Problem("wrong"),), reason=reason), before)
    assert synced.result.retry == retry
    assert (synced.sync.state, synced.sync.resources) == ("Unknown", before.resources)
