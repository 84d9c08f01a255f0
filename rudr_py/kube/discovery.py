"""apiVersion and kind -> Resource, asked of the server and remembered. It watches nothing and guesses no plural.

The aggregated form (Kubernetes 1.26 and later) tells everything in two requests; servers without it are asked
for one group at a time. A group whose API is down hides only its own kinds, and those known before stay known.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TypeVar

import msgspec

from rudr_py import errors
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.requests import Request, Resource

MINIMUM_INTERVAL = 5.0
"""Seconds between two questions for what was not found."""

_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)


class _GroupVersionKind(msgspec.Struct, frozen=True):
    group: str = ""
    version: str = ""
    kind: str = ""


class _Served(msgspec.Struct, frozen=True, rename="camel"):
    resource: str
    scope: str = "Namespaced"
    response_kind: _GroupVersionKind | None = None


class _Version(msgspec.Struct, frozen=True):
    version: str
    resources: list[_Served] | None = None


class _Name(msgspec.Struct, frozen=True):
    name: str = ""


class _Group(msgspec.Struct, frozen=True):
    metadata: _Name = _Name()
    versions: list[_Version] | None = None


class _Groups(msgspec.Struct, frozen=True):
    kind: str
    items: list[_Group] | None = None


class _ClassicResource(msgspec.Struct, frozen=True):
    name: str
    kind: str
    namespaced: bool = False


class _ClassicList(msgspec.Struct, frozen=True):
    resources: list[_ClassicResource] | None = None


_Key = tuple[str, str]
_T = TypeVar("_T")


class Discovery:
    """What the server serves. One is enough for a process; look-ups of what is known send nothing."""

    def __init__(self, client: Client, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[_Key, Resource] = {}
        self._aggregated: bool | None = None  # None: not asked yet
        self._asked: dict[str, float] = {}  # what was asked -> when, monotonic
        self._lock = asyncio.Lock()

    async def resolve(self, api_version: str, kind: str) -> Resource:
        """The resource of a kind.

        Raises `KindAbsentError` when the server does not serve it, as far as it was asked in the last seconds,
        and what `Client` raises when the server cannot be asked.
        """
        key = (api_version, kind)
        if key not in self._known:
            async with self._lock:
                if key not in self._known:
                    await self._refresh(api_version)
        if key not in self._known:
            message = f"the cluster does not serve kind {kind} of {api_version}; is its CRD installed?"
            raise errors.KindAbsentError(message, api_version=api_version, kind=kind)
        return self._known[key]

    def invalidate(self) -> None:
        """Something changed: the next look-up of what is not known asks at once; until then the known stays known."""
        self._asked.clear()

    async def _refresh(self, api_version: str) -> None:
        if self._aggregated is not False and self._due(""):
            self._aggregated = await self._ask_aggregated()
            self._asked[""] = self._clock.monotonic()
        if self._aggregated is False and self._due(api_version):
            await self._ask_classic(api_version)
            self._asked[api_version] = self._clock.monotonic()

    def _due(self, what: str) -> bool:
        last = self._asked.get(what)
        return last is None or self._clock.monotonic() - last >= MINIMUM_INTERVAL

    async def _ask_aggregated(self) -> bool:
        """Learn all groups, and forget those that are gone. False when the server knows only the classic form."""
        told: dict[_Key, Resource] = {}
        for path in ("/api", "/apis"):
            body = await self._client.send(Request("GET", path, accept=f"{_AGGREGATED},application/json"))
            groups = _decode(body, _Groups, path)
            if groups.kind != "APIGroupDiscoveryList":
                return False
            for group in groups.items or ():
                for version in group.versions or ():
                    for resource in _resources(group.metadata.name, version) or self._before(group, version):
                        told.setdefault((resource.api_version, resource.kind), resource)
        self._known = told
        return True

    def _before(self, group: _Group, version: _Version) -> list[Resource]:
        """What was known of a version that comes without resources, which means that its API is down."""
        place = (group.metadata.name, version.version)
        return [resource for resource in self._known.values() if (resource.group, resource.version) == place]

    async def _ask_classic(self, api_version: str) -> None:
        group, _, version = api_version.rpartition("/")
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        told: dict[_Key, Resource] = {}
        with contextlib.suppress(errors.NotFoundError):
            body = await self._client.send(Request("GET", path))
            for served in _decode(body, _ClassicList, path).resources or ():
                if "/" not in served.name:
                    resource = Resource(group, version, served.kind, served.name, served.namespaced)
                    told.setdefault((api_version, served.kind), resource)
        others = {key: resource for key, resource in self._known.items() if key[0] != api_version}
        self._known = others | told


def _resources(group: str, version: _Version) -> list[Resource]:
    return [
        Resource(group, version.version, served.response_kind.kind, served.resource, served.scope == "Namespaced")
        for served in version.resources or ()
        if served.response_kind is not None
    ]


def _decode(body: bytes, kind: type[_T], path: str) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise errors.UndecodableError(f"GET {path}: {error}") from error
