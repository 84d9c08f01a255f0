"""Events of the local controllers: one for each object and reason, with its last message and the number of times."""

from __future__ import annotations

import contextlib
import hashlib

from rudr_py.errors import ApiError
from rudr_py.local.in_process_client import InProcessClient
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object

EVENT = KindInfo("v1", "Event")
_LONGEST_NAME, _LONGEST_MESSAGE = 200, 1024


def warn(client: InProcessClient, about: Object, reason: str, message: str, *, component: str, now: str) -> None:
    """Record a warning about an object. A refusal of the event is ignored, as its namespace may be terminating."""
    metadata = about["metadata"]
    namespace = metadata.get("namespace", "default")
    digest = hashlib.sha256(f"{metadata['uid']} {reason}".encode()).hexdigest()[:16]
    name = f"{metadata['name'][:_LONGEST_NAME]}.{digest}"
    live = client.get(EVENT, namespace, name)
    latest = {"message": message[:_LONGEST_MESSAGE], "lastTimestamp": now, "count": (live or {}).get("count", 0) + 1}
    with contextlib.suppress(ApiError):
        if live is not None:
            client.update({**live, **latest})
        else:
            client.create(
                {
                    "apiVersion": "v1",
                    "kind": "Event",
                    "metadata": {"name": name, "namespace": namespace},
                    "involvedObject": _reference(about),
                    "type": "Warning",
                    "reason": reason,
                    "source": {"component": component},
                    "reportingComponent": component,
                    "reportingInstance": "",
                    "firstTimestamp": now,
                    **latest,
                }
            )


def _reference(obj: Object) -> Object:
    metadata = obj["metadata"]
    fields = {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "resourceVersion": metadata.get("resourceVersion", ""),
    }
    return {key: value for key, value in fields.items() if value}
