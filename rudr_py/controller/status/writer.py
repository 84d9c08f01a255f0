"""Writes status, only when it changed, and at most once a second for each object. Decides nothing about its content."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.controller.watching import triggers
from rudr_py.kube.cache import Change
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.settings import FIELD_MANAGER, Settings

OUR_FIELDS = frozenset(
    (
        "observedGeneration",
        "phase",
        "conditions",
        "components",
        "instances",
        "scopes",
        "packages",
        "warnings",
        "resources",
    )
)
"""The fields that an application's status has no more when we do not want them; further ones only count if we do."""

HOPELESS = 3600.0
"""Seconds until a status that came out otherwise than we wrote it is written again."""


class WriteResult(msgspec.Struct, frozen=True):
    """What became of a status: whether it was written, or how many seconds it has to wait, or neither: it was right."""

    written: bool = False
    wait: float | None = None


class StatusWriter:
    """Writes the status of objects."""

    def __init__(
        self, client: Client, discovery: Discovery, known: ClusterState, clock: Clock, settings: Settings
    ) -> None:
        self._client = client
        self._discovery = discovery
        self._world = known
        self._written: TtlMap[str, None] = TtlMap(clock, settings.status_interval)
        # by uid, what the server or another manager does not let us write as it is
        self._hopeless: TtlMap[str, bytes] = TtlMap(clock, HOPELESS)

    async def write(self, live: LiveObject, wanted: dict[str, Any] | str, *, urgent: bool = False) -> WriteResult:
        """Write a status if it differs from the stored one; `urgent` does so at once.

        It is a bare string for Rudr's ComponentInstance. Raises any KubeError; an object that is gone is no error.
        """
        if same(live.part("status"), wanted) or self._hopeless.get(live.uid) == msgspec.json.encode(wanted):
            return WriteResult()
        wait = self._written.left(live.uid)
        if wait > 0 and not urgent:
            return WriteResult(wait=wait)
        written = await self._apply(live, wanted)
        self._written.put(live.uid, None)
        return WriteResult(written=written)

    async def _apply(self, live: LiveObject, status: dict[str, Any] | str) -> bool:
        resource = await self._discovery.resolve(live.api_version, live.kind)
        metadata = {"name": live.name, "namespace": live.namespace, "uid": live.uid}
        content = {"apiVersion": live.api_version, "kind": live.kind, "metadata": metadata, "status": status}
        target = Target(resource, live.namespace, live.name, "status")
        try:
            written = await self._client.apply(target, msgspec.json.encode(content), FIELD_MANAGER)
        except errors.NotFoundError:
            return False
        if not same(written.part("status"), status):
            self._hopeless.put(live.uid, msgspec.json.encode(status))
        cache = self._world.cache(Kind(live.api_version, live.kind), live.namespace)
        if cache is not None and not triggers.said_something(Change(live, written)):
            # else somebody changed more of it meanwhile, which only the watch tells to those whom it concerns
            cache.wrote(written)
        return True


def same(stored: Any, wanted: dict[str, Any] | str) -> bool:
    """Whether a stored status says what we want it to; what others have put beside it does not count."""
    if isinstance(wanted, str):
        return bool(stored == wanted)
    found = stored if isinstance(stored, dict) else {}
    return all(_covers(found.get(name), wanted.get(name)) for name in OUR_FIELDS | wanted.keys())


def _covers(found: Any, wanted: Any) -> bool:
    """Whether `found` has all of `wanted`; keys that a map has beyond it are somebody else's, Rudr's of old perhaps."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(name in found and _covers(found[name], value) for name, value in wanted.items())
    return bool(found == wanted)
