"""Processes that divide the namespaces among them: one ends in each way, and the number of shards changes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rudr_py.testing.cluster import TIMEOUT, Cluster
from tests.e2e.conftest import Server
from tests.e2e.shard_processes import DURATION, SHARDS, Installation


@pytest.fixture
async def installation(cluster: Cluster, server: Server, tmp_path: Path) -> AsyncIterator[Installation]:
    """Namespaces with applications, without processes."""
    async with Installation(cluster, server, tmp_path) as created:
        yield created


async def test_a_stopped_process_hands_its_shards_to_the_other_one_at_once(installation: Installation) -> None:
    first, second = await installation.start_two()
    await installation.change("second")
    await second.readiness(f"of {SHARDS}, 2 replicas")
    loop = asyncio.get_running_loop()
    await first.stop(signal.SIGTERM)
    began = loop.time()
    await installation.until({"second": 4})
    assert loop.time() - began < DURATION  # by its own release, not by the end of a lease
    await installation.change("third")
    assert installation.writers() == {"first", "second"}
    assert installation.foreign_writes() == []


@pytest.mark.slow
async def test_the_shards_of_a_killed_process_are_taken_within_little_more_than_a_lease(
    installation: Installation,
) -> None:
    assert await installation.kill_one_of_two() <= 1.2
    assert await installation.shares() == {"second": 4}
    assert installation.foreign_writes() == []


@pytest.mark.slow
async def test_a_suspended_process_writes_nothing_after_another_one_has_its_shards(installation: Installation) -> None:
    first, _ = await installation.start_two()
    first.process.send_signal(signal.SIGSTOP)
    await installation.change("second")
    first.process.send_signal(signal.SIGCONT)
    assert await asyncio.wait_for(first.process.wait(), TIMEOUT) == 1
    await installation.change("third")
    assert installation.foreign_writes() == []


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(4, 1), (1, 4)])
async def test_another_number_of_shards_begins_after_the_last_process_with_the_earlier_one(
    installation: Installation, before: int, after: int
) -> None:
    earlier = await installation.start("earlier", before)
    await installation.change("second")
    await installation.start("later", after)
    mark = installation.mark()
    await installation.change("third")
    assert installation.writers(mark) == {"earlier"}
    await earlier.stop(signal.SIGTERM)
    mark = installation.mark()
    await installation.change("fourth")
    assert installation.writers(mark) == {"later"}
