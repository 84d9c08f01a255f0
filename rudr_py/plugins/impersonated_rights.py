"""The rights of a controller with impersonation, and those of the service accounts that it acts as. Pure.

The controller watches every kind, and writes its own records and statuses. All other requests are in the name of a
service account of the application's namespace. Source: "User Impersonation" in the Kubernetes documentation, KEP-5284.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from rudr_py.api import Rule
from rudr_py.errors import Right
from rudr_py.kube import error_status
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins.rights import KEEP, WATCH, Grant, Rights, merged

NAMESPACES: Final = Rule(groups=("",), resources=("namespaces",), verbs=WATCH)
"""The right to read which account a namespace names, and what it enforces, where all namespaces are watched."""

_RECORDS = ("applicationconfigurations", "componentinstances", "componentschematics")
_FINALIZERS = Rule(
    groups=(CORE_GROUP,),
    resources=("applicationconfigurations/finalizers", "componentinstances/finalizers"),
    verbs=("update",),
)
_LIST = ("list",)
"""For the objects that Rudr created, which have no label of rudr."""

_CONSTRAINED = ("get", "list", "patch", "delete")
"""The verbs of requests with a header of impersonation. An apply is a patch, whether or not it creates the object."""


def impersonated(rights: Rights, names: Iterable[str], *, constrained: bool = False) -> Rights:
    """The same rights, divided between the controller and the accounts with these names.

    `constrained` is for servers with constrained impersonation, which is granted for each verb and resource. On other
    servers an impersonator may do everything that the account may do.
    """
    own: list[Rule] = []
    others: list[Rule] = []
    for rule in rights.cluster:
        for single in _singles(rule):
            own += _of_controller(single)
            others += _of_accounts(single)
    accounts = tuple(merged(others))
    grants: tuple[Rule, ...] = (_impersonation(tuple(names), constrained=constrained),)
    if constrained:
        grants += tuple(_on(rule) for rule in accounts if rule != _FINALIZERS)
    return msgspec.structs.replace(rights, cluster=tuple(merged(own)), accounts=accounts, impersonation=grants)


def of_account(right: Right) -> Rule:
    """The rule to grant an account that lacks a right: everything that the controller does with that resource."""
    if right.resource == error_status.OWNER:
        return _FINALIZERS
    is_whole = right.verb in _writes(KEEP) and right.resource != "pods"
    verbs = _writes(KEEP) if is_whole else (right.verb,)
    return Rule(groups=(right.group,), resources=(right.resource,), verbs=verbs)


def namespace_read(namespace: str) -> Grant:
    """The right to read the account that one namespace names, and the Pod Security Standard that it enforces."""
    return Grant(groups=("",), resources=("namespaces",), verbs=("get",), names=(namespace,))


def _singles(rule: Rule) -> Iterator[Rule]:
    for group in rule.groups:
        for resource in rule.resources:
            yield Rule(groups=(group,), resources=(resource,), verbs=rule.verbs)


def _of_controller(rule: Rule) -> Iterator[Rule]:
    """The part of a rule for one resource that the controller needs."""
    resource = rule.resources[0]
    if resource == "componentinstances/finalizers":
        return  # it owns only objects that accounts write
    if _is_record(rule):
        yield rule
    elif verbs := tuple(verb for verb in rule.verbs if verb in WATCH):
        yield Rule(groups=rule.groups, resources=rule.resources, verbs=verbs)


def _of_accounts(rule: Rule) -> Iterator[Rule]:
    """The part of a rule for one resource that the accounts need."""
    if rule.resources[0] in _FINALIZERS.resources:
        yield rule
    elif not _is_record(rule) and (verbs := _writes(rule.verbs)):
        yield Rule(groups=rule.groups, resources=rule.resources, verbs=verbs)


def _is_record(rule: Rule) -> bool:
    resource, _, subresource = rule.resources[0].partition("/")
    is_own = rule.groups == (CORE_GROUP,) and resource in _RECORDS
    return is_own or resource == "controllerrevisions" or subresource == "status" or rule.groups == ("events.k8s.io",)


def _writes(verbs: tuple[str, ...]) -> tuple[str, ...]:
    writes = tuple(verb for verb in verbs if verb not in WATCH)
    return ("get", *_LIST, *writes[1:]) if "get" in writes else writes


def _impersonation(names: tuple[str, ...], *, constrained: bool) -> Grant:
    group, verb = ("authentication.k8s.io", "impersonate:serviceaccount") if constrained else ("", "impersonate")
    return Grant(groups=(group,), resources=("serviceaccounts",), verbs=(verb,), names=names)


def _on(rule: Rule) -> Rule:
    verbs = tuple(f"impersonate-on:serviceaccount:{verb}" for verb in _CONSTRAINED if verb in rule.verbs)
    return Rule(groups=rule.groups, resources=rule.resources, verbs=verbs)
