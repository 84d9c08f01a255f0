"""One object, made as planned, over the local API: how many requests it takes, and what it never does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.api import Kind, Ref
from rudr_py.controller.results.failures import RefusedError, WaitingError
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.render.values.plan import PlannedObject

CONFIG_MAP = Kind("v1", "ConfigMap")
NAME = "configmaps/settings"


async def test_a_creation_takes_one_request_and_the_next_reconcile_none(
    bench: Any, config_map: Any, spent: Any
) -> None:
    """The answer to our own write counts, before any watch has told it."""
    owner = await bench.application()
    spent.reset()
    record = await bench.ensure(config_map(), owner)
    assert await bench.ensure(config_map(), owner, record) == record
    assert spent() == [f"PATCH {NAME}"]


async def test_an_unknown_digest_costs_one_apply_that_changes_nothing(bench: Any, config_map: Any, spent: Any) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    before = await bench.cluster.get(CONFIG_MAP, "settings")
    spent.reset()
    assert await bench.ensure(config_map(), owner, AppliedRecord(record.ref)) == record
    assert spent() == [f"PATCH {NAME}"]
    assert await bench.cluster.get(CONFIG_MAP, "settings") == before


async def test_a_change_takes_one_request(bench: Any, config_map: Any, spent: Any) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(colour="green"), owner)
    spent.reset()
    await bench.ensure(config_map(colour="red"), owner, record)
    assert spent() == [f"PATCH {NAME}"]
    assert (await bench.cluster.get(CONFIG_MAP, "settings"))["data"] == {"colour": "red"}


async def test_a_field_of_another_manager_is_not_drift(bench: Any, config_map: Any, spent: Any) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    await bench.cluster.patch(CONFIG_MAP, "settings", {"data": {"theirs": "yes"}})
    await bench.seen(CONFIG_MAP, "settings")
    spent.reset()
    await bench.ensure(config_map(), owner, record)
    assert spent() == []


async def test_a_changed_field_is_reverted_and_its_manager_is_named_in_an_event(
    bench: Any, config_map: Any, spent: Any
) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    await bench.cluster.patch(CONFIG_MAP, "settings", {"data": {"colour": "red"}}, manager="tester-edit")
    await bench.seen(CONFIG_MAP, "settings")
    spent.reset()
    await bench.ensure(config_map(), owner, record)
    assert spent() == [f"GET {NAME}", f"PATCH {NAME}"]
    assert (await bench.cluster.get(CONFIG_MAP, "settings"))["data"] == {"colour": "green"}
    (event,) = await bench.events()
    assert (event["reason"], event["type"]) == ("DriftReverted", "Warning")
    assert event["note"] == 'field data.colour of configmap/settings was changed by "tester-edit"; reverted'


async def test_a_removed_field_is_restored_and_named_in_an_event(bench: Any, config_map: Any) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(colour="green", size="big"), owner)
    await bench.cluster.patch(CONFIG_MAP, "settings", {"data": {"size": None}})
    await bench.seen(CONFIG_MAP, "settings")
    await bench.ensure(config_map(colour="green", size="big"), owner, record)
    (event,) = await bench.events()
    assert event["note"] == "field data.size of configmap/settings was removed; restored"


async def test_a_removed_label_of_the_watch_selector_is_restored_with_three_requests(
    bench: Any, config_map: Any, spent: Any
) -> None:
    """The object has left what we watch: a create finds it, one GET knows it, an apply mends it."""
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    await bench.cluster.patch(CONFIG_MAP, "settings", {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}})
    await bench.unseen(CONFIG_MAP, "settings")
    spent.reset()
    assert await bench.ensure(config_map(), owner, record) == record
    assert spent() == [f"PATCH {NAME}", f"GET {NAME}", f"PATCH {NAME}"]
    (event,) = await bench.events()
    assert "metadata.labels.app.kubernetes.io/managed-by" in event["note"]
    spent.reset()
    await bench.seen(CONFIG_MAP, "settings")
    spent.reset()
    await bench.ensure(config_map(), owner, record)
    assert spent() == []


async def test_a_contested_object_is_not_reverted_for_longer_and_longer(
    bench: Any, config_map: Any, spent: Any
) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    for number in range(3):
        await _disturb(bench, number)
        await bench.ensure(config_map(), owner, record)
    await _disturb(bench, 3)
    spent.reset()
    for _ in range(5):
        with pytest.raises(WaitingError) as caught:
            await bench.ensure(config_map(), owner, record)
        assert caught.value.reason == "Contested"
        assert 0 < (caught.value.after or 0.0) <= 60
    assert spent() == [f"GET {NAME}"]  # once, for the name of the other manager
    (contested,) = [event for event in await bench.events() if event["reason"] == "Contested"]
    assert contested["note"] == (
        'field data.colour of configmap/settings was changed by "tester" again after it was reverted; '
        "not reverting it for 60 s"
    )
    for seconds in (60, 120, 240):
        bench.clock.jump(float(seconds))
        await bench.ensure(config_map(), owner, record)
        assert (await bench.cluster.get(CONFIG_MAP, "settings"))["data"] == {"colour": "green"}
        await _disturb(bench, 4)
        with pytest.raises(WaitingError, match=f'changed by "tester" .* for {2 * seconds} s') as caught:
            await bench.ensure(config_map(), owner, record)
        assert caught.value.after == 2 * seconds


async def test_an_object_that_another_client_deletes_repeatedly_is_contested(bench: Any, config_map: Any) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    for _ in range(3):
        await bench.cluster.delete(CONFIG_MAP, "settings")
        await bench.unseen(CONFIG_MAP, "settings")
        record = await bench.ensure(config_map(), owner, record)
    await bench.cluster.delete(CONFIG_MAP, "settings")
    await bench.unseen(CONFIG_MAP, "settings")
    with pytest.raises(WaitingError, match="was deleted again"):
        await bench.ensure(config_map(), owner, record)


async def _disturb(bench: Any, number: int) -> None:
    await bench.cluster.patch(CONFIG_MAP, "settings", {"data": {"colour": f"red {number}"}})
    await bench.seen(CONFIG_MAP, "settings")


async def test_another_desired_body_is_applied_at_once_while_an_object_is_contested(
    bench: Any, config_map: Any
) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    for number in range(4):
        await _disturb(bench, number)
        if number < 3:
            await bench.ensure(config_map(), owner, record)
    with pytest.raises(WaitingError):
        await bench.ensure(config_map(), owner, record)
    await bench.ensure(config_map(colour="blue"), owner, record)
    assert (await bench.cluster.get(CONFIG_MAP, "settings"))["data"] == {"colour": "blue"}


async def test_an_object_whose_annotation_a_webhook_removes_is_not_written_permanently(
    bench: Any, config_map: Any, spent: Any
) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    written = 0
    for number in range(8):
        gone = {"rudr.oam.dev/applied": None, "round": str(number)}
        await bench.cluster.patch(CONFIG_MAP, "settings", {"metadata": {"annotations": gone}})
        await bench.seen(CONFIG_MAP, "settings")
        spent.reset()
        try:
            await bench.ensure(config_map(), owner, record)
        except WaitingError:
            assert spent() == []
        else:
            written += 1
    assert written == 3


async def test_a_deleted_object_is_created_again(bench: Any, config_map: Any, spent: Any) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    await bench.cluster.delete(CONFIG_MAP, "settings")
    await bench.unseen(CONFIG_MAP, "settings")
    spent.reset()
    again = await bench.ensure(config_map(), owner, record)
    assert again.uid != record.uid
    assert spent() == [f"PATCH {NAME}"]


async def test_an_object_under_deletion_is_awaited_without_a_request(bench: Any, config_map: Any, spent: Any) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    await bench.cluster.patch(CONFIG_MAP, "settings", {"metadata": {"finalizers": ["example.com/hold"]}})
    await bench.cluster.delete(CONFIG_MAP, "settings")
    await bench.seen(CONFIG_MAP, "settings")
    spent.reset()
    with pytest.raises(WaitingError):
        await bench.ensure(config_map(), owner, record)
    assert spent() == []


async def test_an_object_whose_deletion_is_not_in_the_cache_is_created_anew(bench: Any, config_map: Any) -> None:
    """The cache still shows it: the uid in the apply keeps us from writing to what came after."""
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    bench.sources.stop()
    await bench.cluster.delete(CONFIG_MAP, "settings")
    again = await bench.ensure(config_map(colour="red"), owner, record)
    assert again.uid != record.uid
    assert (await bench.cluster.get(CONFIG_MAP, "settings"))["data"] == {"colour": "red"}


@pytest.mark.parametrize("managed", [False, True])
async def test_an_object_of_another_owner_is_never_written(bench: Any, config_map: Any, managed: bool) -> None:
    """Not even when it carries the label by which we watch."""
    owner = await bench.application()
    labels = {"app.kubernetes.io/managed-by": "rudr"} if managed else {"team": "other"}
    head = {"name": "settings", "namespace": "shop", "labels": labels}
    await bench.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": {"colour": "red"}})
    if managed:
        await bench.seen(CONFIG_MAP, "settings")
    before = await bench.cluster.get(CONFIG_MAP, "settings")
    with pytest.raises(RefusedError, match='configmap/settings already exists and was written by "tester"'):
        await bench.ensure(config_map(), owner)
    assert await bench.cluster.get(CONFIG_MAP, "settings") == before


async def test_another_object_of_the_same_name_is_not_written(bench: Any, config_map: Any) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    bench.sources.stop()
    await bench.cluster.delete(CONFIG_MAP, "settings")
    head = {"name": "settings", "namespace": "shop"}
    await bench.cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": {"colour": "red"}})
    before = await bench.cluster.get(CONFIG_MAP, "settings")
    with pytest.raises(RefusedError):
        await bench.ensure(config_map(colour="blue"), owner, record)
    assert await bench.cluster.get(CONFIG_MAP, "settings") == before


async def test_an_orphan_of_the_application_is_adopted(bench: Any, config_map: Any) -> None:
    owner = await bench.application()
    record = await bench.ensure(config_map(), owner)
    await bench.cluster.patch(CONFIG_MAP, "settings", {"metadata": {"ownerReferences": None}})
    await bench.seen(CONFIG_MAP, "settings")
    assert (await bench.ensure(config_map(), owner)).uid == record.uid
    found = await bench.cluster.get(CONFIG_MAP, "settings")
    assert found["metadata"]["ownerReferences"][0]["uid"] == owner.uid


async def test_a_refused_object_is_not_sent_again_for_a_minute(
    bench: Any, config_map: Any, spent: Any, faults: Faults
) -> None:
    owner = await bench.application()
    faults.refuse(403, Match(plural="configmaps", verb="patch"))
    with pytest.raises(errors.ForbiddenError):
        await bench.ensure(config_map(), owner)
    spent.reset()
    for _ in range(3):
        with pytest.raises(errors.ForbiddenError):
            await bench.ensure(config_map(), owner)
    assert spent() == []
    bench.clock.jump(60.0)
    await bench.ensure(config_map(), owner)


async def test_another_body_than_the_refused_one_is_sent_at_once(bench: Any, config_map: Any, faults: Faults) -> None:
    owner = await bench.application()
    faults.refuse(403, Match(plural="configmaps", verb="patch"))
    with pytest.raises(errors.ForbiddenError):
        await bench.ensure(config_map(), owner)
    await bench.ensure(config_map(colour="red"), owner)


async def test_a_failed_apply_is_retried_by_the_next_reconcile(bench: Any, config_map: Any, faults: Faults) -> None:
    owner = await bench.application()
    faults.refuse(500, Match(plural="configmaps", verb="patch"))
    with pytest.raises(errors.ServerError):
        await bench.ensure(config_map(), owner)
    await bench.ensure(config_map(), owner)


async def test_a_lost_answer_leads_to_no_second_object(bench: Any, config_map: Any, faults: Faults) -> None:
    owner = await bench.application()
    faults.lose_answer(Match(plural="configmaps", verb="patch"))
    with pytest.raises(errors.ConnectionFailedError):
        await bench.ensure(config_map(), owner)
    await bench.ensure(config_map(), owner)
    assert len(await bench.cluster.list(CONFIG_MAP)) == 1


@pytest.mark.parametrize(
    ("kind", "namespace"),
    [(Kind("v1", "ConfigMap"), "kube-system"), (Kind("v1", "Namespace"), "shop"), (Kind("v1", "ConfigMap"), "")],
)
async def test_nothing_is_created_outside_of_the_applications_namespace(
    bench: Any, spent: Any, kind: Kind, namespace: str
) -> None:
    owner = await bench.application()
    body = {"apiVersion": "v1", "kind": kind.kind, "metadata": {"name": "evil", "namespace": namespace, "labels": {}}}
    planned = PlannedObject(ref=Ref(kind, "evil"), body=body, instance="", made_by="test", owner="application")
    spent.reset()
    with pytest.raises(RefusedError, match="only create objects in its own namespace"):
        await bench.ensure(planned, owner)
    assert spent() == []


async def test_an_object_of_a_kind_that_cannot_be_watched_is_not_written(
    bench: Any, faults: Faults, spent: Any
) -> None:
    owner = await bench.application()
    secret = Kind("v1", "Service")
    faults.refuse(403, Match(plural="services"), times=100)
    bench.sources.watch([secret])
    await bench.sources.wait([secret])
    labels = {"a": "b"}
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop", "labels": labels}}
    planned = PlannedObject(ref=Ref(secret, "web"), body=body, instance="", made_by="test", owner="application")
    spent.reset()
    with pytest.raises(WaitingError, match=r"cannot be watched: .*on order") as caught:
        await bench.ensure(planned, owner)
    assert caught.value.reason == "CannotWatch"
    assert spent() == []


async def test_a_claim_without_an_owner_is_changed_by_its_uid(bench: Any, config_map: Any, spent: Any) -> None:
    """It has no owner that would prove whose it is; the record of its uid does."""
    application = await bench.application()
    kept = msgspec.structs.replace(config_map(), owner="none", retain=True)
    labels = {"app": "shop", "component-name": "web", "instance-name": "shop-web", **kept.body["metadata"]["labels"]}
    kept.body["metadata"]["labels"] = labels
    record = await _kept(bench, kept, application, None)
    spent.reset()
    changed = msgspec.structs.replace(kept, body={**kept.body, "data": {"colour": "red"}})
    assert (await _kept(bench, changed, application, record)).uid == record.uid
    assert spent() == [f"PATCH {NAME}"]


async def _kept(bench: Any, planned: PlannedObject, application: Any, record: AppliedRecord | None) -> AppliedRecord:
    kept: AppliedRecord = await bench.ensure_owned(planned, None, application, record)
    return kept


async def test_changes_of_an_ignored_field_are_neither_reverted_nor_contested(
    bench: Any, config_map: Any, spent: Any
) -> None:
    owner = await bench.application()
    ignoring = msgspec.structs.replace(config_map(colour="green", size="s"), ignored=(("data", "colour"),))
    record = await bench.ensure(ignoring, owner)
    assert (await bench.cluster.get(CONFIG_MAP, "settings"))["data"] == {"colour": "green", "size": "s"}
    for number in range(6):
        await _disturb(bench, number)
        record = await bench.ensure(ignoring, owner, record)
    assert (await bench.cluster.get(CONFIG_MAP, "settings"))["data"] == {"colour": "red 5", "size": "s"}
    spent.reset()
    await _disturb(bench, 6)
    spent.reset()
    assert await bench.ensure(ignoring, owner, record) == record
    assert spent() == []  # the field has another owner, so that its changes are not seen any more
    assert await bench.events() == []


async def test_another_field_of_an_object_with_ignored_fields_is_reverted(bench: Any, config_map: Any) -> None:
    owner = await bench.application()
    ignoring = msgspec.structs.replace(config_map(colour="green", size="s"), ignored=(("data", "colour"),))
    record = await bench.ensure(ignoring, owner)
    await bench.cluster.patch(CONFIG_MAP, "settings", {"data": {"colour": "red", "size": "m"}})
    await bench.seen(CONFIG_MAP, "settings")
    await bench.ensure(ignoring, owner, record)
    assert (await bench.cluster.get(CONFIG_MAP, "settings"))["data"] == {"colour": "red", "size": "s"}
    (event,) = await bench.events()
    assert event["note"] == 'field data.size of configmap/settings was changed by "tester"; reverted'


async def test_an_object_with_ignored_fields_that_was_deleted_is_created_with_its_planned_values(
    bench: Any, config_map: Any
) -> None:
    owner = await bench.application()
    ignoring = msgspec.structs.replace(config_map(), ignored=(("data", "colour"),))
    record = await bench.ensure(ignoring, owner)
    await _disturb(bench, 1)
    record = await bench.ensure(ignoring, owner, record)
    await bench.cluster.delete(CONFIG_MAP, "settings")
    await bench.unseen(CONFIG_MAP, "settings")
    await bench.ensure(ignoring, owner, record)
    assert (await bench.cluster.get(CONFIG_MAP, "settings"))["data"] == {"colour": "green"}
