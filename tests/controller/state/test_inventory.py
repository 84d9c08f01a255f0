"""The records of what we applied, and their copy in status."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import Kind, Ref
from rudr_py.controller.state import inventory
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject

CONFIG = Kind("v1", "ConfigMap")
NOTHING: dict[Ref, LiveObject] = {}

names = st.text("abc-.", min_size=1, max_size=5)
refs = st.builds(Ref, st.builds(Kind, st.sampled_from(["v1", "apps/v1"]), st.sampled_from(["Service", "Job"])), names)
records = st.builds(
    AppliedRecord, refs, st.text("0123456789abcdef", max_size=4), st.text("0123456789abcdef", max_size=4)
)


@given(st.lists(records))
def test_an_inventory_is_read_back_from_status(found: list[AppliedRecord]) -> None:
    once = {record.ref: record for record in found}
    assert inventory.read(inventory.order(once.values())) == once


@given(st.lists(records, unique_by=lambda record: record.ref), st.randoms())
def test_the_order_in_status_does_not_depend_on_that_of_the_records(found: list[AppliedRecord], random: Any) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert inventory.order(shuffled) == inventory.order(found)


def test_malformed_entries_are_skipped() -> None:
    wrong: list[dict[str, Any]] = [{}, {"apiVersion": "v1", "kind": 3, "name": "a"}, {"apiVersion": "v1", "kind": "A"}]
    assert inventory.read(wrong) == {}


@pytest.mark.parametrize("stored", [None, 7, "text", {}, ["text", 7, None], True])
def test_a_malformed_status_has_no_records(stored: object) -> None:
    assert inventory.read(stored) == {}


def by_ref(*records: AppliedRecord) -> dict[Ref, AppliedRecord]:
    return {record.ref: record for record in records}


def test_the_record_of_an_object_that_another_process_applied_is_restored_from_the_status(live: Any) -> None:
    """Seeds 731, 1290, 1709, 1866 and 50104 of the simulation: two processes wrote their records in turn."""
    objects = {
        Ref(CONFIG, name): msgspec.structs.replace(live(CONFIG, name, uid=f"uid-{name}"), digest="1", applied="2")
        for name in ("kept", "replaced", "own", "older", "intended")
    }
    stored = by_ref(
        AppliedRecord(Ref(CONFIG, "kept"), "uid-kept", "0-0"),
        AppliedRecord(Ref(CONFIG, "replaced"), "uid of an earlier object", "0-0"),
        AppliedRecord(Ref(CONFIG, "own"), "uid-own", "0-0"),
        AppliedRecord(Ref(CONFIG, "older"), "uid-older", "1-2"),
        AppliedRecord(Ref(CONFIG, "intended"), "uid-intended", "0-0"),
        AppliedRecord(Ref(CONFIG, "deleted"), "uid-deleted", "0-0"),
        AppliedRecord(Ref(CONFIG, "ended"), "uid-ended", "0-0"),
    )
    own = by_ref(
        AppliedRecord(Ref(CONFIG, "ended"), "uid-ended", "of another process"),
        AppliedRecord(Ref(CONFIG, "own"), "uid-own", "1-2"),
        AppliedRecord(Ref(CONFIG, "older"), "uid-older", "1-1"),
        AppliedRecord(Ref(CONFIG, "intended")),
    )
    inventory.agree(own, stored, objects.get, confirmed=(), named=())
    digests = {ref.name: record.digest for ref, record in own.items()}
    assert digests == {"ended": "0-0", "own": "1-2", "older": "1-2", "intended": "0-0", "kept": "0-0"}


def test_the_record_of_a_deleted_object_that_the_status_no_longer_lists_is_dropped() -> None:
    """Seed 3050: one of two processes kept it while the application was held, and the other one did not."""
    deleted, intended = Ref(CONFIG, "deleted"), Ref(CONFIG, "intended")
    own = {deleted: AppliedRecord(deleted, "uid-deleted", "1-2"), intended: AppliedRecord(intended)}
    inventory.agree(own, {}, NOTHING.get, confirmed=(), named={deleted, intended})
    assert own == {intended: AppliedRecord(intended)}


def test_the_record_of_an_object_that_was_just_applied_is_kept() -> None:
    applied = Ref(CONFIG, "applied")
    own = {applied: AppliedRecord(applied, "uid", "1-2")}
    inventory.agree(own, {applied: AppliedRecord(applied, "older")}, NOTHING.get, confirmed={applied}, named=())
    assert own == {applied: AppliedRecord(applied, "uid", "1-2")}


few_refs = st.sampled_from([Ref(CONFIG, name) for name in "abc"])
remembered = st.dictionaries(few_refs, st.tuples(st.sampled_from(["", "1", "2"]), st.sampled_from(["", "1-1", "1-2"])))


@given(remembered, remembered, remembered, remembered, st.sets(few_refs))
def test_processes_with_any_records_stop_writing_them_in_turn(
    left: dict[Ref, tuple[str, str]],
    right: dict[Ref, tuple[str, str]],
    status: dict[Ref, tuple[str, str]],
    objects: dict[Ref, tuple[str, str]],
    named: set[Ref],
) -> None:
    stored, *processes = (
        {ref: AppliedRecord(ref, *one) for ref, one in part.items()} for part in (status, left, right)
    )
    lives = {ref: _live(ref, uid, digest) for ref, (uid, digest) in objects.items() if uid}
    writes = []
    for own in (*processes, *processes, *processes):
        for ref in named:
            own.setdefault(ref, AppliedRecord(ref))
        inventory.agree(own, stored, lives.get, confirmed=(), named=named)
        writes.append(own != stored)
        stored = dict(own)
    assert not any(writes[3:])


def _live(ref: Ref, uid: str, digest: str) -> LiveObject:
    metadata = {"name": ref.name, "uid": uid}
    document = {"apiVersion": ref.kind.api_version, "kind": ref.kind.kind, "metadata": metadata}
    fields, _, applied = digest.partition("-")
    live = live_object.decode(msgspec.json.encode(document))
    return msgspec.structs.replace(live, digest=fields, applied=applied)


SERVICE_ENTRY = {"apiVersion": "v1", "kind": "Service", "name": "web", "uid": "u"}


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        ({"resources": [SERVICE_ENTRY, {**SERVICE_ENTRY, "name": "api"}]}, {Kind("v1", "Service")}),
        (
            {"resources": [SERVICE_ENTRY, "text", {"kind": "Job"}, {**SERVICE_ENTRY, "name": 1}]},
            {Kind("v1", "Service")},
        ),
        ({"resources": [{**SERVICE_ENTRY, "name": ""}]}, set()),
        ({"resources": "text"}, set()),
        ("text", set()),
        (None, set()),
    ],
    ids=str,
)
def test_the_kinds_of_an_inventory_are_those_of_its_valid_entries(status: Any, kinds: set[Kind]) -> None:
    document = {"apiVersion": "v1", "kind": "x", "metadata": {"name": "shop"}, "status": status}
    assert inventory.kinds(live_object.decode(msgspec.json.encode(document))) == kinds
