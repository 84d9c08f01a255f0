"""The test kit for types that return a Hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rudr_py.api import Hold, Rendered, Trait, TraitContext
from rudr_py.testing import RenderOne, conformance


class Later(Trait[Any]):
    """Holds for an hour after it was attached."""

    name = "later"

    def render(self, ctx: TraitContext[Any]) -> Rendered | Hold:
        """A Hold, then nothing."""
        until = ctx.attached_at + timedelta(hours=1)
        return Hold("the hour is not over", until) if ctx.now < until else Rendered()


test_a_type_that_holds_conforms = conformance.suite(Later())


def test_render_one_returns_the_reason_and_the_time(render_one: RenderOne) -> None:
    held = render_one(Later())
    assert held == []
    assert held.held == ("trait later: the hour is not over",)
    assert held.health.reason == "Held"
    assert held.wake_at is not None
    later = held.later(held.wake_at)
    assert later.held == ()
    assert later.one("Deployment")
