"""Admission by ResourceQuota: what would go over a limit of its namespace is refused (403).

What is used is counted in the store at each write, so a quota holds as soon as it is there; `status.used` is written
by a controller and only shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import Backend
from rudr_py.local.kind_rules import quota_usage
from rudr_py.local.kind_rules.quota_usage import QUOTAS, Amount
from rudr_py.local.registry.resources import Resource
from rudr_py.local.storage.store import Object


def check(world: Backend, resource: Resource, new: Object, old: Object | None) -> None:
    """Refuse a new or changed object that a quota of its namespace has no room for. Raises `ApiError`."""
    if not resource.namespaced:
        return
    metadata = new["metadata"]
    for each in world.store.list(QUOTAS, metadata["namespace"]):
        hard = quota_usage.hard(each)
        if resource.table in quota_usage.tables(hard):
            _check_one(world, resource, each["metadata"]["name"], hard, (new, old))


def _check_one(
    world: Backend, resource: Resource, name: str, hard: dict[str, Amount], change: tuple[Object, Object | None]
) -> None:
    new, old = change
    who = new["metadata"].get("name", "")
    if resource.table == "pods" and old is None:
        silent = [f"{what} for: {','.join(names)}" for what, names in quota_usage.unsaid(new, hard)]
        if silent:
            raise api_errors.forbidden(resource, who, f"failed quota: {name}: must specify {'; '.join(silent)}")
    before = quota_usage.usage(resource.table, old, hard) if old is not None else {}
    wanted = {}
    for what, one in quota_usage.usage(resource.table, new, hard).items():
        more = one.value - before.get(what, Amount()).value
        if more > 0:
            wanted[what] = Amount(more, one.form)
    if not wanted:
        return
    used = quota_usage.used(lambda table: world.store.list(table, new["metadata"]["namespace"]), wanted)
    over = sorted(what for what, more in wanted.items() if used[what].value + more.value > hard[what].value)
    if over:
        why = f"exceeded quota: {name}, requested: {_shown(wanted, over)}, used: {_shown(used, over)}, "
        raise api_errors.forbidden(resource, who, f"{why}limited: {_shown(hard, over)}")


def _shown(amounts: Mapping[str, Amount], names: list[str]) -> str:
    return ",".join(f"{name}={amounts[name]}" for name in names)
