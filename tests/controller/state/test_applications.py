"""The memory of an application: kept while it exists, bounded, and dropped as a whole."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable

import pytest

from rudr_py.api import Kind, Probe, Ref
from rudr_py.controller.state.applications import Applications, ParsedDocument, ProbeState, SettledState
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.storage.body import BodyBudget
from rudr_py.model.document import Parsed
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION
from rudr_py.render.values.plan import Plan

SHOP = ObjectKey("shop", "shop")
SERVICE = Kind("v1", "Service")
STORED = [{"apiVersion": "v1", "kind": "Service", "name": "web", "uid": "u", "digest": "d"}]
Make = Callable[..., LiveObject]


@pytest.fixture
def applications() -> Applications:
    return Applications(rendered=2)


def test_the_inventory_is_read_from_status_once_and_then_from_memory(applications: Applications, live: Make) -> None:
    application = live(APPLICATION, "shop")
    records = applications.records(application, STORED)
    ref = Ref(SERVICE, "web")
    assert records == {ref: AppliedRecord(ref, "u", "d")}
    records.clear()
    assert applications.records(application, STORED) == {}


def test_an_inventory_in_less_memory_is_the_same(applications: Applications, live: Make) -> None:
    application = live(APPLICATION, "shop")
    ref, claim = Ref(SERVICE, "web"), Ref(Kind("v1", "PersistentVolumeClaim"), "data")
    applications.records(application, STORED)[claim] = AppliedRecord(claim)
    state = applications.get(SHOP)
    state.settled = SettledState(Plan(), ())
    state.shrink()
    expected = {ref: AppliedRecord(ref, "u", "d"), claim: AppliedRecord(claim)}
    assert applications.records(application, []) == expected
    assert list(applications.records(application, [])) == [ref, claim]


def test_an_inventory_that_a_reconcile_changes_stays_the_same_value(applications: Applications, live: Make) -> None:
    application = live(APPLICATION, "shop")
    records = applications.records(application, STORED)
    applications.get(SHOP).shrink()
    assert applications.records(application, STORED) is records


def test_the_conditions_of_applications_in_the_same_state_are_shared(applications: Applications) -> None:
    states = [applications.get(ObjectKey("shop", name)) for name in "ab"]
    for state in states:
        state.conditions = {"Ready": ("True", "Ready"), "Valid": ("True", "Valid")}
        state.shrink()
    assert states[0].conditions == {"Ready": ("True", "Ready"), "Valid": ("True", "Valid")}
    assert states[0].conditions is states[1].conditions


def test_a_recreated_application_starts_with_the_inventory_of_its_own_status(
    applications: Applications, live: Make
) -> None:
    applications.records(live(APPLICATION, "shop"), STORED)
    assert applications.records(live(APPLICATION, "shop", uid="another"), []) == {}


def test_a_forgotten_application_leaves_nothing_in_memory(applications: Applications, live: Make) -> None:
    applications.records(live(APPLICATION, "shop"), STORED)
    applications.components.set(SHOP, {ObjectKey("shop", "web")})
    applications.definitions.set(SHOP, {("trait", "ingress")})
    applications.waiting.set(SHOP, {SERVICE})
    applications.scopes.update(SHOP, live(APPLICATION, "shop"))
    applications.keep_rendered(SHOP)
    applications.forget(SHOP)
    assert SHOP not in applications
    assert len(applications) == 0
    indexes = (applications.components, applications.definitions, applications.waiting)
    assert not any(len(index) for index in indexes)
    assert applications.scopes.is_empty()


async def test_forgetting_an_application_stops_its_probes(applications: Applications) -> None:
    probe = Probe(name="p", method="httpGet", target=Ref(SERVICE, "web"), port=80)
    running = ProbeState(probe, deque(), task=asyncio.create_task(asyncio.Event().wait()))  # type: ignore[arg-type] # returns True, never
    applications.get(SHOP).probes["scope", "p"] = running
    applications.forget(SHOP)
    assert running.task is not None
    await asyncio.wait([running.task])
    assert running.task.cancelled()


def test_parsed_documents_are_kept_for_the_applications_reconciled_last(applications: Applications) -> None:
    keys = [ObjectKey("shop", name) for name in "abc"]
    for key in keys:
        applications.get(key).document = ParsedDocument(("", 1, {}, {}), Parsed(value=None))
        applications.keep_rendered(key)
    assert [applications.get(key).document is not None for key in keys] == [False, True, True]


@pytest.mark.parametrize(("status", "is_edited"), [(b'{"observedGeneration":2}', False), (b"{}", True)])
def test_an_application_is_edited_until_its_status_is_that_of_its_generation(
    applications: Applications, status: bytes, is_edited: bool
) -> None:
    applications.note_version(SHOP, stored(status))
    assert (SHOP in applications.edited) == is_edited


def test_an_application_that_cannot_be_read_any_more_counts_as_edited(
    applications: Applications, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk = stored(b'{"observedGeneration":2,"message":"%s"}' % (b"x" * 10_000)).kept_by(BodyBudget(0))
    monkeypatch.setattr(os, "pread", lambda *_arguments: b"")
    applications.note_version(SHOP, on_disk)
    assert SHOP in applications.edited


def stored(status: bytes) -> LiveObject:
    metadata = b'{"name":"shop","namespace":"shop","uid":"u","generation":2}'
    return live_object.decode(
        b'{"metadata":%s,"status":%s}' % (metadata, status), APPLICATION.api_version, APPLICATION.kind
    )
