"""When an application is reconciled again: not without a change, also during the last reconcile, or a wake-up time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import msgspec
import pytest

from rudr_py import catalog as catalogs
from rudr_py.api import Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.controller.apply.removal.removals import Removal, RemovalRequest
from rudr_py.controller.reconciler import CLOCK_CHECK, ApplicationReconciler
from rudr_py.controller.results.result import Result
from rudr_py.controller.results.sync_result import SyncResult
from rudr_py.controller.watching.reports import Reports
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan
from tests.controller.inputs.test_snapshot import SHOP, Caches

Make = Callable[..., dict[str, Any]]


class Watched:
    """`Sources` whose kinds are all watched."""

    def __init__(self) -> None:
        self.reports = Reports(lambda _key, _seconds: None)

    async def complete(self, _namespace: str) -> None:
        return

    def ensure(self, *_arguments: Any) -> bool:
        return True

    def missing_rights(self, *_arguments: Any) -> tuple[str, ...]:
        return ()


class NoScopes:
    """`ScopeUpdates` without a scope."""

    def reconciled(self, *_arguments: Any) -> None:
        return

    def publish(self, *_arguments: Any) -> bool:
        return False


class Syncs:
    """A `Syncer` with nothing to apply: `during` runs in each sync, and `count` is their number."""

    def __init__(self) -> None:
        self.count = 0
        self.during: Callable[[], object] = lambda: None

    def intent(self, *_arguments: Any) -> None:
        return

    async def shortage(self, *_arguments: Any) -> None:
        return

    def begin(self, _application: Any, plan: Plan, request: RemovalRequest) -> Removal:
        return Removal(plan, request, 0.0)

    async def sync(self, *_arguments: Any) -> SyncResult:
        self.count += 1
        self.during()
        return SyncResult(SyncState(state="True", reason="Applied"), Result())

    def wait_for(self, *_arguments: Any) -> None:
        return


class Written:
    """A `StatusReporter` whose status is as stored."""

    async def announce(self, *_arguments: Any) -> None:
        return

    async def report(self, *_arguments: Any) -> Result:
        return Result()


@pytest.fixture
def caches(catalog: Catalog, application: Make, component: Make) -> Caches:
    """The application of a Worker."""
    filled = Caches(catalog)
    filled.put(component(workload="Worker"), 1, uid="c")
    filled.put(application(), 2, generation=1)
    return filled


@pytest.fixture
def syncs() -> Syncs:
    return Syncs()


@pytest.fixture
def reconciler(caches: Caches, syncs: Syncs) -> ApplicationReconciler:
    parts = cast("tuple[Any, ...]", (Watched(), caches.reader, NoScopes(), syncs, Written()))
    return ApplicationReconciler(caches.state, *parts)


def create_pod(caches: Caches, name: str) -> None:
    metadata = {"name": name, "labels": {labels.INSTANCE: "shop-web"}}
    caches.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}, 9, uid=name)


class Waking(Trait[dict[str, Any]]):
    """Changes after some seconds."""

    name = "waking"
    properties = {"type": "object", "properties": {"after": {"type": "number"}}}  # noqa: RUF012 - as authors write it

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        return Rendered(wake_at=ctx.now + timedelta(seconds=ctx.properties["after"]))


@pytest.mark.parametrize(("after", "expected"), [(60.0, 60.0), (86400.0, CLOCK_CHECK)])
async def test_a_wake_up_time_is_checked_every_ten_minutes_because_the_wall_clock_may_be_set(
    catalog: Catalog, application: Make, component: Make, syncs: Syncs, after: float, expected: float
) -> None:
    types = {**catalog.traits, "waking": catalogs.offer(Waking(), package="acme 1.0")}
    caches = Caches(msgspec.structs.replace(catalog, traits=types))
    caches.put(component(workload="Worker"), 1, uid="c")
    caches.put(application({"name": "waking", "properties": {"after": after}}), 2, generation=1)
    parts = cast("tuple[Any, ...]", (Watched(), caches.reader, NoScopes(), syncs, Written()))
    for count in (1, 2):
        result = await ApplicationReconciler(caches.state, *parts).reconcile(SHOP)
        assert (result, syncs.count) == (Result(requeue_after=expected), count)


async def test_a_reconcile_without_any_change_is_skipped(reconciler: ApplicationReconciler, syncs: Syncs) -> None:
    for _ in range(3):
        assert await reconciler.reconcile(SHOP) == Result()
    assert syncs.count == 1


async def test_a_change_of_an_object_after_a_reconcile_prevents_the_skip(
    reconciler: ApplicationReconciler, syncs: Syncs, caches: Caches
) -> None:
    await reconciler.reconcile(SHOP)
    create_pod(caches, "shop-web-1")
    await reconciler.reconcile(SHOP)
    assert syncs.count == 2


async def test_a_change_of_an_object_during_a_reconcile_prevents_the_skip(
    reconciler: ApplicationReconciler, syncs: Syncs, caches: Caches
) -> None:
    """The sync has read the objects before the change, so it may not be the last one."""
    syncs.during = lambda: create_pod(caches, "shop-web-1")
    await reconciler.reconcile(SHOP)
    syncs.during = lambda: None
    await reconciler.reconcile(SHOP)
    assert syncs.count == 2
    await reconciler.reconcile(SHOP)
    assert syncs.count == 2
