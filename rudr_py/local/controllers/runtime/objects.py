"""The cluster as the local controllers see it: the same verbs as over HTTP, called directly.

Writes take the way of a request (admission, validation, ownership) under the manager's name. Nothing here awaits but
a watch, so reading and then writing in one breath is atomic. Objects that are returned belong to the store: copy
before changing (`copy.deepcopy`), then `update`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from rudr_py.local.registry.resources import KindInfo, Resource
from rudr_py.local.storage.store import Object, ObjectList


class Objects(Protocol):
    """What a controller may do. Errors are those of `rudr_py.errors` (NotFoundError, ConflictError, …)."""

    def kinds(self) -> tuple[Resource, ...]:
        """Return one resource per table of the store, in its stored version: built-in and custom."""
        ...

    def resource(self, kind: KindInfo) -> Resource | None:
        """Return how a kind is served, whatever its version; None if it is not."""
        ...

    def get(self, kind: KindInfo, namespace: str, name: str) -> Object | None:
        """Return an object, or None. `namespace` is empty for cluster-scoped kinds."""
        ...

    def list(self, kind: KindInfo, namespace: str = "", *, selector: str = "") -> ObjectList:
        """Return the objects of a namespace (all, if empty) whose labels match a selector such as `a=b,c in (d,e)`."""
        ...

    def create(self, obj: Object) -> Object:
        """Create from a body with apiVersion, kind, metadata; `generateName` works."""
        ...

    def update(self, obj: Object) -> Object:
        """Replace all but status; a resourceVersion in the body is checked (ConflictError)."""
        ...

    def update_status(self, obj: Object) -> Object:
        """Replace the status only."""
        ...

    def scale(self, kind: KindInfo, namespace: str, name: str, replicas: int) -> None:
        """Set how many there are to be, through the scale subresource."""
        ...

    def finalize(self, namespace: Object) -> Object:
        """Write the `spec.finalizers` of a Namespace; a terminating one without any goes."""
        ...

    def delete(
        self, kind: KindInfo, namespace: str, name: str, *, propagation: str = "", uid: str = ""
    ) -> Object | None:
        """Delete as a client would (finalizers are honoured); None if it is gone or another uid is there."""
        ...

    def watch(self, kind: KindInfo | None = None) -> AsyncIterator[tuple[str, Object]]:
        """Yield (ADDED | MODIFIED | DELETED, object): first all that exist as ADDED, then the changes, until the
        store is closed. Without a kind: of every kind, told apart by the object's apiVersion and kind."""
        ...
