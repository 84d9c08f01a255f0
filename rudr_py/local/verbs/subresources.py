"""Subresources that are created: tokens of service accounts, evictions and bindings of pods.

Each accepts the body of its own kind and returns it, or a Status. The request has been authorized before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rudr_py.errors import ApiError, Cause, InvalidError
from rudr_py.local.access.accounts import AUDIENCE, BINDABLE
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import KindInfo, ObjectTarget
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import pods, writes

_SHORTEST, _DEFAULT, _LONGEST = 600, 3600, 2**32
Query = Mapping[str, str]


def create(backend: Backend, target: ObjectTarget, subresource: str, body: Any, query: Query) -> Object:
    """Create a subresource; `query` is that of the request. Raises `ApiError`: 405 for one that cannot be created."""
    create_object = _CREATORS.get(subresource)
    if create_object is None:
        raise api_errors.method_not_allowed()
    return create_object(backend, target, _object(body), query)


def _object(value: Any) -> Object:
    """Check that an optional part of a body is an object."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise api_errors.bad_request("the object provided is unrecognized: an object is expected where there is none")
    return value


def _token(backend: Backend, target: ObjectTarget, body: Object, _query: Query) -> Object:
    """Issue a token (TokenRequest)."""
    spec = _object(body.get("spec"))
    seconds = spec.get("expirationSeconds", _DEFAULT)
    if not isinstance(seconds, int) or not _SHORTEST <= seconds <= _LONGEST:
        raise _invalid_token(seconds)
    account = writes.live(backend, target)
    bound = _bound_object(backend, target, _object(spec.get("boundObjectRef")))
    if backend.access is None:
        raise api_errors.method_not_allowed()
    now = int(backend.clock().timestamp())
    token = backend.access.issuer.issue(account, now=now, until=now + seconds, token_id=backend.uid(), bound=bound)
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": target.name, "namespace": target.namespace, "creationTimestamp": backend.now()},
        "spec": {
            "audiences": spec.get("audiences") or [AUDIENCE],
            "expirationSeconds": seconds,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": token, "expirationTimestamp": backend.time_after(seconds)},
    }


def _invalid_token(seconds: Any) -> InvalidError:
    limit = "larger than 2^32 seconds" if isinstance(seconds, int) and seconds > _LONGEST else "less than 10 minutes"
    message = f"Invalid value: {seconds}: may not specify a duration {limit}"
    field = "spec.expirationSeconds"
    return InvalidError(
        f'TokenRequest.authentication.k8s.io "" is invalid: {field}: {message}',
        status=422,
        reason="Invalid",
        causes=(Cause(reason="FieldValueInvalid", message=message, field=field),),
        details={"group": "authentication.k8s.io", "kind": "TokenRequest"},
    )


def _bound_object(backend: Backend, target: ObjectTarget, reference: Object) -> Object | None:
    """The object that a token is bound to."""
    if not reference:
        return None
    kind, api_version = str(reference.get("kind", "")), str(reference.get("apiVersion", "v1"))
    resource = backend.registry.by_kind(KindInfo(api_version, kind))
    if resource is None or kind not in BINDABLE or api_version != "v1":
        raise api_errors.bad_request(f"cannot bind token to object of type /{api_version}, Kind={kind}")
    namespace = target.namespace if resource.namespaced else ""
    obj = writes.live(backend, ObjectTarget(resource, namespace, str(reference.get("name", ""))))
    if kind == "Pod" and (obj["spec"].get("serviceAccountName") or "default") != target.name:
        raise api_errors.bad_request(
            f'cannot bind token for serviceaccount "{target.name}" to pod running with different serviceaccount name.'
        )
    uid = obj["metadata"]["uid"]
    if reference.get("uid") not in (None, "", uid):
        reason = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise api_errors.conflict(resource, obj["metadata"]["name"], reason)
    return obj


def _eviction(backend: Backend, target: ObjectTarget, body: Object, query: Query) -> Object:
    """Delete a pod unless its disruption budget forbids it."""
    pods.evict(backend, target, body, query)
    return _created()


def _created() -> Object:
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _binding(backend: Backend, target: ObjectTarget, body: Object, _query: Query) -> Object:
    """Assign a pod to a node."""
    node = str(_object(body.get("target")).get("name", ""))
    if not node:
        raise ApiError("target.name: Required value", status=500)
    pods.bind(backend, target, node, _object(_object(body.get("metadata")).get("annotations")))
    return _created()


_CREATORS: dict[str, Callable[[Backend, ObjectTarget, Object, Query], Object]] = {
    "token": _token,
    "eviction": _eviction,
    "binding": _binding,
}
