"""Logs that are followed: new lines as they appear, until the container ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable

import msgspec

from rudr_py.local.backend import Backend
from rudr_py.local.http.streams import pods
from rudr_py.local.registry.resources import ObjectTarget
from rudr_py.local.verbs import pod_containers, pod_logs
from rudr_py.local.verbs.pod_logs import LogLine, LogOptions


async def follow(
    backend: Backend, target: ObjectTarget, options: LogOptions, *, sent: Iterable[LogLine] = ()
) -> AsyncIterator[str]:
    """Yield the lines of a container that were not sent, as text, until it ends.

    Raises `ApiError` (400) for a container without a log.
    """
    seen = Counter(sent)
    async for pod in pods.states(backend, target):
        lines = pod_logs.lines(pod, options, backend.pod_output)
        fresh = [*(Counter(lines) - seen).elements()]
        text = pod_logs.text(fresh, options)
        seen |= Counter(lines)
        if text:
            yield text
        options = _after(options, text)
        container = pod_containers.choose(pod, options.container)
        if options.previous or options.limit_bytes == 0 or not pod_containers.is_running(pod, container):
            return


def _after(options: LogOptions, text: str) -> LogOptions:
    """Return the options of the lines after a text: the limit is that of the whole, the tail that of the start."""
    limit = None if options.limit_bytes is None else options.limit_bytes - len(text.encode())
    return msgspec.structs.replace(options, tail_lines=None, limit_bytes=limit)
