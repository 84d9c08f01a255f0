"""The rights for a set of types: exactly those, each resource once, and only where they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from rudr_py.api import Kind, Rule
from rudr_py.plugins import entry_points, loading, rights

Make = Callable[..., Any]


def _verbs(rules: Iterable[Rule], group: str, resource: str) -> tuple[str, ...]:
    (found,) = [rule.verbs for rule in rules if group in rule.groups and resource in rule.resources]
    return found


def test_produced_kinds_need_all_verbs_and_observed_kinds_only_watch(trait: Make, plugin: Make) -> None:
    found = trait(
        produces=(Kind("v1", "ConfigMap"), Kind("networking.k8s.io/v1", "NetworkPolicy")),
        observes=(Kind("v1", "ConfigMap"), Kind("networking.k8s.io/v1", "Ingress")),
        permissions=(Rule(groups=("keda.sh",), resources=("scaledobjects/status",), verbs=("get",)),),
    )
    needed = rights.needed(loading.load([plugin("rudr-py-x", found)], None).catalog)
    keep = ("get", "list", "watch", "create", "patch", "delete")
    assert _verbs(needed.cluster, "", "configmaps") == keep
    assert _verbs(needed.cluster, "networking.k8s.io", "networkpolicies") == keep
    assert _verbs(needed.cluster, "networking.k8s.io", "ingresses") == ("list", "watch")
    assert _verbs(needed.cluster, "keda.sh", "scaledobjects/status") == ("get",)


@pytest.mark.parametrize("setting", ["publish", "root_scopes", "check_resources"])
def test_no_right_has_a_wildcard_or_allows_escalation(setting: str) -> None:
    catalog = loading.load([], entry_points.standard()).catalog
    needed = rights.needed(catalog, leases=(rights.LEASE,), **{setting: True})  # type: ignore[arg-type] # all of these are booleans
    rules = (*needed.cluster, *needed.definitions, *needed.own)
    assert not [rule for rule in rules if "*" in (*rule.groups, *rule.resources, *rule.verbs)]
    assert not [rule for rule in rules if {"secrets", "namespaces"} & {*rule.resources}]
    assert not [rule for rule in rules if {"escalate", "bind", "impersonate", "deletecollection"} & {*rule.verbs}]
    assert not [rule for rule in rules if "rbac.authorization.k8s.io" in rule.groups]


def test_settings_add_and_remove_rights() -> None:
    catalog = loading.load([], entry_points.standard()).catalog
    plain, rooted = rights.needed(catalog), rights.needed(catalog, root_scopes=True)
    assert "create" not in _verbs(plain.cluster, "core.oam.dev", "applicationconfigurations")
    assert "create" in _verbs(rooted.cluster, "core.oam.dev", "applicationconfigurations")
    quiet = rights.needed(catalog, publish=False)
    assert _verbs(quiet.definitions, "core.oam.dev", "traits") == ("list", "watch")
    assert not plain.own
    assert rights.needed(catalog, leases=(rights.LEASE,)).own


def test_beyond_returns_the_rights_that_are_not_granted() -> None:
    known = (Rule(groups=("",), resources=("pods", "services"), verbs=("list", "watch")),)
    wanted = (
        Rule(groups=("",), resources=("pods",), verbs=("get", "list")),
        Rule(groups=("", "apps"), resources=("services",), verbs=("watch",)),
    )
    assert rights.beyond(wanted, known) == (
        Rule(groups=("",), resources=("pods",), verbs=("get",)),
        Rule(groups=("apps",), resources=("services",), verbs=("watch",)),
    )


@pytest.mark.parametrize(
    ("kind", "plural"),
    [("Ingress", "ingresses"), ("NetworkPolicy", "networkpolicies"), ("Endpoints", "endpoints"), ("Job", "jobs")],
)
def test_plurals_are_guessed_as_kubernetes_guesses_them(kind: str, plural: str) -> None:
    assert rights.plural(Kind("v1", kind)) == plural
