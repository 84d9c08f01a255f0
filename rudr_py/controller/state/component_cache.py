"""ComponentSchematics, parsed once for each of their versions. Reads the cache; sends nothing."""

from __future__ import annotations

from rudr_py import errors
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.errors import Problem
from rudr_py.model.component import Component
from rudr_py.model.document import Parsed
from rudr_py.model.identity import ObjectKey
from rudr_py.model.parse import component

SPARE = 64
"""How many parsed components there are at least before those are looked for whose objects are gone."""


class ComponentCache:
    """The parsed form of what the cache holds."""

    def __init__(self, known: ClusterState) -> None:
        self._world = known
        self._parsed: dict[ObjectKey, tuple[str, Parsed[Component]]] = {}
        self._limit = SPARE

    def __len__(self) -> int:
        return len(self._parsed)

    def get(self, key: ObjectKey) -> Parsed[Component] | None:
        """The component as it is now; None when there is none. What cannot be read has problems."""
        live = self._world.get(cluster_state.COMPONENT, key.namespace, key.name)
        if live is None:
            self._parsed.pop(key, None)
            return None
        version, parsed = self._parsed.get(key, ("", None))
        if parsed is None or version != live.resource_version:
            try:
                parsed = component.parse_component(live.document())
            except errors.UndecodableError as error:
                parsed = Parsed(value=None, problems=(Problem(str(error), document=f"componentschematic/{key.name}"),))
            self._parsed[key] = (live.resource_version, parsed)
            self._sweep()
        return parsed

    def _sweep(self) -> None:
        """Forget components that are gone, and that no application asked for again."""
        if len(self._parsed) <= self._limit:
            return
        kept = [
            key for key in self._parsed if self._world.get(cluster_state.COMPONENT, key.namespace, key.name) is not None
        ]
        self._parsed = {key: self._parsed[key] for key in kept}
        self._limit = 2 * len(kept) + SPARE
