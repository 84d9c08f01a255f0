"""Parses ComponentSchematics, once for each version of a document. Reads the cache; sends nothing."""

from __future__ import annotations

from rudr_py import errors
from rudr_py.controller.state.applications import PinnedDocument
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.weighted_lru import WeightedLru
from rudr_py.errors import Problem
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.component import Component
from rudr_py.model.document import Parsed
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import COMPONENT
from rudr_py.model.parse import component
from rudr_py.model.stepwise import Stepwise, run
from rudr_py.settings import DEFAULT_LIMITS, Limits

BYTES = 8 * 2**20
"""The size of the documents whose parsed components are kept: those that were used last."""

SPARE = 64
"""Number of parsed components from which those of deleted objects are swept out."""


_PINNED = "@"
"""Between name and digest in the keys of pinned components; no name contains it."""

_COMPRESSION = 4
"""A usual ratio of the size of a document to that of its compressed form."""


class ComponentCache:
    """The parsed ComponentSchematics."""

    def __init__(self, state: ClusterState, limits: Limits = DEFAULT_LIMITS) -> None:
        self._state = state
        self._limits = limits
        self._parsed: WeightedLru[tuple[str, Parsed[Component]]] = WeightedLru(BYTES)
        self._limit = SPARE

    def __len__(self) -> int:
        return len(self._parsed)

    def get(self, key: ObjectKey) -> Parsed[Component] | None:
        """The current component; see `steps`."""
        return run(self.steps(key, self._state.get(COMPONENT, key.namespace, key.name)))

    def pinned_steps(self, key: ObjectKey, pinned: PinnedDocument) -> Stepwise[Parsed[Component]]:
        """A component of a revision; applications that run the same content share it."""
        key = ObjectKey(key.namespace, f"{key.name}{_PINNED}{pinned.digest}")
        _, parsed = self._parsed.get(key) or ("", None)
        if parsed is None:
            document = pinned.document
            document["metadata"] = {**document["metadata"], "namespace": key.namespace}
            parsed = yield from component.component_steps(document, limits=self._limits)
            self._parsed.put(key, ("", parsed), len(pinned.data) * _COMPRESSION)
        return parsed

    def steps(self, key: ObjectKey, live: LiveObject | None) -> Stepwise[Parsed[Component] | None]:
        """The component of a document; None when it does not exist. An unreadable document has problems."""
        if live is None:
            self._parsed.pop(key)
            return None
        version, parsed = self._parsed.get(key) or ("", None)
        if parsed is None or version != live.resource_version:
            try:
                parsed = yield from component.component_steps(live.document(), limits=self._limits)
            except errors.UndecodableError as error:
                parsed = Parsed(value=None, problems=(Problem(str(error), document=f"componentschematic/{key.name}"),))
            self._parsed.put(key, (live.resource_version, parsed), live.size)
            self._sweep()
        return parsed

    def _sweep(self) -> None:
        """Drop components that were deleted and that no application read since."""
        if len(self._parsed) <= self._limit:
            return
        for key in [key for key in self._parsed if _PINNED not in key.name]:
            if self._state.get(COMPONENT, key.namespace, key.name) is None:
                self._parsed.pop(key)
        self._limit = 2 * len(self._parsed) + SPARE
