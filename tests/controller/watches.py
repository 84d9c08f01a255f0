"""The watches of a controller, as `assemble` connects them."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable

from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching.kind_poller import KindPoller
from rudr_py.controller.watching.sources import OpenWatch, Sources
from rudr_py.kube import watch
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.transport import Transport
from rudr_py.model.identity import ObjectKey
from rudr_py.settings import Settings

Trigger = Callable[[ObjectKey, bool], None]


def watches(state: ClusterState, transport: Transport, clock: Clock, settings: Settings, trigger: Trigger) -> Sources:
    poller = KindPoller(Discovery(Client(transport), clock=clock), clock)
    return Sources(state, poller, opened(transport, clock, settings), settings, trigger, clock)


def opened(transport: Transport, clock: Clock, settings: Settings) -> OpenWatch:
    """Opens watches over a transport."""
    return functools.partial(watch.events, transport, settings=settings, clock=clock, random=random.random)
