"""Measures the cost of plugins for rendering and health of one application: none, 20 installed, 20 in use."""

from __future__ import annotations

import argparse
import statistics
import time
import types
from collections.abc import Callable
from typing import Any, ClassVar

from bench import environment
from rudr_py.api import Rendered, Trait, TraitContext, Type, hookimpl
from rudr_py.catalog import Catalog
from rudr_py.plugins import entry_points, loading
from rudr_py.plugins.call_marker import SIZE, CallMarker
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import PluginGuard
from rudr_py.render.status import health
from rudr_py.testing import rendering
from rudr_py.testing.rendering import ObservedObjects, RenderSetup

COUNT = 20
ROUNDS = 200


class Nothing(Trait[Any]):
    """The cheapest possible trait."""

    properties: ClassVar = {
        "type": "object",
        "properties": {"size": {"type": "integer"}},
        "additionalProperties": False,
    }

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        """Return an empty result."""
        del ctx
        return Rendered()


def main() -> None:
    """Run the arms in turn, and print the ratios of their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=9)
    turns = parser.parse_args().turns
    with_plugins = _catalog(COUNT)
    used = tuple({"name": f"nothing-{number}", "properties": {"size": number}} for number in range(COUNT))
    arms = {
        "none": _arm(_catalog(0), ()),
        f"{COUNT} installed": _arm(with_plugins, ()),
        f"{COUNT} in use": _arm(with_plugins, used),
    }
    samples: dict[str, list[float]] = {name: [] for name in arms}
    for turn in range(turns):
        for name in arms if turn % 2 == 0 else reversed(arms):
            started = time.process_time()
            for _ in range(ROUNDS):
                arms[name]()
            samples[name].append((time.process_time() - started) / ROUNDS)
    none = statistics.median(samples["none"])
    print(f"rendering and health of an application, median of {turns} turns of {ROUNDS}")
    for name, figures in samples.items():
        median = statistics.median(figures)
        each = f"   {(median - none) / COUNT * 1e6:6.1f} us a plugin" if name.endswith("use") else ""
        print(f"  {name:14} {median * 1e3:7.3f} ms   ratio {median / none:5.2f}{each}")


def _arm(catalog: Catalog, used: tuple[dict[str, Any], ...]) -> Callable[[], None]:
    traits = ({"name": "ingress", "properties": {"hostname": "a.example"}}, *used)
    spec = environment.component()["spec"]
    stage = RenderSetup(type_=catalog.workload(rendering.SERVER).type, component=spec, traits=traits)

    def reconcile() -> None:
        plan = rendering.plan(stage, catalog)
        assert not plan.problems, plan.problems
        assert len(plan.instances[0].traits) == len(traits)
        health.assess(plan, ObservedObjects(tuple(planned.body for planned in plan.manifests)), stage.now)

    return reconcile


def _catalog(count: int) -> Catalog:
    """A catalog as in `rudr run` with a state directory: guarded, and with every call recorded."""
    plugins = [_plugin(number) for number in range(count)]
    return loading.load(
        plugins, entry_points.standard(), plugin_guard=PluginGuard((), CallMarker(bytearray(SIZE)))
    ).catalog


def _plugin(number: int) -> InstalledPlugin:
    module = types.ModuleType(f"nothing_{number}")
    plugin_type = type("Made", (Nothing,), {"name": f"nothing-{number}"})()

    @hookimpl
    def rudr_register_types() -> list[Type[Any]]:
        return [plugin_type]

    vars(module)["rudr_register_types"] = rudr_register_types
    return InstalledPlugin(
        name=f"nothing-{number}", package=f"rudr-py-nothing-{number}", version="1.0", load=lambda: module
    )


if __name__ == "__main__":
    main()
