"""The finalizer and what goes with an application: in order, told when it cannot be done, never for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import finalizer
from rudr_py.controller.apply.finalizer import FINALIZER, Finalizer
from rudr_py.controller.results.failures import WaitingError
from rudr_py.controller.results.result import Result
from rudr_py.kube.live_object import LiveObject
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.kinds import APPLICATION
from rudr_py.render.values.plan import Plan, PlannedObject

Document = dict[str, Any]
CONFIG_MAP = Kind("v1", "ConfigMap")


def always(_ref: Ref, _instance: str) -> bool:
    """Documents that delete every object."""
    return True


def never(_ref: Ref, _instance: str) -> bool:
    """Documents that delete nothing."""
    return False


@pytest.fixture
def reclaimer(bench: Any) -> Finalizer:
    return Finalizer(bench.cached, bench.state, bench.recorder)


@pytest.fixture
def kept(config_map: Callable[..., PlannedObject]) -> PlannedObject:
    """Something without owner that goes with the application."""
    return msgspec.structs.replace(config_map(), owner="none", reclaim=True)


async def guarded(bench: Any, reclaimer: Finalizer, kept: PlannedObject) -> LiveObject:
    """An application with the finalizer, whose object is there."""
    application = await bench.application()
    await reclaimer.guard(application, Plan(manifests=(kept,)))
    await bench.ensure_owned(kept, None, application, None)
    await bench.seen(CONFIG_MAP, "settings")
    found: LiveObject = await bench.seen(APPLICATION, "shop")
    return found


async def ending(bench: Any, propagation: str = "Background") -> LiveObject:
    """The application after the user has deleted it."""
    await bench.cluster.delete(APPLICATION, "shop", propagation=propagation)
    await bench.until(lambda: (one := bench.state.get(APPLICATION, "shop", "shop")) is None or one.deleting)
    found: LiveObject = await bench.seen(APPLICATION, "shop")
    return found


async def finalizers(bench: Any) -> list[str] | None:
    found = await bench.cluster.get(APPLICATION, "shop")
    return None if found is None else found["metadata"].get("finalizers", [])


async def test_the_finalizer_is_added_with_the_first_object_and_removed_with_the_last_plan_of_one(
    bench: Any, reclaimer: Finalizer, kept: PlannedObject, spent: Any
) -> None:
    application = await guarded(bench, reclaimer, kept)
    assert await finalizers(bench) == [FINALIZER]
    spent.reset()
    await reclaimer.guard(application, Plan(manifests=(kept,)))
    await reclaimer.release(application, Plan(manifests=(kept,)))
    assert spent() == []

    await reclaimer.release(application, Plan())
    assert await finalizers(bench) == []
    assert await bench.cluster.get(CONFIG_MAP, "settings") is not None


async def test_an_object_stays_if_the_documents_do_not_delete_it_even_if_its_annotation_does(
    bench: Any, reclaimer: Finalizer, kept: PlannedObject
) -> None:
    await guarded(bench, reclaimer, kept)
    assert (await reclaimer.end(await ending(bench), never)) == Result()
    assert await finalizers(bench) is None
    assert await bench.cluster.get(CONFIG_MAP, "settings") is not None
    (event,) = [one for one in await bench.events() if one["reason"] == "ObjectKept"]
    assert event["note"] == "configmap/settings is kept: the application's documents do not delete it"


async def test_nothing_is_deleted_by_a_document_that_has_changed_since_it_was_read(
    bench: Any, reclaimer: Finalizer, kept: PlannedObject
) -> None:
    await guarded(bench, reclaimer, kept)
    application = await ending(bench)
    stale = msgspec.structs.replace(application, generation=application.generation - 1)
    assert (await reclaimer.end(stale, always)).retry == "backoff"
    assert await finalizers(bench) == [FINALIZER]
    assert await bench.cluster.get(CONFIG_MAP, "settings") is not None


async def test_without_an_object_to_reclaim_no_request_is_sent(
    bench: Any, reclaimer: Finalizer, config_map: Any, spent: Any
) -> None:
    application = await bench.application()
    spent.reset()
    await reclaimer.guard(application, Plan(manifests=(config_map(),)))
    await reclaimer.release(application, Plan(manifests=(config_map(),)))
    assert (await reclaimer.end(application, always)) == Result()
    assert spent() == []


async def test_finalizers_of_other_managers_stay(bench: Any, reclaimer: Finalizer, kept: PlannedObject) -> None:
    application = await bench.application()
    await bench.cluster.patch(APPLICATION, "shop", {"metadata": {"finalizers": ["example.com/theirs"]}})
    await reclaimer.guard(application, Plan(manifests=(kept,)))
    assert await finalizers(bench) == ["example.com/theirs", FINALIZER]
    await reclaimer.release(await bench.seen(APPLICATION, "shop"), Plan())
    assert await finalizers(bench) == ["example.com/theirs"]


async def test_an_ending_application_deletes_the_objects_that_its_documents_delete(
    bench: Any, reclaimer: Finalizer, kept: PlannedObject
) -> None:
    await guarded(bench, reclaimer, kept)
    assert (await reclaimer.end(await ending(bench), always)) == Result()
    assert await bench.cluster.get(CONFIG_MAP, "settings") is None
    assert await finalizers(bench) is None


@pytest.mark.parametrize("status", [403, 422])
async def test_an_object_that_may_not_be_deleted_is_reported_and_does_not_block_the_deletion(
    bench: Any, reclaimer: Finalizer, kept: PlannedObject, faults: Faults, status: int
) -> None:
    await guarded(bench, reclaimer, kept)
    faults.refuse(status, Match(verb="delete", name="settings"), times=9)
    assert (await reclaimer.end(await ending(bench), always)) == Result()
    assert await finalizers(bench) is None
    (event,) = [one for one in await bench.events() if one["reason"] == "ReclaimFailed"]
    assert "configmap/settings" in event["note"]
    assert await bench.cluster.get(CONFIG_MAP, "settings") is not None


async def test_a_deletion_is_retried_after_a_failure_of_the_server(
    bench: Any, reclaimer: Finalizer, kept: PlannedObject, faults: Faults
) -> None:
    await guarded(bench, reclaimer, kept)
    faults.refuse(503, Match(verb="delete", name="settings"), times=1)
    application = await ending(bench)
    assert (await reclaimer.end(application, always)).retry == "backoff"
    assert await finalizers(bench) == [FINALIZER]
    assert (await reclaimer.end(application, always)) == Result()
    assert await finalizers(bench) is None


async def test_another_object_of_the_same_name_is_not_deleted(
    bench: Any, reclaimer: Finalizer, kept: PlannedObject
) -> None:
    await guarded(bench, reclaimer, kept)
    application = await ending(bench)
    stale = bench.state.get(CONFIG_MAP, "shop", "settings")
    await bench.cluster.delete(CONFIG_MAP, "settings")
    await bench.unseen(CONFIG_MAP, "settings")
    await bench.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}})
    bench.state.cache(CONFIG_MAP, "shop").wrote(msgspec.structs.replace(stale, resource_version="999999"))
    assert (await reclaimer.end(application, always)) == Result()
    assert await bench.cluster.get(CONFIG_MAP, "settings") is not None


@pytest.mark.parametrize("way", ["orphan", "keep"])
async def test_objects_are_kept_by_an_orphaning_deletion_and_on_request(
    bench: Any, reclaimer: Finalizer, kept: PlannedObject, way: str
) -> None:
    await guarded(bench, reclaimer, kept)
    application = await ending(bench, "Orphan" if way == "orphan" else "Background")
    assert (await reclaimer.end(application, always, keep=way == "keep")) == Result()
    assert await bench.cluster.get(CONFIG_MAP, "settings") is not None
    assert FINALIZER not in (await finalizers(bench) or [])


async def test_no_finalizer_is_added_to_an_application_under_deletion(
    bench: Any, reclaimer: Finalizer, kept: PlannedObject
) -> None:
    application = await bench.application()
    await bench.cluster.patch(APPLICATION, "shop", {"metadata": {"finalizers": ["example.com/theirs"]}})
    await bench.cluster.delete(APPLICATION, "shop")
    with pytest.raises(WaitingError):
        await reclaimer.guard(application, Plan(manifests=(kept,)))


async def test_a_finalizer_that_may_not_be_written_stops_the_application(
    bench: Any, reclaimer: Finalizer, kept: PlannedObject, faults: Faults
) -> None:
    application = await bench.application()
    faults.refuse(403, Match(verb="patch", name="shop"), times=9)
    with pytest.raises(errors.ForbiddenError):
        await reclaimer.guard(application, Plan(manifests=(kept,)))
    synced = await bench.syncer.sync(application, Plan(manifests=(kept,)), ())
    assert (synced.sync.state, synced.sync.reason) == ("False", "Forbidden")
    assert await bench.cluster.get(CONFIG_MAP, "settings") is None


async def test_a_finalizer_that_may_not_be_removed_is_reported_and_retried(
    bench: Any, reclaimer: Finalizer, kept: PlannedObject, faults: Faults
) -> None:
    await guarded(bench, reclaimer, kept)
    application = await ending(bench)
    faults.refuse(403, Match(verb="patch", name="shop"), times=1)
    assert (await reclaimer.end(application, always)).retry == "slow"
    (event,) = [one for one in await bench.events() if one["reason"] == "ReclaimFailed"]
    assert event["regarding"]["name"] == "shop"
    assert (await reclaimer.end(application, always)) == Result()
    assert await finalizers(bench) is None


def test_the_patch_of_a_correct_document_is_empty() -> None:
    document = {"metadata": {"resourceVersion": "7", "finalizers": [FINALIZER]}}
    assert finalizer.patch(document, add=frozenset({FINALIZER})) == []
    assert finalizer.patch({"metadata": {"resourceVersion": "7"}}, remove=finalizer.FINALIZERS) == []
