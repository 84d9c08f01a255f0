"""`rudr status --wait`: follows applications until all of them have reached a goal, or one of them cannot.

Watches the cluster; writes nothing to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from rudr_py.cli.cluster import list_watch
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.cluster.list_watch import ListQuery
from rudr_py.cli.commands.status import goal as goals
from rudr_py.cli.commands.status.goal import Goal
from rudr_py.cli.commands.status.progress import Progress
from rudr_py.cli.commands.status.report import ApplicationReport
from rudr_py.cli.output import plain_text
from rudr_py.model import json_text

MAX_NAMES = 3
"""The number of applications in the message of a time-out; the rest is counted."""

Document = dict[str, Any]
Read = Callable[[Iterable[Document]], list[ApplicationReport]]


class WaitOptions(msgspec.Struct, frozen=True):
    """The goal of the applications, and the longest time to wait in seconds."""

    goal: Goal
    seconds: float

    def is_reached(self, reports: Sequence[ApplicationReport]) -> bool:
        """Whether all applications have reached the goal; not without any application."""
        return bool(reports) and all(goals.is_reached(report, self.goal) for report in reports)


class _Waiting:
    """The last reports, and whether waiting for more of them is of use."""

    def __init__(self, read: Read, goal: Goal, progress: Progress) -> None:
        self._read = read
        self._goal = goal
        self._progress = progress
        self.reports: list[ApplicationReport] = []
        self.ended = asyncio.Event()

    def show(self, documents: Sequence[Document]) -> None:
        """Take over the state of the cluster."""
        self.reports = self._read(documents)
        waiting = _late(self.reports, self._goal)
        causes = {_name(report, self.reports): goals.cause(report, self._goal) for report in waiting}
        if not causes or any(goals.failure(report, self._goal) for report in waiting):
            self.ended.set()
        else:
            self._progress.update(causes, len(self.reports))


async def wait(
    client: ClusterClient, queries: Iterable[ListQuery], read: Read, options: WaitOptions, progress: Progress
) -> tuple[list[ApplicationReport], str]:
    """The last reports, and the error if the goal was not reached. Raises KubeError if applications cannot be read.

    Ends early if the documents of an application cannot reach the goal, and if no application is left.
    """
    waiting, chosen = _Waiting(read, options.goal, progress), tuple(queries)
    following = asyncio.create_task(
        list_watch.follow(client, lambda _documents: chosen, waiting.show, progress.warn), name="follow"
    )
    ended = asyncio.create_task(waiting.ended.wait(), name="wait")
    try:
        done, _ = await asyncio.wait({following, ended}, timeout=options.seconds, return_when=asyncio.FIRST_COMPLETED)
        if following in done:
            following.result()
    finally:
        following.cancel()
        ended.cancel()
        await asyncio.gather(following, ended, return_exceptions=True)
        progress.end()
    return waiting.reports, _error(waiting.reports, options)


def _error(reports: Sequence[ApplicationReport], options: WaitOptions) -> str:
    goal = options.goal
    failed = {_name(report, reports): text for report in reports if (text := goals.failure(report, goal))}
    if failed:
        lines = (f"error: {name} cannot become {goal}: {text}" for name, text in failed.items())
        return "\n".join(map(plain_text.printable, lines))
    late = [_name(report, reports) for report in _late(reports, goal)]
    verb = "is" if len(late) == 1 else "are"
    return (
        f"error: timed out after {options.seconds:g} s: {json_text.listed(late, MAX_NAMES)} {verb} not {goal}"
        if late
        else ""
    )


def _late(reports: Sequence[ApplicationReport], goal: Goal) -> list[ApplicationReport]:
    return [report for report in reports if not goals.is_reached(report, goal)]


def _name(report: ApplicationReport, reports: Sequence[ApplicationReport]) -> str:
    """The name of an application, with its namespace if there are several."""
    several = any(other.namespace != report.namespace for other in reports)
    return f"{report.namespace}/{report.name}" if several else report.name
