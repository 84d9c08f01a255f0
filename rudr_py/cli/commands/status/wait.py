"""`rudr status --wait`: follows applications until all of them are Ready in the current version of their documents.

Reads the cluster; writes nothing to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from rudr_py.cli.cluster import list_watch
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.cluster.list_watch import ListQuery
from rudr_py.cli.commands.status.report import ApplicationReport
from rudr_py.cli.output import plain_text
from rudr_py.plugins import roles

Document = dict[str, Any]
Read = Callable[[Iterable[Document]], list[ApplicationReport]]


def is_final(report: ApplicationReport) -> bool:
    """Whether only a change of its documents can make an application Ready."""
    valid = report.condition("Valid")
    return report.unreportable or (not report.pending and (valid.status, valid.reason) == ("False", "InvalidDocument"))


class _Progress:
    """The last reports, and whether waiting for more of them is of use. Prints each new reason for waiting once."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._reasons: dict[tuple[str, str], str] = {}
        self.reports: list[ApplicationReport] = []
        self.ended = asyncio.Event()

    def show(self, documents: Sequence[Document]) -> None:
        """Take over the state of the cluster."""
        self.reports = self._read(documents)
        for report in self.reports:
            key, reason = (report.namespace, report.name), _reason(report)
            if not report.ready and self._reasons.get(key) != reason:
                click.echo(plain_text.printable(f"waiting for {report.name}: {reason}"), err=True)
            self._reasons[key] = reason
        if all(report.ready for report in self.reports) or any(map(is_final, self.reports)):
            self.ended.set()


async def wait(
    client: ClusterClient, queries: Iterable[ListQuery], read: Read, seconds: float
) -> tuple[list[ApplicationReport], bool]:
    """The last reports, and whether the time has run out. Raises KubeError when the applications cannot be read.

    Waits `seconds` at most, and no longer for an application whose documents are invalid.
    """
    progress, chosen = _Progress(read), tuple(queries)
    following = asyncio.create_task(list_watch.follow(client, lambda _documents: chosen, progress.show))
    ended = asyncio.create_task(progress.ended.wait())
    try:
        done, _ = await asyncio.wait({following, ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if following in done:
            following.result()
    finally:
        following.cancel()
        ended.cancel()
        await asyncio.gather(following, ended, return_exceptions=True)
    return progress.reports, not done


def _reason(report: ApplicationReport) -> str:
    ready = report.condition("Ready")
    message = " ".join(ready.message.partition(f"\n{roles.GRANTS}")[0].splitlines())
    return report.pending or message or ready.reason or "its status has no condition Ready"
