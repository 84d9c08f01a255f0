"""The API client of the local controllers: the verbs of the API, called directly.

Writes pass admission and validation under the manager's name. Only a watch awaits, so a read and a write without
`await` between them are atomic. Returned objects belong to the store: copy before changing (`copy.deepcopy`), then
`update`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from rudr_py.local.registry.resources import KindInfo, Resource
from rudr_py.local.storage.store import Object, ObjectList


class ApiClient(Protocol):
    """The API as controllers use it. Errors are those of `rudr_py.errors` (NotFoundError, ConflictError, …)."""

    def kinds(self) -> tuple[Resource, ...]:
        """Return one resource per table of the store, in its stored version: built-in and custom."""
        ...

    def resource(self, kind: KindInfo) -> Resource | None:
        """Return the resource that serves a kind in its version, or None."""
        ...

    def get(self, kind: KindInfo, namespace: str, name: str) -> Object | None:
        """Return an object, or None. `namespace` is empty for cluster-scoped kinds."""
        ...

    def list(self, kind: KindInfo, namespace: str = "", *, selector: str = "") -> ObjectList:
        """Return the objects of a namespace (all, if empty) whose labels match a selector such as `a=b,c in (d,e)`."""
        ...

    def create(self, obj: Object) -> Object:
        """Create an object; `generateName` is supported."""
        ...

    def update(self, obj: Object) -> Object:
        """Replace all but the status; a resourceVersion in the body is checked (ConflictError)."""
        ...

    def update_status(self, obj: Object) -> Object:
        """Replace the status only."""
        ...

    def scale(self, kind: KindInfo, namespace: str, name: str, replicas: int) -> None:
        """Set the number of replicas through the scale subresource."""
        ...

    def finalize(self, namespace: Object) -> Object:
        """Write the `spec.finalizers` of a Namespace; a terminating one without finalizers is removed."""
        ...

    def delete(
        self, kind: KindInfo, namespace: str, name: str, *, propagation: str = "", uid: str = ""
    ) -> Object | None:
        """Delete an object (finalizers are respected); return None if it does not exist or has another uid."""
        ...

    def watch(self, kind: KindInfo | None = None) -> AsyncIterator[tuple[str, Object]]:
        """Yield (ADDED | MODIFIED | DELETED, object): first all existing objects as ADDED, then the changes, until the
        store is closed. Without a kind, the objects of all kinds.
        """
        ...
