"""The values of the documents of an application, which conditions, events and log lines must not contain.

Documents are read when there is a text: most reconciles find nothing to report. Sends nothing.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.state.applications import ApplicationState, KeptValues, PinnedDocument
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching import triggers
from rudr_py.kube.live_object import LiveObject
from rudr_py.model import hidden_values, metadata_keys, sensitive
from rudr_py.model.hidden_values import DocumentTexts, HiddenValues
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.model.stepwise import BATCH_SIZE, Stepwise, batches, run
from rudr_py.render.claims import CLAIM
from rudr_py.render.values.plan import Plan
from rudr_py.settings import SENSITIVE_WORDS

SMALL: Final = 64 * 2**10
"""Bytes of the documents of an application up to which their values are kept between reconciles."""


class DocumentValues:
    """The values of one application and its components as one reconcile reads them.

    Names of objects and of awaited instances in `plan` are not removed from messages, although a property may contain
    them.
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
        self._values: KeptValues | None = None
        self._hidden: HiddenValues | None = None
        self._sensitive_values: HiddenValues | None = None

    def without_values(self, text: str) -> str:
        """The text without values. Most texts contain none, whether or not it is visible."""
        if self._values is None:
            self._values = run(self._read())
        return self.hidden().text(text) if self._values.values.may_occur(text) else text

    def without_sensitive(self, text: str) -> str:
        """The text without sensitive values, for facts that types show in the status."""
        if self._sensitive_values is None:
            self._sensitive_values = run(self._read_sensitive())
        return self._sensitive_values.text(text)

    def hidden(self) -> HiddenValues:
        """The values to remove. Small documents are read once for each version."""
        if self._hidden is None:
            self._hidden = run(self._read_hidden())
        return self._hidden

    def steps(self) -> Stepwise[None]:
        """Read large documents before there is a text, in steps."""
        documents = self._documents()
        if not _is_small(documents):
            self._hidden = yield from self._read_hidden()
            if not self._plan.problems:  # otherwise there are no facts
                self._sensitive_values = yield from self._read_sensitive()

    def _read(self) -> Stepwise[KeptValues]:
        """The values at the version of the documents."""
        documents, application_state = self._documents(), self._application_state
        version, kept = _version(documents, application_state.pinned), application_state.values
        if kept is None or kept.version != version:
            texts = yield from _values(documents, application_state.pinned)
            kept = KeptValues(version, texts, (yield from HiddenValues.steps(DocumentTexts(texts))))
            application_state.values = kept if _is_small(documents) else None
        return kept

    def _read_hidden(self) -> Stepwise[HiddenValues]:
        """The values that are not visible now."""
        kept = self._values = self._values or (yield from self._read())
        visible = yield from self._visible(kept.texts, self._application_state.records)
        if not visible:
            return kept.values
        if kept.hidden is None or kept.visible != visible:
            hidden = yield from HiddenValues.steps(DocumentTexts(kept.texts), visible)
            self._values = msgspec.structs.replace(kept, visible=visible, hidden=hidden)
            if self._application_state.values is kept:
                self._application_state.values = self._values
            return hidden
        return kept.hidden

    @property
    def _application_state(self) -> ApplicationState:
        return self._state.applications.get(ObjectKey(self._application.namespace, self._application.name))

    def _read_sensitive(self) -> Stepwise[HiddenValues]:
        application_state, lives = self._application_state, self._documents()
        version, kept = _version(lives, application_state.pinned), application_state.sensitive_values
        if kept is not None and kept[0] == version:
            return kept[1]
        values = frozenset[str]()
        if application_state.pinned or any(_may_be_sensitive(live, self._words) for live in lives):
            pinned = (document.document for document in application_state.pinned.values())
            values = (yield from sensitive.steps(itertools.chain(pinned, _whole(lives)), self._words)).values
        hidden = yield from HiddenValues.steps(DocumentTexts(values))
        application_state.sensitive_values = (version, hidden) if _is_small(lives) else None
        return hidden

    def _documents(self) -> tuple[LiveObject, ...]:
        key = ObjectKey(self._application.namespace, self._application.name)
        index = self._state.applications.components
        listed = (component.name for component in index.values(key))
        named = sorted(listed if key in index else triggers.component_names(self._application))
        components = (self._state.get(COMPONENT, key.namespace, name) for name in named)
        return (self._application, *(live for live in components if live is not None))

    def _visible(self, values: frozenset[str], records: Iterable[Ref]) -> Stepwise[frozenset[str]]:
        """The values that are names of objects which messages name."""
        named = {self._application.name, self._application.namespace, *(ref.name for ref in records)}
        visible = {*values.intersection(named), *values.intersection(self._plan.object_names)}
        if awaited := values.intersection(self._plan.awaited):
            sensitive_values = yield from self._read_sensitive()
            visible.update(name for name in awaited if sensitive_values.text(name) == name)
        for batch in batches(values):
            yield BATCH_SIZE
            visible.update(value for value in batch if self._exists(value))
        return frozenset(visible)

    def _exists(self, name: str) -> bool:
        namespace = self._application.namespace
        return any(self._state.get(kind, namespace, name) is not None for kind in (APPLICATION, COMPONENT, CLAIM))


def _version(documents: Iterable[LiveObject], pinned: Mapping[str, PinnedDocument]) -> Hashable:
    return (
        *((live.uid, live.generation, live.edited) for live in documents),
        *((name, document.digest) for name, document in pinned.items()),
    )


def _is_small(documents: Iterable[LiveObject]) -> bool:
    return sum(live.size for live in documents) <= SMALL


def _values(documents: Iterable[LiveObject], pinned: Mapping[str, PinnedDocument]) -> Stepwise[frozenset[str]]:
    """The values of documents that are nowhere visible in them."""
    specs = (document.document.get("spec") for document in pinned.values())
    texts = yield from hidden_values.read_steps(itertools.chain(specs, _specs(documents)))
    return texts.values - texts.visible


def _specs(documents: Iterable[LiveObject]) -> Iterator[Any]:
    for live in documents:
        with contextlib.suppress(errors.UndecodableError):
            yield live.part("spec")


def _may_be_sensitive(live: LiveObject, words: Collection[str]) -> bool:
    """Whether a document may name a sensitive value; most do not, and their text is searched faster than decoded."""
    with contextlib.suppress(errors.UndecodableError):
        text = bytes(live.text("spec"))
        return metadata_keys.SENSITIVE_ANNOTATION in live.annotations or sensitive.may_contain(text, words)
    return True


def _whole(documents: Iterable[LiveObject]) -> Iterator[dict[str, Any]]:
    for live in documents:
        with contextlib.suppress(errors.UndecodableError):
            yield live.document()
