"""Validation of object metadata: names, labels, annotations, owners, finalizers, immutable fields. Pure.

Messages are those of `k8s.io/apimachinery/pkg/api/validation` and `pkg/util/validation`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.registry.resources import Resource
from rudr_py.local.schema import causes

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_DNS1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'example.com', "
    f"regex used for validation is '{_SUBDOMAIN}')"
)
LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', "
    f"regex used for validation is '{_LABEL}')"
)
_DNS1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    f"regex used for validation is '{_DNS1035}')"
)
_QUALIFIED_TEXT = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
    f"regex used for validation is '{_QUALIFIED}')"
)
_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
    "regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_WILDCARD_TEXT = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', "
    rf"regex used for validation is '\*\.{_SUBDOMAIN}')"
)
_WILDCARD_NAME = re.compile(rf"\*\.{_SUBDOMAIN}")
_LABEL_NAME = re.compile(_LABEL)
_SUBDOMAIN_NAME = re.compile(_SUBDOMAIN)
_DNS1035_NAME = re.compile(_DNS1035)
_QUALIFIED_NAME = re.compile(_QUALIFIED)
_ANNOTATIONS_LIMIT = 256 * 1024
_GENERATED_LENGTH = 5
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_MAX_GENERATED_BASE = 63 - _GENERATED_LENGTH
STANDARD_FINALIZERS = frozenset({"orphan", "foregroundDeletion", "kubernetes"})
_RBAC_KINDS = ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
_LOOSE_NAMES = frozenset(
    {*(("rbac.authorization.k8s.io", kind) for kind in _RBAC_KINDS), ("apiregistration.k8s.io", "apiservices")}
)
"""Groups and plurals whose names only have to be valid path segments."""


def generated(prefix: str, choose: Callable[[str], str]) -> str:
    """Return a name for `generateName`; `choose` picks one character of a string."""
    return prefix[:_MAX_GENERATED_BASE] + "".join(choose(_ALPHABET) for _ in range(_GENERATED_LENGTH))


def _invalid(field: str, value: Any, reason: str) -> Cause:
    quoted = f'"{value}"' if isinstance(value, str) else value
    return Cause(reason="FieldValueInvalid", message=f"Invalid value: {quoted}: {reason}", field=field)


def name_causes(resource: Resource, name: str) -> Iterator[Cause]:
    """Yield the errors of the name of an object."""
    field = "metadata.name"
    if (resource.group, resource.plural) in _LOOSE_NAMES:
        if name in (".", "..") or "/" in name or "%" in name:
            yield _invalid(field, name, "may not contain '/'" if "/" in name else f"may not be '{name}'")
        return
    problems = subdomain_problems
    if not resource.group:
        problems = _NAMES.get(resource.plural, problems)
    for problem in problems(name):
        yield _invalid(field, name, problem)


def qualified_problems(key: str) -> Iterator[str]:
    """Yield the errors of a label or annotation key."""
    if key.count("/") > 1:
        text = _QUALIFIED_TEXT.replace("name part", "a valid label key")
        yield f"{text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return
    prefix, slash, name = key.rpartition("/")
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        yield from (f"prefix part {problem}" for problem in subdomain_problems(prefix))
    if not name:
        yield "name part must be non-empty"
    elif len(name) > 63:
        yield "name part must be no more than 63 bytes"
    if not _QUALIFIED_NAME.fullmatch(name):
        yield _QUALIFIED_TEXT


def label_key_problem(key: str) -> str:
    """Return the error of a label key in a selector, or an empty string."""
    return next(qualified_problems(key), "")


def label_value_problem(value: str) -> str:
    """Return the error of a label value in a selector, or an empty string."""
    if len(value) > 63:
        return "must be no more than 63 bytes"
    return _VALUE_TEXT if value and not _QUALIFIED_NAME.fullmatch(value) else ""


def label_causes(labels: Mapping[str, Any], field: str = "metadata.labels") -> Iterator[Cause]:
    """Yield the errors of labels."""
    for key, value in labels.items():
        for problem in qualified_problems(key):
            yield _invalid(field, key, problem)
        if len(str(value)) > 63:
            yield _invalid(field, value, "must be no more than 63 bytes")
        if value and not _QUALIFIED_NAME.fullmatch(str(value)):
            yield _invalid(field, value, _VALUE_TEXT)


def metadata_causes(resource: Resource, metadata: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield the errors of the metadata of an object."""
    if not metadata.get("name"):
        yield Cause(
            reason="FieldValueRequired",
            message="Required value: name or generateName is required",
            field="metadata.name",
        )
    else:
        yield from name_causes(resource, metadata["name"])
    yield from label_causes(metadata.get("labels") or {})
    annotations = metadata.get("annotations") or {}
    for key in annotations:
        for problem in qualified_problems(key.lower()):
            yield _invalid("metadata.annotations", key, problem)
    if sum(len(key) + len(str(value)) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        yield Cause(
            reason="FieldValueTooLong",
            message=f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes",
            field="metadata.annotations",
        )
    yield from _finalizer_causes(metadata.get("finalizers") or (), custom=resource.custom)
    yield from _owner_causes(metadata.get("ownerReferences") or ())


def _finalizer_causes(finalizers: Any, *, custom: bool) -> Iterator[Cause]:
    """A finalizer of a custom kind may lack a domain; `deprecations` warns of it."""
    for index, finalizer in enumerate(finalizers):
        for problem in qualified_problems(finalizer):
            yield _invalid("metadata.finalizers", finalizer, problem)
        if not custom and "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
            problem = "name is neither a standard finalizer name nor is it fully qualified"
            yield _invalid(f"metadata.finalizers[{index}]", finalizer, problem)
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        yield _invalid("metadata.finalizers", "", "finalizer orphan and foregroundDeletion cannot be both set")


def _owner_causes(owners: Any) -> Iterator[Cause]:
    field = "metadata.ownerReferences"
    controllers: list[str] = []
    for owner in owners:
        for key in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(key):
                yield _invalid(f"{field}.{key}", "", f"{'version ' if key == 'apiVersion' else ''}must not be empty")
        if owner.get("controller"):
            controllers.append(f"{owner.get('kind')}/{owner.get('name')}")
    for controller in controllers[1:]:
        problem = 'Only one reference can have Controller set to true. Found "true" in references for '
        yield causes.invalid(field, owners, f"{problem}{controllers[0]} and {controller}")


def change_causes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Cause]:
    """Yield the forbidden changes of metadata."""
    for key in ("name", "namespace", "uid", "creationTimestamp"):
        if new.get(key) != old.get(key):
            yield _invalid(f"metadata.{key}", new.get(key), "field is immutable")
    if old.get("deletionTimestamp"):
        added = sorted(set(new.get("finalizers") or ()) - set(old.get("finalizers") or ()))
        if added:
            listed = ", ".join(f'"{each}"' for each in added)
            yield Cause(
                reason="FieldValueForbidden",
                message="Forbidden: no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{listed}}}",
                field="metadata.finalizers",
            )


def is_label(text: str) -> bool:
    """Return whether a text is a DNS label."""
    return not any(label_problems(text))


def label_problems(text: str) -> Iterator[str]:
    """Yield the errors of a DNS label."""
    yield from _name_problems(text, 63, _LABEL_NAME.fullmatch(text), LABEL_TEXT)


def label1035_problems(text: str) -> Iterator[str]:
    """Yield the errors of a DNS label that starts with a letter."""
    yield from _name_problems(text, 63, _DNS1035_NAME.fullmatch(text), _DNS1035_TEXT)


def subdomain_problems(text: str) -> Iterator[str]:
    """Yield the errors of a DNS subdomain."""
    yield from _name_problems(text, 253, _SUBDOMAIN_NAME.fullmatch(text), _SUBDOMAIN_TEXT)


def wildcard_problems(text: str) -> Iterator[str]:
    """Yield the errors of a DNS subdomain below a wildcard."""
    yield from _name_problems(text, 253, _WILDCARD_NAME.fullmatch(text), _WILDCARD_TEXT)


def _name_problems(text: str, limit: int, match: re.Match[str] | None, detail: str) -> Iterator[str]:
    if len(text) > limit:
        yield f"must be no more than {limit} bytes"
    if not match:
        yield detail


_NAMES = {"namespaces": label_problems, "services": label1035_problems}
"""Core kinds whose names are labels."""
