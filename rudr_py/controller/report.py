"""Writes status, only when it changed, and at most once a second for each object. Decides nothing about its content."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.controller.world import World
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.objects import Live
from rudr_py.kube.requests import Target
from rudr_py.settings import FIELD_MANAGER, Settings

OUR_FIELDS = ("observedGeneration", "phase", "conditions", "components", "instances", "warnings", "resources")

SIZE_LIMIT = 256 * 1024
"""Bytes of a status; beyond this the API server would soon refuse the object as a whole."""


class Reporter:
    """Writes the status of objects."""

    def __init__(self, client: Client, discovery: Discovery, known: World, clock: Clock, settings: Settings) -> None:
        self._client = client
        self._discovery = discovery
        self._world = known
        self._clock = clock
        self._interval = settings.status_interval
        self._written: dict[str, float] = {}

    async def write(self, live: Live, wanted: dict[str, Any], *, urgent: bool = False) -> float | None:
        """Write the status if it differs; seconds until it may be written when it is too early, else None.

        `urgent` writes at once. Raises any KubeError; an object that is gone is no error.
        """
        if same(live.part("status"), wanted):
            return None
        wait = self._written.get(live.uid, -self._interval) + self._interval - self._clock.monotonic()
        if wait > 0 and not urgent:
            return wait
        await self._apply(live, bounded(wanted))
        self._written[live.uid] = self._clock.monotonic()
        return None

    async def text(self, live: Live, wanted: str) -> None:
        """Write a status that is a bare string, as Rudr's ComponentInstance has it, if it differs."""
        if live.part("status") != wanted:
            await self._apply(live, wanted)

    def forget(self, uid: str) -> None:
        """The object is gone."""
        self._written.pop(uid, None)

    async def _apply(self, live: Live, status: dict[str, Any] | str) -> None:
        resource = await self._discovery.resolve(live.api_version, live.kind)
        metadata = {"name": live.name, "namespace": live.namespace, "uid": live.uid}
        content = {"apiVersion": live.api_version, "kind": live.kind, "metadata": metadata, "status": status}
        target = Target(resource, live.namespace, live.name, "status")
        try:
            written = await self._client.apply(target, msgspec.json.encode(content), FIELD_MANAGER)
        except errors.NotFoundError:
            return
        cache = self._world.cache(Kind(live.api_version, live.kind), live.namespace)
        if cache is not None:
            cache.wrote(written)


def same(stored: Any, wanted: dict[str, Any]) -> bool:
    """Whether a stored status says what we want it to; fields of others do not count."""
    found = stored if isinstance(stored, dict) else {}
    return all(found.get(name) == wanted.get(name) for name in OUR_FIELDS)


def bounded(wanted: dict[str, Any]) -> dict[str, Any]:
    """The status, or when it is too large for the server one that says so and keeps what is needed to go on."""
    if len(msgspec.json.encode(wanted)) <= SIZE_LIMIT:
        return wanted
    message = "the status of this application would be larger than 256 KiB; split the application"
    conditions = [
        {**condition, "status": "False", "reason": "TooLarge", "message": message}
        for condition in wanted["conditions"]
        if condition["type"] in ("Valid", "Ready")
    ]
    names = ("observedGeneration", "phase", "resources")
    kept: dict[str, Any] = {name: wanted[name] for name in names if name in wanted}
    return {**kept, "conditions": conditions}
