"""Begins and ends the work in a shard of namespaces. The caches hold all namespaces, so nothing is listed anew.

The objects of a shard are decoded when its work begins: its applications at once, all else before the first reconcile
in its namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rudr_py.controller.controller import Controller
from rudr_py.controller.pacing import Breath
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching import triggers
from rudr_py.controller.watching.sources import Sources, Trigger
from rudr_py.kube.cache import Change
from rudr_py.kube.events import Recorder
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION

Concerns = Callable[[str], bool]
"""Whether a namespace belongs to a shard."""


class ShardHandover:
    """The work of all controllers in a shard."""

    def __init__(
        self,
        state: ClusterState,
        sources: Sources,
        recorder: Recorder,
        trigger: Trigger,
        forget: Callable[[ObjectKey], None],
        definitions_namespace: str,
    ) -> None:
        """`trigger` is called with each application of a shard that begins, `forget` of one that has ended."""
        self._state = state
        self._sources = sources
        self._recorder = recorder
        self._trigger = trigger
        self._forget = forget
        self._definitions_namespace = definitions_namespace
        self.controllers: Sequence[Controller] = ()

    async def begin(self, concerns: Concerns) -> None:
        """Trigger all applications, as after a first list, and the definitions if they are in this shard."""
        breath = Breath()
        await self._sources.watch_applied(concerns)  # the previous process may have applied further kinds
        async for live in self._sources.applications(concerns):
            await breath.spend()
            for key in triggers.keys(APPLICATION, Change(None, live), self._state):
                self._trigger(key, True)
        if concerns(self._definitions_namespace):
            self._state.definitions.on_change()

    async def end(self, concerns: Concerns) -> None:
        """Wait for running reconciles, send their events, and drop everything about the applications."""
        for controller in self.controllers:
            await controller.ended(lambda key: concerns(key.namespace))
        await self._recorder.flush()
        breath = Breath()
        async for live in self._sources.applications(concerns):
            key = ObjectKey(live.namespace, live.name)
            await breath.spend()
            self._forget(key)
            self._state.applications.forget(key)
