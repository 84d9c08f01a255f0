"""Admission by ResourceQuota: a write that would exceed a limit of its namespace is rejected with 403.

Usage is counted in the store at each write, so a quota takes effect at once. `status.used`, which a controller writes,
is not read.
"""

from __future__ import annotations

from collections.abc import Mapping

from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import Resource
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import quota_usage
from rudr_py.local.strategies.quota_usage import QUOTAS, Amount


def check(backend: Backend, resource: Resource, new: Object, old: Object | None) -> None:
    """Raise `ForbiddenError` (403) if a new or changed object exceeds a quota of its namespace."""
    if not resource.namespaced:
        return
    metadata = new["metadata"]
    for quota in backend.store.list(QUOTAS, metadata["namespace"]):
        hard = quota_usage.hard_limits(quota)
        if resource.table in quota_usage.tables(hard):
            _check_quota(backend, resource, quota["metadata"]["name"], hard, (new, old))


def _check_quota(
    backend: Backend, resource: Resource, name: str, hard: dict[str, Amount], change: tuple[Object, Object | None]
) -> None:
    new, old = change
    object_name = new["metadata"].get("name", "")
    if resource.table == "pods" and old is None:
        unspecified = [
            f"{resource_name} for: {','.join(names)}" for resource_name, names in quota_usage.unspecified(new, hard)
        ]
        if unspecified:
            raise api_errors.forbidden(
                resource, object_name, f"failed quota: {name}: must specify {'; '.join(unspecified)}"
            )
    before = quota_usage.usage(resource.table, old, hard) if old is not None else {}
    increases = {}
    for resource_name, amount in quota_usage.usage(resource.table, new, hard).items():
        increase = amount.value - before.get(resource_name, Amount()).value
        if increase > 0:
            increases[resource_name] = Amount(increase, amount.form)
    if not increases:
        return
    used = quota_usage.total_usage(lambda table: backend.store.list(table, new["metadata"]["namespace"]), increases)
    exceeded = sorted(
        resource_name
        for resource_name, increase in increases.items()
        if used[resource_name].value + increase.value > hard[resource_name].value
    )
    if exceeded:
        message = (
            f"exceeded quota: {name}, requested: {_formatted(increases, exceeded)}, "
            f"used: {_formatted(used, exceeded)}, limited: {_formatted(hard, exceeded)}"
        )
        raise api_errors.forbidden(resource, object_name, message)


def _formatted(amounts: Mapping[str, Amount], names: list[str]) -> str:
    return ",".join(f"{name}={amounts[name]}" for name in names)
