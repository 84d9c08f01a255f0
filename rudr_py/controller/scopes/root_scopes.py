"""Creates the application of the root scopes in each namespace that has applications, if that is enabled.

It is created once and never changed, so that users can edit it. After a failure it is tried again later.
"""

from __future__ import annotations

import contextlib
import logging

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.results import change_log
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.clock import Clock
from rudr_py.model.kinds import APPLICATION
from rudr_py.render.scopes import root_scopes
from rudr_py.settings import FIELD_MANAGER

INTERVAL = 60.0
"""Minimum seconds between two attempts in a namespace."""

log = logging.getLogger(__name__)


class RootScopes:
    """Creates root scopes; does nothing when they are not enabled."""

    def __init__(self, client: CachedClient, state: ClusterState, clock: Clock) -> None:
        self._client = client
        self._state = state
        self._tried: TtlMap[str, None] = TtlMap(clock, INTERVAL)

    async def ensure(self, namespace: str) -> None:
        """Create the root scopes of a namespace that has applications, unless they exist. Raises nothing."""
        name = self._state.applications.scopes.root
        if not name or self._state.get(APPLICATION, namespace, name) is not None:
            return
        if self._tried.left(namespace) > 0:
            return
        self._tried.put(namespace, None)
        try:
            target = await self._client.target(APPLICATION, namespace, name)
            content = msgspec.json.encode(root_scopes.document(namespace))
            with contextlib.suppress(errors.AlreadyExistsError):
                await self._client.client.create(target, content, FIELD_MANAGER)  # the watch triggers its reconcile
                change_log.changed("created", Ref(APPLICATION, name), application=name)
        except errors.MissingRightError:
            return  # logged once by the client
        except errors.KubeError as error:
            log.warning("root scopes cannot be created", extra={"namespace": namespace, "error": str(error)})
