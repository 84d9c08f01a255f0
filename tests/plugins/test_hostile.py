"""A hostile plugin affects only the applications that use it; their conditions contain the failure."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from rudr_py.api import Kind, Manifest, Rendered, Trait, TraitContext, Type, hookimpl
from rudr_py.kube.clock import SystemClock
from rudr_py.local.cluster import LocalCluster
from rudr_py.plugins import entry_points, loading
from rudr_py.plugins.call_marker import CallLabel
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import LoadedPlugins, PluginGuard
from rudr_py.plugins.quarantine import Offence
from rudr_py.testing import local_handle
from rudr_py.testing.cluster import Cluster

Make = Callable[..., Any]
Document = dict[str, Any]

APPLICATION = Kind("core.oam.dev/v1alpha1", "ApplicationConfiguration")
CONFIG = Kind("v1", "ConfigMap")
DEPLOYMENT = Kind("apps/v1", "Deployment")


@pytest.fixture(name="cluster")
async def _cluster() -> AsyncIterator[Cluster]:
    async with contextlib.AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalCluster())
        transport = await local_handle.connected(local.kubeconfig(), stack)
        cluster = Cluster(transport, "default", SystemClock())
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
        await local_handle.define(cluster)
        yield cluster


def _component() -> Document:
    container = {"name": "web", "image": "registry.example/web:1"}
    spec = {"workloadType": "core.oam.dev/v1alpha1.Worker", "containers": [container]}
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": "ComponentSchematic",
        "metadata": {"name": "web"},
        "spec": spec,
    }


def _application(name: str, *traits: str) -> Document:
    listed = [{"name": trait, "properties": {}} for trait in traits]
    binding = {"componentName": "web", "instanceName": f"{name}-web", "traits": listed}
    metadata = {"name": name}
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": metadata,
        "spec": {"components": [binding]},
    }


def _condition(document: Document, name: str) -> Document:
    found = [one for one in document.get("status", {}).get("conditions", ()) if one["type"] == name]
    return found[0] if found else {}


def _is(name: str, status: str) -> Callable[[Document], bool]:
    return lambda document: _condition(document, name).get("status") == status


class Hostile(Trait[Any]):
    name = "hostile"
    produces = (CONFIG,)

    def __init__(self, deed: Callable[[TraitContext[Any]], Any]) -> None:
        self._deed = deed

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        answer: Rendered = self._deed(ctx)
        return answer


def _raises(ctx: TraitContext[Any]) -> object:
    raise KeyError("settings")


def _exits(ctx: TraitContext[Any]) -> object:
    sys.exit(3)


def _spins(ctx: TraitContext[Any]) -> object:
    while True:
        pass


def _sleeps(ctx: TraitContext[Any]) -> object:
    return threading.Event().wait(60)


def _swallows(ctx: TraitContext[Any]) -> object:
    while True:
        with contextlib.suppress(Exception):
            _spins(ctx)


def _floods(ctx: TraitContext[Any]) -> object:
    body = {"data": {"text": "x" * 2**20}}
    return Rendered(add=tuple(Manifest(kind=CONFIG, name=f"flood-{number}", body=body) for number in range(16)))


def _hogs(ctx: TraitContext[Any]) -> object:
    return Rendered(warnings=("x" * 2**62,))


def _never_ends(ctx: TraitContext[Any]) -> object:
    return Rendered(add=tuple(Manifest(kind=CONFIG, name=f"n-{number}", body={}) for number in itertools.count()))


def _prints(ctx: TraitContext[Any]) -> object:
    while True:
        sys.stdout.write("more")


def _holds_itself(ctx: TraitContext[Any]) -> object:
    body: Document = {}
    body["spec"] = body
    return Rendered(add=(Manifest(kind=CONFIG, name=ctx.name("self"), body=body),))


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (_raises, "KeyError: 'settings'"),
        (_exits, "SystemExit"),
        (lambda _: 7, "returned int"),
        (lambda _: None, "returned NoneType"),
        (lambda _: Rendered(add=({"kind": "ConfigMap"},)), "returned a Rendered that is not valid"),  # type: ignore[arg-type] # the junk under test
        (_holds_itself, "returned a Rendered that is not valid"),
        (_spins, "no result within 0.25 s"),
        (_sleeps, "no result within 0.25 s"),
        (_swallows, "no result within 0.25 s"),
        (_never_ends, "no result within 0.25 s"),
        (_prints, "no result within 0.25 s"),
        (_floods, "bytes"),
        (_hogs, "MemoryError"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else None,
)
async def test_a_failing_type_affects_only_its_application(
    deed: Callable[[TraitContext[Any]], object], told: str, cluster: Cluster, plugin: Make
) -> None:
    loaded = loading.load([plugin("rudr-py-hostile", Hostile(deed))], entry_points.standard())
    await cluster.apply(_component(), _application("before", "empty"), _application("bad", "hostile"))
    async with cluster.controller(loaded.catalog):
        await cluster.apply(_application("after", "empty"))
        bad = await cluster.until(APPLICATION, "bad", _is("Valid", "False"))
        condition = _condition(bad, "Valid")
        assert condition["reason"] == "PluginFailed"
        assert "hostile of rudr-py-hostile 1.0" in condition["message"]
        assert told in condition["message"]
        for name in ("before", "after"):
            await cluster.until(APPLICATION, name, _is("Ready", "True"))
        assert await cluster.list(CONFIG, labels="app.kubernetes.io/managed-by=rudr") == []


async def test_failing_calls_are_counted_and_shown_with_the_plugins(cluster: Cluster, plugin: Make) -> None:
    broken = InstalledPlugin(name="broken", package="rudr-py-broken", version="2", load=_no_import)
    loaded = loading.load([plugin("rudr-py-hostile", Hostile(_raises)), broken], entry_points.standard())
    async with cluster.controller(loaded.catalog) as controller:
        await cluster.apply(_component(), _application("bad", "hostile"))
        await cluster.until(APPLICATION, "bad", _is("Valid", "False"))
        metrics = await _ask(controller.servers.metrics_port, "/metrics")
        verbose = await _ask(controller.servers.health_port, "/readyz?verbose")
    (count,) = (
        line for line in metrics.splitlines() if line.startswith("rudr_plugin_errors_total{") and "hostile" in line
    )
    assert count.startswith('rudr_plugin_errors_total{plugin="rudr-py-hostile",type="hostile"} ')
    assert float(count.rpartition(" ")[2]) > 0
    assert 'rudr_plugins{state="failed"} 1.0' in metrics
    assert "[i]plugins: Failed: rudr-py-broken 2 (plugin broken) cannot be loaded: ImportError: no more" in verbose
    assert "readyz check passed" in verbose


def _exits_at_import() -> object:
    sys.exit("bye")


def _spins_at_import() -> object:
    while True:
        pass


async def test_with_broken_plugins_of_every_sort_the_controller_works_and_names_each(
    cluster: Cluster, plugin: Make, trait: Make
) -> None:
    def broken(name: str, load: Callable[[], object]) -> InstalledPlugin:
        return InstalledPlugin(name=name, package=f"rudr-py-{name}", version="2", load=load)

    found = [
        broken("raising", _no_import),
        broken("exiting", _exits_at_import),
        broken("spinning", _spins_at_import),
        plugin("rudr-py-junk", rudr_register_types=hookimpl(lambda: 7)),
        plugin("rudr-py-half", trait("whole"), trait("nothing", render=Trait.render)),
        plugin("rudr-py-old", trait("old"), RUDR_API_VERSION="0.1"),
        plugin("rudr-py-twin-a", trait("twin")),
        plugin("rudr-py-twin-b", trait("twin")),
        plugin("rudr-py-taking", trait("manual-scaler")),
        plugin("rudr-py-unwanted", trait("unwanted")),
        plugin("rudr-py-ended", trait("ended")),
        plugin("rudr-py-good", trait("good")),
    ]
    offence = Offence(CallLabel("plugin", "ended", "rudr-py-ended 1.0"), "it looped")
    ward = PluginGuard((offence,), load_limit=0.5)
    loaded = loading.load(found, entry_points.standard(), disabled={"unwanted": "not needed"}, plugin_guard=ward)
    async with cluster.controller(loaded.catalog) as controller:
        await cluster.apply(_component(), _application("app", "good"))
        await cluster.until(APPLICATION, "app", _is("Ready", "True"))
        verbose = await _ask(controller.servers.health_port, "/readyz?verbose")
        metrics = await _ask(controller.servers.metrics_port, "/metrics")
    told = [line for line in verbose.splitlines() if line.startswith("[i]plugins: ")]
    states = {re.search(r"rudr-py-[-a-z]+", line)[0]: line.split()[1] for line in told}  # type: ignore[index] # it is there
    failed = ("raising", "exiting", "spinning", "junk", "half", "twin-a", "twin-b", "taking")
    assert states == {
        **{f"rudr-py-{name}": "Failed:" for name in failed},
        "rudr-py-old": "Incompatible:",
        "rudr-py-unwanted": "Disabled:",
        "rudr-py-ended": "Quarantined:",
    }
    counts = {"loaded": 2, "failed": len(failed), "incompatible": 1, "disabled": 1, "quarantined": 1}
    for state, count in counts.items():
        assert f'rudr_plugins{{state="{state}"}} {count}.0' in metrics
    assert "readyz check passed" in verbose


async def _ask(port: int, path: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return await answer.text()


async def test_changes_of_arguments_in_place_cause_a_warning_and_have_no_effect(cluster: Cluster, plugin: Make) -> None:
    def meddles(ctx: TraitContext[Any]) -> Rendered:
        ctx.manifests[0].body["spec"]["template"]["spec"]["containers"].clear()
        return Rendered()

    loaded = loading.load([plugin("rudr-py-hostile", Hostile(meddles))], entry_points.standard())
    async with cluster.controller(loaded.catalog):
        await cluster.apply(_component(), _application("bad", "hostile"))
        bad = await cluster.until(APPLICATION, "bad", _is("Ready", "True"))
        assert "hostile of rudr-py-hostile 1.0 changed values" in str(bad["status"]["warnings"])
        deployment = await cluster.get(DEPLOYMENT, "bad-web")
        assert deployment is not None
        assert len(deployment["spec"]["template"]["spec"]["containers"]) == 1


async def test_the_event_loop_is_never_blocked_for_long(cluster: Cluster, plugin: Make) -> None:
    """An endless loop blocks other applications for its limit only, well below one second."""
    held: list[float] = []
    loaded = loading.load([plugin("rudr-py-hostile", Hostile(_spins))], entry_points.standard())
    async with cluster.controller(loaded.catalog):
        watching = asyncio.create_task(_longest_pause(held))
        await cluster.apply(_component(), _application("bad", "hostile"))
        await cluster.until(APPLICATION, "bad", _is("Valid", "False"))
        watching.cancel()
    assert max(held) < 1.0


async def _longest_pause(held: list[float]) -> None:
    loop = asyncio.get_running_loop()
    before = loop.time()
    while True:
        await asyncio.sleep(0.01)
        held.append(loop.time() - before)
        before = loop.time()


@pytest.mark.parametrize("failing", ["uninstalled", "broken", "quarantined"])
async def test_without_its_plugin_an_application_keeps_its_objects_and_its_condition_names_the_package(
    failing: str, cluster: Cluster, plugin: Make
) -> None:
    def render(ctx: TraitContext[Any]) -> Rendered:
        return Rendered(add=(Manifest(kind=CONFIG, name=ctx.name("kept"), body={"data": {"a": "b"}}),))

    found = plugin("rudr-py-hostile", Hostile(render))
    async with cluster.controller(loading.load([found], entry_points.standard()).catalog):
        await cluster.apply(_component(), _application("app", "hostile"))
        await cluster.until(APPLICATION, "app", _is("Ready", "True"))
    async with cluster.controller(_without(found, failing).catalog):
        app = await cluster.until(APPLICATION, "app", _is("Valid", "False"))
        message = _condition(app, "Valid")["message"]
        assert "hostile" in message
        assert "rudr-py-hostile 1.0" in message
        assert (failing == "uninstalled") == ("pip install rudr-py-hostile" in message)
        await cluster.apply(_application("other"))
        await cluster.until(APPLICATION, "other", _is("Ready", "True"))
        assert await cluster.get(CONFIG, "app-web-kept") is not None
        assert await cluster.get(DEPLOYMENT, "app-web") is not None
    # another start, which has the status of the one before to go by
    async with cluster.controller(_without(found, failing).catalog) as controller:
        await cluster.apply(_application("third"))
        await cluster.until(APPLICATION, "third", _is("Ready", "True"))
        await controller.idle()
        after = await cluster.get(APPLICATION, "app")
        assert after is not None
        assert after["metadata"]["resourceVersion"] == app["metadata"]["resourceVersion"]
    async with cluster.controller(loading.load([found], entry_points.standard()).catalog):
        await cluster.until(APPLICATION, "app", _is("Ready", "True"))


async def test_a_restart_with_the_same_packages_writes_nothing_and_a_new_version_updates_the_package(
    cluster: Cluster, plugin: Make
) -> None:
    def started(version: str) -> AbstractAsyncContextManager[object]:
        found = plugin("rudr-py-hostile", Hostile(lambda _: Rendered()), version=version)
        return cluster.controller(loading.load([found], entry_points.standard()).catalog)

    async with started("1.0"):
        await cluster.apply(_component(), _application("app", "hostile"))
        first = await cluster.until(APPLICATION, "app", _is("Ready", "True"))
        assert first["status"]["packages"] == [{"name": "rudr-py-hostile", "version": "1.0", "types": ["hostile"]}]
    settled = await cluster.get(APPLICATION, "app")
    async with started("1.0"):
        await cluster.apply(_application("other"))
        await cluster.until(APPLICATION, "other", _is("Ready", "True"))
        assert await cluster.get(APPLICATION, "app") == settled
    async with started("1.1"):
        await cluster.until(APPLICATION, "app", lambda one: one["status"]["packages"][0]["version"] == "1.1")


def _without(found: InstalledPlugin, failing: str) -> LoadedPlugins:
    if failing == "uninstalled":
        return loading.load([], entry_points.standard())
    if failing == "broken":
        broken = InstalledPlugin(name=found.name, package=found.package, version=found.version, load=_no_import)
        return loading.load([broken], entry_points.standard())
    offence = Offence(CallLabel("type", "hostile", found.distribution), "it looped")
    return loading.load([found], entry_points.standard(), plugin_guard=PluginGuard((offence,)))


def _no_import() -> object:
    raise ImportError("no more")


def test_an_endless_hook_result_is_rejected(plugin: Make, trait: Make) -> None:
    def endless() -> Iterator[Type[Any]]:
        return (trait(f"t{number}") for number in itertools.count())

    found = plugin("rudr-py-hostile", rudr_register_types=hookimpl(endless))
    (state,) = loading.load([found], None).plugins
    assert state.state == "failed"
    assert "more than" in state.error
