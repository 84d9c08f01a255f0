"""What a built-in kind does when it is written, beyond being stored: allocation, validation, what may not change.

One module per family of kinds, each with a table `RULES`; `of` finds the rule of a resource.
"""

from __future__ import annotations

from rudr_py.local.kind_rules import cluster, core, custom, network, rbac, workloads
from rudr_py.local.kind_rules.rule import KindRule
from rudr_py.local.registry.resources import Resource

_RULES: dict[str, KindRule] = {**core.RULES, **workloads.RULES, **network.RULES, **cluster.RULES, **rbac.RULES}
_PLAIN = KindRule()


def of(resource: Resource) -> KindRule:
    """Return the rule of a resource; kinds without one are only stored."""
    if resource.custom:
        return custom.rule(resource)
    return _RULES.get(resource.table, _PLAIN)
