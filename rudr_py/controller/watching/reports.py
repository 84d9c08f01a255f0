"""Coalesces the reports of other controllers, such as a status of a Deployment or a new pod, into few reconciles.

A rollout has many of them within a second, and the status of the application is written once in that time. A change of
a field that rudr applies, and a deletion, is no report.
"""

from __future__ import annotations

from collections.abc import Callable

from rudr_py.api import Kind
from rudr_py.kube.cache import Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT, POD


def is_report(kind: Kind, change: Change) -> bool:
    """Whether a change can wait until the status may be written: nothing that rudr applied was changed or deleted.

    The echo of an own write is one, too: its event may come before its response.
    """
    old, new = change.old, change.new
    if kind == COMPONENT or new is None:
        return False
    if kind == POD:
        return True
    if old is None:
        return kind != APPLICATION and _is_applied(new)
    if old.uid != new.uid or old.deleting != new.deleting:
        return False
    if kind == APPLICATION:
        return _document(old) == _document(new)
    return _is_applied(new) and (old.applied != new.applied or _owned(old) == _owned(new))


def _is_applied(live: LiveObject) -> bool:
    return bool(live.applied and live.digest)


def _owned(live: LiveObject) -> tuple[object, ...]:
    """The facts that change when another client changes a field that rudr applied."""
    return live.digest, live.held, live.patched, live.label_pairs, live.owner_uid


def _document(live: LiveObject) -> tuple[object, ...]:
    """The facts that change with a document, but not with its status."""
    return live.generation, live.label_pairs, live.annotations


class Reports:
    """Requeues the applications that a report concerns after a number of seconds: when their status may be written.

    `pause` returns that number. A report about an application that is being reconciled is dropped if the caches are
    read after it, or if it is the echo of an own write.
    """

    def __init__(
        self, requeue: Callable[[ObjectKey, float], None], pause: Callable[[ObjectKey], float] = lambda _key: 0.0
    ) -> None:
        self._requeue = requeue
        self._pause = pause
        self._unread: dict[ObjectKey, set[str]] = {}  # in flight: the versions reported since the caches were read

    def add(self, key: ObjectKey, live: LiveObject) -> None:
        """Note a report, the new state of an object."""
        versions = self._unread.get(key)
        if versions is None:
            self._requeue(key, self._pause(key))
        else:
            versions.add(live.resource_version)

    def read(self, key: ObjectKey) -> None:
        """Note that the reconcile of an application reads the caches now. `end` has to follow."""
        self._unread[key] = set()

    def end(self, key: ObjectKey) -> None:
        """Note the end of a reconcile."""
        if self._unread.pop(key, None):
            self._requeue(key, self._pause(key))

    def wrote(self, live: LiveObject) -> None:
        """Note the response to an own write."""
        for versions in self._unread.values():
            versions.discard(live.resource_version)
