"""The strategies of kinds: allocation, validation and immutable fields.

There is one module for each family of kinds, with a table `STRATEGIES` by table of the store.
"""

from __future__ import annotations

from rudr_py.local.registry.resources import Resource
from rudr_py.local.strategies import autoscaling, cluster, core, custom, definitions, network, rbac, workloads
from rudr_py.local.strategies.strategy import Strategy

_STRATEGIES: dict[str, Strategy] = {
    **core.STRATEGIES,
    **workloads.STRATEGIES,
    **network.STRATEGIES,
    **cluster.STRATEGIES,
    **definitions.STRATEGIES,
    **rbac.STRATEGIES,
    **autoscaling.STRATEGIES,
}
_DEFAULT = Strategy()


def for_resource(resource: Resource) -> Strategy:
    """Return the strategy of a resource."""
    if resource.custom:
        return custom.strategy(resource)
    return _STRATEGIES.get(resource.table, _DEFAULT)
