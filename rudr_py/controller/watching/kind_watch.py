"""One watched kind in one namespace: its cache, and why it is not available. Sends nothing."""

from __future__ import annotations

import asyncio
import logging

from rudr_py.api import Kind
from rudr_py.controller.state import cluster_state, definition_index, scaler_index
from rudr_py.kube.requests import Resource, Selection
from rudr_py.kube.storage.body import BodyBudget
from rudr_py.kube.watch import Event, Forbidden, Interrupted, KindAbsent, ListingDone, Undecodable
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, NAMESPACE, POD
from rudr_py.render.claims import CLAIM
from rudr_py.render.values import labels

MAX_INTERRUPTIONS = 5
"""Consecutive interruptions, about 25 s, after which applications no longer wait for the first list."""

_OWNERS = frozenset({APPLICATION.kind, COMPONENT_INSTANCE.kind})

log = logging.getLogger(__name__)


class Source:
    """The watch of one kind in one namespace, "" for all namespaces.

    `settled` is set once the first list is complete or cannot be read for now. `absent` is whether the server does not
    serve the kind in namespaces; `polled` whether applications that use it wait for it then. They do not for a
    cluster-scoped kind, which is polled at the long interval only.
    """

    def __init__(self, kind: Kind, namespace: str, budget: BodyBudget | None = None) -> None:
        self.kind = kind
        self.namespace = namespace
        self.absent = False
        self.polled = True
        self.settled = asyncio.Event()
        self.cache = cluster_state.new_cache(kind, budget)
        self._interruptions = 0
        self._missing_right = ""

    @property
    def available(self) -> bool:
        """Whether the cache has had a complete list and the kind is still served."""
        return self.cache.synced and not self.absent

    @property
    def problem(self) -> str:
        """Why it is not available; empty when it is."""
        return "" if self.available else self.cache.problem or "not listed yet"

    @property
    def missing_right(self) -> str:
        """The right that the watch lacks, and its purpose; empty when the watch works or fails for another reason."""
        return self._missing_right if self.cache.problem else ""

    def is_ready(self) -> bool:
        """Whether applications that use the kind can be reconciled."""
        return self.available if self.kind in cluster_state.OWN_KINDS else self.settled.is_set()

    def forbid(self, description: str) -> str:
        """Note and return the description of the right that the watch lacks."""
        self._missing_right = description
        return description

    def note(self, event: Event) -> None:
        """Update the state after an event of the watch, and log what went wrong."""
        fields = {"kind": str(self.kind), "namespace": self.namespace}
        own = self.kind in cluster_state.OWN_KINDS  # required kinds: reconciling without them is no use
        match event:
            case ListingDone():
                self.absent = False
                self._interruptions = 0
                self.settled.set()
            case KindAbsent(error):
                if not self.absent:
                    log.info("kind is not served", extra={**fields, "error": error})
                self.absent = True
                if not own:
                    self.settled.set()
            case Forbidden(error):
                self.settled.set()
                if event.right is None:  # a missing right has been logged
                    log.warning("watch is forbidden", extra={**fields, "error": error})
            case Interrupted(error, pause):
                self._interruptions += 1
                if self._interruptions >= MAX_INTERRUPTIONS and not own:
                    self.settled.set()
                log.info("watch interrupted", extra={**fields, "error": error, "pause": pause})
            case Undecodable(name, namespace, error):
                log.warning(
                    "object cannot be decoded", extra={**fields, "object": f"{namespace}/{name}", "error": error}
                )
            case _:
                pass


def selection(resource: Resource, namespace: str, kind: Kind) -> Selection:
    """The watched objects of a kind: OAM kinds whole, children by our label, of pods their volumes and status.

    Of namespaces, only the metadata is watched. Any client may set the label of rudr, so of a large object that has
    nothing else of rudr only the metadata is kept.

    Claims and autoscalers are watched regardless of their labels: claims of Rudr and of users are mounted, too, and an
    autoscaler of another owner may scale a managed workload.
    """
    if kind in (*cluster_state.OWN_KINDS, *definition_index.KINDS, CLAIM) or kind.kind in scaler_index.KINDS:
        return Selection(resource, namespace)
    if kind == NAMESPACE:
        return Selection(resource, fields=f"metadata.name={namespace}" if namespace else "", metadata_only=True)
    if kind == POD:
        return Selection(resource, namespace, labels=labels.INSTANCE, parts=("spec.volumes", "status"))
    return Selection(resource, namespace, labels=f"{labels.MANAGED_BY}={labels.MANAGER}", owners=_OWNERS)
