"""Namespaces are spread over shards, and a change of their number moves few of them."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.controller.shards import assignment

NAMES = st.text(min_size=1, max_size=63)
NUMBERS = st.integers(min_value=1, max_value=32)


@given(NAMES, NUMBERS)
def test_a_namespace_has_one_shard(namespace: str, shards: int) -> None:
    shard = assignment.shard_of(namespace, shards)
    assert 0 <= shard < shards
    assert shard == assignment.shard_of(namespace, shards)


@given(NAMES, NUMBERS)
def test_a_further_shard_takes_namespaces_and_moves_no_other(namespace: str, shards: int) -> None:
    before, after = assignment.shard_of(namespace, shards), assignment.shard_of(namespace, shards + 1)
    assert after in (before, shards)


@pytest.mark.parametrize("shards", [2, 4, 7, 16])
def test_shards_have_similar_numbers_of_namespaces(shards: int) -> None:
    counts = Counter(assignment.shard_of(f"team-{number}", shards) for number in range(500 * shards))
    assert len(counts) == shards
    assert max(counts.values()) < 600
    assert min(counts.values()) > 400


@given(NUMBERS, NUMBERS)
def test_the_targets_of_all_replicas_cover_all_shards(shards: int, replicas: int) -> None:
    target = assignment.target(shards, replicas)
    assert target * replicas >= shards
    assert (target - 1) * replicas < shards


@given(NAMES, st.sets(NUMBERS))
def test_the_order_of_shards_depends_on_the_replica_only(replica: str, shards: set[int]) -> None:
    order = assignment.preferred(replica, shards)
    assert sorted(order) == sorted(shards)
    fewer = [shard for shard in order if shard % 2]
    assert assignment.preferred(replica, fewer) == fewer


def test_the_shards_of_namespaces_are_the_same_in_every_release() -> None:
    """Two releases may run at a time during an upgrade."""
    shards = {name: assignment.shard_of(name, 8) for name in ("default", "team-a", "team-b", "rudr-system", "é")}
    assert shards == {"default": 3, "team-a": 0, "team-b": 3, "rudr-system": 6, "é": 4}
