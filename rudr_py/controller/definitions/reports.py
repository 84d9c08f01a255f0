"""Reports definitions that are wrong and therefore ignored: by an event, a log line, and at /readyz?verbose.

Reconciles all definitions under one key, as the publisher does, which runs afterwards.
"""

from __future__ import annotations

import logging

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller.definitions.publisher import DefinitionReconciler
from rudr_py.controller.results.result import Result
from rudr_py.controller.state import definition_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.events import Recorder
from rudr_py.model.identity import ObjectKey
from rudr_py.render.types import definition_faults
from rudr_py.render.types.definition_faults import DefinitionFault
from rudr_py.render.values.inputs import Definitions

INVALID = "InvalidDefinition"
"""The reason of the events."""

MAX_LINE = 500
"""Maximum characters of a line at /readyz; the event has more."""

_KINDS: dict[str, Kind] = {kind.kind: kind for kind in definition_index.KINDS}

log = logging.getLogger(__name__)


class DefinitionReports:
    """Records an event for each new fault. `reconciler` publishes the installed types, if that is requested."""

    def __init__(
        self, state: ClusterState, catalog: Catalog, recorder: Recorder, reconciler: DefinitionReconciler | None
    ) -> None:
        self._state = state
        self._catalog = catalog
        self._recorder = recorder
        self._reconciler = reconciler
        self._definitions: Definitions | None = None
        self._faults: tuple[DefinitionFault, ...] = ()
        self._reported: dict[tuple[str, str], str] = {}

    def summary(self) -> str | None:
        """A line for each definition that is ignored or cannot be published; None when there is none."""
        lines = [str(fault)[:MAX_LINE] for fault in self.faults()]
        published = self._reconciler.summary() if self._reconciler is not None else None
        return "\n".join([*lines, *([published] if published else [])]) or None

    def faults(self) -> tuple[DefinitionFault, ...]:
        """The definitions that are ignored, as of now."""
        current = self._state.definitions.current()
        if current is not self._definitions:
            self._faults = definition_faults.all_faults(current, self._catalog)
            self._definitions = current
        return self._faults

    async def reconcile(self, key: ObjectKey) -> Result:
        """Report the faults in the namespace of the key that are new, then publish."""
        reported: dict[tuple[str, str], str] = {}
        for fault in self.faults():
            name, text = (fault.kind, fault.name), str(fault)
            reported[name] = text
            live = self._state.get(_KINDS[fault.kind], key.namespace, fault.name)
            if live is None or self._reported.get(name) == text:
                continue
            self._recorder.record(live, INVALID, text, action="Read", warning=True)
            extra = {"kind": fault.kind, "object": f"{key.namespace}/{fault.name}", "error": text}
            log.warning("definition is invalid", extra=extra)
        self._reported = reported
        return await self._reconciler.reconcile(key) if self._reconciler is not None else Result()
