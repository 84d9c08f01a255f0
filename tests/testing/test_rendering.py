"""The health that the renderer returns for the type under test, and renderings of one application at several times."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from rudr_py.api import Context, Health, Kind, Manifest, Rendered, Scope, Trait, TraitContext, Type, WorkloadType
from rudr_py.testing import Rendering, RenderOne
from rudr_py.testing.rendering import NOW

CONFIG = Kind("v1", "ConfigMap")


def _health(ctx: Context[Any]) -> Health:
    names = ",".join(one["metadata"]["name"] for one in ctx.observed(CONFIG))
    return Health("ready" if names else "progressing", "Seen", show={"names": names})


class _Observing:
    produces: tuple[Kind, ...] = (CONFIG,)
    observes: tuple[Kind, ...] = (CONFIG,)

    def render(self, ctx: Context[Any]) -> Rendered:
        return Rendered(add=(Manifest(kind=CONFIG, name=ctx.name("seen"), body={}),))

    def health(self, ctx: Context[Any]) -> Health:
        return _health(ctx)


class Looking(_Observing, Trait[Any]):
    name = "looking"


class Working(_Observing, WorkloadType[Any]):
    name = "example.org/v1.Working"


class Grouping(_Observing, Scope[Any]):
    name = "example.org/v1.Grouping"


class Failing(Looking):
    name = "failing"

    def health(self, ctx: Context[Any]) -> Health:
        raise KeyError("settings")


@pytest.mark.parametrize("type_", [Looking(), Working(), Grouping()], ids=lambda type_: type_.name)
def test_health_is_that_of_the_type_under_test(render_one: RenderOne, type_: Type[Any]) -> None:
    assert render_one(type_).health == Health("progressing", "Seen", show={"names": ""})
    seen = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}}
    assert render_one(type_, observed=[seen]).health == Health("ready", "Seen", show={"names": "a"})


def test_a_failing_health_is_reported_as_in_status(render_one: RenderOne) -> None:
    health = render_one(Failing()).health
    assert (health.state, health.reason) == ("unknown", "PluginFailed")
    assert "KeyError" in health.message


class Dated(Trait[Any]):
    name = "dated"
    produces = (CONFIG,)

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        moments = {name: ctx.first_seen(name).isoformat() for name in ctx.properties.get("names", ())}
        body = {"data": {"attached": ctx.attached_at.isoformat(), **moments}}
        return Rendered(add=(Manifest(kind=CONFIG, name=ctx.name("dated"), body=body),))


def _times(rendering: Rendering) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(time) for name, time in rendering.own[0]["data"].items()}


def test_a_later_rendering_has_the_times_that_the_status_stores(render_one: RenderOne) -> None:
    first = render_one(Dated(), properties={"names": ["a"]})
    assert _times(first) == {"attached": NOW, "a": NOW}
    later = NOW + timedelta(hours=1)
    assert _times(first.later(later)) == {"attached": NOW, "a": NOW}
    added = first.later(later, properties={"names": ["a", "b"]})
    assert _times(added) == {"attached": NOW, "a": NOW, "b": later}
    removed = added.later(later, properties={"names": ["a"]})
    again = removed.later(NOW + timedelta(hours=2), properties={"names": ["b"]})
    assert _times(again) == {"attached": NOW, "b": NOW + timedelta(hours=2)}
