"""Health of objects that a Prometheus selects: the operator reports whether each Prometheus has accepted them.

The operator writes this status with the feature gate StatusForConfigurationResources only. Without it, an object that
exists is ready.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from rudr_py.api import Health, Ref, Trait, TraitContext, get_in, mappings_in

P = TypeVar("P")


class SelectedTrait(Trait[P], Generic[P]):
    """A trait whose objects a Prometheus selects."""

    def health(self, ctx: TraitContext[P]) -> Health:
        """Failed when a Prometheus has rejected an object; otherwise ready, with the names of those that accept it."""
        health = super().health(ctx)
        if not health.ok:
            return health
        accepted: dict[str, None] = {}
        for manifest in ctx.manifests:
            live = ctx.live(manifest.ref) or {}
            for binding in mappings_in(live, "status", "bindings"):
                name = f"{get_in(binding, 'namespace', default='')}/{get_in(binding, 'name', default='')}"
                condition = _accepted(binding)
                if is_stale(condition, live):
                    continue
                if condition.get("status") == "False":
                    return _rejected(manifest.ref, name, condition)
                if condition.get("status") == "True":
                    accepted[name] = None
        return Health(health.state, health.reason, "", {"prometheus": ", ".join(accepted)} if accepted else {})


def is_stale(condition: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Whether a condition is about an older generation; the operator records the generation in each condition."""
    generation = get_in(live, "metadata", "generation", default=0)
    return get_in(condition, "observedGeneration", default=generation) < generation


def _accepted(binding: Mapping[str, Any]) -> Mapping[str, Any]:
    conditions = mappings_in(binding, "conditions")
    return next((condition for condition in conditions if condition.get("type") == "Accepted"), {})


def _rejected(ref: Ref, name: str, condition: Mapping[str, Any]) -> Health:
    reason = get_in(condition, "reason", default="") or "NotAccepted"
    return Health("failed", reason, f"{ref}: rejected by {name}: {get_in(condition, 'message', default='')}")
