"""Reconciles the definitions of the installed types: publishes them in the definitions namespace, removes stale ones.

The content of a definition is decided in `render`. Objects of other managers are never changed. Failures have no effect
on applications. While the namespace does not exist, nothing is sent: its creation is watched.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from rudr_py import errors
from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import desired as desired_objects
from rudr_py.controller.apply.applier import CREATE_ONLY
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.results import change_log, failures
from rudr_py.controller.results.result import Result, merge
from rudr_py.controller.state import definition_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.controller.watching.sources import Sources
from rudr_py.controller.watching.waits import Blocker, Waits
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.clock import Clock
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import NAMESPACE
from rudr_py.render.values import labels
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER

INTERVAL = 60.0
"""Minimum seconds between two writes of one definition, in case that another installation publishes another body."""

NAMESPACE_INTERVAL = 300.0
"""Seconds between two attempts while the namespace is missing and may not be watched."""

RETRY_INITIAL = 2.0
"""Seconds of the first backoff after a failure."""

RETRY_MAXIMUM = 60.0
"""Maximum seconds of the backoff."""

log = logging.getLogger(__name__)

Document = dict[str, Any]


class DefinitionReconciler:
    """Reconciles all definitions under one key, which names their namespace.

    `problems` has the error of each kind that cannot be published.
    """

    def __init__(
        self,
        documents: tuple[Document, ...],
        client: CachedClient,
        state: ClusterState,
        sources: Sources,
        clock: Clock,
        waits: Waits,
    ) -> None:
        self._documents = documents
        self._client = client
        self._state = state
        self._sources = sources
        self._waits = waits
        self._written: TtlMap[tuple[Kind, str], None] = TtlMap(clock, INTERVAL)
        self._pruned: set[Kind] = set()  # once for each kind: two installations may share the namespace
        self.problems: dict[Kind, str] = {}

    def summary(self) -> str | None:
        """A line for each kind that cannot be published; None when there is none."""
        return "\n".join(f"{kind.kind}: {problem}" for kind, problem in self.problems.items()) or None

    async def reconcile(self, key: ObjectKey) -> Result:
        """Publish and remove definitions in the namespace of the key."""
        results: list[Result] = []
        blockers: set[Blocker] = set()
        for kind in definition_index.KINDS:
            if self._sources.problems((kind,)):
                continue  # reconciled again when the kind is available
            try:
                results.append(await self._reconcile_kind(kind, key.namespace))
            except errors.KubeError as error:
                self._note(kind, error)
                if _lacks_namespace(error):
                    is_absent = isinstance(error, errors.NotFoundError)
                    blockers.add(Blocker(Ref(NAMESPACE, key.namespace), is_absent=is_absent))
                    break
                if isinstance(error, errors.MissingRightError):
                    blockers.update(Blocker(ref, key.namespace) for ref in failures.GRANTS)
                    results.append(Result(error=f"{kind.kind}: {error}", retry="slow", cause=kind.kind))
                else:
                    results.append(Result(error=f"{kind.kind}: {error}"))
            else:
                self.problems.pop(kind, None)
        self._waits.set(key, blockers)
        return merge(*results)

    def _note(self, kind: Kind, error: errors.KubeError) -> None:
        """Log an error when it is new."""
        if self.problems.get(kind) != str(error):
            log.warning("definitions cannot be published", extra={"kind": kind.kind, "error": str(error)})
        self.problems[kind] = str(error)

    async def _reconcile_kind(self, kind: Kind, namespace: str) -> Result:
        desired = {d["metadata"]["name"]: d for d in self._documents if d["kind"] == kind.kind}
        results = [await self._publish(kind, namespace, name, document) for name, document in desired.items()]
        if kind not in self._pruned:
            await self._prune(kind, namespace, frozenset(desired))
            self._pruned.add(kind)
        return merge(*results)

    async def _publish(self, kind: Kind, namespace: str, name: str, document: Document) -> Result:
        """Apply one definition unless it is in sync or belongs to another manager."""
        planned = PlannedObject(ref=Ref(kind, name), body=document, instance="", made_by="", owner="none")
        desired = desired_objects.complete(planned, None)
        live = self._state.get(kind, namespace, name)
        if live is not None and (live.deleting or not _is_ours(live) or _is_in_sync(live, desired)):
            return Result()
        wait = self._written.left((kind, name))
        if wait > 0:
            return Result(requeue_after=wait)
        target = await self._client.target(kind, namespace, name)
        condition = {"uid": live.uid} if live is not None else {"resource_version": CREATE_ONLY}
        with contextlib.suppress(errors.ConflictError):  # the watch reports the change of the other client
            written = await self._client.apply(target, desired.encoded(**condition), FIELD_MANAGER)
            if change_log.differs(live, written):
                change_log.changed("created" if live is None else "changed", Ref(kind, name))
        self._written.put((kind, name), None)
        return Result()

    async def _prune(self, kind: Kind, namespace: str, desired: frozenset[str]) -> None:
        cache = self._state.cache(kind, namespace)
        for live in cache.by_namespace(namespace) if cache is not None else ():
            if live.name in desired or live.deleting or not _is_ours(live):
                continue
            target = await self._client.target(kind, namespace, live.name)
            with contextlib.suppress(errors.NotFoundError, errors.ConflictError):
                await self._client.delete(target, uid=live.uid, resource_version=live.resource_version)
                change_log.changed("deleted", Ref(kind, live.name), reason="NotPlanned")


def _lacks_namespace(error: errors.KubeError) -> bool:
    """Whether the definitions namespace does not exist, or is being deleted."""
    if isinstance(error, errors.ForbiddenError):
        return any(cause.reason == "NamespaceTerminating" for cause in error.causes)
    return isinstance(error, errors.NotFoundError)


def _is_ours(live: LiveObject) -> bool:
    """Whether this controller has published it: it has our label and the record of an apply."""
    return labels.is_managed(live.labels) and bool(live.applied)


def _is_in_sync(live: LiveObject, desired: DesiredObject) -> bool:
    """Whether the object has all desired fields; additional ones belong to other managers."""
    return live.applied == desired.hash and _contains(live.document(), desired.document)


def _contains(live: Any, desired: Any) -> bool:
    if isinstance(live, dict) and isinstance(desired, dict):
        return all(name in live and _contains(live[name], value) for name, value in desired.items())
    if isinstance(live, list) and isinstance(desired, list):
        return len(live) == len(desired) and all(map(_contains, live, desired))
    return bool(live == desired)
