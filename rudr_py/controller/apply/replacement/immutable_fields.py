"""Changes that the API server refuses to make in place, and the way to the desired object for each kind. Pure.

The server decides whether a field may change: only it has the defaults, the rules of custom kinds and the state of the
object. This module reads its refusal of an apply. An object is replaced only where the table below allows it, and only
if every cause of the refusal is an immutable field, so that no object is deleted for a body that is invalid as well.

Source: the validation of kube-apiserver (pkg/apis/*/validation). `tests/reliability/immutable_changes.py` compares each
rule with a real server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec

from rudr_py import errors
from rudr_py.api import Path, get_in, mappings_in
from rudr_py.controller.apply.decide import Clear, Refuse, Replace
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.errors import Cause
from rudr_py.model.kinds import CONFIG_MAP

Document = dict[str, Any]

Policy = Literal["Foreground", "Orphan", "Background", "keep", "report"]
"""The propagation with which the object is deleted and created again; or a claim that is kept as it is; or unknown."""

_POLICIES: Final[Mapping[tuple[str, str], Policy]] = {
    # the pods end before the next ones start: they have other labels, and the next object would not adopt them
    ("apps", "Deployment"): "Foreground",
    ("apps", "DaemonSet"): "Foreground",
    ("apps", "ReplicaSet"): "Foreground",
    ("batch", "Job"): "Foreground",
    ("", "Pod"): "Foreground",
    # the pods stay up, and the next StatefulSet adopts them by its selector
    ("apps", "StatefulSet"): "Orphan",
    # nothing depends on these objects by an owner reference
    ("", "Service"): "Background",
    ("", "ConfigMap"): "Background",
    ("", "Secret"): "Background",
    ("rbac.authorization.k8s.io", "RoleBinding"): "Background",
    ("", "PersistentVolumeClaim"): "keep",
}

_CHANGEABLE: Final[Mapping[str, frozenset[str]]] = {
    "StatefulSet": frozenset(
        {
            "minReadySeconds",
            "ordinals",
            "persistentVolumeClaimRetentionPolicy",
            "replicas",
            "revisionHistoryLimit",
            "template",
            "updateStrategy",
        }
    ),
    "PersistentVolumeClaim": frozenset({"volumeAttributesClassName"}),
    "Pod": frozenset({"activeDeadlineSeconds", "tolerations"}),
}
"""Fields of `spec` that are no reason for a refusal that names `spec` as a whole."""

_DEFAULTS: Final[Mapping[str, Path]] = {
    "spec.strategy.rollingUpdate": ("spec", "strategy"),
    "spec.updateStrategy.rollingUpdate": ("spec", "updateStrategy"),
}
"""Fields that the server sets, and the part of the object in which they contradict another value."""

_FIELDS: Final = {"volumeMode": "spec.volumeMode"}
"""Fields whose names in refusals are not their paths."""

_IMMUTABLE = re.compile(
    r"immutable|oldSelf|may not change|fields other than|can only be modified in tandem|cannot change roleRef"
    r"|as indicated by `ipFamilies|can not be less than"
)
_GROWTH = re.compile(r"must support resize|Only bound persistent volume claims can be expanded")
_AMOUNT = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)([kMGTPE]i?)?")
_LONGEST = 63
"""The maximum length of a value in a message."""


IMMUTABLE = "ImmutableField"
"""The reason of an object that stays as it is, because a desired field cannot change in place."""

_ENDINGS: Final[Mapping[str, str]] = {
    "Foreground": "; the next one is created when its pods have ended",
    "Orphan": "; its pods stay up, and the next one adopts them",
    "Background": "",
}


class ImmutableChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields that cannot change in place: their paths, and for scalars the values, as `PATH from OLD to NEW`."""

    policy: Policy
    paths: tuple[str, ...]
    texts: tuple[str, ...]


def decide(desired: DesiredObject, live: Document, error: errors.ApiError) -> Replace | Clear | Refuse | None:
    """The decision after the server has refused an apply to the live object; None where the error is another one."""
    uid = live["metadata"].get("uid", "")
    path = contradicted(desired.document, error)
    if path is not None:
        return Clear(uid, path)
    change = read(desired.document, live, error)
    if change is None:
        return None
    if change.policy == "report":
        return report(desired, live, error)
    listed = ", ".join(change.texts)
    if change.policy == "keep":
        return _kept_claim(desired, listed, error)
    ending = _ENDINGS[change.policy]
    message = f"{desired.ref} is being replaced, because the change of {listed} is not possible in place{ending}"
    return Replace(uid, message, propagation=change.policy)


def _kept_claim(desired: DesiredObject, listed: str, error: errors.ApiError) -> Refuse:
    if isinstance(error, errors.ForbiddenError):
        message = (
            f"{desired.ref} and its data are kept: the change of {listed} needs a StorageClass with "
            f"allowVolumeExpansion; allow it there, or change it back in the documents: {error}"
        )
        return Refuse(message, error.reason or "Forbidden")
    message = (
        f"{desired.ref} and its data are kept: the change of {listed} is not possible for an existing claim; change it "
        "back in the documents, or give the volume another name for a new claim"
    )
    return Refuse(message, IMMUTABLE)


def report(desired: DesiredObject, live: Document, error: errors.ApiError) -> Refuse:
    """The decision about an object of a kind without a policy, whose change the server refuses."""
    causes = error.causes or (Cause(),)
    paths = dict.fromkeys(path for cause in causes for path in _paths(desired.document, live, cause.field))
    message = (
        f"{desired.ref} is kept: {error}; the change of {', '.join(paths) or 'it'} is not possible in place: change it "
        "back in the documents, give the instance another name, or delete the object for a new one if nothing needs it"
    )
    return Refuse(message, IMMUTABLE)


def read(desired: Document, live: Document, error: errors.ApiError) -> ImmutableChange | None:
    """The change that the server refused; None if the refusal has another cause."""
    group, _, kind = _kind(desired)
    policy = _POLICIES.get((group, kind), "report")
    if isinstance(error, errors.ForbiddenError) and policy == "keep" and _GROWTH.search(error.message):
        causes: tuple[Cause, ...] = (Cause(field="spec.resources.requests.storage"),)
    elif isinstance(error, errors.InvalidError):
        # a default that contradicts a desired value goes with the object
        causes = tuple(cause for cause in error.causes or (Cause(message=error.message),) if not _place(desired, cause))
        if not causes or not all(_IMMUTABLE.search(cause.message) for cause in causes):
            return None
    else:
        return None
    paths = tuple(dict.fromkeys(path for cause in causes for path in _paths(desired, live, cause.field)))
    if policy == "Orphan" and _changes_pods(desired, live):
        policy = "Foreground"
    return ImmutableChange(policy=policy, paths=paths, texts=tuple(_text(desired, live, path) for path in paths))


def contradicted(desired: Document, error: errors.ApiError) -> Path | None:
    """The part of the object in which a default of the server contradicts a desired value; None for other errors.

    A default has no owner, so that an apply cannot remove it.
    """
    if not isinstance(error, errors.InvalidError):
        return None
    places = {_place(desired, cause) for cause in error.causes}
    return places.pop() if len(places) == 1 else None


def _place(desired: Document, cause: Cause) -> Path | None:
    """The part of the object with the default that the server refuses; None for another cause."""
    return _DEFAULTS.get(cause.field) if _value(desired, cause.field) is None else None


def _kind(document: Document) -> tuple[str, str, str]:
    group, _, version = str(document.get("apiVersion", "")).rpartition("/")
    return group, version, str(document.get("kind", ""))


def _changes_pods(desired: Document, live: Document) -> bool:
    """Whether the pods of a StatefulSet cannot be those of the next one: other labels, or volumes of other names."""
    selectors = [get_in(document, "spec", "selector", default={}) for document in (desired, live)]
    volumes = [
        [
            get_in(claim, "metadata", "name", default="")
            for claim in mappings_in(document, "spec", "volumeClaimTemplates")
        ]
        for document in (desired, live)
    ]
    return selectors[0] != selectors[1] or volumes[0] != volumes[1]


def _paths(desired: Document, live: Document, field: str) -> Iterator[str]:
    """The fields that differ, where the server names the whole spec; else the one that it names."""
    if field != "spec":
        yield from (_FIELDS.get(field, field),) if field else ()
        return
    changeable = _CHANGEABLE.get(_kind(desired)[2], frozenset())
    new, old = (document.get("spec") or {} for document in (desired, live))
    differing = [f"spec.{key}" for key in new if key not in changeable and not _contains(old.get(key), new[key])]
    yield from ("spec.resources.requests.storage" if path == "spec.resources" else path for path in differing)
    if not differing:
        yield field


def _contains(live: Any, desired: Any) -> bool:
    """Whether the live value has every desired one; the server adds defaults."""
    if isinstance(desired, dict):
        return isinstance(live, dict) and all(_contains(live.get(key), value) for key, value in desired.items())
    if isinstance(desired, list):
        items = live if isinstance(live, list) else []
        return len(items) == len(desired) and all(map(_contains, items, desired))
    return bool(live == desired or (desired in ("", None) and live in ("", None))) or _is_same_amount(live, desired)


def _is_same_amount(live: Any, desired: Any) -> bool:
    old, new = (_AMOUNT.fullmatch(value) if isinstance(value, str) else None for value in (live, desired))
    return old is not None and new is not None and _amount(old) == _amount(new)


def _amount(match: re.Match[str]) -> Decimal:
    suffix = match[2] or ""
    power = "kMGTPE".find(suffix[:1]) + 1 if suffix else 0
    base = Decimal(1024 if suffix.endswith("i") else 1000)
    return Decimal(match[1]) * base**power


def _text(desired: Document, live: Document, path: str) -> str:
    """The path with both values where they are short and no data of a user."""
    old, new = (_value(document, path) for document in (live, desired))
    is_private = _kind(desired)[2] in ("Secret", CONFIG_MAP.kind)
    if is_private or old == new or not (_is_short(old) and _is_short(new)):  # equal: an item of a list is not looked up
        return path
    return f"{path} from {_printed(old)} to {_printed(new)}"


def _value(document: Document, path: str) -> Any:
    value: Any = document
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _is_short(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value) and len(_printed(value)) <= _LONGEST
    return value is None or (isinstance(value, str | int | float) and len(str(value)) <= _LONGEST)


def _printed(value: Any) -> str:
    if isinstance(value, list):
        return " and ".join(value)
    return "unset" if value is None else '""' if value == "" else str(value)
