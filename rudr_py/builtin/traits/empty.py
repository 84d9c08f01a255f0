"""empty: a trait without effect, for tests of attaching traits."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Rendered, Trait, TraitContext


class Empty(Trait[dict[str, Any]]):
    """Does nothing, to any workload, whatever its properties."""

    name = "empty"
    aliases = ("Empty",)

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """No objects and no edits."""
        del ctx
        return Rendered()
