"""The objects of a process that ended before it wrote the first status of an application.

No inventory names them, and a watch reports only those that still have the label of rudr. Any client may have removed
it meanwhile, so they are identified by their controller owner, once, by lists of metadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Ref
from rudr_py.controller.state.cluster_state import OWN_KINDS, ClusterState
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube import live_object
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Selection
from rudr_py.model.kinds import COMPONENT_INSTANCE


async def find(
    client: CachedClient, state: ClusterState, application: LiveObject, records: Mapping[Ref, AppliedRecord]
) -> list[AppliedRecord]:
    """The records of objects that another process has applied; to be called when the status of an application has none.

    Empty unless rudr has applied a ComponentInstance of the application that is in none of the `records`. Kinds that
    cannot be listed are left out. Raises KubeError.
    """
    instances = state.component_instances(application)
    if not any(_is_unrecorded(live, records) for live in instances):
        return []
    owners = {application.uid, *(live.uid for live in instances)}
    kinds = sorted(state.permanent_kinds.difference(OWN_KINDS), key=str)
    listed = [
        (Ref(kind, live.name), live) for kind in kinds for live in await _list(client, kind, application.namespace)
    ]
    return [AppliedRecord(ref, live.uid) for ref, live in listed if live.owner_uid in owners and ref not in records]


def _is_unrecorded(live: LiveObject, records: Mapping[Ref, AppliedRecord]) -> bool:
    record = records.get(Ref(COMPONENT_INSTANCE, live.name))
    return live.digest != "" and (record is None or not record.uid)


async def _list(client: CachedClient, kind: Kind, namespace: str) -> Iterable[LiveObject]:
    try:
        resource = (await client.target(kind, "", "")).resource
        if not resource.namespaced:
            return ()
        items = await client.client.list_all(Selection(resource, namespace, metadata_only=True))
    except (errors.KindAbsentError, errors.ForbiddenError):
        return ()
    return [live_object.decode(msgspec.json.encode(item), kind.api_version, kind.kind) for item in items]
