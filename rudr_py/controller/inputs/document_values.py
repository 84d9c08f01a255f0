"""The values of the documents of an application, which conditions, events and log lines must not contain.

Documents are read when there is a text: most reconciles find nothing to report. Sends nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from rudr_py import errors
from rudr_py.controller.apply import dependencies
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching import triggers
from rudr_py.kube.live_object import LiveObject
from rudr_py.model import hidden_values
from rudr_py.model.hidden_values import HiddenValues
from rudr_py.model.kinds import COMPONENT
from rudr_py.render.values.plan import Plan


class DocumentValues:
    """The values of one application and its components as one reconcile reads them.

    Names of objects in `plan` are not removed from messages, although a property may contain them.
    """

    def __init__(self, state: ClusterState, application: LiveObject, plan: Plan | None = None) -> None:
        self._state = state
        self._application = application
        self._plan = plan or Plan()
        self._hidden: HiddenValues | None = None

    def hidden(self) -> HiddenValues:
        """The values to remove."""
        if self._hidden is None:
            texts = hidden_values.read(self._specs())
            self._hidden = HiddenValues(texts, frozenset(self._names()))
        return self._hidden

    def _specs(self) -> Iterator[Any]:
        namespace = self._application.namespace
        names = sorted(triggers.component_names(self._application))
        components = (self._state.get(COMPONENT, namespace, name) for name in names)
        for live in (self._application, *components):
            if live is not None:
                with contextlib.suppress(errors.UndecodableError):
                    yield live.part("spec")

    def _names(self) -> Iterator[str]:
        yield from (self._application.name, self._application.namespace)
        for planned in self._plan.manifests:
            yield planned.ref.name
            yield from (ref.name for ref in dependencies.references(planned.body.get("spec")))
