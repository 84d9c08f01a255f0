"""The history of the pod template of a StatefulSet or DaemonSet, as ControllerRevisions."""

from __future__ import annotations

import copy
from collections.abc import Set

from rudr_py.local.controllers.runtime.context import ReconcileContext, reference_to
from rudr_py.local.controllers.workloads.deployment import template_hash
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object

REVISION = KindInfo("apps/v1", "ControllerRevision")


def history(context: ReconcileContext, owner: Object) -> list[Object]:
    """Return the revisions of a workload, oldest first."""
    return sorted(context.controlled(owner, REVISION), key=lambda revision: int(revision["revision"]))


def ensure(context: ReconcileContext, owner: Object, live: list[Object], hash_label: str) -> Object:
    """Return the revision of the present template, which becomes the newest of `live`; create it if absent."""
    metadata, template = owner["metadata"], owner["spec"]["template"]
    data = {"spec": {"template": {**copy.deepcopy(template), "$patch": "replace"}}}
    last = int(live[-1]["revision"]) if live else 0
    revision = next((each for each in live if each["data"] == data), None)
    if revision is not None:
        return revision if revision["revision"] == last else context.update({**revision, "revision": last + 1})
    digest = template_hash(template)
    return context.create(
        {
            "apiVersion": REVISION.api_version,
            "kind": REVISION.kind,
            "metadata": {
                "name": f"{metadata['name']}-{digest}",
                "namespace": metadata["namespace"],
                "labels": {**((template.get("metadata") or {}).get("labels") or {}), hash_label: digest},
                "annotations": dict(metadata.get("annotations") or {}),
                "ownerReferences": [reference_to(owner)],
            },
            "data": data,
            "revision": last + 1,
        }
    )


def delete_oldest(context: ReconcileContext, owner: Object, used: Set[str]) -> None:
    """Delete the oldest revisions beyond the history limit, except those whose names are used."""
    unused = [each for each in history(context, owner) if each["metadata"]["name"] not in used]
    for revision in unused[: max(0, len(unused) - int(owner["spec"].get("revisionHistoryLimit", 10)))]:
        context.delete(revision)
