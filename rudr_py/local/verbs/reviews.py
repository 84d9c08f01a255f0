"""Reviews of access and tokens, answered by access control. They are not stored."""

from __future__ import annotations

from typing import Any

from rudr_py.errors import ApiError, Cause, InvalidError
from rudr_py.local.access.accounts import AUDIENCE
from rudr_py.local.access.attributes import Attributes
from rudr_py.local.access.authentication import AccessControl
from rudr_py.local.access.user import ADMIN, User
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import Resource
from rudr_py.local.schema import go_nulls
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import decoding

_EVERYTHING = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}


def answer(backend: Backend, resource: Resource, namespace: str, body: Any, user: User) -> Object:
    """Return a review with its status. Raises `ApiError` (400, 422)."""
    decoding.check_identity(resource, body)
    if resource.node is not None:
        decoding.check_types(resource, body)
        go_nulls.replace_nulls(body, resource.node)
    spec = body.get("spec") or {}
    metadata = body["metadata"]
    if resource.namespaced:
        metadata = {**metadata, "namespace": namespace}
    if resource.kind == "SelfSubjectReview":
        metadata = {"creationTimestamp": backend.now(), **metadata}
        return {**body, "metadata": metadata, "status": {"userInfo": user.info()}}
    if resource.kind == "TokenReview":
        review_status = _token_status(backend.access, spec, backend.clock().timestamp())
    elif resource.kind == "SelfSubjectRulesReview":
        review_status = _rules_status(backend.access, spec, user)
        spec = {}
    else:
        review_status = _access_status(backend.access, resource, namespace, spec, user)
    return {**body, "metadata": metadata, "spec": spec, "status": review_status}


def _access_status(access: AccessControl | None, resource: Resource, namespace: str, spec: Any, user: User) -> Object:
    resource_attributes, non_resource_attributes = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource_attributes is None) == (non_resource_attributes is None):
        message = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise _invalid(resource, "spec.resourceAttributes", message)
    if resource.kind != "SelfSubjectAccessReview":
        if not (spec.get("user") or spec.get("groups")):
            raise _invalid(resource, "spec.user", 'Invalid value: "": at least one of user or group must be specified')
        extra = {key: tuple(values) for key, values in (spec.get("extra") or {}).items()}
        user = User(
            name=spec.get("user", ""), groups=tuple(spec.get("groups") or ()), uid=spec.get("uid", ""), extra=extra
        )
    if namespace and (resource_attributes or {}).get("namespace") != namespace:
        namespace_attribute = (resource_attributes or {}).get("namespace", "")
        message = f'Invalid value: "{namespace_attribute}": must match metadata.namespace'
        raise _invalid(resource, "spec.resourceAttributes.namespace", message)
    if access is None:
        return {"allowed": True}
    requested = resource_attributes or non_resource_attributes
    keys = ("verb", "group", "resource", "subresource", "namespace", "name", "path")
    decision = access.decide(Attributes(user=user, **{key: str(requested.get(key, "")) for key in keys}))
    return {"allowed": decision.allowed, **({"reason": decision.reason} if decision.reason else {})}


def _invalid(resource: Resource, field: str, message: str) -> ApiError:
    """422 of a review, whose message omits the kind as the real server's does."""
    reason = "FieldValueInvalid"
    return InvalidError(
        f'.{resource.group} "" is invalid: {field}: {message}',
        status=422,
        reason="Invalid",
        causes=(Cause(reason=reason, message=message, field=field),),
        details={"group": resource.group},
    )


def _rules_status(access: AccessControl | None, spec: Any, user: User) -> Object:
    if not spec.get("namespace"):
        raise api_errors.bad_request("no namespace on request")
    if access is None or access.authorizer is None:
        return _EVERYTHING
    rules, missing_roles = access.authorizer.rules_of(user, spec["namespace"])
    rules_status: Object = {
        "resourceRules": [rule for rule in rules if not rule.get("nonResourceURLs")],
        "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
        "incomplete": bool(missing_roles),
    }
    if missing_roles:
        rules_status["evaluationError"] = ", ".join(missing_roles)
    return rules_status


def _token_status(access: AccessControl | None, spec: Any, now: float) -> Object:
    token = spec.get("token")
    if not token:
        raise api_errors.bad_request("token is required for TokenReview in authentication")
    user = access.user_of(token, now) if access is not None else None
    if user is None and (access is None or access.authorizer is None):
        user = ADMIN
    if user is None:
        return {"user": {}, "error": "invalid bearer token"}
    return {"authenticated": True, "user": user.info(), "audiences": spec.get("audiences") or [AUDIENCE]}
