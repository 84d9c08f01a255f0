"""The reconcile under way is known below it, to its tasks while it lasts, and to nobody after it."""

from __future__ import annotations

import asyncio

from rudr_py.controller.results import log_context
from rudr_py.model.identity import ObjectKey

KEY = ObjectKey("shop", "web")
TOLD = {"controller": "c", "namespace": "shop", "name": "web", "reconcileID": "7"}


def test_there_are_no_fields_outside_a_reconcile() -> None:
    assert log_context.fields() == {}


def test_the_fields_of_a_reconcile_have_the_names_of_controller_runtime() -> None:
    with log_context.reconciling("c", KEY, "7"):
        assert log_context.fields() == TOLD
    assert log_context.fields() == {}


async def test_concurrent_reconciles_have_separate_fields() -> None:
    both = asyncio.Barrier(2)

    async def one(name: str) -> str:
        with log_context.reconciling("c", ObjectKey("shop", name), name):
            await both.wait()
            return log_context.fields()["reconcileID"]

    async with asyncio.timeout(60):
        assert list(await asyncio.gather(one("a"), one("b"))) == ["a", "b"]


async def test_a_task_that_outlives_its_reconcile_has_no_fields() -> None:
    over = asyncio.Event()

    async def watch() -> tuple[dict[str, str], dict[str, str]]:
        during = log_context.fields()
        started.set()
        await over.wait()
        return during, log_context.fields()

    started = asyncio.Event()
    async with asyncio.timeout(60):
        with log_context.reconciling("c", KEY, "7"):
            task = asyncio.create_task(watch())
            await started.wait()
        over.set()
        assert await task == (TOLD, {})


def test_a_line_is_the_first_once_in_each_reconcile_and_always_outside() -> None:
    key = ObjectKey("shop", "web")
    for number in range(2):
        with log_context.reconciling("application", key, str(number)):
            assert [log_context.is_first("line"), log_context.is_first("line")] == [True, False]
            assert log_context.is_first("another line")
    assert log_context.is_first("line")
    assert log_context.is_first("line")
