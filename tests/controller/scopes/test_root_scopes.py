"""Root scopes: created once for each namespace, if enabled."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.controller.scopes.root_scopes import INTERVAL, RootScopes
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import live_object
from rudr_py.kube.cache import Cache
from rudr_py.kube.watch import Applied
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.kinds import APPLICATION


async def test_root_scopes_are_created_once_and_never_changed(
    bench: Any, application: Any, spent: Any, faults: Faults
) -> None:
    known = ClusterState(root="root")
    roots = RootScopes(bench.cached, known, bench.clock)
    faults.refuse(403, Match(plural="applicationconfigurations", verb="create"))
    await roots.ensure("shop")
    await roots.ensure("shop")
    assert await bench.cluster.get(APPLICATION, "root") is None
    bench.clock.jump(INTERVAL + 1)
    await roots.ensure("shop")
    created = await bench.cluster.get(APPLICATION, "root")
    assert [scope["name"] for scope in created["spec"]["scopes"]] == ["root-health", "root-network"]
    bench.clock.jump(INTERVAL + 1)
    await roots.ensure("shop")
    assert await bench.cluster.get(APPLICATION, "root") == created
    cache = Cache()
    cache.feed(Applied(live_object.decode(msgspec.json.encode(created))))
    known.add(APPLICATION, "", cache)
    bench.clock.jump(INTERVAL + 1)
    spent.reset()
    await roots.ensure("shop")
    assert spent() == []


async def test_root_scopes_are_not_created_unless_enabled(bench: Any, spent: Any) -> None:
    spent.reset()
    await RootScopes(bench.cached, ClusterState(), bench.clock).ensure("shop")
    assert spent() == []
