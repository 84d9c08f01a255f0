"""The changes of an object that can wait, and the time at which their application is reconciled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.controller.watching.reports import Reports, is_report
from rudr_py.kube.cache import Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT, DEPLOYMENT, POD

SHOP = ObjectKey("shop", "shop")
Make = Callable[..., LiveObject]


@pytest.fixture
def web(live: Make) -> LiveObject:
    """A Deployment that rudr has applied."""
    return msgspec.structs.replace(live(DEPLOYMENT, "web"), applied="1", digest="d", resource_version="2")


@pytest.mark.parametrize(
    ("changed", "can_wait"),
    [
        ({}, True),  # its status
        ({"generation": 3}, True),  # a field of another manager, such as its size
        ({"applied": "2", "digest": "e"}, True),  # an own write
        ({"digest": "e"}, False),  # a field that rudr applied has another owner
        ({"digest": "", "applied": ""}, False),
        ({"applied": ""}, False),
        ({"label_pairs": ("app", "other")}, False),
        ({"owner_uid": "other"}, False),
        ({"held": True}, False),
        ({"deleting": True}, False),
        ({"uid": "other"}, False),
    ],
)
def test_a_change_can_wait_if_rudr_has_nothing_to_revert(
    web: LiveObject, changed: dict[str, Any], can_wait: bool
) -> None:
    new = msgspec.structs.replace(web, **{"resource_version": "3", **changed})
    assert is_report(DEPLOYMENT, Change(web, new)) is can_wait


def test_a_deletion_and_an_object_of_another_manager_cannot_wait(web: LiveObject, live: Make) -> None:
    assert not is_report(DEPLOYMENT, Change(web, None))
    assert not is_report(DEPLOYMENT, Change(None, live(DEPLOYMENT, "web")))
    assert is_report(DEPLOYMENT, Change(None, web))  # an own write


def test_a_new_pod_can_wait_and_the_end_of_a_pod_cannot(live: Make) -> None:
    assert is_report(POD, Change(None, live(POD, "web-1")))
    assert not is_report(POD, Change(live(POD, "web-1"), None))


def test_an_edit_of_a_document_cannot_wait_and_its_status_can(live: Make) -> None:
    old = live(APPLICATION, "shop", {"status": {"phase": "Add"}}, generation=1)
    assert is_report(APPLICATION, Change(old, live(APPLICATION, "shop", {"status": {}}, generation=1)))
    assert not is_report(APPLICATION, Change(old, live(APPLICATION, "shop", generation=2)))
    assert not is_report(APPLICATION, Change(old, live(APPLICATION, "shop", generation=1, annotations={"a": "b"})))
    assert not is_report(APPLICATION, Change(None, old))
    component = live(COMPONENT, "web", generation=1)
    assert not is_report(COMPONENT, Change(component, live(COMPONENT, "web", generation=1)))


class Requeued:
    """Reports with a pause, and the keys that they requeue."""

    def __init__(self) -> None:
        self.keys: list[tuple[ObjectKey, float]] = []
        self.reports = Reports(lambda key, seconds: self.keys.append((key, seconds)), lambda _key: 0.5)


def test_a_report_is_reconciled_when_the_status_may_be_written(web: LiveObject) -> None:
    requeued = Requeued()
    requeued.reports.add(SHOP, web)
    assert requeued.keys == [(SHOP, 0.5)]


def test_a_report_during_a_reconcile_is_dropped_if_the_caches_are_read_after_it(web: LiveObject) -> None:
    requeued = Requeued()
    requeued.reports.read(SHOP)
    requeued.reports.add(SHOP, web)
    requeued.reports.read(SHOP)
    requeued.reports.end(SHOP)
    assert requeued.keys == []


def test_a_report_after_the_caches_were_read_is_reconciled_after_the_running_reconcile(web: LiveObject) -> None:
    requeued = Requeued()
    requeued.reports.read(SHOP)
    requeued.reports.add(SHOP, web)
    assert requeued.keys == []
    requeued.reports.end(SHOP)
    assert requeued.keys == [(SHOP, 0.5)]
    requeued.reports.end(SHOP)
    assert requeued.keys == [(SHOP, 0.5)]


def test_the_echo_of_an_own_write_is_dropped_and_a_later_change_is_not(web: LiveObject) -> None:
    requeued = Requeued()
    requeued.reports.read(SHOP)
    requeued.reports.add(SHOP, web)
    requeued.reports.wrote(web)
    requeued.reports.end(SHOP)
    assert requeued.keys == []
    requeued.reports.read(SHOP)
    requeued.reports.add(SHOP, web)
    requeued.reports.add(SHOP, msgspec.structs.replace(web, resource_version="3"))
    requeued.reports.wrote(web)
    requeued.reports.end(SHOP)
    assert requeued.keys == [(SHOP, 0.5)]
