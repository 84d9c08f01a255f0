"""The rules of built-in kinds: allocation, validation and immutable fields.

There is one module for each family of kinds, with a table `RULES`; `of` returns the rule of a resource.
"""

from __future__ import annotations

from rudr_py.local.kind_rules import cluster, core, custom, network, rbac, workloads
from rudr_py.local.kind_rules.rule import KindRule
from rudr_py.local.registry.resources import Resource

_RULES: dict[str, KindRule] = {**core.RULES, **workloads.RULES, **network.RULES, **cluster.RULES, **rbac.RULES}
_PLAIN = KindRule()


def of(resource: Resource) -> KindRule:
    """Return the rule of a resource; a kind without one is stored as it is."""
    if resource.custom:
        return custom.rule(resource)
    return _RULES.get(resource.table, _PLAIN)
