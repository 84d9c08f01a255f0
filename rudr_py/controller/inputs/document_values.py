"""The values of the documents of an application, which conditions, events and log lines must not contain.

Documents are read when there is a text: most reconciles find nothing to report. Sends nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from typing import Any

from rudr_py import errors
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching import triggers
from rudr_py.kube.live_object import LiveObject
from rudr_py.model import hidden_values, names, sensitive
from rudr_py.model.hidden_values import DocumentTexts, HiddenValues
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.render.claims import CLAIM
from rudr_py.render.values.plan import Plan
from rudr_py.settings import SENSITIVE_WORDS


class DocumentValues:
    """The values of one application and its components as one reconcile reads them.

    Names of objects in `plan` are not removed from messages, although a property may contain them.
    """

    def __init__(
        self,
        state: ClusterState,
        application: LiveObject,
        plan: Plan | None = None,
        words: Collection[str] = SENSITIVE_WORDS,
    ) -> None:
        """`words` make the values of names that contain one sensitive."""
        self._state = state
        self._application = application
        self._plan = plan or Plan()
        self._words = words
        self._hidden: HiddenValues | None = None
        self._sensitive_values: HiddenValues | None = None

    def hidden(self) -> HiddenValues:
        """The values to remove."""
        if self._hidden is None:
            texts = hidden_values.read(self._specs())
            existing = frozenset(value for value in texts.values if self._exists(value))
            self._hidden = HiddenValues(texts, existing.union(self._names()))
        return self._hidden

    def sensitive(self) -> HiddenValues:
        """The sensitive values, to remove from facts that types show in the status."""
        if self._sensitive_values is None:
            documents = []
            for live in self._documents():
                with contextlib.suppress(errors.UndecodableError):
                    documents.append(live.document())
            self._sensitive_values = HiddenValues(DocumentTexts(sensitive.find(documents, self._words).values))
        return self._sensitive_values

    def _specs(self) -> Iterator[Any]:
        for live in self._documents():
            with contextlib.suppress(errors.UndecodableError):
                yield live.part("spec")

    def _documents(self) -> Iterator[LiveObject]:
        namespace = self._application.namespace
        named = sorted(triggers.component_names(self._application))
        components = (self._state.get(COMPONENT, namespace, name) for name in named)
        yield self._application
        yield from (live for live in components if live is not None)

    def _exists(self, name: str) -> bool:
        """Whether an object that messages name has this name."""
        namespace = self._application.namespace
        return any(self._state.get(kind, namespace, name) is not None for kind in (APPLICATION, COMPONENT, CLAIM))

    def _names(self) -> Iterator[str]:
        yield from (self._application.name, self._application.namespace)
        key = ObjectKey(self._application.namespace, self._application.name)
        yield from (ref.name for ref in self._state.applications.get(key).records)
        for planned in self._plan.manifests:
            yield from (planned.ref.name, *_referenced(planned.body.get("spec")))


def _referenced(spec: Any) -> Iterator[str]:
    """The names of objects inside a spec: valid names in fields such as `storageClassName` and `secretName`."""
    pending = [spec]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            pending.extend(part.values())
            yield from (
                item
                for key, item in part.items()
                if key.endswith(("name", "Name")) and isinstance(item, str) and not names.wrong_object_name(item)
            )
        elif isinstance(part, list):
            pending.extend(part)
