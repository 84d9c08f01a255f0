"""The records of what we applied, and their copy in status."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import Kind, Ref
from rudr_py.controller.state import inventory
from rudr_py.controller.state.inventory import AppliedRecord

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


def test_the_record_of_an_object_that_another_process_applied_is_restored_from_the_status(live: Any) -> None:
    """Seeds 731, 1290, 1709 and 1866 of the simulation: two processes wrote their records in turn."""
    config = Kind("v1", "ConfigMap")
    kept, replaced, own, intended = (
        live(config, name, uid=f"uid-{name}") for name in ("kept", "replaced", "own", "intended")
    )
    stored = {
        Ref(config, "kept"): AppliedRecord(Ref(config, "kept"), "uid-kept", "digest"),
        Ref(config, "replaced"): AppliedRecord(Ref(config, "replaced"), "uid of an earlier object", "digest"),
        Ref(config, "own"): AppliedRecord(Ref(config, "own"), "uid-own", "older"),
        Ref(config, "intended"): AppliedRecord(Ref(config, "intended"), "uid-intended", "digest"),
        Ref(config, "deleted"): AppliedRecord(Ref(config, "deleted"), "uid-deleted", "digest"),
        Ref(config, "ended"): AppliedRecord(Ref(config, "ended"), "uid-ended", "digest"),
    }
    records = {
        Ref(config, "ended"): AppliedRecord(Ref(config, "ended"), "uid-ended", "of another process"),
        Ref(config, "own"): AppliedRecord(Ref(config, "own"), "uid-own", "newer"),
        Ref(config, "intended"): AppliedRecord(Ref(config, "intended")),
    }
    lives = {Ref(config, one.name): one for one in (kept, replaced, own, intended)}
    inventory.restore(records, stored, {**lives, Ref(config, "ended"): None})
    digests = {ref.name: record.digest for ref, record in records.items()}
    assert digests == {"ended": "digest", "own": "newer", "intended": "digest", "kept": "digest"}
