"""apiVersion and kind -> Resource, from the server's discovery API, with a cache. It never guesses a plural.

The aggregated form (Kubernetes 1.26 and later) needs two requests; servers without it need one per group version. The
version of the server is read with the kinds. A group whose API is down hides only its own kinds, and kinds that were
discovered before stay in the cache.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from rudr_py import errors
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.requests import Request, Resource

MINIMUM_INTERVAL = 5.0
"""Seconds between two requests for a kind that the server did not have."""

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
    """The kinds of the server. One per process is enough; look-ups of cached kinds send no request.

    `version` is the answer of `/version` at the last request; empty before, and if the server does not report it.
    """

    def __init__(self, client: Client, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._resources: dict[_Key, Resource] = {}
        self._aggregated: bool | None = None  # None: not requested yet
        self._requested: dict[str, float] = {}  # api_version, or "" for the aggregated form -> monotonic time
        self._lock = asyncio.Lock()
        self.version: Mapping[str, Any] = {}

    async def resolve(self, api_version: str, kind: str) -> Resource:
        """The resource of a kind.

        Raises `KindAbsentError` when the server did not serve it at the last request, which may be seconds ago,
        and the errors of `Client`.
        """
        key = (api_version, kind)
        if key not in self._resources:
            async with self._lock:
                if key not in self._resources:
                    await self._refresh(api_version)
        if key not in self._resources:
            message = f"the cluster does not serve kind {kind} of {api_version}; is its CRD installed?"
            raise errors.KindAbsentError(message, api_version=api_version, kind=kind)
        return self._resources[key]

    def invalidate(self) -> None:
        """Send a request at the next look-up of a kind that is not cached, however recent the last one was."""
        self._requested.clear()

    async def _refresh(self, api_version: str) -> None:
        if self._due(""):
            if self._aggregated is not False:
                self._aggregated = await self._request_aggregated()
            self.version = await self._request_version() or self.version
            self._requested[""] = self._clock.monotonic()
        if self._aggregated is False and self._due(api_version):
            await self._request_classic(api_version)
            self._requested[api_version] = self._clock.monotonic()

    def _due(self, api_version: str) -> bool:
        last = self._requested.get(api_version)
        return last is None or self._clock.monotonic() - last >= MINIMUM_INTERVAL

    async def _request_version(self) -> Mapping[str, Any]:
        """Empty if the server does not report its version. Other errors are raised, as for kinds."""
        path = "/version"
        with contextlib.suppress(errors.ForbiddenError, errors.NotFoundError, errors.UndecodableError):
            return _decode(await self._client.send(Request("GET", path)), dict[str, Any], path)
        return {}

    async def _request_aggregated(self) -> bool:
        """Replace the cache by all groups of the server. False when it has no aggregated form."""
        resources: dict[_Key, Resource] = {}
        for path in ("/api", "/apis"):
            body = await self._client.send(Request("GET", path, accept=f"{_AGGREGATED},application/json"))
            groups = _decode(body, _Groups, path)
            if groups.kind != "APIGroupDiscoveryList":
                return False
            for group in groups.items or ():
                for version in group.versions or ():
                    for resource in _resources(group.metadata.name, version) or self._cached(group, version):
                        resources.setdefault((resource.api_version, resource.kind), resource)
        self._resources = resources
        return True

    def _cached(self, group: _Group, version: _Version) -> list[Resource]:
        """The cached resources of a version that is listed without resources, which means that its API is down."""
        place = (group.metadata.name, version.version)
        return [resource for resource in self._resources.values() if (resource.group, resource.version) == place]

    async def _request_classic(self, api_version: str) -> None:
        group, _, version = api_version.rpartition("/")
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        resources: dict[_Key, Resource] = {}
        with contextlib.suppress(errors.NotFoundError):
            body = await self._client.send(Request("GET", path))
            for served in _decode(body, _ClassicList, path).resources or ():
                if "/" not in served.name:
                    resource = Resource(group, version, served.kind, served.name, served.namespaced)
                    resources.setdefault((api_version, served.kind), resource)
        other_resources = {key: resource for key, resource in self._resources.items() if key[0] != api_version}
        self._resources = other_resources | resources


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
