"""Creates the application of the root scopes in namespaces that have applications and lack it, if that was asked for.

It is created once where none of its name is, and never changed: what it says is up to those who edit it. A namespace
where it cannot be created goes without for a while.
"""

from __future__ import annotations

import contextlib
import logging

import msgspec

from rudr_py import errors
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.requests import Target
from rudr_py.render.scopes import root_scopes
from rudr_py.settings import FIELD_MANAGER

PAUSE = 60.0
"""Seconds until it is tried again in a namespace."""

log = logging.getLogger(__name__)


class RootScopes:
    """Sees to it that namespaces have root scopes; does nothing when the world has no root."""

    def __init__(self, client: Client, discovery: Discovery, known: ClusterState, clock: Clock) -> None:
        self._client = client
        self._discovery = discovery
        self._world = known
        self._tried: TtlMap[str, None] = TtlMap(clock, PAUSE)

    async def ensure(self, namespace: str) -> None:
        """Create the root scopes of a namespace that has applications, unless they are there. Raises nothing."""
        name = self._world.groups.root
        if not name or self._world.get(cluster_state.APPLICATION, namespace, name) is not None:
            return
        if self._tried.left(namespace) > 0:
            return
        self._tried.put(namespace, None)
        kind = cluster_state.APPLICATION
        try:
            resource = await self._discovery.resolve(kind.api_version, kind.kind)
            content = msgspec.json.encode(root_scopes.document(namespace))
            with contextlib.suppress(errors.AlreadyExistsError):
                await self._client.create(Target(resource, namespace, name), content, FIELD_MANAGER)
                log.info("root scopes created", extra={"namespace": namespace})
        except errors.MissingRightError:
            return  # the client tells of that, once
        except errors.KubeError as error:
            log.warning("root scopes cannot be created", extra={"namespace": namespace, "error": str(error)})
