"""Keeps the documents of each release of an application as a ControllerRevision, and deletes the oldest ones.

One list and one write for each release, only the write for the first one, and one delete beyond the limit; no request
while nothing changes. A failure is a note in the status: it does not affect the application.
"""

from __future__ import annotations

import contextlib
import hashlib
import operator
from collections.abc import Callable
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Ref, get_in
from rudr_py.controller.apply.applier import CREATE_ONLY
from rudr_py.controller.inputs.snapshot import Snapshot
from rudr_py.controller.results import change_log
from rudr_py.controller.results.result import Result, Retry
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.client import Client
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Resource, Selection
from rudr_py.model.condition import TRUE
from rudr_py.model.identity import Metadata, ObjectKey
from rudr_py.model.kinds import COMPONENT
from rudr_py.render import revisions
from rudr_py.render.revisions import Revision, RevisionName
from rudr_py.render.status.conditions import SyncState
from rudr_py.settings import FIELD_MANAGER


class Kept(msgspec.Struct, frozen=True):
    """The current revision, for the status; a note when it could not be kept; and when to try again."""

    revision: RevisionName
    note: str = ""
    result: Result = Result()


class _Documents(msgspec.Struct, frozen=True):
    """The documents of a release: the application and components as they are in the cluster, and pinned components."""

    live: tuple[LiveObject, ...]
    pinned: tuple[dict[str, Any], ...] = ()
    is_manual: bool = False

    @property
    def size(self) -> int:
        """About the bytes of the documents."""
        return sum(document.size for document in self.live) + sum(map(len, map(msgspec.json.encode, self.pinned)))


class RevisionKeeper:
    """Keeps the last `limit` revisions of each application; none if it is 0.

    `describe` describes a missing right.
    """

    def __init__(
        self, client: CachedClient, state: ClusterState, limit: int, describe: Callable[[errors.Right], str]
    ) -> None:
        self._client = client
        self._state = state
        self._limit = limit
        self._describe = describe

    async def read(self, application: LiveObject, name: str) -> tuple[Revision, ...]:
        """See `ReadRevisions`."""
        resource = (await self._client.target(revisions.KIND, application.namespace, "")).resource
        return await stored(self._client.client, resource, application.namespace, application.uid, name)

    async def keep(self, snapshot: Snapshot, sync: SyncState) -> Kept:
        """Keep the documents of a snapshot if all of its objects are applied. Raises LeaseLostError only."""
        application_state = self._state.applications.get(snapshot.key)
        previous = snapshot.previous.revision
        if application_state.uid == snapshot.application.uid:
            previous = revisions.newest(previous, application_state.released[1])  # the status may not contain it yet
        if not self._limit or sync.state != TRUE:
            return Kept(previous)
        version = _version(snapshot)
        written, released = snapshot.previous.revision, application_state.released[1]
        if application_state.released[0] == version and (
            written.name == released.name or written.number < released.number
        ):
            # another process may have given the same documents a higher number
            return Kept(msgspec.structs.replace(released, number=max(written.number, released.number)))
        documents = self._documents(snapshot)
        if documents is None:
            return Kept(previous)  # the change triggers a reconcile
        if documents.size > revisions.SIZE_LIMIT:
            return Kept(previous, "no revision is kept: the documents have more than 1 MiB")
        components = snapshot.selection.released if snapshot.selection is not None else {}
        previous = msgspec.structs.replace(previous, components=components)
        try:
            kept = await self._keep(snapshot.application, documents, previous)
            revision = msgspec.structs.replace(kept, components=components)
        except errors.KubeError as error:
            application_state.unanswered = True
            cause = self._describe(error.right) if isinstance(error, errors.MissingRightError) else error
            note = f"no revision is kept: {cause}"
            retry: Retry = "slow" if isinstance(error, errors.ForbiddenError) else "backoff"  # a quota, for example
            return Kept(previous, note, Result(error=note, retry=retry, cause="Revision"))
        application_state.released, application_state.unanswered = (version, revision), False
        return Kept(revision)

    def note_unreleased(self, snapshot: Snapshot) -> None:
        """Note that no revision exists, before the first object is applied: a release has all instances."""
        is_new = bool(snapshot.plan.instances) and not self._state.component_instances(snapshot.application)
        if is_new and not snapshot.previous.revision.name:
            self._state.applications.get(snapshot.key).unreleased = snapshot.application.uid

    def _documents(self, snapshot: Snapshot) -> _Documents | None:
        """The application and its components as they were rendered; None if one of them has changed since."""
        live = [snapshot.application]
        if snapshot.inputs.application.metadata.generation != snapshot.application.generation:
            return None
        for name, version in snapshot.inputs.component_versions.items():
            component = self._state.get(COMPONENT, snapshot.key.namespace, name)
            if component is None or component.resource_version != version.resource_version:
                return None
            live.append(component)
        pinned = snapshot.selection.documents.values() if snapshot.selection is not None else ()
        return _Documents(
            tuple(live), tuple(document.document for document in pinned), is_manual=snapshot.selection is not None
        )

    async def _keep(self, application: LiveObject, documents: _Documents, previous: RevisionName) -> RevisionName:
        components = [*(component.document() for component in documents.live[1:]), *documents.pinned]
        data = revisions.content(application.document(), components)
        name = revisions.object_name(application.name, application.uid, data)
        application_state = self._state.applications.get(ObjectKey(application.namespace, application.name))
        if previous.name == name and not application_state.unanswered:
            return previous
        edited = max(documents.live, key=lambda document: document.edited)
        annotations = {revisions.EDITOR_ANNOTATION: edited.edited_by, revisions.EDITED_ANNOTATION: edited.edited}
        owner = Metadata(name=application.name, namespace=application.namespace, uid=application.uid)
        is_first = application_state.unreleased == application.uid and not previous.name
        application_state.unreleased = ""  # a request without an answer may be executed later
        if is_first:
            with contextlib.suppress(errors.ConflictError):
                first = RevisionName(1, name)
                await self._apply(revisions.manifest(first, owner, data, annotations), new=True)
                return first
        # the status may lack a revision that was written before a crash
        stored = await self._list(application)
        newest = max((number for other, number in stored.items() if other != name), default=0)
        revision = RevisionName(stored.get(name, 0), name)
        if revision.number <= newest:
            # of documents that are released again only the number changes
            revision = RevisionName(max(newest, previous.number if not stored else 0) + 1, name)
            await self._apply(revisions.manifest(revision, owner, data, annotations), new=name not in stored)
        others = sorted((other for other in stored if other != name), key=lambda other: stored[other])
        # without the one that the status names: an application with manual updates may still need it
        excess = others[: max(0, len(others) + 1 - self._limit)]
        for other in (other for other in excess if not (documents.is_manual and other == previous.name)):
            await self._delete(application, other)
        return revision

    async def _apply(self, document: dict[str, Any], *, new: bool) -> None:
        """Write a revision. Raises ConflictError if it should be `new` and exists."""
        metadata = document["metadata"]
        target = await self._client.target(revisions.KIND, metadata["namespace"], metadata["name"])
        content = {**document, "metadata": {**metadata, "resourceVersion": CREATE_ONLY}} if new else document
        await self._client.client.apply(target, msgspec.json.encode(content), FIELD_MANAGER)
        change_log.changed("created" if new else "changed", Ref(revisions.KIND, metadata["name"]))

    async def _list(self, application: LiveObject) -> dict[str, int]:
        """The numbers of the stored revisions by name."""
        resource = (await self._client.target(revisions.KIND, application.namespace, "")).resource
        selector = f"{revisions.UID_LABEL}={application.uid}"
        selection = Selection(resource, application.namespace, labels=selector, metadata_only=True)
        listed = await self._client.client.list_all(selection)
        return {get_in(item, "metadata", "name", default=""): revisions.number_of(item) for item in listed}

    async def _delete(self, application: LiveObject, name: str) -> None:
        target = await self._client.target(revisions.KIND, application.namespace, name)
        with contextlib.suppress(errors.NotFoundError):
            await self._client.client.delete(target)
            change_log.changed("deleted", Ref(revisions.KIND, name))


async def stored(client: Client, resource: Resource, namespace: str, uid: str, name: str = "") -> tuple[Revision, ...]:
    """See `ReadRevisions`. Sends a list, because the controller has no other right to read revisions."""
    selector, fields = f"{revisions.UID_LABEL}={uid}", f"metadata.name={name}" if name else ""
    selection = Selection(resource, namespace, labels=selector, fields=fields)
    listed = map(revisions.read, await client.list_all(selection))
    return tuple(sorted(filter(None, listed), key=operator.attrgetter("number"), reverse=True))


def _version(snapshot: Snapshot) -> bytes:
    """A digest that changes with each edit of the documents, but not with their status."""
    live, components = snapshot.application, snapshot.inputs.component_versions
    pinned = {name: pin.running_digest for name, pin in snapshot.inputs.pins.items()}
    parts = (live.uid, live.generation, live.annotations, components, pinned)
    return hashlib.blake2b(msgspec.json.encode(parts, order="deterministic"), digest_size=16).digest()
