"""Fixtures of the tests of controllers; see `harness`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rudr_py.local.controllers import ControllerSettings, PodScript, run_controllers
from tests.local.controllers.harness import FakeClock, RecordedObjects, Run, Running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def objects(clock: FakeClock) -> Iterator[RecordedObjects]:
    objects = RecordedObjects(clock)
    yield objects
    objects.store.close()


@pytest.fixture
def running(objects: RecordedObjects, clock: FakeClock) -> Run:
    """Start controllers: `async with running("deployment", "replicaset") as cluster`; without names all of them.

    Containers that end do so at once, unless a test has another script.
    """

    @asynccontextmanager
    async def start(*names: str, **settings: Any) -> AsyncIterator[Running]:
        settings = {"script": lambda _pod: PodScript(runs_for=0.0), **settings}
        chosen = ControllerSettings(
            clock=clock, call_later=clock.call_later, enabled=frozenset(names) if names else None, **settings
        )
        task = asyncio.create_task(run_controllers(objects, chosen))
        try:
            yield Running(objects, clock)
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()

    return start
