"""The list of replicas in the lease that they hold together."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py.controller.shards.group import ANNOTATION, Group
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply
from rudr_py.settings import LeaderElection
from rudr_py.testing.clock import FakeClock
from tests.kube.lease_server import LeaseServer

TERM = 15.0


class Direct:
    """A transport without a network."""

    host = "direct"

    def __init__(self, server: LeaseServer) -> None:
        self._server = server

    async def send(self, request: Request) -> Reply:
        return self._server.answer(request)

    def stream(self, request: Request) -> Any:
        raise NotImplementedError

    async def close(self) -> None:
        pass


class Replicas:
    """Replicas of one installation with four shards, each with the shards of `shards`."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.server = LeaseServer(self.clock)
        self.shards: dict[str, frozenset[int]] = {}

    def replica(self, name: str, *shards: int, count: int = 4) -> Group:
        self.shards[name] = frozenset(shards)
        election = LeaderElection(namespace="oam-system", identity=name, lease_duration=TERM, shards=count)
        return Group(Direct(self.server), election, self.clock, lambda: self.shards[name], lambda _right: None)

    def edit(self, text: str) -> None:
        """Replace the annotation, as another client."""
        assert self.server.document is not None
        metadata = {**self.server.document["metadata"], "annotations": {ANNOTATION: text}}
        self.server.put({**self.server.document, "metadata": metadata})


@pytest.fixture
def replicas() -> Replicas:
    return Replicas()


async def test_replicas_hold_the_lease_together_and_read_the_shards_of_each_other(replicas: Replicas) -> None:
    one, two = replicas.replica("one", 0, 1), replicas.replica("two", 3)
    assert await one.attempt()
    assert await two.attempt()
    assert await one.attempt()
    assert one.replicas() == two.replicas() == {"one": {0, 1}, "two": {3}}
    assert replicas.server.spec["holderIdentity"] == "shards-4"


async def test_a_replica_with_another_number_of_shards_does_not_get_the_lease_while_one_renews_it(
    replicas: Replicas,
) -> None:
    one, other = replicas.replica("one"), replicas.replica("other", count=5)
    assert await one.attempt()
    for _ in range(10):
        await replicas.clock.advance(TERM / 2)
        assert await one.attempt()
        assert not await other.attempt()
    await replicas.clock.advance(TERM)
    assert await other.attempt()
    assert other.replicas() == {"other": frozenset()}


async def test_a_replica_without_a_new_heartbeat_has_ended_and_is_removed_from_the_list(replicas: Replicas) -> None:
    one, two = replicas.replica("one", 0), replicas.replica("two", 1)
    await two.attempt()
    await one.attempt()
    for _ in range(3):
        assert not one.has_replica_ended("two")
        assert one.next_end() > 0
        await replicas.clock.advance(TERM / 3)
        await one.attempt()
    assert one.has_replica_ended("two")
    assert one.replicas() == {"one": {0}}
    assert "two" not in _listed(replicas)
    await two.attempt()
    assert two.remaining() == 0.0, "it was suspended, and its process must exit"
    assert "two" not in _listed(replicas)


async def test_a_replica_that_leaves_is_removed_at_once_and_the_lease_stays(replicas: Replicas) -> None:
    one, two = replicas.replica("one", 0), replicas.replica("two", 1)
    await one.attempt()
    await two.attempt()
    await two.leave()
    await one.attempt()
    assert one.replicas() == {"one": {0}}
    assert replicas.server.spec["holderIdentity"] == "shards-4"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"two": 7}', '{"two": {"beat": "x"}}', "null"])
async def test_after_a_damage_of_the_list_no_replica_counts_as_ended_and_all_return(
    replicas: Replicas, text: str
) -> None:
    one, two = replicas.replica("one", 0), replicas.replica("two", 1)
    await two.attempt()
    await one.attempt()
    replicas.edit(text)
    await one.attempt()
    assert not one.has_replica_ended("two")
    await two.attempt()
    await one.attempt()
    assert one.replicas() == {"one": {0}, "two": {1}}


async def test_a_conflict_of_two_renewals_is_no_failure(replicas: Replicas) -> None:
    one, two = replicas.replica("one", 0), replicas.replica("two", 1)
    await one.attempt()
    await two.attempt()
    answer, conflicts = replicas.server.answer, [1, 2]

    def conflicting(request: Request) -> Reply:
        if request.method == "PUT" and conflicts:
            conflicts.pop()
            replicas.edit(_text(replicas))
        return answer(request)

    replicas.server.answer = conflicting  # type: ignore[method-assign] # another client is faster
    assert await one.attempt()
    assert set(_listed(replicas)) == {"one", "two"}


async def test_the_holder_of_an_expired_lease_is_not_a_replica_that_was_never_observed(replicas: Replicas) -> None:
    one = replicas.replica("one")
    await one.attempt()
    await replicas.clock.advance(10 * TERM)
    assert not one.has_replica_ended("unobserved")


def _text(replicas: Replicas) -> str:
    assert replicas.server.document is not None
    return str(replicas.server.document["metadata"]["annotations"][ANNOTATION])


def _listed(replicas: Replicas) -> dict[str, Any]:
    return msgspec.json.decode(_text(replicas), type=dict[str, Any])
