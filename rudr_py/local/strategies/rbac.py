"""Strategies of roles and bindings. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.schema import causes
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies.strategy import Strategy

_GROUP = "rbac.authorization.k8s.io"


def _role_causes(*, namespaced: bool) -> Callable[[Object], Iterator[Cause]]:
    def validate(role: Object) -> Iterator[Cause]:
        for index, each in enumerate(role.get("rules") or ()):
            yield from _rule_causes(each, f"rules[{index}]", namespaced=namespaced)

    return validate


def _rule_causes(policy_rule: dict[str, Any], path: str, *, namespaced: bool) -> Iterator[Cause]:
    if not policy_rule.get("verbs"):
        yield causes.required(f"{path}.verbs", "verbs must contain at least one value")
    urls = policy_rule.get("nonResourceURLs")
    if urls:
        field = f"{path}.nonResourceURLs"
        if namespaced:
            yield causes.invalid(field, urls, "namespaced rules cannot apply to non-resource URLs")
        if policy_rule.get("apiGroups") or policy_rule.get("resources") or policy_rule.get("resourceNames"):
            yield causes.invalid(field, urls, "rules cannot apply to both regular resources and non-resource URLs")
        return
    if not policy_rule.get("apiGroups"):
        yield causes.required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not policy_rule.get("resources"):
        yield causes.required(f"{path}.resources", "resource rules must supply at least one resource")


def _binding_causes(*, namespaced: bool) -> Callable[[Object], Iterator[Cause]]:
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)

    def validate(binding: Object) -> Iterator[Cause]:
        reference = binding.get("roleRef") or {}
        if reference.get("apiGroup") != _GROUP:
            yield causes.not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), (_GROUP,))
        if reference.get("kind") not in kinds:
            yield causes.not_supported("roleRef.kind", reference.get("kind", ""), kinds)
        if not reference.get("name"):
            yield causes.required("roleRef.name")
        for index, subject in enumerate(binding.get("subjects") or ()):
            yield from _subject_causes(subject, f"subjects[{index}]", namespaced=namespaced)

    return validate


def _subject_causes(subject: dict[str, Any], path: str, *, namespaced: bool) -> Iterator[Cause]:
    kind = subject.get("kind", "")
    if not subject.get("name"):
        yield causes.required(f"{path}.name")
    if kind == "ServiceAccount":
        if subject.get("apiGroup"):
            yield causes.not_supported(f"{path}.apiGroup", subject["apiGroup"], ("",))
        if not namespaced and not subject.get("namespace"):
            yield causes.required(f"{path}.namespace")
    elif kind in ("User", "Group"):
        if subject.get("apiGroup", _GROUP) != _GROUP:
            yield causes.not_supported(f"{path}.apiGroup", subject.get("apiGroup", ""), (_GROUP,))
    else:
        yield causes.not_supported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group"))


def _role_fixed(new: Object, old: Object) -> Iterator[Cause]:
    reference = new.get("roleRef") or {}
    if reference != old.get("roleRef"):
        go_reference = {
            "APIGroup": reference.get("apiGroup"),
            "Kind": reference.get("kind"),
            "Name": reference.get("name"),
        }
        yield causes.invalid("roleRef", go_reference, "cannot change roleRef")


STRATEGIES: dict[str, Strategy] = {
    f"roles.{_GROUP}": Strategy(validate=_role_causes(namespaced=True), allow_create_on_update=True),
    f"clusterroles.{_GROUP}": Strategy(validate=_role_causes(namespaced=False), allow_create_on_update=True),
    f"rolebindings.{_GROUP}": Strategy(
        validate=_binding_causes(namespaced=True), validate_update=_role_fixed, allow_create_on_update=True
    ),
    f"clusterrolebindings.{_GROUP}": Strategy(
        validate=_binding_causes(namespaced=False), validate_update=_role_fixed, allow_create_on_update=True
    ),
}
