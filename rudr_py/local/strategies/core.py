"""Strategies of core kinds: Namespace, volumes and claims, ConfigMap, Secret, Event, Lease, ResourceQuota. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.schema import causes, quantity
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import deprecations, quota_usage, strategy
from rudr_py.local.strategies.strategy import Strategy, StrategyContext

NAMESPACE_FINALIZER = "kubernetes"
CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"
ATTRIBUTES_FINALIZER = "kubernetes.io/vac-protection"
_CLAIM_FIXED = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)
_NOT_EXPANDABLE = (
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
)
_NOTE_LIMIT = 1024
_NOT_POSITIVE = "must be greater than zero"
_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_ACCOUNT_TOKEN, _ACCOUNT_NAME = "kubernetes.io/service-account-token", "kubernetes.io/service-account.name"
_SECRET_KEYS = {
    "kubernetes.io/basic-auth": ("username", "password"),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
"""The keys that a Secret of each type must have; of basic-auth, one of them."""


def _name_namespace(namespace: Object) -> None:
    """Set the label with the name before managed fields are computed, so the creator of the namespace owns it."""
    metadata = namespace["metadata"]
    if metadata.get("name") and isinstance(metadata.get("labels") or {}, dict):
        metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}


def _create_namespace(namespace: Object, _context: StrategyContext) -> None:
    _name_namespace(namespace)
    namespace["spec"] = {"finalizers": [NAMESPACE_FINALIZER]}
    namespace["status"] = {"phase": "Active"}


def _update_namespace(new: Object, old: Object, _context: StrategyContext) -> None:
    new["spec"] = old.get("spec", {})
    labels = new["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = new["metadata"]["name"]


def _create_claim(claim: Object, _context: StrategyContext) -> None:
    _protect(claim, CLAIM_FINALIZER)
    source = claim["spec"].get("dataSource")
    if source and not claim["spec"].get("dataSourceRef"):
        claim["spec"]["dataSourceRef"] = {"apiGroup": None, **source}
    claim["status"] = {"phase": "Pending"}


def _claim_causes(claim: Object) -> Iterator[Cause]:
    spec = claim.get("spec") or {}
    if not spec.get("accessModes"):
        yield causes.required("spec.accessModes", "at least 1 access mode is required")
    if "storage" not in ((spec.get("resources") or {}).get("requests") or {}):
        yield causes.required("spec.resources[storage]")
    elif _storage(spec) <= 0:
        yield causes.invalid("spec.resources[storage]", spec["resources"]["requests"]["storage"], _NOT_POSITIVE)


def _claim_change(new: Object, old: Object) -> Iterator[Cause]:
    was, now = old["spec"], new["spec"]
    bound = (new.get("status") or {}).get("phase") == "Bound"
    if _claim_fixed(now, was, bound=bound) != _claim_fixed(was, was, bound=bound):
        yield causes.forbidden("spec", _CLAIM_FIXED)
    capacity = ((old.get("status") or {}).get("capacity") or {}).get("storage", "0")
    if _storage(now) < _storage(was) and _storage(now) <= quota_usage.amount(capacity).value:
        yield causes.forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")
    yield from strategy.immutable(
        {"volumeMode": now.get("volumeMode")}, {"volumeMode": was.get("volumeMode")}, "volumeMode"
    )


def _claim_fixed(spec: Any, old: Any, *, bound: bool) -> Any:
    """The fields of a claim that may not change. A claim is bound to a volume once, and may get a class once."""
    free = {"volumeAttributesClassName"} if bound else set()
    free |= {"volumeName"} if not old.get("volumeName") else set()
    free |= {"storageClassName"} if old.get("storageClassName") is None else set()
    kept = {key: value for key, value in spec.items() if key not in free}
    return kept if not bound else {**kept, "resources": {**(spec.get("resources") or {}), "requests": None}}


def _storage(spec: Any) -> Decimal:
    return quota_usage.amount(((spec.get("resources") or {}).get("requests") or {}).get("storage", "0")).value


def check_growth(claim: Object, old: Object, storage_class: Object | None) -> str:
    """The error of admission for a claim that grows, empty if it may: its class has to allow it."""
    if _storage(claim["spec"]) <= _storage(old["spec"]) or (storage_class or {}).get("allowVolumeExpansion"):
        return ""
    return _NOT_EXPANDABLE


def _create_attributes_class(attributes_class: Object, _context: StrategyContext) -> None:
    _protect(attributes_class, ATTRIBUTES_FINALIZER)


def _create_volume(volume: Object, context: StrategyContext) -> None:
    _protect(volume, VOLUME_FINALIZER)
    volume["status"] = {"phase": "Pending", "lastPhaseTransitionTime": context.now}


def _protect(obj: Object, finalizer: str) -> None:
    """Add the finalizer that keeps a claim or volume as long as it is in use."""
    finalizers = obj["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


def _data_fixed(new: Object, old: Object) -> Iterator[Cause]:
    """`immutable: true` protects the data of ConfigMaps and Secrets, and itself."""
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield causes.forbidden("immutable", "field is immutable when `immutable` is set")
    for key in ("data", "binaryData"):
        if new.get(key) != old.get(key):
            yield causes.forbidden(key, "field is immutable when `immutable` is set")


def _normalise_secret(secret: Object) -> None:
    """Encode the write-only `stringData` into `data`."""
    plain = secret.pop("stringData", None)
    if isinstance(plain, dict) and plain:
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
        secret["data"] = {**(secret.get("data") or {}), **encoded}


def _key_causes(obj: Object) -> Iterator[Cause]:
    """The errors of the keys of a ConfigMap or Secret."""
    for field in ("data", "binaryData"):
        for key in obj.get(field) or ():
            path = f"{field}[{key}]"
            if not re.fullmatch(r"[-._a-zA-Z0-9]+", key):
                yield causes.invalid(path, key, _KEY_TEXT)
            elif key == "." or key.startswith(".."):
                yield causes.invalid(path, key, "must not be '.'" if key == "." else "must not start with '..'")
            if field == "data" and key in (obj.get("binaryData") or ()):
                yield causes.invalid(path, key, "duplicate of key present in binaryData")


def _secret_causes(secret: Object) -> Iterator[Cause]:
    yield from _key_causes(secret)
    kind, data = secret.get("type") or "Opaque", secret.get("data") or {}
    required = _SECRET_KEYS.get(kind, ())
    if kind == "kubernetes.io/basic-auth" and any(key in data for key in required):
        return
    for key in required:
        if key not in data:
            yield causes.required(f"data[{key}]")
    if kind == _ACCOUNT_TOKEN and not (secret["metadata"].get("annotations") or {}).get(_ACCOUNT_NAME):
        yield causes.required(f"metadata.annotations[{_ACCOUNT_NAME}]")


def _secret_change(new: Object, old: Object) -> Iterator[Cause]:
    yield from _data_fixed(new, old)
    yield from strategy.immutable(new, old, "type")


def _create_event(event: Object, _context: StrategyContext) -> None:
    """Set the times that Go writes even if they are null."""
    event.setdefault("eventTime", None)
    event.setdefault("firstTimestamp", None)
    event.setdefault("lastTimestamp", None)


def _update_event(new: Object, _old: Object, context: StrategyContext) -> None:
    _create_event(new, context)


def _event_causes(event: Object) -> Iterator[Cause]:
    """Events with an eventTime follow the rules of events.k8s.io; fields have their core names."""
    about = (event.get("involvedObject") or {}).get("namespace", "")
    if (about or "default") != event["metadata"].get("namespace", "default"):
        yield causes.invalid("involvedObject.namespace", about, "does not match event.namespace")
    if event.get("eventTime") is None:
        return
    if not event.get("reason"):
        yield causes.required("reason")
    if event.get("type") not in ("Normal", "Warning"):
        yield causes.invalid("type", "", f"has invalid value: {event.get('type', '')}")
    if len(event.get("message") or "") > _NOTE_LIMIT:
        yield causes.invalid("message", "", f"can have at most {_NOTE_LIMIT} characters")
    if not event.get("reportingComponent"):
        yield causes.required("reportingController")
    if not event.get("reportingInstance"):
        yield causes.required("reportingInstance")
    if not event.get("action"):
        yield causes.required("action")


def _lease_causes(lease: Object) -> Iterator[Cause]:
    spec = lease.get("spec") or {}
    if "leaseDurationSeconds" in spec and spec["leaseDurationSeconds"] <= 0:
        yield causes.invalid("spec.leaseDurationSeconds", spec["leaseDurationSeconds"], "must be greater than 0")


def _quota_causes(quota: Object) -> Iterator[Cause]:
    for name, text in ((quota.get("spec") or {}).get("hard") or {}).items():
        field, read = f"spec.hard[{name}]", quantity.read(str(text))
        if "/" not in name and not quota_usage.tables((name,)) and name.partition(".")[0] not in ("requests", "limits"):
            yield causes.invalid(field, name, "must be a standard resource type or fully qualified")
            yield causes.invalid(field, name, "must be a standard resource for quota")
        if read is not None and read[0] < 0:
            yield causes.invalid(field, text, "must be greater than or equal to 0")
        elif read is not None and name in quota_usage.COUNTED and read[0] != read[0].to_integral_value():
            yield causes.invalid(field, quantity.canonical(str(text)), "must be an integer")


def _normalise_node(node: Object) -> None:
    """Set `podCIDRs`, which Go derives from the older field `podCIDR`."""
    spec = node.get("spec")
    if isinstance(spec, dict) and spec.get("podCIDR") and not spec.get("podCIDRs"):
        spec["podCIDRs"] = [spec["podCIDR"]]


STRATEGIES: dict[str, Strategy] = {
    "namespaces": Strategy(
        normalise=_name_namespace, prepare_for_create=_create_namespace, prepare_for_update=_update_namespace
    ),
    "persistentvolumeclaims": Strategy(
        warnings=deprecations.claim,
        prepare_for_create=_create_claim,
        validate=_claim_causes,
        validate_update=_claim_change,
    ),
    "persistentvolumes": Strategy(warnings=deprecations.volume, prepare_for_create=_create_volume),
    "volumeattributesclasses.storage.k8s.io": Strategy(prepare_for_create=_create_attributes_class),
    "nodes": Strategy(normalise=_normalise_node),
    "configmaps": Strategy(validate=_key_causes, validate_update=_data_fixed),
    "secrets": Strategy(
        warnings=deprecations.secret,
        normalise=_normalise_secret,
        validate=_secret_causes,
        validate_update=_secret_change,
    ),
    "events": Strategy(
        prepare_for_create=_create_event,
        prepare_for_update=_update_event,
        validate=_event_causes,
        allow_create_on_update=True,
    ),
    "resourcequotas": Strategy(validate=_quota_causes),
    "limitranges": Strategy(allow_create_on_update=True),
    "podtemplates": Strategy(generation_source=lambda obj: obj.get("template")),
    "leases.coordination.k8s.io": Strategy(validate=_lease_causes, allow_create_on_update=True),
}
