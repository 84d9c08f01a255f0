"""Free a StatefulSet from a pod of an earlier revision that blocks its rollout.

With `podManagementPolicy: OrderedReady`, the default, Kubernetes replaces no pod of a StatefulSet while any of them is
not ready. A pod whose image does not exist is never ready, so that a corrected template has no effect until the pod is
deleted. Deployments do so themselves: their controller deletes unhealthy pods of earlier revisions first.
Source: "Forced rollback" in the Kubernetes documentation of StatefulSets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from rudr_py import errors
from rudr_py.api import Ref, get_in, kstatus, pods
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.results import change_log
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import POD, STATEFUL_SET

UNBLOCKED, BLOCKED = "RolloutUnblocked", "RolloutBlocked"
"""The reasons of the events: the pod was deleted, or the server refused its deletion."""

AGAIN = 60.0
"""Seconds until the deletion of the same pod is requested again."""

_BEGINNING = 5.0
"""Seconds after its start for which the condition of a pod that was never ready may change."""

_BROKEN = 4
"""The highest rank of a problem that does not end by itself: no node, no image, a container that exits."""


class RolloutUnblocker:
    """Deletes pods of earlier revisions that are not ready."""

    def __init__(
        self, client: CachedClient, state: ClusterState, recorder: Recorder, requested: TtlMap[str, None]
    ) -> None:
        """`requested` are the uids of pods whose deletion has been requested, each for AGAIN seconds."""
        self._client = client
        self._state = state
        self._recorder = recorder
        self._requested = requested

    async def unblock(self, application: LiveObject, desired: DesiredObject, live: LiveObject | None) -> None:
        """Delete the pods that block the rollout of a StatefulSet, which has the desired template.

        A refusal is an event, because the StatefulSet itself is as desired. Raises other errors of the server.
        """
        cache = self._state.cache(POD, application.namespace)
        if live is None or desired.ref.kind != STATEFUL_SET or cache is None:
            return
        for pod in blocking(live, cache.by_owner(live.namespace, live.uid)):
            if self._requested.left(pod.uid) <= 0:
                self._requested.put(pod.uid, None)
                await self._delete(application, desired, pod)

    async def _delete(self, application: LiveObject, desired: DesiredObject, pod: LiveObject) -> None:
        ref, owner = Ref(POD, pod.name), desired.ref
        target = await self._client.target(POD, pod.namespace, pod.name)
        try:
            await self._client.delete(target, uid=pod.uid, resource_version=pod.resource_version)
        except (errors.NotFoundError, errors.ConflictError):
            return  # it has changed; the watch reports it
        except errors.ForbiddenError as error:
            note = (
                f"{ref} has an earlier revision of {owner}, is not ready, blocks the rollout, and cannot be deleted: "
                f"{error}. Delete it manually, or grant the right; see rudr rbac"
            )
            self._recorder.record(application, BLOCKED, note, action="Delete", warning=True)
            return
        change_log.changed(
            "deleted", ref, application=application.name, instance=desired.planned.instance, reason=BLOCKED
        )
        problem = pods.diagnose(pod.document())
        why = f": {problem.text}" if problem is not None else ""
        note = f"{ref} was deleted, because it has an earlier revision of {owner} and is not ready{why}"
        self._recorder.record(application, UNBLOCKED, note, action="Delete")


def blocking(live_object: LiveObject, owned: Iterable[LiveObject]) -> Iterator[LiveObject]:
    """The pods of a StatefulSet that keep its newest revision from being rolled out. Pure.

    None while the status of the StatefulSet is about an earlier generation.
    """
    spec, status = live_object.part("spec"), live_object.part("status")
    observed = get_in(status, "observedGeneration", default=0) >= live_object.generation
    newest = get_in(status, "updateRevision", default="")
    if not (observed and newest and _rolls_in_order(spec)):
        return
    alone = get_in(spec, "replicas", default=1) <= 1
    for pod in owned:
        revision = pod.labels.get(pods.REVISION_LABEL, newest)
        if (
            pod.owner_uid == live_object.uid
            and not pod.deleting
            and revision != newest
            and _is_broken(pod, alone=alone)
        ):
            yield pod


def _rolls_in_order(spec: Any) -> bool:
    """Whether the controller of StatefulSets waits for every pod, and replaces all of them."""
    update = get_in(spec, "updateStrategy", default={})
    return (
        get_in(spec, "podManagementPolicy", default="OrderedReady") == "OrderedReady"
        and get_in(update, "type", default="RollingUpdate") == "RollingUpdate"
        and get_in(update, "rollingUpdate", "partition", default=0) == 0
    )


def _is_broken(pod: LiveObject, *, alone: bool) -> bool:
    """Whether the pod is not ready and will not be: it never was, or its problem does not end by itself.

    A pod that has no others beside it may be deleted whenever it is not ready: it serves nothing.
    """
    problem = pods.diagnose(pod.document())
    return problem is not None and (alone or problem.rank <= _BROKEN or _never_ready(pod))


def _never_ready(pod: LiveObject) -> bool:
    document = pod.document()
    started = _time(get_in(document, "status", "startTime", default=""))
    changed = _time(get_in(kstatus.condition(document, "Ready"), "lastTransitionTime", default=""))
    return started is None or changed is None or (changed - started).total_seconds() <= _BEGINNING


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
