"""The rights for a set of types: exactly those, each resource once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Kind, Rule
from rudr_py.plugins import discovery, loading, rights

Make = Callable[..., Any]


def _verbs(rules: tuple[Rule, ...], group: str, resource: str) -> tuple[str, ...]:
    (found,) = [rule.verbs for rule in rules if group in rule.groups and resource in rule.resources]
    return found


def test_what_is_produced_is_kept_what_is_observed_is_looked_at_and_the_rest_is_not_asked_for(
    trait: Make, plugin: Make
) -> None:
    found = trait(
        produces=(Kind("v1", "ConfigMap"), Kind("networking.k8s.io/v1", "NetworkPolicy")),
        observes=(Kind("v1", "ConfigMap"), Kind("networking.k8s.io/v1", "Ingress")),
        permissions=(Rule(groups=("keda.sh",), resources=("scaledobjects/status",), verbs=("get",)),),
    )
    rules = rights.rules(loading.load([plugin("rudr-py-x", found)], None).catalog)
    keep = ("get", "list", "watch", "create", "patch", "delete")
    assert _verbs(rules, "", "configmaps") == keep
    assert _verbs(rules, "networking.k8s.io", "networkpolicies") == keep
    assert _verbs(rules, "networking.k8s.io", "ingresses") == ("get", "list", "watch")
    assert _verbs(rules, "keda.sh", "scaledobjects/status") == ("get",)
    assert not [rule for rule in rules if "*" in (*rule.groups, *rule.resources, *rule.verbs)]
    assert not [rule for rule in rules if "secrets" in rule.resources]


def test_settings_that_need_more_or_less_are_heeded() -> None:
    catalog = loading.load([], discovery.standard()).catalog
    plain, rooted = rights.rules(catalog), rights.rules(catalog, root_scopes=True)
    assert "create" not in _verbs(plain, "core.oam.dev", "applicationconfigurations")
    assert "create" in _verbs(rooted, "core.oam.dev", "applicationconfigurations")
    quiet = rights.rules(catalog, publish=False)
    assert _verbs(quiet, "core.oam.dev", "traits") == ("get", "list", "watch")


@pytest.mark.parametrize(
    ("kind", "plural"),
    [("Ingress", "ingresses"), ("NetworkPolicy", "networkpolicies"), ("Endpoints", "endpoints"), ("Job", "jobs")],
)
def test_plurals_are_guessed_as_kubernetes_guesses_them(kind: str, plural: str) -> None:
    assert rights.plural(Kind("v1", kind)) == plural
