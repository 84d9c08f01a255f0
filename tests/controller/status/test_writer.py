"""Status: written when it differs, at most once a second, never too large, and never without end."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py import errors
from rudr_py.controller.results.result import Result
from rudr_py.controller.status import writer
from rudr_py.controller.status.writer import OUR_FIELDS, REFUSED_INTERVAL, StatusRefusedError, StatusWriter
from rudr_py.kube.cached_client import CachedClient
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.kinds import APPLICATION

Document = dict[str, Any]
NOW = "2026-01-02T03:04:05Z"


def status(phase: str = "synced", **fields: Any) -> Document:
    conditions = [
        {"type": name, "status": "True", "reason": name, "message": "", "lastTransitionTime": NOW}
        for name in ("Valid", "Synced", "Ready")
    ]
    return {"observedGeneration": 1, "phase": phase, "conditions": conditions, **fields}


values = st.sampled_from(["x", ["x"], {"a": "x"}])
statuses = st.dictionaries(st.sampled_from(sorted(OUR_FIELDS)), values)


@given(statuses, st.dictionaries(st.sampled_from(["theirs", "other"]), values))
def test_fields_of_other_managers_do_not_make_a_status_different(wanted: Document, foreign: Document) -> None:
    assert writer.is_same({**foreign, **wanted}, wanted)


@given(statuses, statuses)
def test_a_status_that_lacks_a_field_or_has_another_value_is_not_the_same(stored: Document, wanted: Document) -> None:
    if stored != wanted:
        assert not writer.is_same(stored, wanted)


def test_rudrs_keys_in_the_component_map_do_not_make_a_status_different() -> None:
    wanted = status(components={"web": {"deployment/web": "running"}})
    stored = status(components={"web": {"deployment/web": "running", "service/web": "created"}, "old": {}})
    assert writer.is_same(stored, wanted)
    assert not writer.is_same(wanted, stored)


@pytest.mark.parametrize("stored", [None, "Add", 3, []])
def test_a_malformed_stored_status_is_different(stored: Any) -> None:
    assert not writer.is_same(stored, status())


async def test_a_status_is_written_once_and_is_in_the_cache_at_once(bench: Any, spent: Any) -> None:
    live = await bench.application()
    spent.reset()
    assert await bench.writer.write(live, status()) == Result(written=True)
    newer = bench.state.get(APPLICATION, "shop", "shop")
    assert newer.part("status")["phase"] == "synced"
    assert await bench.writer.write(newer, status()) == Result()
    assert spent() == ["PATCH applicationconfigurations/shop/status"]


async def test_a_status_is_written_at_most_once_a_second_unless_urgent(bench: Any, spent: Any) -> None:
    live = await bench.application()
    await bench.writer.write(live, status("Add"))
    live = bench.state.get(APPLICATION, "shop", "shop")
    spent.reset()
    bench.clock.jump(0.25)
    assert await bench.writer.write(live, status("Modify")) == Result(requeue_after=0.75)
    assert spent() == []
    assert (await bench.writer.write(live, status("Modify"), urgent=True)).written
    live = bench.state.get(APPLICATION, "shop", "shop")
    bench.clock.jump(1.0)
    assert (await bench.writer.write(live, status("synced"))).written


async def test_progress_is_written_after_thirty_intervals_and_compared_at_most_once_in_one(
    bench: Any, spent: Any
) -> None:
    await bench.writer.write(await bench.application(), status("Add"))
    live = bench.state.get(APPLICATION, "shop", "shop")
    bench.clock.jump(5.0)
    spent.reset()

    async def progress() -> Result:
        result: Result = await bench.writer.write(live, status("Modify"), is_progress=lambda _stored, _desired: True)
        return result

    assert bench.writer.pause(live.uid) == 0.0
    assert await progress() == Result(requeue_after=25.0)
    assert bench.writer.pause(live.uid) == 1.0
    assert spent() == []
    bench.clock.jump(25.0)
    assert (await progress()).written


async def test_a_result_does_not_wait_for_the_interval_of_progress(bench: Any) -> None:
    await bench.writer.write(await bench.application(), status("Add"))
    live = bench.state.get(APPLICATION, "shop", "shop")
    bench.clock.jump(1.5)
    await bench.writer.write(live, status("Modify"), is_progress=lambda _stored, _desired: True)
    assert (await bench.writer.write(live, status("synced"))).written


async def test_the_status_of_a_deleted_object_is_not_written(bench: Any) -> None:
    live = await bench.application()
    await bench.cluster.delete(APPLICATION, "shop")
    assert await bench.writer.write(live, status()) == Result(written=False)


async def test_a_status_that_the_server_alters_is_not_written_repeatedly(bench: Any, spent: Any) -> None:
    """Another manager owns a map that we do not want there: our apply cannot remove it."""
    live = await bench.application()
    patch = {"apiVersion": live.api_version, "kind": live.kind, "metadata": {"name": "shop"}}
    theirs = {**patch, "status": {"components": {"old": {"deployment/old": "running"}}}}
    target = await bench.cluster.target(APPLICATION, "shop", "status")
    await bench.client.apply(target, msgspec.json.encode(theirs), "tester")
    live = await bench.seen(APPLICATION, "shop")
    spent.reset()
    for _ in range(3):
        await bench.writer.write(bench.state.get(APPLICATION, "shop", "shop"), status())
        bench.clock.jump(2.0)
    assert spent() == ["PATCH applicationconfigurations/shop/status"]


async def test_two_controllers_that_replace_each_others_status_write_it_less_and_less_often(
    bench: Any, spent: Any
) -> None:
    """They have different plugins and no election. Each transition of a condition has a new time."""
    client = CachedClient(bench.client, bench.discovery, bench.state.cache_of)
    writers = {phase: StatusWriter(client, bench.clock, 1.0) for phase in ("Add", "synced")}
    await bench.application()
    spent.reset()
    for second in range(3600):
        for phase, status_writer in writers.items():
            desired = status(phase)
            desired["conditions"][0]["lastTransitionTime"] = f"2026-01-02T03:{second // 60:02}:{second % 60:02}Z"
            await status_writer.write(bench.state.get(APPLICATION, "shop", "shop"), desired)
        bench.clock.jump(1.0)
    assert 10 < len(spent()) < 40


async def test_a_replaced_status_is_restored_within_two_seconds(bench: Any) -> None:
    live = await bench.application()
    await bench.writer.write(live, status("synced"))
    target = await bench.cluster.target(APPLICATION, "shop", "status")
    for _ in range(3):
        # the status changes once in between, as that of a living application
        await bench.client.merge_patch(target, msgspec.json.encode({"status": {"phase": "lost"}}), "tester")
        replaced = await bench.seen(APPLICATION, "shop")
        bench.clock.jump(2.0)
        assert (await bench.writer.write(replaced, status("synced"))).written
        bench.clock.jump(2.0)
        assert (await bench.writer.write(bench.state.get(APPLICATION, "shop", "shop"), status("Modify"))).written
        bench.clock.jump(2.0)
        assert (await bench.writer.write(bench.state.get(APPLICATION, "shop", "shop"), status("synced"))).written


async def test_a_failed_write_can_be_repeated_at_once(bench: Any, faults: Faults) -> None:
    live = await bench.application()
    faults.refuse(500, Match(plural="applicationconfigurations", verb="patch"))
    with pytest.raises(Exception, match="on order"):
        await bench.writer.write(live, status())
    assert (await bench.writer.write(live, status())).written


async def test_a_status_is_not_written_to_a_document_that_has_changed(bench: Any, application: Any) -> None:
    live = await bench.application()
    await bench.cluster.apply(application(greeting="another"))
    with pytest.raises(errors.ConflictError):
        await bench.writer.write(live, {"phase": "synced", "observedGeneration": 1})


async def test_a_status_is_not_written_to_a_newer_object_of_the_same_name(bench: Any, application: Any) -> None:
    live = await bench.application()
    await bench.cluster.delete(APPLICATION, "shop")
    await bench.cluster.apply(application())
    with pytest.raises(errors.ConflictError):
        await bench.writer.write(live, status())
    assert "status" not in await bench.cluster.get(APPLICATION, "shop")


async def test_a_status_for_an_outdated_version_is_sent_less_and_less_often(
    bench: Any, application: Any, spent: Any
) -> None:
    """The watch of the object stands still, so every reconcile reads the same version (seed 347 of the simulation)."""
    live = await bench.application()
    await bench.cluster.apply(application(greeting="another"))
    spent.reset()
    for _ in range(600):
        with contextlib.suppress(errors.ConflictError):
            assert (await bench.writer.write(live, status())).requeue_after is not None
        bench.clock.jump(1.0)
    assert 10 < len(spent()) < 20


async def test_a_status_is_written_at_once_to_the_version_that_the_watch_reports_after_a_conflict(
    bench: Any, application: Any
) -> None:
    live = await bench.application()
    await bench.cluster.apply(application(greeting="another"))
    for _ in range(8):
        with contextlib.suppress(errors.ConflictError):
            await bench.writer.write(live, status(), urgent=True)
    newer = await bench.seen(APPLICATION, "shop")
    assert (await bench.writer.write(newer, status())).written


class _Refusing:
    """A client whose server refuses every status of an object that violates its schema."""

    def __init__(self, field: str) -> None:
        self.requests = 0
        self.client = self
        self._field = field

    async def target(self, *_: Any) -> Any:
        return None

    async def apply(self, *_: Any) -> Any:
        self.requests += 1
        causes = (errors.Cause("FieldValueRequired", "Required value", self._field),)
        raise errors.InvalidError(f"{self._field}: Required value", status=422, reason="Invalid", causes=causes)


async def test_a_status_that_the_schema_of_the_document_excludes_is_not_sent_again_before_a_change(bench: Any) -> None:
    live = await bench.application()
    client = _Refusing("spec.components[0].componentName")
    status_writer: Any = StatusWriter(client, bench.clock, 1.0)  # type: ignore[arg-type] # a stand-in without a server
    repeated = []
    for desired in (status("Add"), status("Modify"), status("synced")):
        with pytest.raises(StatusRefusedError, match="componentName") as refusal:
            await status_writer.write(live, desired)
        repeated.append(refusal.value.repeated)
        bench.clock.jump(60.0)
    assert (repeated, client.requests) == ([False, True, True], 1)
    await bench.cluster.patch(APPLICATION, "shop", {"metadata": {"labels": {"tier": "web"}}})
    changed = await bench.seen(APPLICATION, "shop")
    with pytest.raises(StatusRefusedError):
        await status_writer.write(changed, status())
    assert client.requests == 2
    bench.clock.jump(REFUSED_INTERVAL + 1)
    with pytest.raises(StatusRefusedError):
        await status_writer.write(changed, status())
    assert client.requests == 3


async def test_a_refusal_of_the_status_itself_is_an_error_of_the_request(bench: Any) -> None:
    live = await bench.application()
    status_writer: Any = StatusWriter(_Refusing("status.phase"), bench.clock, 1.0)  # type: ignore[arg-type] # see above
    with pytest.raises(errors.InvalidError):
        await status_writer.write(live, status())
