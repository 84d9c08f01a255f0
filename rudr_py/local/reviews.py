"""Access and identity reviews: whoever asks may do everything, unless a gate of the server says otherwise."""

from __future__ import annotations

from typing import Any

from rudr_py.local import decoding
from rudr_py.local.resources import Resource
from rudr_py.local.store import Object

USER = {"username": "local-admin", "groups": ["system:masters", "system:authenticated"]}
_EVERYTHING = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]


def answer(resource: Resource, body: Any) -> Object:
    """Return a review with its status."""
    decoding.check_identity(resource, body)
    metadata = {"creationTimestamp": None, **body["metadata"]}
    return {**body, "metadata": metadata, "status": _STATUS.get(resource.kind, {"allowed": True})}


_STATUS: dict[str, Object] = {
    "SelfSubjectReview": {"userInfo": USER},
    "SelfSubjectRulesReview": {
        "resourceRules": _EVERYTHING,
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    },
    "TokenReview": {"authenticated": True, "user": USER},
}
