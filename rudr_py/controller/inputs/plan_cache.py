"""Plans of applications, used again while nothing that they were made of has changed. Sends nothing, reads no clock.

One new application brings about several reconciles: its own status, its objects, its pods. Rendering is pure, so all
of them may have the plan of the first, unless a type looked at what was observed or at the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from rudr_py.api import Kind, ScopeContext, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.model.identity import ObjectKey
from rudr_py.render import render
from rudr_py.render.values.inputs import Inputs, Observed
from rudr_py.render.values.plan import Plan

LIMIT = 512
"""How many plans are kept: those of the applications that were looked at last."""


class _Kept(msgspec.Struct, frozen=True):
    inputs: Inputs
    plan: Plan


class _Watched:
    """Observed objects, and whether anybody asked for them."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self.asked = False

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        self.asked = True
        return self._observed.documents(instance, kind)


class PlanCache:
    """What was rendered last, by application. `limit` bounds what is remembered."""

    def __init__(self, catalog: Catalog, *, limit: int = LIMIT) -> None:
        self._catalog = catalog
        self._limit = limit
        self._kept: dict[ObjectKey, _Kept] = {}  # longest unused first

    def __len__(self) -> int:
        return len(self._kept)

    def plan(self, key: ObjectKey, inputs: Inputs) -> Plan:
        """The plan for these inputs: the last one if it would be the same, else rendered anew."""
        kept = self._kept.pop(key, None)
        if kept is None or not _same(kept, inputs):
            observed = _Watched(inputs.observed)
            plan = render.render(msgspec.structs.replace(inputs, observed=observed), self._catalog)
            if plan.problems or plan.wake_at is not None or observed.asked:
                return plan
            kept = _Kept(inputs, plan)
        self._kept[key] = kept
        if len(self._kept) > self._limit:
            del self._kept[next(iter(self._kept))]
        return kept.plan

    def forget(self, key: ObjectKey) -> None:
        """Nothing more is asked of this application."""
        self._kept.pop(key, None)


def _same(kept: _Kept, inputs: Inputs) -> bool:
    """Whether types would be told the same. Documents are parsed once for each version, so identity is enough."""
    then = kept.inputs
    return (
        then.parsed is inputs.parsed
        and then.definitions is inputs.definitions
        and (then.scopes_of is inputs.scopes_of or then.scopes_of == inputs.scopes_of)
        and then.components.keys() == inputs.components.keys()
        and all(then.components[name] is found for name, found in inputs.components.items())
        and then.members == inputs.members
        and then.probe_results == inputs.probe_results
        and (then.root, then.image_pull_policy) == (inputs.root, inputs.image_pull_policy)
        and _attached(kept, inputs.attached)
    )


def _attached(kept: _Kept, attached: Mapping[tuple[str, str], Any]) -> bool:
    """Whether every type was told the time that status has of it since; a time that is lost there begins anew."""
    plan, then = kept.plan, kept.inputs.attached
    told: list[tuple[tuple[str, str], ScopeContext[Any] | TraitContext[Any]]] = [
        (("", scope.name), scope.bound_type.context) for scope in plan.scopes
    ]
    told += [((one.name, part.name), part.context) for one in plan.instances for part in one.traits]
    return (then.keys() & {key for key, _ in told}) <= attached.keys() and all(
        attached.get(key, context.attached_at) == context.attached_at for key, context in told
    )
