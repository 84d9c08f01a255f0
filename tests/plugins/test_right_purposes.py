"""The purposes of rights: every right has one; for rights of types it names the types."""

from __future__ import annotations

import pytest

from rudr_py.catalog import Catalog
from rudr_py.errors import Right
from rudr_py.plugins import entry_points, loading, right_purposes, rights


@pytest.fixture(name="catalog", scope="module")
def _catalog() -> Catalog:
    return loading.load([], entry_points.standard()).catalog


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (Right("patch", "ingresses", "networking.k8s.io", "shop"), "by trait ingress"),
        (Right("list", "networkpolicies", "networking.k8s.io"), "by scope core.oam.dev/v1alpha1.NetworkScope"),
        (Right("patch", "healthscopes/status", "core.oam.dev"), "by scope core.oam.dev/v1alpha1.HealthScope"),
        (Right("patch", "componentinstances", "core.oam.dev"), "for every application"),
        (Right("delete", "traits", "core.oam.dev"), "for publishing the installed types"),
        (Right("watch", "traits", "core.oam.dev"), "for types that the cluster defines"),
        (Right("create", "applicationconfigurations", "core.oam.dev"), "for root scopes"),
        (Right("get", "secrets"), ""),
    ],
)
def test_a_right_is_explained_by_the_types_that_require_it(catalog: Catalog, right: Right, expected: str) -> None:
    assert right_purposes.of(catalog, right) == expected


def test_many_types_that_require_a_right_are_counted(catalog: Catalog) -> None:
    found = right_purposes.of(catalog, Right("get", "configmaps"))
    assert found.startswith("by workload types core.oam.dev/v1alpha1.")
    assert found.endswith(" and 3 more")


def test_every_right_has_a_purpose(catalog: Catalog) -> None:
    needed = rights.needed(catalog, root_scopes=True, leases=(rights.LEASE,))
    unexplained = [
        right
        for rule in (*needed.cluster, *needed.definitions, *needed.own)
        for right in (Right(verb, resource, rule.groups[0]) for verb in rule.verbs for resource in rule.resources)
        if not right_purposes.of(catalog, right)
    ]
    assert unexplained == []


def test_the_sentence_contains_right_namespace_purpose_and_command(catalog: Catalog) -> None:
    right = Right("patch", "ingresses", "networking.k8s.io", "shop")
    told = "may not patch ingresses.networking.k8s.io in namespace shop: needed by trait ingress; see rudr rbac"
    assert right_purposes.sentence(catalog, right) == told
    assert right_purposes.sentence(catalog, Right("watch", "gadgets", "toys.example")).endswith("see rudr rbac -f")
